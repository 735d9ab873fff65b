// One MACE model on the atoms of this rank, whatever its precision.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "forces.h"
#include "row_exchange.h"
#include "safetensors.h"

namespace decant {

class Engine {
 public:
  virtual ~Engine() = default;
  virtual double r_max() const = 0;
  virtual double shortest_distance() const = 0;
  virtual void set_threads(int threads) = 0;

  // The neighborhood is given anew before each evaluation: atoms, then how many edges each owned one has, then these.
  virtual void set_atoms(int owned, const std::vector<int>& elements) = 0;  // [rows]; -1: not part of the model
  virtual void set_edge_counts(const std::vector<int>& first_edge) = 0;     // [owned + 1]
  // Edge `edge` of all, from `source` by the vector (dx, dy, dz) of length r to its owner. Threads may set several.
  virtual void set_edge(int edge, int source, double r, double dx, double dy, double dz) = 0;

  // energy: [owned], eV.
  virtual void compute(RowExchange& exchange, std::vector<double>& energy) = 0;
  // What the last evaluation says; contributions to borrowed rows stay with them.
  virtual const mace::Forces& forces(mace::Virials virials) = 0;

  virtual double bytes() const = 0;
};

// Loads a model for the given elements. `precision` is "single", "double", or empty for the one chosen at export.
// Throws std::runtime_error naming the file and what is wrong with it.
std::unique_ptr<Engine> make_engine(const mace::Safetensors& file, std::string precision,
                                    const std::vector<std::string>& elements);

}  // namespace decant
