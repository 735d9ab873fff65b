// The non-linearity between the mixed message of a gated layer and the basis of its product, channel by channel: SiLU
// of the scalars, and each l > 0 times the sigmoid of a gate of its own. Its normalisation is part of the maps behind
// it.
#pragma once

#include "mace/model/layout.h"

namespace mace {

// A mixed message: rows of channels, the scalars, a gate for each l > 0, and then [l m] of l > 0.
Layout mixed_layout(int l_max, int channels);

template <class T>
class Gate {
 public:
  Gate() = default;
  Gate(int channels, int l_max) : channels_(channels), l_max_(l_max) {}

  // mixed message -> gated message [lm][channel]
  void forward(const T* mixed, T* gated) const;
  // overwrites mixed_adjoint
  void reverse(const T* mixed, const T* gated_adjoint, T* mixed_adjoint) const;

  // One value at a time; the tests hold forward() to it.
  void forward_reference(const T* mixed, T* gated) const;

 private:
  int channels_ = 0, l_max_ = 0;
};

}  // namespace mace
