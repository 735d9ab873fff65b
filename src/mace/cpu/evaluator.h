// Energies and edge gradients of a MACE model, layer by layer, with an exchange of features between the layers.
#pragma once

#include <functional>
#include <vector>

#include "mace/cpu/layer_pass.h"

namespace mace {

// From the charges of own rows the derivative of the energy by each; collective, and called once all charges are known.
using ChargeCoupling = std::function<std::vector<double>(const std::vector<double>& charge)>;

template <class T>
class Evaluator {
 public:
  Evaluator(Model<T> model, Timers& timers);

  // Threads that share the work from the next evaluation on.
  void set_threads(int threads) { scratch_.resize(static_cast<std::size_t>(threads)); }

  // energy: [owned], eV, the energy of each owned row.
  // gradient: [edges][3], eV/angstrom, of the energy of all ranks with respect to each edge vector (owner - source).
  // Edges must not be shorter than where the radial tables begin. With a coupling the model's latent charges are in the
  // gradient, not in the energy of each row.
  void compute(const Neighborhood<T>& atoms, Exchange& exchange, std::vector<double>& energy,
               std::vector<double>& gradient, const ChargeCoupling& couple = nullptr);

  const Model<T>& model() const { return model_; }
  double bytes() const;  // of the arrays that grow with the number of rows

 private:
  // Adds the pair repulsion to the energies of owned rows and to the gradients of their edges.
  void add_repulsion(const Neighborhood<T>& atoms, std::vector<double>& energy, std::vector<double>& gradient) const;

  const Model<T> model_;
  Timers& timers_;
  std::vector<LayerState<T>> states_;
  std::vector<Scratch<T>> scratch_;  // of the threads
};

}  // namespace mace
