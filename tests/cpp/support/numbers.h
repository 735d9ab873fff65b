// Random numbers, the same in every run, and how numbers are compared.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>

#include "mace/cpu/kernels/array.h"

namespace mace_tests {

template <class Values>
Values random_values(std::size_t size, std::mt19937& generator, double width = 1) {
  std::normal_distribution<double> normal(0, width);
  Values values(size);
  for (auto& value : values) value = static_cast<typename Values::value_type>(normal(generator));
  return values;
}

template <class T>
mace::Array<T> random_array(std::size_t size, unsigned seed = 7) {
  std::mt19937 generator(seed);
  return random_values<mace::Array<T>>(size, generator);
}

template <class Values>
double largest(const Values& values) {
  double result = 0;
  for (const double value : values) result = std::max(result, std::fabs(value));
  return result;
}

// NaN if any difference is.
template <class A, class B>
double largest_difference(const A& a, const B& b) {
  if (a.size() != b.size()) return HUGE_VAL;
  double result = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(difference <= result)) result = difference;
  }
  return result;
}

template <class Function>
double central_difference(const Function& f, double step = 1e-5) {
  return (f(step) - f(-step)) / (2 * step);
}

}  // namespace mace_tests
