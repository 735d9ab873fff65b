// Registers `pair_style mace` when LAMMPS loads this library.

#include "lammpsplugin.h"
#include "pair_mace.h"

namespace {

void* create(void* lammps) {
  LAMMPS_NS::Pair* const pair = new LAMMPS_NS::PairMACE(static_cast<LAMMPS_NS::LAMMPS*>(lammps));
  return pair;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void* lammps, void* handle, void* regfunc) {
  lammpsplugin_t plugin = {};
  plugin.version = DECANT_LAMMPS_VERSION;  // of the headers, from CMake
  plugin.style = "pair";
  plugin.name = "mace";
  plugin.info = "MACE potential evaluated by decant";
  plugin.author = "the decant developers";
  plugin.creator.v1 = &create;
  plugin.handle = handle;
  reinterpret_cast<lammpsplugin_regfunc>(regfunc)(&plugin, lammps);
}
