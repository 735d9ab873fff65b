// Registers `pair_style mace` and `compute contact/molecule` when LAMMPS loads this library. The pair style itself is
// compiled once for each level of vector instructions, into libraries beside this one; here the best that the CPU can
// run is chosen.

#include <dlfcn.h>
#if defined(__aarch64__)
#include <sys/prctl.h>
#endif

#include <cstdlib>
#include <cstring>
#include <string>

#include "compute_contact/compute_contact.h"
#include "error.h"
#include "lammps.h"
#include "lammpsplugin.h"

namespace {

// The levels that were compiled, lowest first, separated by blanks; each library is named pair_mace_LEVEL.so.
constexpr const char* compiled_levels = DECANT_LEVELS;

bool runs_here(const std::string& level) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  if (level == "x86-64-v3") return v3;
  if (level == "x86-64-v4") return v4;
#elif defined(__aarch64__)
  if (level.compare(0, 4, "sve-") == 0) {  // code for vectors of so many bits runs on no others
    const int length = prctl(PR_SVE_GET_VL);
    return length > 0 && level == "sve-" + std::to_string(8 * (length & PR_SVE_VL_LEN_MASK));
  }
#endif
  return true;  // of another name: compiled for this machine by the wish of its user
}

// The highest level of those compiled that the CPU runs, or the one that DECANT_SIMD names; empty if there is none.
std::string choose_level() {
  const char* const wanted = std::getenv("DECANT_SIMD");
  std::string best, rest = compiled_levels;
  while (!rest.empty()) {
    const std::string level = rest.substr(0, rest.find(' '));
    rest.erase(0, level.size() + 1);
    if (runs_here(level) && (!wanted || !*wanted || level == wanted)) best = level;
  }
  return best;
}

std::string folder() {
  Dl_info info = {};
  dladdr(reinterpret_cast<const void*>(&choose_level), &info);
  const std::string path = info.dli_fname ? info.dli_fname : "";
  return path.substr(0, path.rfind('/') + 1);
}

void* create_pair(void* lammps) {
  LAMMPS_NS::Error* const error = static_cast<LAMMPS_NS::LAMMPS*>(lammps)->error;
  const std::string level = choose_level();
  if (level.empty())
    error->all(FLERR, std::string("pair_style mace was compiled for ") + compiled_levels +
                          ", and this CPU (or DECANT_SIMD) allows none of them");
  const std::string path = folder() + "pair_mace_" + level + ".so";
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const symbol = library ? dlsym(library, "decant_create_pair_mace") : nullptr;
  if (!symbol) error->all(FLERR, std::string("pair_style mace: ") + dlerror());
  return reinterpret_cast<void* (*)(void*)>(symbol)(lammps);
}

void* create_compute(void* lammps, int narg, char** arg) {
  LAMMPS_NS::Compute* const compute =
      new LAMMPS_NS::ComputeContactMolecule(static_cast<LAMMPS_NS::LAMMPS*>(lammps), narg, arg);
  return compute;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void* lammps, void* handle, void* regfunc) {
  const auto add = reinterpret_cast<lammpsplugin_regfunc>(regfunc);
  lammpsplugin_t plugin = {};
  plugin.version = DECANT_LAMMPS_VERSION;  // of the headers, from CMake
  plugin.author = "the decant developers";
  plugin.handle = handle;
  plugin.style = "pair";
  plugin.name = "mace";
  plugin.info = "MACE potential evaluated by decant";
  plugin.creator.v1 = &create_pair;
  add(&plugin, lammps);
  plugin.style = "compute";
  plugin.name = "contact/molecule";
  plugin.info = "how near atoms of two molecules come";
  plugin.creator.v2 = &create_compute;
  add(&plugin, lammps);
}
