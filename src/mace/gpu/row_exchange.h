// Rows of values on a device on their way to other ranks and back, through the memory of the host.
#pragma once

#include <string>
#include <vector>

#include "mace/exchange.h"
#include "mace/gpu/device.h"
#include "mace/gpu/places.h"

namespace mace::gpu {

// Each way has two halves. The first ends when all that the device did before is done, and the rows lie in the memory
// of the host; what the device is then told to do, it does while the second half moves the rows between ranks.
template <class T>
class RowExchange {
 public:
  RowExchange(Device& device, const std::string& source);

  // values: [total][width], of which the owned places are own.
  void lend(const Places& places, const Exchange& exchange, int width, const Array<T>& values);
  // Collective, as mace::Exchange::lend().
  void borrow(const Places& places, Exchange& exchange, int width, Array<T>& values);

  void give_back(const Places& places, const Exchange& exchange, int width, const Array<T>& values);
  // Collective, as mace::Exchange::give_back(): adds what comes back to the rows of owned places.
  void take_back(const Places& places, Exchange& exchange, int width, Array<T>& values);

  double bytes() const { return packed_.bytes() + place_.bytes() + first_.bytes() + order_.bytes(); }

 private:
  void follow(const Places& places, const Exchange& exchange, int width);
  void finish();

  Device& device_;
  Kernel pack_rows_, add_rows_;
  std::vector<int> lent_places_;
  Array<int> place_;          // of each lent row
  Array<int> first_, order_;  // the lent rows of each owned place
  Array<T> packed_;
  Staging<T> lent_, borrowed_;
};

}  // namespace mace::gpu
