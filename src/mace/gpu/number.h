// Numbers in the source of kernels.
#pragma once

#include <cstdio>
#include <string>

namespace mace::gpu {

// Exact, and of the precision of the arithmetic.
inline std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "REAL(%.17e)", value);
  return text;
}

}  // namespace mace::gpu
