// A plugin whose pair style stops with what decant::Layout says of the LAMMPS that loads it.

#include "error.h"
#include "lammps.h"
#include "lammpsplugin.h"
#include "layout.h"

namespace {

struct Probe : LAMMPS_NS::Pair {
  explicit Probe(LAMMPS_NS::LAMMPS* lammps) : Pair(lammps) {
    error->all(FLERR, decant::Layout::is_as_compiled(*this) ? "the same layout" : "another layout");
  }
  void compute(int, int) override {}
  void settings(int, char**) override {}
  void coeff(int, char**) override {}
};

void* create(void* lammps) { return new Probe(static_cast<LAMMPS_NS::LAMMPS*>(lammps)); }

}  // namespace

extern "C" void lammpsplugin_init(void* lammps, void* handle, void* regfunc) {
  lammpsplugin_t plugin = {};
  plugin.version = "probe";
  plugin.style = "pair";
  plugin.name = "probe";
  plugin.info = plugin.author = "probe";
  plugin.creator.v1 = &create;
  plugin.handle = handle;
  reinterpret_cast<lammpsplugin_regfunc>(regfunc)(&plugin, lammps);
}
