// Reading a model file on every rank of a LAMMPS run.
#pragma once

#include <string>
#include <vector>

#include "pointers.h"

namespace decant {

// Collective: rank 0 reads, all ranks get the bytes. Ends LAMMPS if the file cannot be read.
std::vector<char> read_on_all_ranks(LAMMPS_NS::LAMMPS* lmp, const std::string& path);

}  // namespace decant
