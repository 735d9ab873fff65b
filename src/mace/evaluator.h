// Energies and edge gradients of a MACE model, layer by layer, with an exchange of features between the layers.
#pragma once

#include <vector>

#include "model.h"
#include "neighborhood.h"

namespace mace {

template <class T>
class Evaluator {
 public:
  explicit Evaluator(Model<T> model);

  const Model<T>& model() const { return model_; }
  double shortest_distance() const { return model_.layers.front().interaction.shortest_distance(); }
  // The largest `width` that the exchange will be asked for.
  int exchange_width() const;

  double bytes() const;  // of the arrays that grow with the number of atoms

  // energy: [owned], eV, the energy of each owned atom.
  // gradient: [edges][3], eV/angstrom, of the energy of all ranks with respect to each edge vector (owner - source).
  // Edges must be at least shortest_distance() long.
  void compute(const Neighborhood<T>& atoms, Exchange<T>& exchange, std::vector<double>& energy,
               std::vector<double>& gradient);

 private:
  // Owned atoms of one element that are worked on together.
  struct Block {
    int element = 0;
    std::vector<int> atoms;
  };

  // What a layer leaves for the reverse pass.
  struct State {
    Array<T> source;            // [total][l_in m][channel], what neighbours receive; unused in the first layer
    Array<T> basis;             // [owned][lm][channel], input of the product
    Array<T> features;          // [owned][l_out m][channel]
    std::vector<double> share;  // [owned], 1 / (1 + density); unused without a density
  };

  // Adds the pair repulsion to the energies of owned atoms and to the gradients of their edges.
  void add_repulsion(const Neighborhood<T>& atoms, std::vector<double>& energy, std::vector<double>& gradient) const;
  // Divides the message basis of a block (its rows in `basis`) by one plus the density of each atom.
  void divide_by_density(std::size_t t, const Neighborhood<T>& atoms, const Block& block, T* basis);
  // The same for the adjoint of the basis, with the gradients that come from the density.
  void reverse_density(std::size_t t, const Neighborhood<T>& atoms, const Block& block, T* basis_adjoint,
                       std::vector<double>& gradient) const;
  void make_blocks(const Neighborhood<T>& atoms);
  void prepare_sources(std::size_t t, const Neighborhood<T>& atoms, Exchange<T>& exchange);
  void forward_block(std::size_t t, const Neighborhood<T>& atoms, const Block& block, std::vector<double>& energy);
  void reverse_block(std::size_t t, const Neighborhood<T>& atoms, const Block& block, const Array<T>& adjoint,
                     Array<T>& previous_adjoint, std::vector<double>& gradient);
  void reverse_sources(std::size_t t, const Neighborhood<T>& atoms, Exchange<T>& exchange, Array<T>& previous_adjoint);
  void add_readout_adjoint(std::size_t t, int owned, Array<T>& adjoint);
  const T* source_row(std::size_t t, const Neighborhood<T>& atoms, int atom) const;
  // Radial table of an edge whose owner is of `element`.
  int table(const Neighborhood<T>& atoms, int element, int edge) const {
    return model_.table(element, atoms.element[atoms.edges[edge].source]);
  }
  std::size_t width(int l) const { return static_cast<std::size_t>(harmonics_count(l)) * model_.channels; }

  Model<T> model_;
  std::vector<State> states_;
  std::vector<Block> blocks_;
  Array<T> source_adjoint_;               // [total][l_in m][channel]
  Array<T> message_, product_, adjoint_;  // scratch of one block
};

}  // namespace mace
