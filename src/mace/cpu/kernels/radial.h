// Radial functions of the distance as quintic Hermite splines: value, slope and curvature are continuous, so forces
// are the exact derivative of the energy and the energy is twice differentiable.
#pragma once

#include "mace/cpu/kernels/array.h"

namespace mace {

template <class T>
class RadialTable {
 public:
  RadialTable() = default;
  // rows: [knots][3][functions]: value, slope * step, curvature * step^2 at distances r_min + knot * step
  RadialTable(double r_min, double r_max, int knots, int functions, Array<T> rows);

  double r_min() const { return r_min_; }
  int functions() const { return functions_; }
  const Array<T>& rows() const { return rows_; }

  void evaluate(double r, T* value) const;
  void evaluate(double r, T* value, T* slope) const;

  // For kernels that evaluate a few functions at a time: the weights of the six rows of the interval that holds r.
  // Returns the first of these rows; each has functions() values.
  const T* locate(double r, T* value_weight, T* slope_weight) const;

 private:
  double r_min_ = 0, step_ = 1;
  int intervals_ = 0, functions_ = 0;
  Array<T> rows_;
};

}  // namespace mace
