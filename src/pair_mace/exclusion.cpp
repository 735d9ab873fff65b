#include "exclusion.h"

#include <algorithm>

#include "group.h"
#include "neighbor.h"

namespace decant {

namespace {

constexpr int everything = 0;  // the number of group "all"

}  // namespace

Exclusion::Exclusion(const LAMMPS_NS::Neighbor& neighbor, const LAMMPS_NS::Group& group,
                     const std::vector<int>& element_of_type)
    : type_(element_of_type.size(), 0) {
  read_types(neighbor, element_of_type);
  read_groups(neighbor, group);
  for (int rule = 0; rule < neighbor.nex_mol; ++rule)
    refuse(std::string("molecule/") + (neighbor.ex_mol_intra[rule] ? "intra " : "inter ") +
           group.names[neighbor.ex_mol_group[rule]]);
}

// A type is left out of every pair if rules name it with each type there is.
void Exclusion::read_types(const LAMMPS_NS::Neighbor& neighbor, const std::vector<int>& element_of_type) {
  std::vector<std::vector<char>> without(type_.size(), std::vector<char>(type_.size(), 0));
  for (int rule = 0; rule < neighbor.nex_type; ++rule) {
    const int a = neighbor.ex1_type[rule], b = neighbor.ex2_type[rule];
    without[a][b] = without[b][a] = 1;
  }
  for (std::size_t a = 1; a < type_.size(); ++a) {
    type_[a] = 1;
    for (std::size_t b = 1; b < type_.size(); ++b)
      if (element_of_type[b] >= 0 && !without[a][b]) type_[a] = 0;
  }
  for (int rule = 0; rule < neighbor.nex_type; ++rule) {
    const int a = neighbor.ex1_type[rule], b = neighbor.ex2_type[rule];
    if (element_of_type[a] >= 0 && element_of_type[b] >= 0 && !type_[a] && !type_[b])
      refuse("type " + std::to_string(a) + " " + std::to_string(b));
  }
}

void Exclusion::read_groups(const LAMMPS_NS::Neighbor& neighbor, const LAMMPS_NS::Group& group) {
  for (int rule = 0; rule < neighbor.nex_group; ++rule) {
    const int a = neighbor.ex1_group[rule], b = neighbor.ex2_group[rule];
    if (a != everything && b != everything)
      refuse(std::string("group ") + group.names[a] + " " + group.names[b]);
    else
      groups_ |= group.bitmask[a == everything ? b : a];
  }
}

void Exclusion::refuse(const std::string& rule) {
  if (partial_.empty()) partial_ = rule;
}

}  // namespace decant
