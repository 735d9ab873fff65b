// The gradient of an energy with respect to the weights of one layer, laid out as the packed weights are.
#pragma once

#include <vector>

#include "mace/cpu/model.h"

namespace mace {

template <class T>
struct LayerGradient {
  Array<T> up_of_element, skip_of_element;      // [element][channel], empty where the layer has none
  std::vector<Array<T>> up, mix, update, skip;  // by l
  std::vector<Array<T>> radial;                 // [table], rows of the knots
  std::vector<Array<double>> density;           // the same
  Array<T> coefficients;                        // of the product
  Readout<T> readout;

  LayerGradient() = default;
  // zeros
  explicit LayerGradient(const Layer<T>& layer)
      : up_of_element(layer.up_of_element.size(), T(0)),
        skip_of_element(layer.skip_of_element.size(), T(0)),
        up(layer.up.zero_gradient()),
        mix(layer.mix.zero_gradient()),
        update(layer.update.zero_gradient()),
        skip(layer.skip.zero_gradient()),
        radial(layer.interaction.zero_gradient()),
        coefficients(layer.product.weights(), T(0)) {
    for (const RadialTable<double>& table : layer.density) density.emplace_back(table.rows().size(), 0.0);
    readout.linear.assign(layer.readout.linear.size(), T(0));
    readout.hidden.assign(layer.readout.hidden.size(), T(0));
    readout.output.assign(layer.readout.output.size(), 0.0);
  }

  // Adds what another thread has found.
  void add(const LayerGradient& other) {
    add(other.up_of_element, up_of_element);
    add(other.skip_of_element, skip_of_element);
    add(other.up, up);
    add(other.mix, mix);
    add(other.update, update);
    add(other.skip, skip);
    add(other.radial, radial);
    add(other.density, density);
    add(other.coefficients, coefficients);
    add(other.readout.linear, readout.linear);
    add(other.readout.hidden, readout.hidden);
    add(other.readout.output, readout.output);
  }

 private:
  template <class Values>
  static void add(const Values& from, Values& to) {
    for (std::size_t k = 0; k < to.size(); ++k) to[k] += from[k];
  }
  template <class U>
  static void add(const std::vector<Array<U>>& from, std::vector<Array<U>>& to) {
    for (std::size_t k = 0; k < to.size(); ++k) add(from[k], to[k]);
  }
};

}  // namespace mace
