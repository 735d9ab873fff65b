#include "mace/cpu/differentiate.h"

#include <cstddef>

#include "mace/cpu/layer_pass.h"

namespace mace {

template <class T>
std::vector<LayerGradient<T>> differentiate(const Model<T>& model, const Neighborhood<T>& atoms, const double* share,
                                            int threads) {
  const std::size_t count = static_cast<std::size_t>(threads), depth = model.layers.size();
  std::vector<double> energy(static_cast<std::size_t>(atoms.owned), 0.0), edges;  // no edge gets a gradient
  AtomCharges none;
  NoExchange alone;
  Timers timers;
  std::vector<LayerState<T>> states(depth);
  std::vector<Scratch<T>> scratch(count);
  const auto shares = share_blocks(atoms.owned, atoms.element, atoms.first_edge, threads);
  std::vector<LayerPass<T>> layers;
  layers.reserve(depth);
  for (std::size_t t = 0; t < depth; ++t) layers.emplace_back(model, t, atoms, states, energy, none, edges, timers);
  const auto on_blocks = [&](const LayerPass<T>& layer, const auto& work) {
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int k = 0; k < threads; ++k) {
      scratch[k].work = layer.workspace();
      for (const Block& block : shares[k]) work(block, scratch[k], k);
    }
  };

  for (LayerPass<T>& layer : layers) {
    layer.send_sources(alone, threads);
    layer.make_room_for_all();
    on_blocks(layer, [&](const Block& block, Scratch<T>& own, int) {
      layer.forward(block, own);
      layer.keep_all(block, own);
    });
  }
  std::vector<LayerGradient<T>> result(depth);
  for (std::size_t t = depth; t-- > 0;) {
    LayerPass<T>& layer = layers[t];
    layer.clear_source_adjoints(scratch);
    std::vector<LayerGradient<T>> parts(count, LayerGradient<T>(model.layers[t]));
    on_blocks(layer, [&](const Block& block, Scratch<T>& own, int k) {
      layer.fetch_all(block, own);
      layer.differentiate(block, share, own, parts[k]);
    });
    layer.return_source_adjoints(alone, scratch);
    layer.differentiate_sources(scratch.front(), parts.front());
    for (std::size_t k = 1; k < count; ++k) parts.front().add(parts[k]);
    result[t] = std::move(parts.front());
  }
  return result;
}

template std::vector<LayerGradient<double>> differentiate<double>(const Model<double>&, const Neighborhood<double>&,
                                                                  const double*, int);

}  // namespace mace
