// A MACE model packed for the vector registers of a CPU: precision T, channels padded.
#pragma once

#include <cstddef>
#include <vector>

#include "mace/cpu/kernels/array.h"
#include "mace/cpu/kernels/gate.h"
#include "mace/cpu/kernels/interaction.h"
#include "mace/cpu/kernels/linear_by_l.h"
#include "mace/cpu/kernels/product.h"
#include "mace/cpu/kernels/readout.h"
#include "mace/cpu/kernels/repulsion.h"
#include "mace/model/weights.h"

namespace mace {

// From the mixed message of a layer to the basis of its product, where they are not the same.
template <class T>
struct GatedMix {
  LinearByL<T> own;         // what the atom sends -> what it adds to its mixed message; empty in the first layer, where
  Array<T> own_of_element;  // that depends on the element only: [element][scalars and gates][channel]
  Gate<T> gate;
  LinearByL<T> out;  // gated message -> basis; empty: no gate

  bool empty() const { return out.empty(); }
};

template <class T>
struct Layer {
  int edge_channels = 0;   // padded; of what neighbors receive and of messages
  LinearByL<T> up;         // features -> what neighbors receive; empty in the first layer, where
  Array<T> up_of_element;  // it depends on the element only: [element][edge channel]
  Interaction<T> interaction;
  std::vector<RadialTable<double>> density;       // what an edge adds to its owner's density; empty if not divided by
  double density_offset = 1, density_factor = 1;  // offset + factor * density
  LinearByL<T> mix;                               // message of all paths -> basis of the product, or mixed message
  GatedMix<T> gated;
  Product<T> product;
  LinearByL<T> update;       // product -> features
  LinearByL<T> skip;         // residual connection from the incoming features, empty if none
  Array<T> skip_of_element;  // the same in the first layer: [element][channel], empty if none
  Readout<T> readout;
  Readout<T> charge;  // of an atom; unused without latent charges
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
