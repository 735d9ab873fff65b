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

  double bytes() const;  // of the arrays that grow with the number of atoms

  // Threads that share the work from the next evaluation on. The result depends on their number only by rounding.
  void set_threads(int threads);

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

  // What a layer leaves for the reverse pass. The last layer leaves no basis: each of its blocks is reversed at once.
  struct State {
    Array<T> source;            // [total][l_in m][channel], what neighbours receive; unused in the first layer
    Array<T> basis;             // [owned][lm][channel], input of the product
    Array<T> features;          // [owned][l_out m][channel]
    std::vector<double> share;  // [owned], 1 / (1 + density); unused without a density
  };

  // What one thread works with. Rows are those of a block.
  struct Scratch {
    Array<T> message;                      // [row][message], and its adjoint
    Array<T> basis, adjoint;               // [row][lm][channel]: input of the product, and its adjoint
    Array<T> product, features, incoming;  // [row][LM][channel] of the outgoing or of the incoming features
    Array<T> source_adjoint;               // [total][l_in m][channel], this thread's part
    std::vector<const T*> sources;         // of the edges of one atom
    std::vector<T*> source_adjoints;
    std::vector<int> tables;
    typename Interaction<T>::Workspace work;
  };

  // The blocks of one thread.
  using Share = std::vector<const Block*>;

  void make_blocks(const Neighborhood<T>& atoms);
  // Shares rows 0 .. count-1 among the threads: work(first, rows) on a few at a time.
  template <class Work>
  void on_rows(int count, const Work& work) const;
  void prepare_sources(std::size_t t, const Neighborhood<T>& atoms, Exchange<T>& exchange);
  void reverse_sources(std::size_t t, const Neighborhood<T>& atoms, Exchange<T>& exchange);
  EdgeView<T> view(std::size_t t, const Neighborhood<T>& atoms, int atom, bool reverse, Scratch& scratch) const;

  // One layer of one block. Forward leaves the basis and the features in the scratch; reverse takes them from there.
  void forward_block(std::size_t t, const Neighborhood<T>& atoms, const Block& block, Scratch& scratch,
                     std::vector<double>& energy);
  void keep(std::size_t t, const Block& block, const Scratch& scratch);
  void fetch(std::size_t t, const Block& block, Scratch& scratch) const;
  void reverse_block(std::size_t t, const Neighborhood<T>& atoms, const Block& block, Scratch& scratch,
                     std::vector<double>& gradient);
  void add_residual(std::size_t t, const Block& block, Scratch& scratch) const;
  void reverse_update(std::size_t t, const Block& block, Scratch& scratch);

  // Adds the pair repulsion to the energies of owned atoms and to the gradients of their edges.
  void add_repulsion(const Neighborhood<T>& atoms, std::vector<double>& energy, std::vector<double>& gradient) const;
  // Divides the message basis of a block by one plus the density of each atom.
  void divide_by_density(std::size_t t, const Neighborhood<T>& atoms, const Block& block, T* basis);
  // The same for the adjoint of the basis, with the gradients that come from the density.
  void reverse_density(std::size_t t, const Neighborhood<T>& atoms, const Block& block, const T* basis,
                       T* basis_adjoint, std::vector<double>& gradient) const;

  const T* source_row(std::size_t t, const Neighborhood<T>& atoms, int atom) const;
  // Radial table of an edge whose owner is of `element`.
  int table(const Neighborhood<T>& atoms, int element, int edge) const {
    return model_.table(element, atoms.element[atoms.edges[edge].source]);
  }
  std::size_t width(int l) const { return static_cast<std::size_t>(harmonics_count(l)) * model_.channels; }

  Model<T> model_;
  std::vector<State> states_;
  std::vector<Block> blocks_;
  std::vector<Share> shares_;     // of the threads
  std::vector<Scratch> scratch_;  // of the threads
  Array<T> adjoint_, previous_;   // [owned][LM][channel]: of the features of this layer and of the layer before
};

}  // namespace mace
