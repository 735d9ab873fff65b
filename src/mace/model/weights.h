// What the file of a MACE model says about the elements in use: host memory, double precision, channels unpadded. Every
// engine packs from this what its own device wants.
#pragma once

#include <string>
#include <vector>

#include "mace/model/limits.h"

namespace mace {

class Safetensors;

// One (l1, l2) -> l3 channel-wise product, with the non-zero couplings.
struct Path {
  struct Coupling {
    int m1, m2, m3;
    double value;
  };
  int l1 = 0, l2 = 0, l3 = 0;
  std::vector<Coupling> couplings;
};

// One monomial of a product, of output `target`; unused factors are -1. Factors are sorted and stand first.
struct Term {
  int target = 0;
  int factor[max_degree] = {-1, -1, -1, -1};
};

// Linear maps of channels: [element, or one for all][block][channel in][channel out]. What blocks give is added up.
struct Matrices {
  int elements = 0, blocks = 0;
  std::vector<double> values;
  int in = 0, out = 0;  // channels
};

// Quintic splines by their knots, [table][knot][3][function]: value, slope * step, curvature * step^2 at r_min + knot *
// step. The last knot is at r_max.
struct Knots {
  int tables = 0, knots = 0, functions = 0;
  std::vector<double> values;
};

// The energy of an atom from its scalar features: linear, or one hidden layer with SiLU, or two; none if all is empty.
struct ReadoutWeights {
  std::vector<double> linear;          // [channel], empty if there is a hidden layer
  std::vector<double> hidden, output;  // [unit][channel], [unit]
  std::vector<double> middle,
      middle_bias;  // of the second hidden layer, empty if none: [unit][unit of the first], [unit]
};

// See latent_charges.h for what they do.
struct LatentCharges {
  double width = 0;        // of the Gaussian of a charge, angstrom; 0: the model has no charges
  double resolution = 0;   // waves shorter than this do not count, angstrom
  double strength = 0;     // 1 / (2 epsilon_0), eV angstrom
  bool with_self = false;  // whether the energy of each Gaussian by itself counts
};

// See cpu/kernels/repulsion.h for the formula.
struct RepulsionWeights {
  // Of one ordered pair of elements: eV angstrom of one edge (half of the pair's energy), angstrom, angstrom.
  struct Pair {
    double strength = 0, length = 1, end = 0;
  };
  std::vector<Pair> pairs;        // [element of the owner][element of the source]; empty: no repulsion
  std::vector<double> screening;  // [2][terms], coefficients and then exponents
  int power = 0;                  // order to which the envelope is flat at r = 0
};

// The way of a layer's mixed messages through a gate to the basis. A mixed message has, in this order, rows of scalars,
// of a gate for each l > 0, and of l = 1 and more; the scalars go through SiLU, what is of l > 0 is multiplied by the
// sigmoid of its gate, channel by channel.
struct GateWeights {
  std::vector<double> own_of_element;  // [element][1 + l_max][channel]: added by the atom itself, in the first layer
  std::vector<Matrices> own;           // by l: what the atom sends -> what it adds itself, in the later ones
  std::vector<Matrices> out;           // by l: gated message -> basis of the product; empty: no gate
};

struct LayerWeights {
  int l_in = 0, l_out = 0;            // highest l of the incoming and outgoing features
  int l_edge = 0, edge_channels = 0;  // of what neighbors receive: highest l; channels, which messages have, too
  std::vector<double> up_of_element;  // [element][edge channel]: what neighbors receive in the first layer
  std::vector<Matrices> up;           // by l_in: features -> what neighbors receive in the later ones
  std::vector<Path> paths;
  Knots radial_hidden;                // of the radial network's last hidden layer, whose splines go linearly through
  std::vector<double> radial_output;  // [hidden][path][edge channel] to the radial function of each path and channel;
                                      // empty: the splines are these functions
  Knots density;                      // what an edge adds to its owner's density; no tables if not divided by it
  double density_offset = 1, density_factor = 1;  // divided by offset + factor * density
  std::vector<Matrices> mix;  // by l: message of all paths to l, a block each -> basis of the product, or mixed message
  GateWeights gate;           // between that and the basis
  std::vector<Term> terms;    // of the product, by rising degree
  std::vector<double> coefficients;     // [element][term][channel]
  std::vector<Matrices> update;         // by l_out: product -> features
  std::vector<double> skip_of_element;  // [element][channel]: residual connection of the first layer, empty if none
  std::vector<Matrices> skip;           // by l: residual connection from the incoming features, empty if none
  ReadoutWeights readout;
  ReadoutWeights charge;  // of an atom; empty in models without latent charges
};

struct Weights {
  std::vector<std::string> elements;  // symbols, in the order of the element indices
  std::string precision;              // chosen at export: "single" or "double"
  int channels = 0, l_max = 0;
  double r_min = 0, r_max = 0;          // where the radial tables begin and end, angstrom
  double scale = 1, shift = 0;          // of the interaction energy of an atom
  std::vector<double> atomic_energies;  // eV, [element]
  std::vector<int> tables;              // radial table of [element of the owner][element of the source]
  RepulsionWeights repulsion;           // part of the interaction energy of an atom
  LatentCharges charges;                // beyond the cutoff
  std::vector<LayerWeights> layers;
};

// Reads a model for the given elements (chemical symbols, in the order of the element indices used later; none: all
// that the model knows). Throws std::runtime_error naming the file and what is wrong with it; a file that holds an
// array which no part of the model needs is refused, because the model would silently lack what that array is for.
Weights read_weights(const Safetensors& file, const std::vector<std::string>& elements);

// What of a model an engine must refuse, by this name, that knows only layers whose messages are of the channels and l
// of their features and go straight to the basis, and at most one hidden layer of a readout; empty if nothing.
std::string beyond_plain_layers(const Weights& weights);

}  // namespace mace
