// Rows of values on a device on their way to other ranks and back, through the memory of the host.
#pragma once

#include <string>
#include <vector>

#include "mace/exchange.h"
#include "mace/gpu/device.h"
#include "mace/gpu/places.h"

namespace mace::gpu {

template <class T>
class RowExchange {
 public:
  RowExchange(Device& device, const std::string& source);

  // values: [total][width], of which the owned places are own. Both are collective, as those of mace::Exchange.
  void forward(const Places& places, Exchange& exchange, int width, Array<T>& values);
  void reverse(const Places& places, Exchange& exchange, int width, Array<T>& values);

  double bytes() const { return packed_.bytes() + static_cast<double>((lent_.size() + borrowed_.size()) * sizeof(T)); }

 private:
  void follow(const Places& places, Exchange& exchange, int width);

  Kernel pack_rows_, add_rows_;
  std::vector<int> lent_places_;
  Array<int> place_;          // of each lent row
  Array<int> first_, order_;  // the lent rows of each owned place
  Array<T> packed_;
  std::vector<T> lent_, borrowed_;
};

}  // namespace mace::gpu
