// Whether LAMMPS arranges a pair style as this library was compiled to believe. Updates of one version differ: update 4
// of 22 Jul 2025 moved a member of Pair, and what was compiled for update 2 would read and write beside what it means.

#ifndef DECANT_LAYOUT_H
#define DECANT_LAYOUT_H

#include <cmath>

#include "pair.h"

namespace decant {

struct Layout : LAMMPS_NS::Pair {
  // Of a pair style that LAMMPS's own constructor has just filled, from the beginning of the class to its end.
  static bool is_as_compiled(const LAMMPS_NS::Pair& pair) {
    return pair.single_enable == 1 && pair.restartinfo == 1 && pair.reinitflag == 1 && pair.ncoultablebits == 12 &&
           pair.compute_flag == 1 && pair.*&Layout::tabinner == std::sqrt(2.0);
  }
};

}  // namespace decant

#endif
