#include "mace/cpu/kernels/repulsion.h"

#include <cmath>
#include <utility>

namespace mace {

Repulsion::Repulsion(std::size_t elements, RepulsionWeights weights)
    : elements_(elements), weights_(std::move(weights)) {}

double Repulsion::energy(int owner, int source, double r, double* slope) const {
  *slope = 0;
  const RepulsionWeights::Pair& pair = weights_.pairs[static_cast<std::size_t>(owner) * elements_ + source];
  if (r >= pair.end) return 0;
  double screening = 0, screening_slope = 0;
  const std::size_t terms = weights_.screening.size() / 2;
  for (std::size_t k = 0; k < terms; ++k) {
    const double rate = weights_.screening[terms + k] / pair.length;
    const double part = weights_.screening[k] * std::exp(-rate * r);
    screening += part;
    screening_slope -= rate * part;
  }
  const double bare = pair.strength / r;
  const double value = bare * screening, value_slope = bare * (screening_slope - screening / r);
  const int power = weights_.power;
  const double p = power, x = r / pair.end, xp = std::pow(x, power - 1);
  const double envelope = 1 - xp * x * ((p + 1) * (p + 2) / 2 - p * x * (p + 2 - (p + 1) / 2 * x));
  const double envelope_slope = -p * (p + 1) * (p + 2) / 2 * xp * (1 - x) * (1 - x) / pair.end;
  *slope = value_slope * envelope + value * envelope_slope;
  return value * envelope;
}

}  // namespace mace
