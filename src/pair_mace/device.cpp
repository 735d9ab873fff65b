#include "device.h"

#include <glob.h>

#include <cstdlib>

namespace decant {

int place_on_node(MPI_Comm world) {
  MPI_Comm node;
  MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  int place = 0;
  MPI_Comm_rank(node, &place);
  MPI_Comm_free(&node);
  return place;
}

std::string unused_card() {
  const char* const chosen = std::getenv("DECANT_DEVICE");
  glob_t found = {};
  const bool there = glob("/dev/nvidia[0-9]*", 0, nullptr, &found) == 0;
  globfree(&found);
  return there && !(chosen && *chosen) ? "; this machine has an NVIDIA card: DECANT_DEVICE=cuda takes it" : "";
}

}  // namespace decant
