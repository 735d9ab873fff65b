#include "compute_contact.h"

#include <mpi.h>

#include <cmath>
#include <limits>
#include <string>

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "pair_mace/lammps_versions.h"
#include "update.h"
#include "utils.h"

namespace LAMMPS_NS {

ComputeContactMolecule::ComputeContactMolecule(LAMMPS* lammps, int narg, char** arg) : Compute(lammps, narg, arg) {
  if (!atom->molecule_flag)
    error->all(FLERR, "compute contact/molecule: this atom_style has no molecules; use molecular or full");
  read_lengths(narg, arg);
  scalar_flag = vector_flag = 1;
  extscalar = extvector = 0;
  size_vector = 3;
  vector = results_;
}

ComputeContactMolecule::~ComputeContactMolecule() {
  vector = nullptr;  // it is ours, not LAMMPS's
}

void ComputeContactMolecule::read_lengths(int narg, char** arg) {
  const int types = atom->ntypes, wanted = types * (types + 1) / 2;
  if (narg - 3 != wanted)
    error->all(FLERR, "compute contact/molecule: expected " + std::to_string(wanted) +
                          " distances, one of each pair of the " + std::to_string(types) + " atom types, not " +
                          std::to_string(narg - 3));
  inverse_squares_.assign((types + 1) * (types + 1), 0.0);
  int word = 3;
  for (int one = 1; one <= types; ++one)
    for (int other = one; other <= types; ++other, ++word) {
      const double length = utils::numeric(FLERR, arg[word], false, lmp);
      if (!(length >= 0.0) || !std::isfinite(length))
        error->all(FLERR,
                   std::string("compute contact/molecule: a distance must be a number, 0 or above, not ") + arg[word]);
      inverse_squares_[one * (types + 1) + other] = inverse_squares_[other * (types + 1) + one] =
          length > 0.0 ? 1.0 / (length * length) : std::numeric_limits<double>::max();  // 0: they never touch
    }
}

void ComputeContactMolecule::init() {
  if (!force->pair) error->all(FLERR, "compute contact/molecule: needs a pair style, whose neighbor list it reads");
  decant::request_occasional_half_list(*neighbor, this, decant::Newer{});
}

void ComputeContactMolecule::init_list(int /*id*/, NeighList* list) { list_ = list; }

double ComputeContactMolecule::compute_scalar() {
  find();
  return scalar;
}

void ComputeContactMolecule::compute_vector() { find(); }

// The nearest of the pairs that this rank has in its list.
ComputeContactMolecule::Contact ComputeContactMolecule::nearest_here() const {
  const double* const* const x = atom->x;
  const tagint* const molecule = atom->molecule;
  const int *const type = atom->type, *const mask = atom->mask;
  double least = 1.0, squared_distance = 0.0;
  int one = -1, other = -1;
  for (int number = 0; number < list_->inum; ++number) {
    const int i = list_->ilist[number];
    if (!(mask[i] & groupbit)) continue;
    const double* const inverse = &inverse_squares_[type[i] * (atom->ntypes + 1)];
    for (int k = 0; k < list_->numneigh[i]; ++k) {
      const int j = list_->firstneigh[i][k] & NEIGHMASK;
      if (molecule[i] == molecule[j] || !(mask[j] & groupbit)) continue;
      const double dx = x[j][0] - x[i][0], dy = x[j][1] - x[i][1], dz = x[j][2] - x[i][2];
      const double squared = dx * dx + dy * dy + dz * dz;
      if (squared * inverse[type[j]] >= least) continue;
      least = squared * inverse[type[j]];
      squared_distance = squared;
      one = i;
      other = j;
    }
  }
  if (one < 0) return {};
  return {std::sqrt(least), std::sqrt(squared_distance), atom->tag[one], atom->tag[other]};
}

// Finds the nearest pair of all ranks, once for each time step.
void ComputeContactMolecule::find() {
  if (invoked_scalar == update->ntimestep && invoked_vector == update->ntimestep) return;
  invoked_scalar = invoked_vector = update->ntimestep;
  neighbor->build_one(list_);
  const Contact here = nearest_here();
  struct {
    double share;
    int rank;
  } mine = {here.share, comm->me}, least = {};
  MPI_Allreduce(&mine, &least, 1, MPI_DOUBLE_INT, MPI_MINLOC, world);
  results_[0] = static_cast<double>(here.one);
  results_[1] = static_cast<double>(here.other);
  results_[2] = here.distance;
  MPI_Bcast(results_, 3, MPI_DOUBLE, least.rank, world);
  scalar = least.share;
}

}  // namespace LAMMPS_NS
