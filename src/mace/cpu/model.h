// A MACE model packed for the vector registers of a CPU: precision T, channels padded.
#pragma once

#include <cstddef>
#include <vector>

#include "mace/cpu/kernels/array.h"
#include "mace/cpu/kernels/interaction.h"
#include "mace/cpu/kernels/linear_by_l.h"
#include "mace/cpu/kernels/product.h"
#include "mace/cpu/kernels/readout.h"
#include "mace/cpu/kernels/repulsion.h"
#include "mace/model/weights.h"

namespace mace {

template <class T>
struct Layer {
  LinearByL<T> up;         // features -> what neighbors receive; empty in the first layer, where
  Array<T> up_of_element;  // it depends on the element only: [element][channel]
  Interaction<T> interaction;
  std::vector<RadialTable<double>> density;  // what an edge adds to its owner's density; empty if not divided by it
  LinearByL<T> mix;                          // message of all paths -> basis of the product
  Product<T> product;
  LinearByL<T> update;       // product -> features
  LinearByL<T> skip;         // residual connection from the incoming features, empty if none
  Array<T> skip_of_element;  // the same in the first layer: [element][channel], empty if none
  Readout<T> readout;
};

template <class T>
struct Model {
  int channels = 0;                     // padded
  double scale = 1, shift = 0;          // of the interaction energy of an atom
  std::vector<double> atomic_energies;  // eV, per element
  std::vector<int> tables;              // radial table of [element of the owner][element of the source]
  Repulsion repulsion;                  // part of the interaction energy of an atom
  std::vector<Layer<T>> layers;

  std::size_t elements() const { return atomic_energies.size(); }
  int table(int owner, int source) const { return tables[static_cast<std::size_t>(owner) * elements() + source]; }
};

template <class T>
Model<T> pack(const Weights& weights);

}  // namespace mace
