#include "support/configuration.h"

#include <cmath>
#include <random>

namespace mace_tests {

namespace {

constexpr double skin = 0.4;

Configuration atoms() {
  Configuration result;
  result.cell = {3.1, 0, 0, 0.4, 3.3, 0, -0.3, 0.5, 3.6};
  std::mt19937 generator(3);
  std::uniform_real_distribution<double> shift(-0.2, 0.2);
  for (int i = 0; i < 8; ++i) {
    result.element.push_back(i % 3);
    for (const int coordinate : {i % 2, i / 2 % 2, i / 4}) result.x.push_back(1.6 * coordinate + shift(generator));
  }
  return result;
}

// Sites of the atoms themselves first, then their images up to `images` cells away, and who is near whom.
Configuration with_lists(Configuration result, double cutoff, int images) {
  const int n = static_cast<int>(result.size());
  for (int i = 0; i < n; ++i) result.site.push_back({i, 0, 0, 0});
  for (int a = -images; a <= images; ++a)
    for (int b = -images; b <= images; ++b)
      for (int c = -images; c <= images; ++c)
        for (int i = 0; i < n && (a != 0 || b != 0 || c != 0); ++i) result.site.push_back({i, a, b, c});
  const auto x = result.positions();
  result.neighbors = std::make_shared<mace::Neighbors>();
  result.neighbors->element = result.element;
  for (const auto& site : result.site) result.neighbors->row.push_back(site[0]);
  for (std::size_t i = 0; i < result.size(); ++i) {
    for (std::size_t s = 0; s < result.site.size(); ++s) {
      double squared = 0;
      for (std::size_t k = 0; k < 3; ++k) squared += std::pow(x[3 * i + k] - x[3 * s + k], 2);
      if (s != i && squared < std::pow(cutoff + skin, 2)) result.neighbors->site.push_back(static_cast<int>(s));
    }
    result.neighbors->first.push_back(static_cast<int>(result.neighbors->site.size()));
  }
  return result;
}

}  // namespace

std::vector<double> Configuration::positions() const {
  std::vector<double> result;
  for (const auto& [atom, a, b, c] : site)
    for (std::size_t k = 0; k < 3; ++k)
      result.push_back(x[3 * static_cast<std::size_t>(atom) + k] + a * cell[k] + b * cell[3 + k] + c * cell[6 + k]);
  return result;
}

Configuration Configuration::strained(const std::array<double, 9>& strain) const {
  Configuration result = *this;
  const auto move = [&](const double* from, double* to) {
    for (std::size_t a = 0; a < 3; ++a)
      for (std::size_t b = 0; b < 3; ++b) to[a] += strain[3 * a + b] * from[b];
  };
  for (std::size_t i = 0; i < size(); ++i) move(x.data() + 3 * i, result.x.data() + 3 * i);
  for (std::size_t v = 0; v < 3; ++v) move(cell.data() + 3 * v, result.cell.data() + 3 * v);
  return result;
}

Configuration periodic(double cutoff) { return with_lists(atoms(), cutoff, 2); }
Configuration cluster(double cutoff) { return with_lists(atoms(), cutoff, 0); }

Configuration chain(double cutoff, int atoms) {
  Configuration result;
  std::mt19937 generator(7);
  std::uniform_real_distribution<double> shift(-0.2, 0.2);
  for (int i = 0; i < atoms; ++i) {
    result.element.push_back(i % 3);
    result.x.insert(result.x.end(), {1.5 * i + shift(generator), shift(generator), shift(generator)});
  }
  return with_lists(result, cutoff, 0);
}

}  // namespace mace_tests
