// The edge pass of a MACE layer: messages  m_i[p, l3 m3] = sum_j R_p(r_ij) sum_{m1 m2} C_p[m1 m2 m3] Y[l2 m2] h_j[l1
// m1]. Batatia et al., NeurIPS 2022 (arXiv:2206.07697), eq. 8; C holds the Clebsch-Gordan coefficients and the model's
// own normalisation, as the exporter read them from the trained network.
#pragma once

#include <vector>

#include "array.h"
#include "neighborhood.h"
#include "radial.h"
#include "spherical_harmonics.h"

namespace mace {

// One (l1, l2) -> l3 channel-wise product, with the non-zero couplings sorted by (m1, m3).
struct Path {
  struct Coupling {
    int m1, m2, m3;
    double value;
  };
  int l1 = 0, l2 = 0, l3 = 0;
  int slot = 0;                     // position among the paths that end in l3
  std::vector<Coupling> couplings;  // grouped by pair
  std::vector<int> pair_begin;      // couplings of pair q: pair_begin[q] .. pair_begin[q+1]-1
};

template <class T>
class Interaction {
 public:
  Interaction() = default;
  Interaction(int channels, int l_max, std::vector<Path> paths, std::vector<RadialTable<T>> radial);

  int message_size() const { return message_size_; }  // values per atom
  int path_count(int l) const { return path_count_[l]; }
  std::size_t message_offset(int l, int m) const {  // of [path of l][channel] at (l, m)
    return message_offset_[l] + static_cast<std::size_t>(m) * path_count_[l] * channels_;
  }
  double shortest_distance() const { return radial_.front().r_min(); }

  // Scratch space of one thread.
  struct Workspace {
    Array<T> radial, slope;
  };
  Workspace workspace() const;

  // Adds the message of one edge to `message`; `table` is the radial table of its elements, `source` are the features
  // [l1 m1][channel] of its source.
  void forward(const Edge<T>& edge, int table, const T* source, T* message, Workspace& work) const;

  // Given the adjoint of the message, adds the adjoint of the source's features to `source_adjoint` (unless null) and
  // returns the gradient of the energy with respect to the edge vector in `gradient`.
  void reverse(const Edge<T>& edge, int table, const T* source, const T* message_adjoint, T* source_adjoint,
               double* gradient, Workspace& work) const;

  // Plain loops over every (m1, m2, m3); the tests hold forward() to it.
  void forward_reference(const Edge<T>& edge, int table, const T* source, T* message) const;

 private:
  int channels_ = 0, l_max_ = 0, message_size_ = 0;
  std::vector<Path> paths_;
  std::vector<int> path_count_;
  std::vector<std::size_t> message_offset_;
  std::vector<RadialTable<T>> radial_;  // one for all edges, or one for each pair of elements in use
};

}  // namespace mace
