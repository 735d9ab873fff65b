// What the plugin finds in the library of one level of vector instructions.

#include "pair_mace.h"

extern "C" __attribute__((visibility("default"))) void* decant_create_pair_mace(void* lammps) {
  LAMMPS_NS::Pair* const pair = new LAMMPS_NS::PairMACE(static_cast<LAMMPS_NS::LAMMPS*>(lammps));
  return pair;
}
