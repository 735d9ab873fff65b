#include "mace/cpu/evaluator.h"

#include <utility>

namespace mace {

template <class T>
Evaluator<T>::Evaluator(Model<T> model, Timers& timers)
    : model_(std::move(model)), timers_(timers), states_(model_.layers.size()), scratch_(1) {}

template <class T>
void Evaluator<T>::compute(const Neighborhood<T>& atoms, Exchange& exchange, std::vector<double>& energy,
                           std::vector<double>& gradient, const ChargeCoupling& couple) {
  energy.assign(static_cast<std::size_t>(atoms.owned), 0.0);
  for (int i = 0; i < atoms.owned; ++i)
    if (atoms.element[i] >= 0) energy[i] = model_.shift + model_.atomic_energies[atoms.element[i]];
  gradient.assign(3 * atoms.edges.size(), 0.0);
  if (!model_.repulsion.empty()) add_repulsion(atoms, energy, gradient);

  const int threads = static_cast<int>(scratch_.size());
  const auto shares = share_blocks(atoms.owned, atoms.element, atoms.first_edge, threads);
  AtomCharges charges;
  if (couple) charges.charge.assign(static_cast<std::size_t>(atoms.owned), 0.0);
  std::vector<LayerPass<T>> layers;
  for (std::size_t t = 0; t < states_.size(); ++t)
    layers.emplace_back(model_, t, atoms, states_, energy, charges, gradient, timers_);
  const auto on_blocks = [&](const LayerPass<T>& layer, const auto& work) {
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int k = 0; k < threads; ++k) {
      scratch_[k].work = layer.workspace();
      for (const Block& block : shares[k]) work(block, scratch_[k]);
    }
  };

  for (LayerPass<T>& layer : layers) {
    layer.send_sources(exchange, threads);
    if (&layer == &layers.back() && !couple) break;  // each of its blocks is reversed at once
    layer.make_room();
    on_blocks(layer, [&](const Block& block, Scratch<T>& scratch) {
      layer.forward(block, scratch);
      layer.keep(block, scratch);
    });
  }
  if (couple) charges.potential = couple(charges.charge);
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    layer->clear_source_adjoints(scratch_);
    on_blocks(*layer, [&](const Block& block, Scratch<T>& scratch) {
      if (layer == layers.rbegin() && !couple)
        layer->forward(block, scratch);
      else
        layer->fetch(block, scratch);
      layer->reverse(block, scratch);
    });
    layer->return_source_adjoints(exchange, scratch_);
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
double Evaluator<T>::bytes() const {
  std::size_t values = 0, doubles = 0;
  for (const Scratch<T>& scratch : scratch_) values += scratch.source_adjoint.capacity();
  for (const LayerState<T>& state : states_) {
    values += state.source.capacity() + state.basis.capacity() + state.features.capacity() + state.adjoint.capacity() +
              state.mixed.capacity();
    doubles += state.share.capacity();
  }
  return static_cast<double>(values * sizeof(T) + doubles * sizeof(double));
}

template class Evaluator<float>;
template class Evaluator<double>;

}  // namespace mace
