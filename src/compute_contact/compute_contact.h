// compute ID group contact/molecule R11 R12 ... R22 ...
//
// The nearest that atoms of two molecules come, in shares of the distance at which their types touch: R of types 1 and
// 1, 1 and 2, ..., 2 and 2, ..., angstrom in units metal. The scalar is the least share, or 1 if no two atoms touch;
// the vector has the tags of the two atoms and their distance, or zeros. Molecules are those of the data file. Pairs
// beyond the cutoff of the pair style, and those that neigh_modify excludes, are not seen.
#pragma once

#include <vector>

#include "compute.h"

namespace LAMMPS_NS {

class ComputeContactMolecule : public Compute {
 public:
  ComputeContactMolecule(LAMMPS* lammps, int narg, char** arg);
  ~ComputeContactMolecule() override;

  void init() override;
  void init_list(int id, NeighList* list) override;
  double compute_scalar() override;
  void compute_vector() override;

 private:
  struct Contact {
    double share = 1.0, distance = 0.0;
    tagint one = 0, other = 0;
  };

  void read_lengths(int narg, char** arg);
  Contact nearest_here() const;
  void find();

  std::vector<double> inverse_squares_;  // [types + 1][types + 1], of the distance at which two types touch
  double results_[3] = {0.0, 0.0, 0.0};
  NeighList* list_ = nullptr;
};

}  // namespace LAMMPS_NS
