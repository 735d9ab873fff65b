#include "setup.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "atom.h"
#include "comm.h"
#include "compute.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "group.h"
#include "masses.h"
#include "modify.h"
#include "neighbor.h"
#include "pair.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

namespace decant {

namespace {

// comm_modify group; LAMMPS tells nobody but the kinds of Comm
struct GhostGroup : Comm {
  static int of(const Comm& comm) { return comm.*&GhostGroup::bordergroup; }
};

}  // namespace

void Setup::check(const std::vector<std::string>& elements, const std::vector<int>& element_of_type,
                  bool charged) const {
  if (!force->newton_pair) error->all(FLERR, "pair_style mace needs newton pair on");
  if (std::strcmp(update->unit_style, "metal") != 0) error->all(FLERR, "pair_style mace needs units metal");
  require_all_ghosts();
  require_no_other_bonds();
  require_own_masses(elements, element_of_type);
  if (charged) require_whole_box();
  require_no_heat_flux();
  warn_of_long_steps();
}

// Whoever comes from units real gives femtoseconds, and is then told of lost atoms
void Setup::warn_of_long_steps() const {
  const double longest = 0.05;  // ps; the heaviest atoms move too far in it
  if (comm->me == 0 && update->whichflag == 1 && update->nsteps > 0 && update->dt > longest)
    error->warning(FLERR, "pair_style mace: timestep {} is that many ps in units metal; half a femtosecond is 0.0005",
                   update->dt);
}

void Setup::require_all_ghosts() const {
  const int ghosts = GhostGroup::of(*comm);
  if (ghosts != 0 && ghosts != neighbor->includegroup)
    error->all(
        FLERR,
        "pair_style mace: comm_modify group {0} hides neighbors of the other atoms; add neigh_modify include {0}, "
        "which leaves the others out of the model, or take it back by comm_modify group all",
        group->names[ghosts]);
}

// A script that was made for a force field still has its bonds, angles and so on, which the model has already. Who
// wants the sum says so by a hybrid style.
void Setup::require_no_other_bonds() const {
  if (force->pair != &pair_) return;
  const std::pair<const char*, const char*> styles[] = {{"bond_style", force->bond_style},
                                                        {"angle_style", force->angle_style},
                                                        {"dihedral_style", force->dihedral_style},
                                                        {"improper_style", force->improper_style},
                                                        {"kspace_style", force->kspace_style}};
  for (const auto& [command, style] : styles)
    if (style && std::strcmp(style, "none") != 0 && std::strcmp(style, "zero") != 0)
      error->all(
          FLERR,
          "pair_style mace: {} {} would be added to the model, which has these energies already; take it out ({}), "
          "or use pair_style hybrid/overlay if the sum is meant",
          command, style, std::strcmp(command, "bond_style") == 0 ? "bond_style zero nocoeff" : "style none");
}

// Heat flows by the energies of atoms, on which others act beyond the edges that carry their virials (M. F. Langer et
// al., Phys. Rev. B 2023, 108, L100302): what LAMMPS would make of virials of atoms changes with the axes.
void Setup::require_no_heat_flux() const {
  for (int i = 0; i < modify->ncompute; ++i)
    if (utils::strmatch(modify->compute[i]->style, "^heat/flux$"))
      error->all(FLERR,
                 "pair_style mace: compute {} {} needs virials that go with the energies of atoms, which a model that "
                 "passes messages does not have; take thermal conductivity from fix heat or fix thermal/conductivity",
                 modify->compute[i]->id, modify->compute[i]->style);
}

void Setup::require_own_masses(const std::vector<std::string>& elements,
                               const std::vector<int>& element_of_type) const {
  if (!atom->mass || atom->rmass) return;
  double hydrogen = 0;  // heavier where its mass was repartitioned, which the atoms that it is bound to then lack
  for (int type = 1; type <= atom->ntypes; ++type)
    if (element_of_type[type] >= 0 && elements[element_of_type[type]] == "H" && atom->mass_setflag[type])
      hydrogen = std::max(hydrogen, atom->mass[type]);
  for (int type = 1; type <= atom->ntypes; ++type) {
    if (element_of_type[type] < 0 || !atom->mass_setflag[type]) continue;
    const std::string& symbol = elements[element_of_type[type]];
    const std::string problem = mass_problem(symbol, atom->mass[type], hydrogen);
    if (!problem.empty())
      error->all(
          FLERR,
          "pair_style mace: pair_coeff says that atom type {} is {}, but its mass is {}; name the elements in the "
          "order of the types",
          type, symbol, problem);
  }
}

void Setup::require_whole_box() const {
  const int periodic = domain->xperiodic + domain->yperiodic + domain->zperiodic;
  if (periodic != 0 && periodic != 3)
    error->all(FLERR,
               "pair_style mace: a model with latent charges sums their field over a box that is periodic in all three "
               "directions or in none, not in {}; give a slab boundary p p p and a gap",
               periodic == 1 ? "one" : "two");
}

}  // namespace decant
