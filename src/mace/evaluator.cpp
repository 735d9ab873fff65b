#include "evaluator.h"

#include <algorithm>
#include <utility>

namespace mace {

namespace {

constexpr int block_size = 16;  // rows of a matrix product: enough to reuse the weights, small enough for the cache

template <class T>
void scale_row(std::size_t size, T scale, T* row) {
#pragma omp simd
  for (std::size_t k = 0; k < size; ++k) row[k] *= scale;
}

template <class T>
double dot(std::size_t size, const T* a, const T* b) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t k = 0; k < size; ++k) sum += static_cast<double>(a[k]) * b[k];
  return sum;
}

}  // namespace

template <class T>
Evaluator<T>::Evaluator(Model<T> model) : model_(std::move(model)), states_(model_.layers.size()) {}

template <class T>
int Evaluator<T>::exchange_width() const {
  int l = 0;
  for (const Layer<T>& layer : model_.layers) l = std::max(l, layer.l_in);
  return static_cast<int>(width(l));
}

template <class T>
double Evaluator<T>::bytes() const {
  std::size_t values = source_adjoint_.capacity() + message_.capacity() + product_.capacity() + adjoint_.capacity();
  for (const State& state : states_)
    values += state.source.capacity() + state.basis.capacity() + state.features.capacity();
  double bytes = static_cast<double>(values * sizeof(T));
  for (const State& state : states_) bytes += static_cast<double>(state.share.capacity() * sizeof(double));
  return bytes;
}

template <class T>
void Evaluator<T>::compute(const Neighborhood<T>& atoms, Exchange<T>& exchange, std::vector<double>& energy,
                           std::vector<double>& gradient) {
  make_blocks(atoms);
  energy.assign(static_cast<std::size_t>(atoms.owned), model_.shift);
  gradient.assign(3 * atoms.edges.size(), 0.0);
  if (!model_.repulsion.empty()) add_repulsion(atoms, energy, gradient);
  for (std::size_t t = 0; t < model_.layers.size(); ++t) {
    prepare_sources(t, atoms, exchange);
    states_[t].basis.resize(atoms.owned * width(model_.l_max));
    states_[t].features.resize(atoms.owned * width(model_.layers[t].l_out));
    for (const Block& block : blocks_) forward_block(t, atoms, block, energy);
  }
  for (int i = 0; i < atoms.owned; ++i) energy[i] += model_.atomic_energies[atoms.element[i]];

  Array<T> adjoint(atoms.owned * width(model_.layers.back().l_out), T(0)), previous;
  for (std::size_t t = model_.layers.size(); t-- > 0;) {
    add_readout_adjoint(t, atoms.owned, adjoint);
    const Layer<T>& layer = model_.layers[t];
    source_adjoint_.assign(t > 0 ? atoms.total * width(layer.l_in) : 0, T(0));
    previous.assign(t > 0 ? atoms.owned * width(layer.l_in) : 0, T(0));
    for (const Block& block : blocks_) reverse_block(t, atoms, block, adjoint, previous, gradient);
    if (t > 0) reverse_sources(t, atoms, exchange, previous);
    std::swap(adjoint, previous);
  }
}

template <class T>
void Evaluator<T>::add_repulsion(const Neighborhood<T>& atoms, std::vector<double>& energy,
                                 std::vector<double>& gradient) const {
  for (int i = 0; i < atoms.owned; ++i)
    for (int e = atoms.first_edge[i]; e < atoms.first_edge[i + 1]; ++e) {
      const Edge<T>& edge = atoms.edges[e];
      double slope;
      energy[i] += model_.scale * model_.repulsion.energy(atoms.element[i], atoms.element[edge.source], edge.r, &slope);
      for (int k = 0; k < 3; ++k)
        gradient[3 * static_cast<std::size_t>(e) + k] += model_.scale * slope * edge.direction[k];
    }
}

template <class T>
void Evaluator<T>::divide_by_density(std::size_t t, const Neighborhood<T>& atoms, const Block& block, T* basis) {
  const std::size_t size = width(model_.l_max);
  states_[t].share.resize(static_cast<std::size_t>(atoms.owned));
  for (std::size_t b = 0; b < block.atoms.size(); ++b) {
    const int i = block.atoms[b];
    double density = 0;
    for (int e = atoms.first_edge[i]; e < atoms.first_edge[i + 1]; ++e) {
      double value;
      model_.layers[t].density[table(atoms, block.element, e)].evaluate(atoms.edges[e].r, &value);
      density += value;
    }
    states_[t].share[i] = 1 / (1 + density);
    scale_row(size, static_cast<T>(states_[t].share[i]), basis + b * size);
  }
}

template <class T>
void Evaluator<T>::reverse_density(std::size_t t, const Neighborhood<T>& atoms, const Block& block, T* basis_adjoint,
                                   std::vector<double>& gradient) const {
  const std::size_t size = width(model_.l_max);
  const State& state = states_[t];
  for (std::size_t b = 0; b < block.atoms.size(); ++b) {
    const int i = block.atoms[b];
    const double share = state.share[i];
    const double by_density = -share * dot(size, state.basis.data() + i * size, basis_adjoint + b * size);
    scale_row(size, static_cast<T>(share), basis_adjoint + b * size);
    for (int e = atoms.first_edge[i]; e < atoms.first_edge[i + 1]; ++e) {
      double value, slope;
      model_.layers[t].density[table(atoms, block.element, e)].evaluate(atoms.edges[e].r, &value, &slope);
      for (int k = 0; k < 3; ++k)
        gradient[3 * static_cast<std::size_t>(e) + k] += by_density * slope * atoms.edges[e].direction[k];
    }
  }
}

template <class T>
void Evaluator<T>::make_blocks(const Neighborhood<T>& atoms) {
  blocks_.clear();
  std::vector<Block> open(model_.atomic_energies.size());
  for (std::size_t e = 0; e < open.size(); ++e) open[e].element = static_cast<int>(e);
  for (int i = 0; i < atoms.owned; ++i) {
    Block& block = open[atoms.element[i]];
    block.atoms.push_back(i);
    if (block.atoms.size() == block_size) {
      blocks_.push_back(block);
      block.atoms.clear();
    }
  }
  for (Block& block : open)
    if (!block.atoms.empty()) blocks_.push_back(std::move(block));
}

template <class T>
const T* Evaluator<T>::source_row(std::size_t t, const Neighborhood<T>& atoms, int atom) const {
  const Layer<T>& layer = model_.layers[t];
  return t == 0 ? layer.up_of_element.data() + static_cast<std::size_t>(atoms.element[atom]) * model_.channels
                : states_[t].source.data() + atom * width(layer.l_in);
}

template <class T>
void Evaluator<T>::prepare_sources(std::size_t t, const Neighborhood<T>& atoms, Exchange<T>& exchange) {
  if (t == 0) return;
  const Layer<T>& layer = model_.layers[t];
  const std::size_t stride = width(layer.l_in);
  Array<T>& source = states_[t].source;
  source.resize(atoms.total * stride);
  const Array<T>& features = states_[t - 1].features;
  for (int l = 0; l <= layer.l_in; ++l)
    for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm)
      layer.up[l].forward(0, atoms.owned, features.data() + lm * model_.channels, stride,
                          source.data() + lm * model_.channels, stride, false);
  exchange.forward(source.data(), static_cast<int>(stride));
}

template <class T>
void Evaluator<T>::forward_block(std::size_t t, const Neighborhood<T>& atoms, const Block& block,
                                 std::vector<double>& energy) {
  const Layer<T>& layer = model_.layers[t];
  State& state = states_[t];
  const int n = model_.channels, rows = static_cast<int>(block.atoms.size());
  const std::size_t message_size = static_cast<std::size_t>(layer.interaction.message_size());
  const std::size_t basis_size = width(model_.l_max), out_size = width(layer.l_out);
  auto work = layer.interaction.workspace();
  message_.assign(rows * message_size, T(0));
  adjoint_.resize(rows * basis_size);
  product_.resize(rows * out_size);
  for (int b = 0; b < rows; ++b) {
    const int i = block.atoms[b];
    for (int e = atoms.first_edge[i]; e < atoms.first_edge[i + 1]; ++e)
      layer.interaction.forward(atoms.edges[e], table(atoms, block.element, e),
                                source_row(t, atoms, atoms.edges[e].source), message_.data() + b * message_size, work);
  }
  Array<T>& basis = adjoint_;  // of this block; the reverse pass needs it again, so it is kept below
  for (int l = 0; l <= model_.l_max; ++l)
    for (int m = 0; m <= 2 * l; ++m)
      layer.mix[l].forward(block.element, rows, message_.data() + layer.interaction.message_offset(l, m), message_size,
                           basis.data() + (l * l + m) * n, basis_size, false);
  if (!layer.density.empty()) divide_by_density(t, atoms, block, basis.data());
  for (int b = 0; b < rows; ++b) {
    std::copy_n(basis.data() + b * basis_size, basis_size, state.basis.data() + block.atoms[b] * basis_size);
    layer.product.forward(block.element, basis.data() + b * basis_size, product_.data() + b * out_size);
  }
  Array<T>& updated = message_;
  updated.resize(std::max(message_.size(), rows * out_size));
  for (int l = 0; l <= layer.l_out; ++l)
    for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm)
      layer.update[l].forward(0, rows, product_.data() + lm * n, out_size, updated.data() + lm * n, out_size, false);
  for (int b = 0; b < rows; ++b) {
    const int i = block.atoms[b];
    T* features = state.features.data() + i * out_size;
    std::copy_n(updated.data() + b * out_size, out_size, features);
    if (!layer.skip_of_element.empty())
      for (int c = 0; c < n; ++c) features[c] += layer.skip_of_element[static_cast<std::size_t>(block.element) * n + c];
    const std::size_t in_size = width(layer.l_in);
    for (std::size_t l = 0; l < layer.skip.size(); ++l)
      for (std::size_t lm = l * l; lm < (l + 1) * (l + 1); ++lm)
        layer.skip[l].forward(block.element, 1, states_[t - 1].features.data() + i * in_size + lm * n, in_size,
                              features + lm * n, out_size, true);
    energy[i] += model_.scale * layer.readout.energy(n, features);
  }
}

template <class T>
void Evaluator<T>::add_readout_adjoint(std::size_t t, int owned, Array<T>& adjoint) {
  const Layer<T>& layer = model_.layers[t];
  const std::size_t stride = width(layer.l_out);
  Array<T> scalars(static_cast<std::size_t>(model_.channels));
  for (int i = 0; i < owned; ++i) {
    layer.readout.reverse(model_.channels, states_[t].features.data() + i * stride, model_.scale, scalars.data());
    for (int c = 0; c < model_.channels; ++c) adjoint[i * stride + c] += scalars[c];
  }
}

template <class T>
void Evaluator<T>::reverse_block(std::size_t t, const Neighborhood<T>& atoms, const Block& block,
                                 const Array<T>& adjoint, Array<T>& previous_adjoint, std::vector<double>& gradient) {
  const Layer<T>& layer = model_.layers[t];
  const int n = model_.channels, rows = static_cast<int>(block.atoms.size());
  const std::size_t message_size = static_cast<std::size_t>(layer.interaction.message_size());
  const std::size_t basis_size = width(model_.l_max), out_size = width(layer.l_out), in_size = width(layer.l_in);
  auto work = layer.interaction.workspace();
  product_.resize(rows * out_size);
  adjoint_.resize(rows * basis_size);
  message_.resize(rows * message_size);
  for (int b = 0; b < rows; ++b) {
    const T* from = adjoint.data() + block.atoms[b] * out_size;
    for (int l = 0; l <= layer.l_out; ++l)
      for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm) {
        layer.update[l].reverse(0, 1, from + lm * n, out_size, product_.data() + b * out_size + lm * n, out_size,
                                false);
        if (static_cast<std::size_t>(l) < layer.skip.size())
          layer.skip[l].reverse(block.element, 1, from + lm * n, out_size,
                                previous_adjoint.data() + block.atoms[b] * in_size + lm * n, in_size, true);
      }
    layer.product.reverse(block.element, states_[t].basis.data() + block.atoms[b] * basis_size,
                          product_.data() + b * out_size, adjoint_.data() + b * basis_size);
  }
  if (!layer.density.empty()) reverse_density(t, atoms, block, adjoint_.data(), gradient);
  for (int l = 0; l <= model_.l_max; ++l)
    for (int m = 0; m <= 2 * l; ++m)
      layer.mix[l].reverse(block.element, rows, adjoint_.data() + (l * l + m) * n, basis_size,
                           message_.data() + layer.interaction.message_offset(l, m), message_size, false);
  for (int b = 0; b < rows; ++b) {
    const int i = block.atoms[b];
    for (int e = atoms.first_edge[i]; e < atoms.first_edge[i + 1]; ++e) {
      const int j = atoms.edges[e].source;
      layer.interaction.reverse(atoms.edges[e], table(atoms, block.element, e), source_row(t, atoms, j),
                                message_.data() + b * message_size,
                                t > 0 ? source_adjoint_.data() + j * in_size : nullptr,
                                gradient.data() + 3 * static_cast<std::size_t>(e), work);
    }
  }
}

template <class T>
void Evaluator<T>::reverse_sources(std::size_t t, const Neighborhood<T>& atoms, Exchange<T>& exchange,
                                   Array<T>& previous_adjoint) {
  const Layer<T>& layer = model_.layers[t];
  const std::size_t stride = width(layer.l_in);
  exchange.reverse(source_adjoint_.data(), static_cast<int>(stride));
  for (int l = 0; l <= layer.l_in; ++l)
    for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm)
      layer.up[l].reverse(0, atoms.owned, source_adjoint_.data() + lm * model_.channels, stride,
                          previous_adjoint.data() + lm * model_.channels, stride, true);
}

template class Evaluator<float>;
template class Evaluator<double>;

}  // namespace mace
