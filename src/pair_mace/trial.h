// A trial move of Monte Carlo: LAMMPS asks for the energy of a configuration that may never come to be.
#pragma once

#include "lmptype.h"

namespace LAMMPS_NS {
class Modify;
}

namespace decant {

// What fixes of LAMMPS take for the energy of atoms on top of each other (MAXENERGYSIGNAL of fix gcmc), eV.
constexpr double overlap_energy = 1e100;

// Whether a fix is at its moves right now.
bool is_trial(const LAMMPS_NS::Modify& modify, LAMMPS_NS::bigint step);

}  // namespace decant
