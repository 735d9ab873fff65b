#include "mace/cpu/layer_pass.h"

#include "mace/cpu/rows.h"

namespace mace {

template <class T>
LayerPass<T>::LayerPass(const Model<T>& model, std::size_t t, const Neighborhood<T>& atoms,
                        std::vector<LayerState<T>>& states, std::vector<double>& energy, AtomCharges& charges,
                        std::vector<double>& gradient, Timers& timers)
    : model_(model),
      layer_(model.layers[t]),
      atoms_(atoms),
      state_(states[t]),
      before_(t > 0 ? &states[t - 1] : nullptr),
      energy_(energy),
      charges_(charges),
      gradient_(gradient),
      timers_(timers),
      t_(t),
      in_size_(before_ ? layer_.up.in().size : 0),
      source_size_(before_ ? layer_.up.out().size : 0),
      message_size_(layer_.mix.in().size),
      mixed_size_(layer_.mix.out().size),
      basis_size_(layer_.gated.empty() ? mixed_size_ : layer_.gated.out.out().size),
      out_size_(layer_.update.out().size) {
  state_.adjoint.assign(atoms_.owned * out_size_, T(0));
  if (!layer_.density.empty()) state_.share.resize(static_cast<std::size_t>(atoms_.owned));
}

template <class T>
void LayerPass<T>::send_sources(Exchange& exchange, int threads) {
  if (!before_) return;
  Stopwatch watch(timers_, t_);
  state_.source.resize(atoms_.total * source_size_);
  on_rows(atoms_.owned, threads, [&](int first, int rows) {
    layer_.up.forward(0, rows, before_->features.data() + first * in_size_, state_.source.data() + first * source_size_,
                      false);
  });
  watch.charge(Kernel::sources);
  if (watch.on()) exchange.wait();
  watch.charge(Kernel::wait);
  exchange.forward(state_.source.data(), atoms_.owned, static_cast<int>(source_size_));
  watch.charge(Kernel::exchange);
}

template <class T>
void LayerPass<T>::clear_source_adjoints(std::vector<Scratch<T>>& scratch) const {
  for (Scratch<T>& one : scratch) one.source_adjoint.assign(atoms_.total * source_size_, T(0));
}

template <class T>
void LayerPass<T>::return_source_adjoints(Exchange& exchange, std::vector<Scratch<T>>& scratch) {
  if (!before_) return;
  Stopwatch watch(timers_, t_);
  const int threads = static_cast<int>(scratch.size());
  Array<T>& sum = scratch.front().source_adjoint;
  if (threads > 1)
    on_rows(atoms_.total, threads, [&](int first, int rows) {
      for (std::size_t k = 1; k < scratch.size(); ++k) {
        const T* part = scratch[k].source_adjoint.data();
#pragma omp simd
        for (std::size_t c = first * source_size_; c < (first + rows) * source_size_; ++c) sum[c] += part[c];
      }
    });
  watch.charge(Kernel::sources);
  if (watch.on()) exchange.wait();
  watch.charge(Kernel::wait);
  exchange.reverse(sum.data(), atoms_.owned, static_cast<int>(source_size_));
  watch.charge(Kernel::exchange);
  on_rows(atoms_.owned, threads, [&](int first, int rows) {
    layer_.up.reverse(0, rows, sum.data() + first * source_size_, before_->adjoint.data() + first * in_size_, true);
  });
  watch.charge(Kernel::sources);
}

template <class T>
EdgeView<T> LayerPass<T>::view(int row, bool reverse, Scratch<T>& scratch) const {
  const int first = atoms_.first_edge[row], count = atoms_.first_edge[row + 1] - first;
  const Edge<T>* const edges = atoms_.edges.data() + first;
  const bool adjoints = reverse && before_;
  scratch.sources.resize(count);
  scratch.tables.resize(count);
  scratch.source_adjoints.resize(count);
  for (int e = 0; e < count; ++e) {
    const std::size_t j = static_cast<std::size_t>(edges[e].source);
    scratch.sources[e] =
        before_ ? state_.source.data() + j * source_size_
                : layer_.up_of_element.data() + static_cast<std::size_t>(atoms_.element[j]) * layer_.edge_channels;
    scratch.tables[e] = table(atoms_.element[row], edges[e]);
    if (adjoints) scratch.source_adjoints[e] = scratch.source_adjoint.data() + j * source_size_;
  }
  return {count, edges, scratch.tables.data(), scratch.sources.data(),
          adjoints ? scratch.source_adjoints.data() : nullptr};
}

template <class T>
void LayerPass<T>::divide_by_density(const Block& block, T* mixed) {
  for (std::size_t b = 0; b < block.rows.size(); ++b) {
    const int i = block.rows[b];
    double density = 0;
    for (int e = atoms_.first_edge[i]; e < atoms_.first_edge[i + 1]; ++e) {
      double value;
      layer_.density[table(block.element, atoms_.edges[e])].evaluate(atoms_.edges[e].r, &value);
      density += value;
    }
    state_.share[i] = 1 / (layer_.density_offset + layer_.density_factor * density);
    scale_row(mixed_size_, static_cast<T>(state_.share[i]), mixed + b * mixed_size_);
  }
}

template <class T>
double LayerPass<T>::reverse_share(const Block& block, std::size_t b, const T* mixed, T* mixed_adjoint) const {
  const double share = state_.share[block.rows[b]];
  const T* const of_row = mixed + b * mixed_size_;
  T* const adjoint = mixed_adjoint + b * mixed_size_;
  const double by_density = -layer_.density_factor * share * dot(mixed_size_, of_row, adjoint);
  scale_row(mixed_size_, static_cast<T>(share), adjoint);
  return by_density;
}

template <class T>
void LayerPass<T>::reverse_density(const Block& block, const T* mixed, T* mixed_adjoint) {
  for (std::size_t b = 0; b < block.rows.size(); ++b) {
    const double by_density = reverse_share(block, b, mixed, mixed_adjoint);
    const int i = block.rows[b];
    for (int e = atoms_.first_edge[i]; e < atoms_.first_edge[i + 1]; ++e) {
      const Edge<T>& edge = atoms_.edges[e];
      double value, slope;
      layer_.density[table(block.element, edge)].evaluate(edge.r, &value, &slope);
      for (int k = 0; k < 3; ++k)
        gradient_[3 * static_cast<std::size_t>(e) + k] += by_density * slope * edge.direction[k];
    }
  }
}

template <class T>
void LayerPass<T>::add_own(const Block& block, Scratch<T>& scratch) const {
  const int rows = block.size();
  scratch.whole.assign(scratch.mixed.begin(), scratch.mixed.begin() + rows * mixed_size_);
  if (!before_) {
    const std::size_t size = layer_.gated.own_of_element.size() / model_.elements();
    const T* const own = layer_.gated.own_of_element.data() + block.element * size;
    for (int b = 0; b < rows; ++b)
      for (std::size_t c = 0; c < size; ++c) scratch.whole[b * mixed_size_ + c] += own[c];
    return;
  }
  scratch.own.resize(rows * source_size_);
  gather(block, source_size_, state_.source, scratch.own);
  layer_.gated.own.forward(0, rows, scratch.own.data(), scratch.whole.data(), true);
}

template <class T>
void LayerPass<T>::pass_gate(const Block& block, Scratch<T>& scratch) const {
  const int rows = block.size();
  add_own(block, scratch);
  scratch.gated.resize(rows * basis_size_);
  for (int b = 0; b < rows; ++b)
    layer_.gated.gate.forward(scratch.whole.data() + b * mixed_size_, scratch.gated.data() + b * basis_size_);
  layer_.gated.out.forward(0, rows, scratch.gated.data(), scratch.basis.data(), false);
}

template <class T>
void LayerPass<T>::reverse_gate(const Block& block, Scratch<T>& scratch) const {
  const int rows = block.size();
  add_own(block, scratch);
  scratch.gated.resize(rows * basis_size_);
  layer_.gated.out.reverse(0, rows, scratch.adjoint.data(), scratch.gated.data(), false);
  scratch.mixed_adjoint.resize(rows * mixed_size_);
  for (int b = 0; b < rows; ++b)
    layer_.gated.gate.reverse(scratch.whole.data() + b * mixed_size_, scratch.gated.data() + b * basis_size_,
                              scratch.mixed_adjoint.data() + b * mixed_size_);
  if (!before_) return;
  layer_.gated.own.reverse(0, rows, scratch.mixed_adjoint.data(), scratch.own.data(), false);
  for (int b = 0; b < rows; ++b) {
    const T* const from = scratch.own.data() + b * source_size_;
    T* const to = scratch.source_adjoint.data() + block.rows[b] * source_size_;
    for (std::size_t c = 0; c < source_size_; ++c) to[c] += from[c];
  }
}

template <class T>
void LayerPass<T>::forward(const Block& block, Scratch<T>& scratch) {
  const int n = model_.channels, rows = block.size();
  Stopwatch watch(timers_, t_);
  scratch.message.assign(rows * message_size_, T(0));
  for (int b = 0; b < rows; ++b)
    layer_.interaction.forward(view(block.rows[b], false, scratch), scratch.message.data() + b * message_size_,
                               scratch.work);
  watch.charge(Kernel::edges_forward);
  scratch.basis.resize(rows * basis_size_);
  Array<T>& mixed = layer_.gated.empty() ? scratch.basis : scratch.mixed;
  mixed.resize(rows * mixed_size_);
  layer_.mix.forward(block.element, rows, scratch.message.data(), mixed.data(), false);
  if (!layer_.density.empty()) divide_by_density(block, mixed.data());
  if (!layer_.gated.empty()) pass_gate(block, scratch);
  watch.charge(Kernel::mix);
  scratch.product.resize(rows * out_size_);
  for (int b = 0; b < rows; ++b)
    layer_.product.forward(block.element, scratch.basis.data() + b * basis_size_,
                           scratch.product.data() + b * out_size_);
  watch.charge(Kernel::product_forward);
  scratch.features.resize(rows * out_size_);
  layer_.update.forward(0, rows, scratch.product.data(), scratch.features.data(), false);
  add_residual(block, scratch);
  watch.charge(Kernel::update);
  for (int b = 0; b < rows; ++b)
    energy_[block.rows[b]] += model_.scale * layer_.readout.energy(n, scratch.features.data() + b * out_size_);
  for (int b = 0; b < rows && !charges_.charge.empty(); ++b)
    charges_.charge[block.rows[b]] += layer_.charge.energy(n, scratch.features.data() + b * out_size_);
  watch.charge(Kernel::readout);
}

template <class T>
void LayerPass<T>::add_residual(const Block& block, Scratch<T>& scratch) const {
  const int n = model_.channels, rows = block.size();
  if (!layer_.skip_of_element.empty())
    for (int b = 0; b < rows; ++b)
      for (int c = 0; c < n; ++c)
        scratch.features[b * out_size_ + c] += layer_.skip_of_element[static_cast<std::size_t>(block.element) * n + c];
  if (layer_.skip.empty()) return;
  scratch.incoming.resize(rows * in_size_);
  gather(block, in_size_, before_->features, scratch.incoming);
  layer_.skip.forward(block.element, rows, scratch.incoming.data(), scratch.features.data(), true);
}

template <class T>
void LayerPass<T>::make_room() {
  state_.basis.resize(atoms_.owned * basis_size_);
  state_.features.resize(atoms_.owned * out_size_);
  if (!layer_.gated.empty()) state_.mixed.resize(atoms_.owned * mixed_size_);
}

template <class T>
void LayerPass<T>::keep(const Block& block, const Scratch<T>& scratch) {
  scatter(block, basis_size_, scratch.basis, state_.basis);
  scatter(block, out_size_, scratch.features, state_.features);
  if (!layer_.gated.empty()) scatter(block, mixed_size_, scratch.mixed, state_.mixed);
}

template <class T>
void LayerPass<T>::fetch(const Block& block, Scratch<T>& scratch) const {
  scratch.basis.resize(block.rows.size() * basis_size_);
  scratch.features.resize(block.rows.size() * out_size_);
  gather(block, basis_size_, state_.basis, scratch.basis);
  gather(block, out_size_, state_.features, scratch.features);
  if (layer_.gated.empty()) return;
  scratch.mixed.resize(block.rows.size() * mixed_size_);
  gather(block, mixed_size_, state_.mixed, scratch.mixed);
}

template <class T>
void LayerPass<T>::reverse(const Block& block, Scratch<T>& scratch) {
  const int rows = block.size();
  Stopwatch watch(timers_, t_);
  reverse_readout(block, nullptr, scratch);
  reverse_update(block, scratch);
  watch.charge(Kernel::update);
  scratch.adjoint.resize(rows * basis_size_);
  for (int b = 0; b < rows; ++b)
    layer_.product.reverse(block.element, scratch.basis.data() + b * basis_size_,
                           scratch.product.data() + b * out_size_, scratch.adjoint.data() + b * basis_size_);
  watch.charge(Kernel::product_reverse);
  const bool gated = !layer_.gated.empty();
  if (gated) reverse_gate(block, scratch);
  const T* const mixed = gated ? scratch.mixed.data() : scratch.basis.data();
  T* const adjoint = gated ? scratch.mixed_adjoint.data() : scratch.adjoint.data();
  if (!layer_.density.empty()) reverse_density(block, mixed, adjoint);
  scratch.message.resize(rows * message_size_);
  layer_.mix.reverse(block.element, rows, adjoint, scratch.message.data(), false);
  watch.charge(Kernel::mix);
  for (int b = 0; b < rows; ++b) {
    const int i = block.rows[b];
    layer_.interaction.reverse(view(i, true, scratch), scratch.message.data() + b * message_size_,
                               gradient_.data() + 3 * static_cast<std::size_t>(atoms_.first_edge[i]), scratch.work);
  }
  watch.charge(Kernel::edges_reverse);
}

template <class T>
void LayerPass<T>::reverse_readout(const Block& block, const double* share, Scratch<T>& scratch) const {
  const int n = model_.channels, rows = block.size();
  Array<T>& adjoint = scratch.adjoint;
  adjoint.resize(rows * out_size_ + n);
  gather(block, out_size_, state_.adjoint, adjoint);
  T* scalars = adjoint.data() + rows * out_size_;
  const auto add = [&](const Readout<T>& readout, int b, double scale) {
    readout.reverse(n, scratch.features.data() + b * out_size_, scale, scalars);
    for (int c = 0; c < n; ++c) adjoint[b * out_size_ + c] += scalars[c];
  };
  for (int b = 0; b < rows; ++b) {
    add(layer_.readout, b, share ? model_.scale * share[block.rows[b]] : model_.scale);
    if (!charges_.potential.empty()) add(layer_.charge, b, charges_.potential[block.rows[b]]);
  }
}

template <class T>
void LayerPass<T>::reverse_update(const Block& block, Scratch<T>& scratch) {
  const int rows = block.size();
  const Array<T>& adjoint = scratch.adjoint;
  scratch.product.resize(rows * out_size_);
  layer_.update.reverse(0, rows, adjoint.data(), scratch.product.data(), false);
  if (layer_.skip.empty()) return;
  scratch.incoming.resize(rows * in_size_);
  gather(block, in_size_, before_->adjoint, scratch.incoming);
  layer_.skip.reverse(block.element, rows, adjoint.data(), scratch.incoming.data(), true);
  scatter(block, in_size_, scratch.incoming, before_->adjoint);
}

template class LayerPass<float>;
template class LayerPass<double>;

}  // namespace mace
