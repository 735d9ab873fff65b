// The edge pass of a MACE layer: messages  m_i[p, l3 m3] = sum_j R_p(r_ij) sum_{m1 m2} C_p[m1 m2 m3] Y[l2 m2] h_j[l1
// m1]. Batatia et al., NeurIPS 2022 (arXiv:2206.07697), eq. 8; C holds the Clebsch-Gordan coefficients and the model's
// own normalisation, as the exporter read them from the trained network.
#pragma once

#include <vector>

#include "mace/cpu/kernels/array.h"
#include "mace/cpu/kernels/edge.h"
#include "mace/cpu/kernels/radial.h"
#include "mace/model/layout.h"
#include "mace/model/weights.h"

namespace mace {

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
struct PathArguments;  // of the kernels of one path

template <class T>
class Interaction {
 public:
  Interaction() = default;
  Interaction(int channels, int l_max, std::vector<Path> paths, std::vector<RadialTable<T>> radial);

  const Layout& messages() const { return messages_; }  // of [path of l][channel] at (l, m)
  double shortest_distance() const { return radial_.front().r_min(); }

  static constexpr int batch = 16;  // edges that are worked on together: their scratch stays in the L1 cache

  // Scratch space of one thread: what the edges of a batch need of their geometry.
  struct Workspace {
    Array<T> scale, dot;  // [edge][path][m1][m3]: sum over m2 of coupling x harmonic; its adjoint
    T harmonics[batch][harmonics_count(max_l)];
    T value_weight[batch][6], slope_weight[batch][6];
    const T* rows[batch];  // of the radial table
    T* row_gradients[batch];
  };
  Workspace workspace() const;

  // Adds the messages of the edges of one atom to `message`.
  void forward(const EdgeView<T>& view, T* message, Workspace& work) const;

  // Given the adjoint of the message, adds to the adjoints of the sources' features, and adds the gradient of the
  // energy with respect to each edge vector to `gradient` [edge][3].
  void reverse(const EdgeView<T>& view, const T* message_adjoint, double* gradient, Workspace& work) const;
  // Given the same, adds to the adjoints of the sources' features, which must be wanted, and to the gradient of the
  // radial tables: `tables` [table], each laid out as its rows.
  void differentiate(const EdgeView<T>& view, const T* message_adjoint, std::vector<Array<T>>& tables,
                     Workspace& work) const;
  // Zeros for such a gradient.
  std::vector<Array<T>> zero_gradient() const;

  // Plain loops over every (m1, m2, m3); the tests hold forward() to it.
  void forward_reference(const Edge<T>& edge, int table, const T* source, T* message) const;

 private:
  // A path with its places among the others.
  struct Lane : Path {
    std::size_t message = 0;  // of its channels at m3 = 0 in the message of an atom
    int scale = 0;            // of its matrix [m1][m3] in the scales of an edge
  };

  void prepare(const EdgeView<T>& view, int first, int count, Workspace& work) const;
  PathArguments<T> arguments(std::size_t lane, const EdgeView<T>& view, int first, int count, Workspace& work) const;

  int channels_ = 0, l_max_ = 0, scale_size_ = 0;
  Layout messages_;
  std::vector<Lane> lanes_;
  std::vector<RadialTable<T>> radial_;  // one for all edges, or one for each pair of elements in use
};

}  // namespace mace
