// The arrays of a layer that a training changes: where they are in the weights of a file, and in a packed gradient.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "mace/cpu/layer_gradient.h"
#include "mace/model/weights.h"

namespace mace {

// Calls visit(name, values), values: std::vector<double>&, for each of them in one order.
template <class Visit>
void each_trained(LayerWeights& layer, const Visit& visit) {
  const auto by_l = [&](const std::string& name, std::vector<Matrices>& maps) {
    for (std::size_t l = 0; l < maps.size(); ++l) visit(name + "." + std::to_string(l), maps[l].values);
  };
  const auto if_any = [&](const std::string& name, std::vector<double>& values) {
    if (!values.empty()) visit(name, values);
  };
  if_any("up_of_element", layer.up_of_element);
  by_l("up", layer.up);
  visit("radial", layer.radial_hidden.values);
  if_any("density", layer.density.values);
  by_l("mix", layer.mix);
  visit("coefficients", layer.coefficients);
  by_l("update", layer.update);
  if_any("skip_of_element", layer.skip_of_element);
  by_l("skip", layer.skip);
  if_any("readout.linear", layer.readout.linear);
  if_any("readout.hidden", layer.readout.hidden);
  if_any("readout.output", layer.readout.output);
}

// Writes a packed gradient over the values of a layer of the same model.
template <class T>
void unpack(const LayerGradient<T>& gradient, int channels, LayerWeights& layer);

}  // namespace mace
