#include "mace/cpu/edges.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "mace/problems.h"

namespace mace {

namespace {

template <class T>
std::optional<Problem> without_edges(std::optional<Problem> problem, Neighborhood<T>& atoms) {
  atoms.first_edge.assign(static_cast<std::size_t>(atoms.owned) + 1, 0);
  atoms.edges.clear();
  return problem;
}

}  // namespace

template <class T>
std::optional<Problem> find_edges(const Neighbors& neighbors, const double* positions, double cutoff, double shortest,
                                  int threads, Neighborhood<T>& atoms) {
  if (const auto nowhere = find_nowhere(neighbors, positions)) return without_edges(nowhere, atoms);
  const int owned = atoms.owned;
  std::vector<int>& first_edge = atoms.first_edge;
  first_edge.assign(static_cast<std::size_t>(owned) + 1, 0);
  int crowded = owned;  // the first row with a neighbor too near
#pragma omp parallel for num_threads(threads) schedule(static) reduction(min : crowded)
  for (int i = 0; i < owned; ++i) {
    int count = 0;
    bool near = false;
    each_neighbor(neighbors, positions, i, cutoff, [&](int, double squared, double, double, double) {
      ++count;
      near = near || squared < shortest * shortest;
    });
    first_edge[i + 1] = count;
    if (near) crowded = std::min(crowded, i);
  }
  if (crowded < owned) return without_edges<T>(find_contact(neighbors, positions, crowded, shortest), atoms);
  std::partial_sum(first_edge.begin(), first_edge.end(), first_edge.begin());
  atoms.edges.resize(static_cast<std::size_t>(first_edge.back()));
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int i = 0; i < owned; ++i) {
    Edge<T>* edge = atoms.edges.data() + first_edge[i];
    each_neighbor(neighbors, positions, i, cutoff, [&](int site, double squared, double dx, double dy, double dz) {
      const double r = std::sqrt(squared);
      *edge++ = {neighbors.row[site], r, {static_cast<T>(dx / r), static_cast<T>(dy / r), static_cast<T>(dz / r)}};
    });
  }
  return std::nullopt;
}

template std::optional<Problem> find_edges<float>(const Neighbors&, const double*, double, double, int,
                                                  Neighborhood<float>&);
template std::optional<Problem> find_edges<double>(const Neighbors&, const double*, double, double, int,
                                                   Neighborhood<double>&);

}  // namespace mace
