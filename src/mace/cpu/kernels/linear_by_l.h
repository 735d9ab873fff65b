// An equivariant linear map: for each l one matrix of channels, the same for every m.
#pragma once

#include <utility>
#include <vector>

#include "mace/cpu/kernels/linear.h"
#include "mace/model/layout.h"

namespace mace {

template <class T>
class LinearByL {
 public:
  LinearByL() = default;  // no map
  // of_l: from and to the channels of l, as the layouts place them
  LinearByL(std::vector<Linear<T>> of_l, const Layout& in, const Layout& out)
      : of_l_(std::move(of_l)), in_(in), out_(out) {}

  bool empty() const { return of_l_.empty(); }
  const Layout& in() const { return in_; }
  const Layout& out() const { return out_; }

  // x: rows of in(), y: rows of out()
  void forward(int element, int rows, const T* x, T* y, bool accumulate) const {
    each([&](const Linear<T>& map, std::size_t in, std::size_t out) {
      map.forward(element, rows, x + in, in_.size, y + out, out_.size, accumulate);
    });
  }
  // Carries the adjoint of the output back to the input.
  void reverse(int element, int rows, const T* y, T* x, bool accumulate) const {
    each([&](const Linear<T>& map, std::size_t in, std::size_t out) {
      map.reverse(element, rows, y + out, out_.size, x + in, in_.size, accumulate);
    });
  }
  // Adds the gradient of the weights of each l, given inputs and adjoints of outputs.
  void differentiate(int element, int rows, const T* x, const T* y, std::vector<Array<T>>& gradient) const {
    for (int l = 0; l < static_cast<int>(of_l_.size()); ++l)
      for (int m = 0; m <= 2 * l; ++m)
        of_l_[static_cast<std::size_t>(l)].differentiate(element, rows, x + in_.at(l, m), in_.size, y + out_.at(l, m),
                                                         out_.size, gradient[static_cast<std::size_t>(l)]);
  }
  // Zeros for such a gradient.
  std::vector<Array<T>> zero_gradient() const {
    std::vector<Array<T>> zeros;
    for (const Linear<T>& map : of_l_) zeros.emplace_back(map.weights(), T(0));
    return zeros;
  }

 private:
  template <class Visit>
  void each(const Visit& visit) const {
    for (int l = 0; l < static_cast<int>(of_l_.size()); ++l)
      for (int m = 0; m <= 2 * l; ++m) visit(of_l_[static_cast<std::size_t>(l)], in_.at(l, m), out_.at(l, m));
  }

  std::vector<Linear<T>> of_l_;
  Layout in_, out_;
};

}  // namespace mace
