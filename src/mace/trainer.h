// A MACE model in training: energies, their gradients with respect to the vectors between neighbors, and with respect
// to the weights, which change between the steps. On the CPU, in double precision.
//
// What a loss needs of forces and virials is a gradient of the energy along a displacement of the vectors, so its
// gradient with respect to the weights is a difference of two of differentiate(), at vectors displaced either way.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace mace {

// Atoms that are all of a configuration, or of several, and the edges between them, sorted by owner.
struct Graph {
  std::vector<int> element;     // [atoms], index of the element
  std::vector<int> first_edge;  // [atoms + 1]: edges of atom i are first_edge[i] .. first_edge[i + 1] - 1
  std::vector<int> source;      // [edges]
};

// One array of weights, by the name that docs/mace_format.md gives it. `coefficients` are couplings times weights,
// [element][term][channel]; `radial` are the rows of the radial tables, [table][knot][3][path][channel].
struct Parameter {
  std::string name;
  std::vector<double> values;
};

class Trainer {
 public:
  // Throws std::runtime_error if the file is no such model, or has what a training does not know; it is named.
  Trainer(std::vector<char> bytes, const std::string& name);
  ~Trainer();
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) = delete;

  std::size_t elements() const;
  // The weights of the file, layer by layer.
  const std::vector<Parameter>& parameters() const;
  // New values of all of them, in this order. Throws std::invalid_argument if they are not as many.
  void set_weights(const std::vector<std::vector<double>>& values);

  void set_threads(int threads);
  void set_graph(Graph graph);

  // vector: [edges][3], from the source to the owner, angstrom. energy: [atoms], eV, that of the isolated atom
  // included; gradient: [edges][3], of the sum of all energies, eV/angstrom. Throws std::invalid_argument naming an
  // edge that is too short, or not a number.
  void evaluate(const double* vector, std::vector<double>& energy, std::vector<double>& gradient);
  // Adds the gradient of the sum over atoms of share[atom] times the atom's energy to `sums`, one for each parameter.
  void differentiate(const double* vector, const double* share, std::vector<std::vector<double>>& sums);

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace mace
