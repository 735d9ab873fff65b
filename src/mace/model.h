// The weights of a MACE model, ready for evaluation, and how they are read from the file of `decant export`.
#pragma once

#include <string>
#include <vector>

#include "array.h"
#include "interaction.h"
#include "linear.h"
#include "product.h"
#include "readout.h"
#include "repulsion.h"
#include "safetensors.h"

namespace mace {

template <class T>
struct Layer {
  int l_in = 0, l_out = 0;    // highest l of the incoming and outgoing features
  std::vector<Linear<T>> up;  // per l_in: features -> what neighbours receive; none in the first layer, where
  Array<T> up_of_element;     // it depends on the element only: [element][channel]
  Interaction<T> interaction;
  std::vector<RadialTable<double>> density;  // what an edge adds to its owner's density; empty if not divided by it
  std::vector<Linear<T>> mix;                // per l: message of all paths -> basis of the product
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
  std::vector<int> tables;              // radial table of [element of the owner][element of the source]
  Repulsion repulsion;                  // part of the interaction energy of an atom
  std::vector<Layer<T>> layers;

  int table(int owner, int source) const {
    return tables[static_cast<std::size_t>(owner) * atomic_energies.size() + source];
  }
};

constexpr int format_version = 3;

// Precision that was chosen at export: "single" or "double".
std::string stored_precision(const Safetensors& file);

// Reads the model for the given elements (chemical symbols, in the order of the element indices used later).
// Throws std::runtime_error naming the file and what is wrong.
template <class T>
Model<T> load_model(const Safetensors& file, const std::vector<std::string>& elements);

}  // namespace mace
