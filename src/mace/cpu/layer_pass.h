// The work of one layer of a model, forward and in reverse, block by block.
#pragma once

#include <cstddef>
#include <vector>

#include "mace/cpu/blocks.h"
#include "mace/cpu/layer_gradient.h"
#include "mace/cpu/model.h"
#include "mace/cpu/neighborhood.h"
#include "mace/exchange.h"
#include "mace/timers.h"

namespace mace {

// What a layer leaves for the reverse pass and for the layers beside it. The last one keeps neither basis nor features:
// each of its blocks is reversed at once.
template <class T>
struct LayerState {
  Array<T> source;             // [total][l_edge m][edge channel], what neighbors receive; unused in the first layer
  Array<T> mixed;              // [owned], mixed messages without the own part; unused without a gate
  Array<T> basis;              // [owned][lm][channel], input of the product
  Array<T> features, adjoint;  // [owned][l_out m][channel]
  std::vector<double> share;   // [owned], one over what the density divides by; unused without a density
  Array<T> message, product;   // [owned], what the maps behind them get; for the gradient of weights alone
};

// What atoms have besides energies; all empty in models without latent charges.
struct AtomCharges {
  std::vector<double> charge;     // [owned]
  std::vector<double> potential;  // [owned], eV: derivative of the energy by each; known before the reverse pass
};

// What one thread works with. Rows are those of a block.
template <class T>
struct Scratch {
  Array<T> message;                      // [row][message], and its adjoint
  Array<T> mixed, whole, mixed_adjoint;  // [row][mixed message]: without and with the own part, adjoint of both
  Array<T> gated, own;                   // [row][lm][channel]: gated message and its adjoint; [row]: what it sends
  Array<T> basis, adjoint;               // [row][lm][channel]: input of the product, and its adjoint
  Array<T> product, features, incoming;  // [row][LM][channel] of the outgoing or of the incoming features
  Array<T> source_adjoint;               // [total][l_edge m][edge channel], this thread's part
  std::vector<const T*> sources;         // of the edges of one row
  std::vector<T*> source_adjoints;
  std::vector<int> tables;
  typename Interaction<T>::Workspace work;
};

template <class T>
class LayerPass {
 public:
  // Of layer `t`, with nothing in the adjoint of its features yet. energy: [owned] and gradient: [edges][3], to which
  // the layer adds its part, as to the charges.
  LayerPass(const Model<T>& model, std::size_t t, const Neighborhood<T>& atoms, std::vector<LayerState<T>>& states,
            std::vector<double>& energy, AtomCharges& charges, std::vector<double>& gradient, Timers& timers);

  // Collective. What neighbors receive, from the features of the layer before; nothing in the first layer.
  void send_sources(Exchange& exchange, int threads);
  // Makes room for the adjoints of what neighbors received.
  void clear_source_adjoints(std::vector<Scratch<T>>& scratch) const;
  // Collective. Adds them to the adjoint of the features of the layer before.
  void return_source_adjoints(Exchange& exchange, std::vector<Scratch<T>>& scratch);

  // Forward leaves the basis, the features and, with a gate, the mixed messages in the scratch; reverse takes them from
  // there. keep() and fetch() move them to the state and back.
  void forward(const Block& block, Scratch<T>& scratch);
  void reverse(const Block& block, Scratch<T>& scratch);
  void make_room();
  void keep(const Block& block, const Scratch<T>& scratch);
  void fetch(const Block& block, Scratch<T>& scratch) const;

  // The same for all that the gradient of weights needs, in every layer.
  void make_room_for_all();
  void keep_all(const Block& block, const Scratch<T>& scratch);
  void fetch_all(const Block& block, Scratch<T>& scratch) const;
  // In place of reverse(), of plain layers: adds the gradient of the energies, each times the row's `share`, with
  // respect to the weights to `gradient`, and not that of the edges.
  void differentiate(const Block& block, const double* share, Scratch<T>& scratch, LayerGradient<T>& gradient);
  // After return_source_adjoints(), which leaves the sum in the first scratch.
  void differentiate_sources(const Scratch<T>& first, LayerGradient<T>& gradient) const;

  typename Interaction<T>::Workspace workspace() const { return layer_.interaction.workspace(); }

 private:
  EdgeView<T> view(int row, bool reverse, Scratch<T>& scratch) const;
  // Radial table of an edge whose owner is of `element`.
  int table(int element, const Edge<T>& edge) const { return model_.table(element, atoms_.element[edge.source]); }

  // Divides the mixed messages of a block by what the density of each row says.
  void divide_by_density(const Block& block, T* mixed);
  // The same for their adjoint, with the gradients that come from the density.
  void reverse_density(const Block& block, const T* mixed, T* mixed_adjoint);
  // The same with the gradient of the density's tables in place of those of edges.
  void differentiate_density(const Block& block, const T* mixed, T* mixed_adjoint,
                             std::vector<Array<double>>& tables) const;
  // Divides the adjoint of the mixed message at place `b` of a block, and returns the derivative by the row's density.
  double reverse_share(const Block& block, std::size_t b, const T* mixed, T* mixed_adjoint) const;
  // From mixed messages to mixed messages with the own part of each row.
  void add_own(const Block& block, Scratch<T>& scratch) const;
  // Through the gate to the basis, and from the adjoint of the basis to that of the mixed messages.
  void pass_gate(const Block& block, Scratch<T>& scratch) const;
  void reverse_gate(const Block& block, Scratch<T>& scratch) const;
  void add_residual(const Block& block, Scratch<T>& scratch) const;
  // Leaves the adjoint of the features in the scratch, with the part of the readout, whose energies count `share` times
  // each; once each without one.
  void reverse_readout(const Block& block, const double* share, Scratch<T>& scratch) const;
  // From the adjoint of the features to those of the product and of the incoming features.
  void reverse_update(const Block& block, Scratch<T>& scratch);

  const Model<T>& model_;
  const Layer<T>& layer_;
  const Neighborhood<T>& atoms_;
  LayerState<T>& state_;
  LayerState<T>* const before_;  // of the layer before; none before the first
  std::vector<double>& energy_;
  AtomCharges& charges_;
  std::vector<double>& gradient_;
  Timers& timers_;
  const std::size_t t_;
  // values of a row
  const std::size_t in_size_, source_size_, message_size_, mixed_size_, basis_size_, out_size_;
};

}  // namespace mace
