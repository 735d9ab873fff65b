// The whole source of the kernels for one model: the dialect's words, the model's sizes as constants, the common text
// of source/ and the functions written for the model.
#pragma once

#include <string>

#include "mace/gpu/device.h"
#include "mace/model/weights.h"

namespace mace::gpu {

// A thread a channel: channels in the memory of a device are padded by zeros to a multiple of this.
constexpr int channel_step = 32;
constexpr int most_channels = 512;
int padded_channels(const Weights& weights);

constexpr int tile_rows = 32;  // of linear.cl
int tile_columns(const Weights& weights);

class KernelSource {
 public:
  KernelSource(const Weights& weights, const std::string& precision, const Dialect& dialect)
      : weights_(weights), precision_(precision), dialect_(dialect) {}

  std::string common() const;  // lists, edges, forces, rows, linear maps
  std::string layer(std::size_t t) const;

 private:
  int edges_at_once() const;
  std::string beginning() const;

  const Weights& weights_;
  std::string precision_;
  Dialect dialect_;
};

}  // namespace mace::gpu
