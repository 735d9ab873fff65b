// What a pair style on a device must know of ranks and faults.
#pragma once

#include <mpi.h>

#include <exception>
#include <string>

#include "error.h"

namespace decant {

// The number of this rank among those of its node, which share its devices. Collective.
int place_on_node(MPI_Comm world);

// What a user is told whose machine has a card, if the environment says nothing about devices; empty if it has none.
std::string unused_card();

// Runs `work`. A device may be lost, or have no memory left, on one rank in the midst of what all do together: then the
// others wait for it, and nothing but an abort ends them.
template <class Work>
auto or_abort(LAMMPS_NS::Error& error, const Work& work) {
  try {
    return work();
  } catch (const std::exception& caught) {
    error.one(FLERR, "pair_style mace: {}", caught.what());
  }
}

}  // namespace decant
