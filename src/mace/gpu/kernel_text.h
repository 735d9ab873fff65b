// The files of source/, as CMake wrote them into the library.
#pragma once

namespace mace::gpu::text {

extern const char* const opencl;
extern const char* const cuda;
extern const char* const geometry;
extern const char* const lists;
extern const char* const edges;
extern const char* const forces;
extern const char* const rows;
extern const char* const linear;
extern const char* const interaction;
extern const char* const product;
extern const char* const readout;

}  // namespace mace::gpu::text
