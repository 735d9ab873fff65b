#include "benchmarks/gpu/lattice.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>

namespace benchmarks {

namespace {

using mace_tests::Configuration;

constexpr double spacing = 2.2;  // angstrom: 0.094 atoms in a cubic angstrom, as in a liquid of 1 g/cm3

Configuration atoms_of(int count) {
  const int side = static_cast<int>(std::ceil(std::cbrt(count) - 1e-9));
  const double length = side * spacing;
  Configuration result;
  result.cell = {length, 0, 0, 0, length, 0, 0, 0, length};
  std::mt19937 generator(1);
  std::uniform_real_distribution<double> shift(-0.4, 0.4);
  for (int i = 0; i < side * side * side; ++i) {
    result.element.push_back(i % 3);
    for (const int at : {i % side, i / side % side, i / side / side})
      result.x.push_back((at + 0.5) * spacing + shift(generator));
  }
  return result;
}

// The atoms, then their images within `cutoff` of the box.
void add_sites(Configuration& atoms, double cutoff) {
  const int n = static_cast<int>(atoms.size());
  const double length = atoms.cell[0];
  const int images = static_cast<int>(std::ceil(cutoff / length));
  for (int i = 0; i < n; ++i) atoms.site.push_back({i, 0, 0, 0});
  for (int a = -images; a <= images; ++a)
    for (int b = -images; b <= images; ++b)
      for (int c = -images; c <= images; ++c)
        for (int i = 0; i < n && (a != 0 || b != 0 || c != 0); ++i) {
          const int shift[3] = {a, b, c};
          bool near = true;
          for (std::size_t k = 0; k < 3; ++k) {
            const double x = atoms.x[3 * static_cast<std::size_t>(i) + k] + shift[k] * length;
            near = near && x > -cutoff && x < length + cutoff;
          }
          if (near) atoms.site.push_back({i, a, b, c});
        }
}

// Sites by the cube, a cutoff wide, that they lie in.
class Cubes {
 public:
  Cubes(const std::vector<double>& x, double length, double cutoff)
      : begin_(-cutoff), width_(cutoff), side_(static_cast<int>(length / cutoff) + 3), sites_(count()) {
    for (std::size_t site = 0; 3 * site < x.size(); ++site)
      sites_[index(at(x[3 * site]), at(x[3 * site + 1]), at(x[3 * site + 2]))].push_back(static_cast<int>(site));
  }

  template <class Visit>
  void each_near(const double* x, const Visit& visit) const {
    for (int a = at(x[0]) - 1; a <= at(x[0]) + 1; ++a)
      for (int b = at(x[1]) - 1; b <= at(x[1]) + 1; ++b)
        for (int c = at(x[2]) - 1; c <= at(x[2]) + 1; ++c)
          for (const int site : sites_[index(a, b, c)]) visit(site);
  }

 private:
  std::size_t count() const { return static_cast<std::size_t>(side_) * side_ * side_; }
  int at(double x) const { return std::clamp(static_cast<int>((x - begin_) / width_), 0, side_ - 1); }
  std::size_t index(int a, int b, int c) const {
    const auto inside = [this](int one) { return static_cast<std::size_t>(std::clamp(one, 0, side_ - 1)); };
    return (inside(a) * side_ + inside(b)) * side_ + inside(c);
  }

  double begin_, width_;
  int side_;
  std::vector<std::vector<int>> sites_;
};

}  // namespace

Configuration lattice(int count, double cutoff) {
  Configuration atoms = atoms_of(count);
  add_sites(atoms, cutoff);
  const auto x = atoms.positions();
  const Cubes cubes(x, atoms.cell[0], cutoff);
  atoms.neighbors = std::make_shared<mace::Neighbors>();
  atoms.neighbors->element = atoms.element;
  for (const auto& site : atoms.site) atoms.neighbors->row.push_back(site[0]);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    cubes.each_near(x.data() + 3 * i, [&](int site) {
      double squared = 0;
      for (std::size_t k = 0; k < 3; ++k)
        squared += std::pow(x[3 * i + k] - x[3 * static_cast<std::size_t>(site) + k], 2);
      if (site != static_cast<int>(i) && squared < cutoff * cutoff) atoms.neighbors->site.push_back(site);
    });
    atoms.neighbors->first.push_back(static_cast<int>(atoms.neighbors->site.size()));
  }
  return atoms;
}

double neighbors(const Configuration& atoms, double skin) {
  const double listed = static_cast<double>(atoms.neighbors->site.size()) / static_cast<double>(atoms.size());
  const double reach = std::cbrt(listed / (4.0 / 3.0 * M_PI) * spacing * spacing * spacing);
  return listed * std::pow((reach - skin) / reach, 3);
}

}  // namespace benchmarks
