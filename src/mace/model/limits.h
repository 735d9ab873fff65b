// What a model file may hold at most, as far as the kernels go.
#pragma once

namespace mace {

constexpr int format_version = 3;  // of the file

constexpr int max_l = 3;       // of spherical harmonics, messages and features
constexpr int max_degree = 4;  // of a product's monomials
constexpr int max_channels = 4096;

// Rows [lm] of all l <= `l`; lm = l*l + l + m.
constexpr int harmonics_count(int l) { return (l + 1) * (l + 1); }

}  // namespace mace
