// Real spherical harmonics up to l = 3 in the convention of e3nn: polar axis y, component normalisation (|Y_l|^2 =
// 2l+1).
#pragma once

#include "mace/model/limits.h"

namespace mace {

// Values Y[lm], lm = l*l + l + m, at the unit vector (x, y, z) for all l <= l_max.
template <class T>
void spherical_harmonics(int l_max, T x, T y, T z, T* values);

// The gradient of sum_lm weight[lm] Y[lm] with respect to an edge vector of length r along the unit vector (x, y, z).
// Y depends on the direction only, so the gradient has no component along the vector.
template <class T>
void spherical_harmonics_gradient(int l_max, T x, T y, T z, T r, const T* weight, T* gradient);

}  // namespace mace
