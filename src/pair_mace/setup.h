// What a script must not set beside the model: LAMMPS would run it, and something else than MACE would come out.
#pragma once

#include <string>
#include <vector>

#include "pointers.h"

namespace LAMMPS_NS {
class Pair;
}

namespace decant {

class Setup : LAMMPS_NS::Pointers {
 public:
  Setup(LAMMPS_NS::LAMMPS* lmp, const LAMMPS_NS::Pair& pair) : Pointers(lmp), pair_(pair) {}

  // Ends LAMMPS on the first thing that is wrong, on all ranks alike. `element_of_type` is a place in `elements` for
  // each atom type from 1 on, or -1; `charged`: a model has latent charges.
  void check(const std::vector<std::string>& elements, const std::vector<int>& element_of_type, bool charged) const;

 private:
  void require_all_ghosts() const;
  void require_no_other_bonds() const;
  void require_own_masses(const std::vector<std::string>& elements, const std::vector<int>& element_of_type) const;
  void require_whole_box() const;
  void require_no_heat_flux() const;
  void warn_of_long_steps() const;

  const LAMMPS_NS::Pair& pair_;
};

}  // namespace decant
