#include "evaluator.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "timers.h"

namespace mace {

namespace {

constexpr int block_size =
    16;  // most rows of a matrix product: enough to reuse the weights, small enough for the cache

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

// Copies rows between an array of all owned atoms and the rows of a block.
template <class T>
void gather(const std::vector<int>& atoms, std::size_t size, const Array<T>& all, Array<T>& rows) {
  for (std::size_t b = 0; b < atoms.size(); ++b)
    std::copy_n(all.data() + atoms[b] * size, size, rows.data() + b * size);
}
template <class T>
void scatter(const std::vector<int>& atoms, std::size_t size, const Array<T>& rows, Array<T>& all) {
  for (std::size_t b = 0; b < atoms.size(); ++b)
    std::copy_n(rows.data() + b * size, size, all.data() + atoms[b] * size);
}

}  // namespace

template <class T>
Evaluator<T>::Evaluator(Model<T> model) : model_(std::move(model)), states_(model_.layers.size()) {
  set_threads(1);
}

template <class T>
void Evaluator<T>::set_threads(int threads) {
  shares_.resize(static_cast<std::size_t>(threads));
  scratch_.resize(shares_.size());
}

template <class T>
double Evaluator<T>::bytes() const {
  std::size_t values = adjoint_.capacity() + previous_.capacity();
  for (const Scratch& scratch : scratch_) values += scratch.source_adjoint.capacity();
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
  energy.assign(static_cast<std::size_t>(atoms.owned), 0.0);
  for (int i = 0; i < atoms.owned; ++i)
    if (atoms.element[i] >= 0) energy[i] = model_.shift + model_.atomic_energies[atoms.element[i]];
  gradient.assign(3 * atoms.edges.size(), 0.0);
  if (!model_.repulsion.empty()) add_repulsion(atoms, energy, gradient);
  const std::size_t last = model_.layers.size() - 1;
  const auto on_threads = [this](std::size_t t, const auto& work) {
    const int threads = static_cast<int>(shares_.size());
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int k = 0; k < threads; ++k) {
      Scratch& scratch = scratch_[k];
      scratch.work = model_.layers[t].interaction.workspace();
      for (const Block* block : shares_[k]) work(*block, scratch);
    }
  };
  for (std::size_t t = 0; t < last; ++t) {
    prepare_sources(t, atoms, exchange);
    states_[t].basis.resize(atoms.owned * width(model_.l_max));
    states_[t].features.resize(atoms.owned * width(model_.layers[t].l_out));
    states_[t].share.resize(static_cast<std::size_t>(atoms.owned));
    on_threads(t, [&](const Block& block, Scratch& scratch) {
      forward_block(t, atoms, block, scratch, energy);
      keep(t, block, scratch);
    });
  }
  prepare_sources(last, atoms, exchange);
  states_[last].share.resize(static_cast<std::size_t>(atoms.owned));
  adjoint_.assign(atoms.owned * width(model_.layers[last].l_out), T(0));
  for (std::size_t t = last + 1; t-- > 0;) {
    const std::size_t in_size = t > 0 ? width(model_.layers[t].l_in) : 0;
    for (Scratch& scratch : scratch_) scratch.source_adjoint.assign(atoms.total * in_size, T(0));
    previous_.assign(atoms.owned * in_size, T(0));
    on_threads(t, [&](const Block& block, Scratch& scratch) {
      if (t == last)
        forward_block(t, atoms, block, scratch, energy);
      else
        fetch(t, block, scratch);
      reverse_block(t, atoms, block, scratch, gradient);
    });
    if (t > 0) reverse_sources(t, atoms, exchange);
    std::swap(adjoint_, previous_);
  }
}

template <class T>
void Evaluator<T>::make_blocks(const Neighborhood<T>& atoms) {
  std::vector<std::vector<int>> of_element(model_.atomic_energies.size());
  for (int i = 0; i < atoms.owned; ++i)
    if (atoms.element[i] >= 0) of_element[atoms.element[i]].push_back(i);
  blocks_.clear();
  for (std::size_t element = 0; element < of_element.size(); ++element) {
    const std::vector<int>& all = of_element[element];
    const std::size_t count = (all.size() + block_size - 1) / block_size;  // blocks of nearly equal size
    for (std::size_t k = 0; k < count; ++k)
      blocks_.push_back({static_cast<int>(element),
                         {all.begin() + all.size() * k / count, all.begin() + all.size() * (k + 1) / count}});
  }
  // each block goes to the thread with least to do, the largest first: even, and the same every time
  std::vector<std::size_t> cost;
  for (const Block& block : blocks_) {
    std::size_t edges = 8 * block.atoms.size();  // the rest of the work on an atom is worth some edges
    for (const int i : block.atoms) edges += atoms.first_edge[i + 1] - atoms.first_edge[i];
    cost.push_back(edges);
  }
  std::vector<std::size_t> order(blocks_.size()), load(shares_.size(), 0);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (shares_.size() > 1)
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return cost[a] > cost[b]; });
  for (Share& share : shares_) share.clear();
  for (const std::size_t b : order) {
    const std::size_t thread = std::min_element(load.begin(), load.end()) - load.begin();
    shares_[thread].push_back(&blocks_[b]);
    load[thread] += cost[b];
  }
}

template <class T>
const T* Evaluator<T>::source_row(std::size_t t, const Neighborhood<T>& atoms, int atom) const {
  const Layer<T>& layer = model_.layers[t];
  return t == 0 ? layer.up_of_element.data() + static_cast<std::size_t>(atoms.element[atom]) * model_.channels
                : states_[t].source.data() + atom * width(layer.l_in);
}

template <class T>
template <class Work>
void Evaluator<T>::on_rows(int count, const Work& work) const {
  const int chunks = (count + block_size - 1) / block_size, threads = static_cast<int>(shares_.size());
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int k = 0; k < chunks; ++k) work(k * block_size, std::min(block_size, count - k * block_size));
}

template <class T>
void Evaluator<T>::prepare_sources(std::size_t t, const Neighborhood<T>& atoms, Exchange<T>& exchange) {
  if (t == 0) return;
  Stopwatch watch(t);
  const Layer<T>& layer = model_.layers[t];
  const std::size_t stride = width(layer.l_in);
  Array<T>& source = states_[t].source;
  source.resize(atoms.total * stride);
  const Array<T>& features = states_[t - 1].features;
  on_rows(atoms.owned, [&](int first, int rows) {
    for (int l = 0; l <= layer.l_in; ++l)
      for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm)
        layer.up[l].forward(0, rows, features.data() + first * stride + lm * model_.channels, stride,
                            source.data() + first * stride + lm * model_.channels, stride, false);
  });
  watch.charge(Kernel::sources);
  if (watch.on()) exchange.wait();
  watch.charge(Kernel::wait);
  exchange.forward(source.data(), static_cast<int>(stride));
  watch.charge(Kernel::exchange);
}

template <class T>
void Evaluator<T>::reverse_sources(std::size_t t, const Neighborhood<T>& atoms, Exchange<T>& exchange) {
  const Layer<T>& layer = model_.layers[t];
  const std::size_t stride = width(layer.l_in);
  Stopwatch watch(t);
  Array<T>& sum = scratch_[0].source_adjoint;
  if (scratch_.size() > 1)
    on_rows(atoms.total, [&](int first, int rows) {
      for (std::size_t k = 1; k < scratch_.size(); ++k) {
        const T* part = scratch_[k].source_adjoint.data();
#pragma omp simd
        for (std::size_t c = first * stride; c < (first + rows) * stride; ++c) sum[c] += part[c];
      }
    });
  watch.charge(Kernel::sources);
  if (watch.on()) exchange.wait();
  watch.charge(Kernel::wait);
  exchange.reverse(sum.data(), static_cast<int>(stride));
  watch.charge(Kernel::exchange);
  on_rows(atoms.owned, [&](int first, int rows) {
    for (int l = 0; l <= layer.l_in; ++l)
      for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm)
        layer.up[l].reverse(0, rows, sum.data() + first * stride + lm * model_.channels, stride,
                            previous_.data() + first * stride + lm * model_.channels, stride, true);
  });
  watch.charge(Kernel::sources);
}

template <class T>
EdgeView<T> Evaluator<T>::view(std::size_t t, const Neighborhood<T>& atoms, int atom, bool reverse,
                               Scratch& scratch) const {
  const int first = atoms.first_edge[atom], count = atoms.first_edge[atom + 1] - first;
  const std::size_t in_size = width(model_.layers[t].l_in);
  scratch.sources.resize(count);
  scratch.tables.resize(count);
  scratch.source_adjoints.resize(count);
  for (int e = 0; e < count; ++e) {
    const int j = atoms.edges[first + e].source;
    scratch.sources[e] = source_row(t, atoms, j);
    scratch.tables[e] = table(atoms, atoms.element[atom], first + e);
    if (reverse && t > 0) scratch.source_adjoints[e] = scratch.source_adjoint.data() + j * in_size;
  }
  return {count, atoms.edges.data() + first, scratch.tables.data(), scratch.sources.data(),
          reverse && t > 0 ? scratch.source_adjoints.data() : nullptr};
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
void Evaluator<T>::reverse_density(std::size_t t, const Neighborhood<T>& atoms, const Block& block, const T* basis,
                                   T* basis_adjoint, std::vector<double>& gradient) const {
  const std::size_t size = width(model_.l_max);
  const State& state = states_[t];
  for (std::size_t b = 0; b < block.atoms.size(); ++b) {
    const int i = block.atoms[b];
    const double share = state.share[i];
    const double by_density = -share * dot(size, basis + b * size, basis_adjoint + b * size);
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
void Evaluator<T>::forward_block(std::size_t t, const Neighborhood<T>& atoms, const Block& block, Scratch& scratch,
                                 std::vector<double>& energy) {
  const Layer<T>& layer = model_.layers[t];
  const int n = model_.channels, rows = static_cast<int>(block.atoms.size());
  const std::size_t message_size = static_cast<std::size_t>(layer.interaction.message_size());
  const std::size_t basis_size = width(model_.l_max), out_size = width(layer.l_out);
  Stopwatch watch(t);
  scratch.message.assign(rows * message_size, T(0));
  for (int b = 0; b < rows; ++b)
    layer.interaction.forward(view(t, atoms, block.atoms[b], false, scratch), scratch.message.data() + b * message_size,
                              scratch.work);
  watch.charge(Kernel::edges_forward);
  scratch.basis.resize(rows * basis_size);
  for (int l = 0; l <= model_.l_max; ++l)
    for (int m = 0; m <= 2 * l; ++m)
      layer.mix[l].forward(block.element, rows, scratch.message.data() + layer.interaction.message_offset(l, m),
                           message_size, scratch.basis.data() + (l * l + m) * n, basis_size, false);
  if (!layer.density.empty()) divide_by_density(t, atoms, block, scratch.basis.data());
  watch.charge(Kernel::mix);
  scratch.product.resize(rows * out_size);
  for (int b = 0; b < rows; ++b)
    layer.product.forward(block.element, scratch.basis.data() + b * basis_size, scratch.product.data() + b * out_size);
  watch.charge(Kernel::product_forward);
  scratch.features.resize(rows * out_size);
  for (int l = 0; l <= layer.l_out; ++l)
    for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm)
      layer.update[l].forward(0, rows, scratch.product.data() + lm * n, out_size, scratch.features.data() + lm * n,
                              out_size, false);
  add_residual(t, block, scratch);
  watch.charge(Kernel::update);
  for (int b = 0; b < rows; ++b)
    energy[block.atoms[b]] += model_.scale * layer.readout.energy(n, scratch.features.data() + b * out_size);
  watch.charge(Kernel::readout);
}

template <class T>
void Evaluator<T>::add_residual(std::size_t t, const Block& block, Scratch& scratch) const {
  const Layer<T>& layer = model_.layers[t];
  const int n = model_.channels, rows = static_cast<int>(block.atoms.size());
  const std::size_t out_size = width(layer.l_out), in_size = width(layer.l_in);
  if (!layer.skip_of_element.empty())
    for (int b = 0; b < rows; ++b)
      for (int c = 0; c < n; ++c)
        scratch.features[b * out_size + c] += layer.skip_of_element[static_cast<std::size_t>(block.element) * n + c];
  if (layer.skip.empty()) return;
  scratch.incoming.resize(rows * in_size);
  gather(block.atoms, in_size, states_[t - 1].features, scratch.incoming);
  for (std::size_t l = 0; l < layer.skip.size(); ++l)
    for (std::size_t lm = l * l; lm < (l + 1) * (l + 1); ++lm)
      layer.skip[l].forward(block.element, rows, scratch.incoming.data() + lm * n, in_size,
                            scratch.features.data() + lm * n, out_size, true);
}

template <class T>
void Evaluator<T>::keep(std::size_t t, const Block& block, const Scratch& scratch) {
  scatter(block.atoms, width(model_.l_max), scratch.basis, states_[t].basis);
  scatter(block.atoms, width(model_.layers[t].l_out), scratch.features, states_[t].features);
}

template <class T>
void Evaluator<T>::fetch(std::size_t t, const Block& block, Scratch& scratch) const {
  const std::size_t basis_size = width(model_.l_max), out_size = width(model_.layers[t].l_out);
  scratch.basis.resize(block.atoms.size() * basis_size);
  scratch.features.resize(block.atoms.size() * out_size);
  gather(block.atoms, basis_size, states_[t].basis, scratch.basis);
  gather(block.atoms, out_size, states_[t].features, scratch.features);
}

template <class T>
void Evaluator<T>::reverse_block(std::size_t t, const Neighborhood<T>& atoms, const Block& block, Scratch& scratch,
                                 std::vector<double>& gradient) {
  const Layer<T>& layer = model_.layers[t];
  const int n = model_.channels, rows = static_cast<int>(block.atoms.size());
  const std::size_t message_size = static_cast<std::size_t>(layer.interaction.message_size());
  const std::size_t basis_size = width(model_.l_max), out_size = width(layer.l_out);
  Stopwatch watch(t);
  reverse_update(t, block, scratch);
  watch.charge(Kernel::update);
  scratch.adjoint.resize(rows * basis_size);
  for (int b = 0; b < rows; ++b)
    layer.product.reverse(block.element, scratch.basis.data() + b * basis_size, scratch.product.data() + b * out_size,
                          scratch.adjoint.data() + b * basis_size);
  watch.charge(Kernel::product_reverse);
  if (!layer.density.empty()) reverse_density(t, atoms, block, scratch.basis.data(), scratch.adjoint.data(), gradient);
  scratch.message.resize(rows * message_size);
  for (int l = 0; l <= model_.l_max; ++l)
    for (int m = 0; m <= 2 * l; ++m)
      layer.mix[l].reverse(block.element, rows, scratch.adjoint.data() + (l * l + m) * n, basis_size,
                           scratch.message.data() + layer.interaction.message_offset(l, m), message_size, false);
  watch.charge(Kernel::mix);
  for (int b = 0; b < rows; ++b) {
    const int i = block.atoms[b];
    layer.interaction.reverse(view(t, atoms, i, true, scratch), scratch.message.data() + b * message_size,
                              gradient.data() + 3 * static_cast<std::size_t>(atoms.first_edge[i]), scratch.work);
  }
  watch.charge(Kernel::edges_reverse);
}

// From the adjoint of the features, with the readout's part, to those of the product and of the incoming features.
template <class T>
void Evaluator<T>::reverse_update(std::size_t t, const Block& block, Scratch& scratch) {
  const Layer<T>& layer = model_.layers[t];
  const int n = model_.channels, rows = static_cast<int>(block.atoms.size());
  const std::size_t out_size = width(layer.l_out), in_size = width(layer.l_in);
  Array<T>& adjoint = scratch.adjoint;
  adjoint.resize(rows * out_size + n);
  gather(block.atoms, out_size, adjoint_, adjoint);
  T* scalars = adjoint.data() + rows * out_size;
  for (int b = 0; b < rows; ++b) {
    layer.readout.reverse(n, scratch.features.data() + b * out_size, model_.scale, scalars);
    for (int c = 0; c < n; ++c) adjoint[b * out_size + c] += scalars[c];
  }
  scratch.product.resize(rows * out_size);
  for (int l = 0; l <= layer.l_out; ++l)
    for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm)
      layer.update[l].reverse(0, rows, adjoint.data() + lm * n, out_size, scratch.product.data() + lm * n, out_size,
                              false);
  if (layer.skip.empty()) return;
  scratch.incoming.resize(rows * in_size);
  gather(block.atoms, in_size, previous_, scratch.incoming);
  for (std::size_t l = 0; l < layer.skip.size(); ++l)
    for (std::size_t lm = l * l; lm < (l + 1) * (l + 1); ++lm)
      layer.skip[l].reverse(block.element, rows, adjoint.data() + lm * n, out_size, scratch.incoming.data() + lm * n,
                            in_size, true);
  scatter(block.atoms, in_size, scratch.incoming, previous_);
}

template class Evaluator<float>;
template class Evaluator<double>;

}  // namespace mace
