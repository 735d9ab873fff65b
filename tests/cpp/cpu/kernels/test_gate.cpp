#include <doctest/doctest.h>

#include <cmath>

#include "mace/cpu/kernels/gate.h"
#include "support/numbers.h"

namespace mace_tests {

namespace {

constexpr int channels = 16, l_max = 2, basis = 9 * channels, mixed = 11 * channels;

}  // namespace

TEST_CASE("the gate agrees with its reference, in single precision too") {
  const auto message = random_array<double>(mixed, 1);
  mace::Array<double> fast(basis), plain(basis);
  mace::Gate<double>(channels, l_max).forward(message.data(), fast.data());
  mace::Gate<double>(channels, l_max).forward_reference(message.data(), plain.data());
  CHECK(largest_difference(fast, plain) < 1e-14);
  const mace::Array<float> narrow(message.begin(), message.end());
  mace::Array<float> single(basis);
  mace::Gate<float>(channels, l_max).forward(narrow.data(), single.data());
  CHECK(largest_difference(single, plain) < 1e-5);
}

TEST_CASE("the reverse gate is the derivative of the gate") {
  const mace::Gate<double> gate(channels, l_max);
  const auto message = random_array<double>(mixed, 1), weight = random_array<double>(basis, 2);
  mace::Array<double> adjoint(mixed);
  gate.reverse(message.data(), weight.data(), adjoint.data());
  for (std::size_t at = 3; at < mixed; at += 7) {
    const double numerical = central_difference([&](double step) {
      auto moved = message;
      moved[at] += step;
      mace::Array<double> out(basis);
      gate.forward_reference(moved.data(), out.data());
      double sum = 0;
      for (std::size_t i = 0; i < out.size(); ++i) sum += weight[i] * out[i];
      return sum;
    });
    CHECK(std::fabs(numerical - adjoint[at]) < 1e-8);
  }
}

}  // namespace mace_tests
