// What makes a configuration one that has no answer.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>

#include "mace/engine.h"

namespace mace {

// Calls visit(site, square of the distance, x, y, z from the site to the row) for each neighbor within `cutoff`.
template <class Visit>
void each_neighbor(const Neighbors& neighbors, const double* positions, int row, double cutoff, const Visit& visit) {
  const double* const own = positions + 3 * static_cast<std::size_t>(row);
  for (int k = neighbors.first[row]; k < neighbors.first[row + 1]; ++k) {
    const int site = neighbors.site[k];
    const double* const other = positions + 3 * static_cast<std::size_t>(site);
    const double dx = own[0] - other[0], dy = own[1] - other[1], dz = own[2] - other[2];
    const double squared = dx * dx + dy * dy + dz * dz;
    if (squared < cutoff * cutoff) visit(site, squared, dx, dy, dz);
  }
}

// An atom at infinity would be far from everything and go unnoticed.
inline std::optional<Problem> find_nowhere(const Neighbors& neighbors, const double* positions) {
  const auto* const end = positions + 3 * neighbors.row.size();
  const auto* const found = std::find_if(positions, end, [](double x) { return !std::isfinite(x); });
  if (found == end) return std::nullopt;
  return Problem{-1, static_cast<int>((found - positions) / 3), 0};
}

// Of a row that has a neighbor nearer than `shortest`.
inline std::optional<Problem> find_contact(const Neighbors& neighbors, const double* positions, int row,
                                           double shortest) {
  std::optional<Problem> problem;
  each_neighbor(neighbors, positions, row, shortest, [&](int site, double squared, double, double, double) {
    problem = Problem{row, site, std::sqrt(squared)};
  });
  return problem;
}

}  // namespace mace
