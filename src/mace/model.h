// The weights of a MACE model, ready for evaluation, and how they are read from the file of `decant export`.
#pragma once

#include <string>
#include <vector>

#include "array.h"
#include "interaction.h"
#include "linear.h"
#include "product.h"
#include "safetensors.h"

namespace mace {

// Energy of an atom from its scalar features: linear, or one hidden layer with SiLU.
template <class T>
struct Readout {
  Array<T> linear;             // [channel], empty if there is a hidden layer
  Array<T> hidden;             // [hidden unit][channel]
  std::vector<double> output;  // [hidden unit]

  double energy(int channels, const T* scalars) const;
  // Overwrites scalars_adjoint with scale * dE/dscalars.
  void reverse(int channels, const T* scalars, double scale, T* scalars_adjoint) const;
};

template <class T>
struct Layer {
  int l_in = 0, l_out = 0;    // highest l of the incoming and outgoing features
  std::vector<Linear<T>> up;  // per l_in: features -> what neighbours receive; none in the first layer, where
  Array<T> up_of_element;     // it depends on the element only: [element][channel]
  Interaction<T> interaction;
  std::vector<Linear<T>> mix;  // per l: message of all paths -> basis of the product
  Product<T> product;
  std::vector<Linear<T>> update;  // per l_out
  std::vector<Linear<T>> skip;    // per l_out: residual connection from the incoming features, empty if none
  Array<T> skip_of_element;       // the same in the first layer: [element][channel], empty if none
  Readout<T> readout;
};

template <class T>
struct Model {
  int channels = 0;  // padded
  int l_max = 0;
  double r_max = 0;
  double scale = 1, shift = 0;          // of the interaction energy of an atom
  std::vector<double> atomic_energies;  // eV, per element
  std::vector<Layer<T>> layers;
};

constexpr int format_version = 1;

// Precision that was chosen at export: "single" or "double".
std::string stored_precision(const Safetensors& file);

// Reads the model for the given elements (chemical symbols, in the order of the element indices used later).
// Throws std::runtime_error naming the file and what is wrong.
template <class T>
Model<T> load_model(const Safetensors& file, const std::vector<std::string>& elements);

}  // namespace mace
