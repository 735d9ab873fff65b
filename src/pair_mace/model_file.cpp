#include "model_file.h"

#include <fstream>
#include <iterator>

#include "comm.h"
#include "error.h"
#include "lammps.h"

using namespace LAMMPS_NS;

namespace decant {

std::vector<char> read_on_all_ranks(LAMMPS* lmp, const std::string& path) {
  std::vector<char> bytes;
  bigint size = -1;
  if (lmp->comm->me == 0) {
    std::ifstream stream(path, std::ios::binary);
    if (stream.good() && stream.peek() != std::ifstream::traits_type::eof()) {  // a folder opens, but cannot be read
      bytes.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
      size = static_cast<bigint>(bytes.size());
    }
  }
  MPI_Bcast(&size, 1, MPI_LMP_BIGINT, 0, lmp->world);
  if (size < 0)
    lmp->error->all(FLERR, "pair_style mace: cannot read the model file {}: it is missing, unreadable or empty", path);
  if (size >= MAXSMALLINT) lmp->error->all(FLERR, "pair_style mace: the model file {} is larger than 2 GB", path);
  bytes.resize(static_cast<std::size_t>(size));
  MPI_Bcast(bytes.data(), static_cast<int>(size), MPI_CHAR, 0, lmp->world);
  return bytes;
}

}  // namespace decant
