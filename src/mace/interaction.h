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

// One (l1, l2) -> l3 channel-wise product, with the non-zero couplings.
struct Path {
  struct Coupling {
    int m1, m2, m3;
    double value;
  };
  int l1 = 0, l2 = 0, l3 = 0;
  int slot = 0;  // position among the paths that end in l3
  std::vector<Coupling> couplings;
  int scale_offset = 0;  // of its matrix [m1][m3] among those of all paths
};

// The edges of one atom, as the kernels want them.
template <class T>
struct EdgeView {
  int count = 0;
  const Edge<T>* edges = nullptr;
  const int* tables = nullptr;          // radial table of each edge
  const T* const* sources = nullptr;    // features [l1 m1][channel] of the source of each edge
  T* const* source_adjoints = nullptr;  // where the adjoint of these features is summed; null if not wanted
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

  static constexpr int batch = 16;  // edges that are worked on together: their scratch stays in the L1 cache

  // Scratch space of one thread: what the edges of a batch need of their geometry.
  struct Workspace {
    Array<T> scale, dot;  // [edge][path][m1][m3]: sum over m2 of coupling x harmonic; its adjoint
    T harmonics[batch][harmonics_count(max_l)];
    T value_weight[batch][6], slope_weight[batch][6];
    const T* rows[batch];  // of the radial table
  };
  Workspace workspace() const;

  // Adds the messages of the edges of one atom to `message`.
  void forward(const EdgeView<T>& view, T* message, Workspace& work) const;

  // Given the adjoint of the message, adds to the adjoints of the sources' features, and adds the gradient of the
  // energy with respect to each edge vector to `gradient` [edge][3].
  void reverse(const EdgeView<T>& view, const T* message_adjoint, double* gradient, Workspace& work) const;

  // Plain loops over every (m1, m2, m3); the tests hold forward() to it.
  void forward_reference(const Edge<T>& edge, int table, const T* source, T* message) const;

 private:
  void prepare(const EdgeView<T>& view, int first, int count, Workspace& work) const;

  int channels_ = 0, l_max_ = 0, message_size_ = 0, scale_size_ = 0;
  std::vector<Path> paths_;
  std::vector<int> path_count_;
  std::vector<std::size_t> message_offset_;
  std::vector<RadialTable<T>> radial_;  // one for all edges, or one for each pair of elements in use
};

}  // namespace mace
