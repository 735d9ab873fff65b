#include "trial.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "fix.h"
#include "modify.h"

namespace decant {

namespace {

constexpr const char* styles[] = {"gcmc", "widom", "atom/swap", "mol/swap", "neighbor/swap", "charge/regulation"};

}  // namespace

// These fixes make their moves early in a step that they have set, before its forces, and set the next one at the end.
bool is_trial(const LAMMPS_NS::Modify& modify, LAMMPS_NS::bigint step) {
  return std::any_of(modify.fix, modify.fix + modify.nfix, [step](const LAMMPS_NS::Fix* fix) {
    return fix->force_reneighbor && fix->next_reneighbor == step &&
           std::any_of(std::begin(styles), std::end(styles),
                       [fix](const char* style) { return std::strcmp(fix->style, style) == 0; });
  });
}

}  // namespace decant
