// One MACE model on the atoms of this rank, whatever its precision.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rows.h"
#include "safetensors.h"

namespace decant {

class Engine {
 public:
  virtual ~Engine() = default;
  virtual double r_max() const = 0;
  virtual int exchange_width() const = 0;
  virtual double shortest_distance() const = 0;
  virtual void set_threads(int threads) = 0;

  // The neighborhood is given anew before each evaluation, owned atoms in their order.
  virtual void start(int owned, int total) = 0;
  virtual void set_element(int atom, int element) = 0;
  virtual void begin_edges(int atom) = 0;
  virtual void add_edge(int source, double r, double dx, double dy, double dz) = 0;

  // energy: [owned], eV; gradient: [edges][3], eV/angstrom, with respect to the vector of each edge.
  virtual void compute(Ghosts& ghosts, std::vector<double>& energy, std::vector<double>& gradient) = 0;

  virtual int owned() const = 0;
  virtual int total() const = 0;
  // Edges of an owned atom: first_edge(atom) .. first_edge(atom + 1) - 1.
  virtual int first_edge(int atom) const = 0;
  virtual int source(int edge) const = 0;
  virtual void vector(int edge, double* d) const = 0;  // owner - source, angstrom
  virtual double bytes() const = 0;
};

// Loads a model for the given elements. `precision` is "single", "double", or empty for the one chosen at export.
// Throws std::runtime_error naming the file and what is wrong with it.
std::unique_ptr<Engine> make_engine(const mace::Safetensors& file, std::string precision,
                                    const std::vector<std::string>& elements);

}  // namespace decant
