#include "repulsion.h"

#include <cmath>
#include <utility>

namespace mace {

Repulsion::Repulsion(std::size_t elements, std::vector<Pair> pairs, std::vector<double> screening, int power)
    : elements_(elements), pairs_(std::move(pairs)), power_(power) {
  const auto middle = screening.begin() + static_cast<std::ptrdiff_t>(screening.size() / 2);
  coefficient_.assign(screening.begin(), middle);
  exponent_.assign(middle, screening.end());
}

double Repulsion::energy(int owner, int source, double r, double* slope) const {
  *slope = 0;
  const Pair& pair = pairs_[static_cast<std::size_t>(owner) * elements_ + source];
  if (r >= pair.end) return 0;
  double screening = 0, screening_slope = 0;
  for (std::size_t k = 0; k < coefficient_.size(); ++k) {
    const double rate = exponent_[k] / pair.length, part = coefficient_[k] * std::exp(-rate * r);
    screening += part;
    screening_slope -= rate * part;
  }
  const double bare = pair.strength / r;
  const double value = bare * screening, value_slope = bare * (screening_slope - screening / r);
  const double p = power_, x = r / pair.end, xp = std::pow(x, power_ - 1);
  const double envelope = 1 - xp * x * ((p + 1) * (p + 2) / 2 - p * x * (p + 2 - (p + 1) / 2 * x));
  const double envelope_slope = -p * (p + 1) * (p + 2) / 2 * xp * (1 - x) * (1 - x) / pair.end;
  *slope = value_slope * envelope + value * envelope_slope;
  return value * envelope;
}

}  // namespace mace
