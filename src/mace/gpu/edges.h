// The edges within the cutoff on a device, made anew each step, their gradients, and what follows from these.
#pragma once

#include <string>
#include <vector>

#include "mace/engine.h"
#include "mace/gpu/device.h"
#include "mace/gpu/places.h"
#include "mace/model/weights.h"

namespace mace::gpu {

// T: float or double, as in the kernels' source.
template <class T>
class Edges {
 public:
  // As geometry.cl has it.
  struct Edge {
    double r;
    int owner, source, element;
    T x, y, z;
  };

  Edges(Device& device, const std::string& source, const Weights& weights);

  // After the places have been set anew.
  void resize(const Places& places);

  // Finds the edges, and begins the energies of atoms and the gradients.
  void find(const Places& places, const double* positions);
  // Begins to write the answer, which is there when the device has finished.
  void sum(const Places& places, Virials wanted, Answer& answer);
  // After that, whether an edge was shorter than the model allows.
  bool crowded() const { return found_crowded_ != 0; }

  Array<Edge> edges;                 // [slots]: those of a place begin where its list does
  Array<int> count;                  // [owned]
  Array<int> back_edge, back_count;  // [slots], [total]: edges that a place is the source of
  Array<int> slot_edge;              // [slots]: where the neighbor of a slot went, -1 if beyond the cutoff
  Array<double> energy;              // [owned]
  Array<T> gradient;                 // [slots][3]

  double bytes() const;

 private:
  void sum_virials(const Places& places, bool of_atoms, Answer& answer);

  Kernel find_edges_, turn_edges_, start_, sum_forces_, sum_virials_, add_virials_, give_energies_;
  Array<double> element_energy_, pairs_, screening_, positions_, answer_energy_, force_, virial_, atom_virial_, total_;
  Array<int> crowded_;
  int found_crowded_ = 0;
};

}  // namespace mace::gpu
