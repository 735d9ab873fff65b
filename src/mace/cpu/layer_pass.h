// The work of one layer of a model, forward and in reverse, block by block.
#pragma once

#include <cstddef>
#include <vector>

#include "mace/cpu/blocks.h"
#include "mace/cpu/model.h"
#include "mace/cpu/neighborhood.h"
#include "mace/exchange.h"
#include "mace/timers.h"

namespace mace {

// What a layer leaves for the reverse pass and for the layers beside it. The last one keeps neither basis nor features:
// each of its blocks is reversed at once.
template <class T>
struct LayerState {
  Array<T> source;             // [total][l_in m][channel], what neighbors receive; unused in the first layer
  Array<T> basis;              // [owned][lm][channel], input of the product
  Array<T> features, adjoint;  // [owned][l_out m][channel]
  std::vector<double> share;   // [owned], 1 / (1 + density); unused without a density
};

// What one thread works with. Rows are those of a block.
template <class T>
struct Scratch {
  Array<T> message;                      // [row][message], and its adjoint
  Array<T> basis, adjoint;               // [row][lm][channel]: input of the product, and its adjoint
  Array<T> product, features, incoming;  // [row][LM][channel] of the outgoing or of the incoming features
  Array<T> source_adjoint;               // [total][l_in m][channel], this thread's part
  std::vector<const T*> sources;         // of the edges of one row
  std::vector<T*> source_adjoints;
  std::vector<int> tables;
  typename Interaction<T>::Workspace work;
};

template <class T>
class LayerPass {
 public:
  // Of layer `t`, with nothing in the adjoint of its features yet. energy: [owned] and gradient: [edges][3], to which
  // the layer adds its part.
  LayerPass(const Model<T>& model, std::size_t t, const Neighborhood<T>& atoms, std::vector<LayerState<T>>& states,
            std::vector<double>& energy, std::vector<double>& gradient, Timers& timers);

  // Collective. What neighbors receive, from the features of the layer before; nothing in the first layer.
  void send_sources(Exchange& exchange, int threads);
  // Makes room for the adjoints of what neighbors received.
  void clear_source_adjoints(std::vector<Scratch<T>>& scratch) const;
  // Collective. Adds them to the adjoint of the features of the layer before.
  void return_source_adjoints(Exchange& exchange, std::vector<Scratch<T>>& scratch);

  // Forward leaves the basis and the features in the scratch; reverse takes them from there. keep() and fetch() move
  // them to the state and back.
  void forward(const Block& block, Scratch<T>& scratch);
  void reverse(const Block& block, Scratch<T>& scratch);
  void make_room();
  void keep(const Block& block, const Scratch<T>& scratch);
  void fetch(const Block& block, Scratch<T>& scratch) const;

  typename Interaction<T>::Workspace workspace() const { return layer_.interaction.workspace(); }

 private:
  EdgeView<T> view(int row, bool reverse, Scratch<T>& scratch) const;
  // Radial table of an edge whose owner is of `element`.
  int table(int element, const Edge<T>& edge) const { return model_.table(element, atoms_.element[edge.source]); }

  // Divides the message basis of a block by one plus the density of each row.
  void divide_by_density(const Block& block, T* basis);
  // The same for the adjoint of the basis, with the gradients that come from the density.
  void reverse_density(const Block& block, const T* basis, T* basis_adjoint);
  void add_residual(const Block& block, Scratch<T>& scratch) const;
  // From the adjoint of the features, with the readout's part, to those of the product and of the incoming features.
  void reverse_update(const Block& block, Scratch<T>& scratch);

  const Model<T>& model_;
  const Layer<T>& layer_;
  const Neighborhood<T>& atoms_;
  LayerState<T>& state_;
  LayerState<T>* const before_;  // of the layer before; none before the first
  std::vector<double>& energy_;
  std::vector<double>& gradient_;
  Timers& timers_;
  const std::size_t t_;
  const std::size_t in_size_, out_size_, basis_size_, message_size_;  // values of a row
};

}  // namespace mace
