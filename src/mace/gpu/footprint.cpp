#include "mace/gpu/footprint.h"

#include <algorithm>

#include "mace/gpu/edges.h"
#include "mace/gpu/interaction_source.h"
#include "mace/gpu/kernel_source.h"

namespace mace::gpu {

Footprint::Footprint(const Weights& weights, std::size_t real, int at_once) : real_(real), at_once_(at_once) {
  const int channels = padded_channels(weights);
  const auto values = [channels](int l) { return static_cast<double>(harmonics_count(l) * channels); };
  for (const LayerWeights& layer : weights.layers)
    layers_.push_back({values(layer.l_in), values(layer.l_out), values(weights.l_max),
                       static_cast<double>(message_layout(layer.paths, weights.l_max, channels).size),
                       layer.density.tables > 0});
}

double Footprint::bytes(const Extent& extent, bool keep_bases) const {
  constexpr double whole = sizeof(int), full = sizeof(double);
  const double real = static_cast<double>(real_);
  const double edge = real_ == sizeof(float) ? sizeof(Edges<float>::Edge) : sizeof(Edges<double>::Edge);
  // row, list_first, list_count, count and first lent row; energy, its copy, by_density and virial
  double owned = 5 * whole + 12 * full;
  double total = 4 * whole + 12 * full;  // element, back_first, back_count, counters; force and virial
  double chunk = 0, message = 0, basis = 0, product = 0, sent = 0;
  for (std::size_t t = 0; t < layers_.size(); ++t) {
    const Values& layer = layers_[t];
    const bool last = t + 1 == layers_.size();
    if (layer.density) owned += full;
    if (!last) owned += real * (2 * layer.out + (keep_bases ? layer.basis : 0));
    if (t > 0) {
      total += real * 2 * layer.in;
      sent = std::max(sent, layer.in);
    }
    message = std::max(message, layer.message);
    product = std::max(product, layer.out);
    basis = layer.basis;
    if (last) chunk += 2 * layer.out;
  }
  chunk = real * (chunk + message + product + 2 * basis);
  const double slot = 4 * whole + edge + 3 * real;  // site, back_slot, back_edge, slot_edge; edge and gradient
  const double site = whole + 3 * full;
  const double lent = extent.total - extent.owned;  // about as many as are borrowed: packed, place, order
  return extent.owned * owned + extent.total * total + extent.slots * slot + extent.sites * site +
         std::min(extent.owned, at_once_) * chunk + lent * (real * sent + 2 * whole);
}

double Footprint::atoms(const Extent& extent, double bytes) const {
  // what a chunk takes does not grow with the atoms beyond it
  const auto of = [&](double share) {
    return this->bytes({extent.owned * share, extent.total * share, extent.slots * share, extent.sites * share}, false);
  };
  double low = 0, high = 1;
  while (of(high) < bytes && high < 1e6) high *= 2;
  for (int n = 0; n < 50; ++n) (of((low + high) / 2) < bytes ? low : high) = (low + high) / 2;
  return extent.owned * low;
}

}  // namespace mace::gpu
