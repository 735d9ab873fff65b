// An equivariant linear map on a device: for each l one matrix of channels, the same for every m.
#pragma once

#include <string>
#include <vector>

#include "mace/gpu/device.h"
#include "mace/gpu/places.h"
#include "mace/model/layout.h"
#include "mace/model/weights.h"

namespace mace::gpu {

// Rows of values of atoms, of which the first belongs to place `first`.
template <class T>
struct Rows {
  Array<T>& values;
  int first = 0;
};

// The kernel of linear.cl, shared by the maps of a model.
struct Multiply {
  Kernel kernel;
  int columns;  // of a tile

  Multiply(Device& device, const std::string& source, int columns);
};

template <class T>
class LinearMap {
 public:
  // of_l: from and to the channels of l, as the layouts place them; `channels` are those of the model, which the
  // layouts pad. No matrices: no map.
  LinearMap(Device& device, const Multiply& multiply, const std::vector<Matrices>& of_l, int channels, int padded,
            const Layout& in, const Layout& out);

  bool empty() const { return forward_.count == 0; }

  // x: rows of the layout `in`, y: rows of `out`
  void forward(const Places& places, const Chunk& chunk, Rows<T> x, Rows<T> y, bool accumulate) const;
  // Carries the adjoint of the output back to the input.
  void reverse(const Places& places, const Chunk& chunk, Rows<T> y, Rows<T> x, bool accumulate) const;

 private:
  struct Direction {
    int count = 0, element_size = 0;  // jobs; weights of an element, 0 if all share them
    Array<int> jobs;
    Array<T> weights;
  };
  void run(const Direction& direction, const Places& places, const Chunk& chunk, Rows<T> x, int x_size, Rows<T> y,
           int y_size, bool accumulate) const;

  const Multiply* multiply_;
  int in_size_, out_size_;
  Direction forward_, reverse_;
};

}  // namespace mace::gpu
