// Atoms that LAMMPS leaves out of every pair: to the model they are not there, as if they were deleted.
//
// "neigh_modify exclude group ID all" does it, and fix gcmc, which tries deletions that way. A rule that leaves out
// some pairs of an atom only has no meaning for a potential of many bodies.
#pragma once

#include <string>
#include <vector>

namespace LAMMPS_NS {
class Group;
class Neighbor;
}  // namespace LAMMPS_NS

namespace decant {

class Exclusion {
 public:
  // The rules as they are now; of the atom types only those with an element (not -1) count.
  Exclusion(const LAMMPS_NS::Neighbor& neighbor, const LAMMPS_NS::Group& group,
            const std::vector<int>& element_of_type);

  // Whether atoms of this type and with these group bits are left out of every pair.
  bool covers(int type, int mask) const { return type_[type] || (mask & groups_) != 0; }
  // The first rule that leaves out some pairs of an atom only, in the words of neigh_modify; empty if there is none.
  const std::string& partial() const { return partial_; }

 private:
  void read_types(const LAMMPS_NS::Neighbor& neighbor, const std::vector<int>& element_of_type);
  void read_groups(const LAMMPS_NS::Neighbor& neighbor, const LAMMPS_NS::Group& group);
  void refuse(const std::string& rule);

  std::vector<char> type_;  // [types + 1]
  int groups_ = 0;          // bits
  std::string partial_;
};

}  // namespace decant
