#include "mace/latent_charges.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace mace {

namespace {

constexpr double pi = 3.14159265358979323846;

using Vector = std::array<double, 3>;

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

Vector place(const Space& space, std::size_t row) {
  return {space.place[3 * row], space.place[3 * row + 1], space.place[3 * row + 2]};
}

// Wave vectors n1 g1 + n2 g2 + n3 g3, one of k and -k, in runs of neighboring n3.
struct Run {
  int n1, n2, first, count;  // n3 from `first` on
  std::size_t begin;         // among all wave vectors
};

class Reciprocal {
 public:
  Reciprocal(const LatentCharges& model, const std::array<double, 9>& cell) : width_(model.width) {
    Vector a[3];
    for (std::size_t i = 0; i < 3; ++i) a[i] = {cell[3 * i], cell[3 * i + 1], cell[3 * i + 2]};
    const double signed_volume = dot(a[0], cross(a[1], a[2]));
    volume_ = std::abs(signed_volume);
    for (std::size_t i = 0; i < 3; ++i) {
      g_[i] = cross(a[(i + 1) % 3], a[(i + 2) % 3]);
      for (double& x : g_[i]) x *= 2 * pi / signed_volume;
      most_[i] = std::max(1, static_cast<int>(std::sqrt(dot(a[i], a[i])) / model.resolution));
    }
    const double largest = 4 * pi * pi / (model.resolution * model.resolution);
    for (int n1 = 0; n1 <= most_[0]; ++n1)
      for (int n2 = n1 > 0 ? -most_[1] : 0; n2 <= most_[1]; ++n2) add_run(n1, n2, largest, model.strength);
  }

  const std::vector<Run>& runs() const { return runs_; }
  std::size_t size() const { return weight_.size(); }
  // Of what |sum of q exp(ikr)|^2 / 2 adds to the energy, for the waves of a run.
  const double* weights(const Run& run) const { return weight_.data() + run.begin; }
  int most(std::size_t axis) const { return most_[axis]; }
  const Vector& axis(std::size_t i) const { return g_[i]; }

  // Adds what `energy` of wave n of a run loses by a strain [a][b] of box and atoms, which changes volume and wave.
  void add_virial(const Run& run, int n, double energy, double* virial) const {
    const Vector k = wave(run, run.first + n);
    const double by_square = 2 * (1 / dot(k, k) + 0.5 * width_ * width_);
    for (std::size_t a = 0; a < 3; ++a)
      for (std::size_t b = 0; b < 3; ++b)
        virial[3 * a + b] += energy * ((a == b ? 1.0 : 0.0) - by_square * k[a] * k[b]);
  }

 private:
  Vector wave(const Run& run, int n3) const {
    Vector k;
    for (std::size_t x = 0; x < 3; ++x) k[x] = run.n1 * g_[0][x] + run.n2 * g_[1][x] + n3 * g_[2][x];
    return k;
  }
  void add_run(int n1, int n2, double largest, double strength) {
    Run run = {n1, n2, 0, 0, weight_.size()};
    for (int n3 = n1 > 0 || n2 > 0 ? -most_[2] : 1; n3 <= most_[2]; ++n3) {
      const Vector k = wave(run, n3);
      const double square = dot(k, k);
      if (square > largest) continue;  // those within are neighbors, since the sphere is convex
      if (run.count++ == 0) run.first = n3;
      weight_.push_back(4 * strength / volume_ * std::exp(-0.5 * width_ * width_ * square) / square);
    }
    if (run.count > 0) runs_.push_back(run);
  }

  double width_, volume_ = 0;
  Vector g_[3];
  int most_[3];
  std::vector<Run> runs_;
  std::vector<double> weight_;
};

// exp(i n x) for n = -most .. most, real and imaginary parts apart.
struct Powers {
  std::vector<double> re, im;
  int most = 0;

  void set(double x, int highest) {
    most = highest;
    re.resize(2 * static_cast<std::size_t>(most) + 1);
    im.resize(re.size());
    for (int n = 0; n <= most; ++n) {
      const double c = std::cos(n * x), s = std::sin(n * x);
      re[static_cast<std::size_t>(most + n)] = re[static_cast<std::size_t>(most - n)] = c;
      im[static_cast<std::size_t>(most + n)] = s;
      im[static_cast<std::size_t>(most - n)] = -s;
    }
  }
  const double* real(int n) const { return re.data() + most + n; }
  const double* imaginary(int n) const { return im.data() + most + n; }
};

// The phases exp(ikr) of one atom at the wave vectors of a run.
struct Phases {
  Powers axis[3];
  std::vector<double> re, im;  // of the last run that was asked for

  void set(const Reciprocal& waves, const Vector& r) {
    for (std::size_t i = 0; i < 3; ++i) axis[i].set(dot(waves.axis(i), r), waves.most(i));
    re.resize(axis[2].re.size());
    im.resize(re.size());
  }
  void ask(const Run& run) {
    const double a = *axis[0].real(run.n1), b = *axis[0].imaginary(run.n1);
    const double c = *axis[1].real(run.n2), d = *axis[1].imaginary(run.n2);
    const double both = a * c - b * d, other = a * d + b * c;
    const double *const x = axis[2].real(run.first), *const y = axis[2].imaginary(run.first);
    double *const real = re.data(), *const imaginary = im.data();
#pragma omp simd
    for (int n = 0; n < run.count; ++n) {
      real[n] = both * x[n] - other * y[n];
      imaginary[n] = both * y[n] + other * x[n];
    }
  }
};

// sum of q exp(ikr) over own atoms, real parts and then imaginary ones.
std::vector<double> structure_factors(const Reciprocal& waves, const Space& space, const std::vector<double>& charge,
                                      int threads) {
  const std::size_t size = waves.size();
  std::vector<std::vector<double>> parts(static_cast<std::size_t>(threads), std::vector<double>(2 * size, 0.0));
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int t = 0; t < threads; ++t) {
    double *const re = parts[static_cast<std::size_t>(t)].data(), *const im = re + size;
    Phases phases;
    for (std::size_t i = static_cast<std::size_t>(t); i < charge.size(); i += static_cast<std::size_t>(threads)) {
      if (charge[i] == 0) continue;
      phases.set(waves, place(space, i));
      const double q = charge[i];
      for (const Run& run : waves.runs()) {
        phases.ask(run);
        double *const real = re + run.begin, *const imaginary = im + run.begin;
        const double *const c = phases.re.data(), *const s = phases.im.data();
#pragma omp simd
        for (int n = 0; n < run.count; ++n) {
          real[n] += q * c[n];
          imaginary[n] += q * s[n];
        }
      }
    }
  }
  for (std::size_t t = 1; t < parts.size(); ++t)
    for (std::size_t k = 0; k < 2 * size; ++k) parts[0][k] += parts[t][k];
  return std::move(parts[0]);
}

// What one own atom gets from all waves. sums: all of structure_factors() over ranks.
void add_atom(const Reciprocal& waves, const std::vector<double>& sums, const Vector& r, double charge, bool by_atom,
              std::size_t row, Phases& phases, ChargeField& field) {
  phases.set(waves, r);
  const double *const c = phases.re.data(), *const s = phases.im.data();
  double potential = 0;
  Vector force{};
  double* const virial = by_atom ? field.atom_virial.data() + 9 * row : nullptr;
  for (const Run& run : waves.runs()) {
    phases.ask(run);
    const double *const re = sums.data() + run.begin, *const im = re + waves.size(), *const w = waves.weights(run);
    double along = 0, across = 0, across_n = 0;  // potential; slopes by the phase, and the same times n3
#pragma omp simd reduction(+ : along, across, across_n)
    for (int n = 0; n < run.count; ++n) {
      const double slope = w[n] * (re[n] * s[n] - im[n] * c[n]);
      along += w[n] * (re[n] * c[n] + im[n] * s[n]);
      across += slope;
      across_n += slope * (run.first + n);
    }
    potential += along;
    for (std::size_t x = 0; x < 3; ++x)
      force[x] += across * (run.n1 * waves.axis(0)[x] + run.n2 * waves.axis(1)[x]) + across_n * waves.axis(2)[x];
    for (int n = 0; virial && n < run.count; ++n)
      waves.add_virial(run, n, 0.5 * charge * w[n] * (re[n] * c[n] + im[n] * s[n]), virial);
  }
  field.potential[row] = potential;
  for (std::size_t x = 0; x < 3; ++x) field.force[3 * row + x] = charge * force[x];
}

void add_waves(const LatentCharges& model, const Space& space, const std::vector<double>& charge, Exchange& exchange,
               Virials wanted, int threads, ChargeField& field) {
  const Reciprocal waves(model, space.cell);
  const std::vector<double> own = structure_factors(waves, space, charge, threads);
  std::vector<double> sums = own;
  exchange.sum(sums);
#pragma omp parallel num_threads(threads)
  {
    Phases phases;
#pragma omp for schedule(static)
    for (std::size_t i = 0; i < charge.size(); ++i)
      add_atom(waves, sums, place(space, i), charge[i], wanted == Virials::atomic, i, phases, field);
  }
  if (!model.with_self) {
    const double self = 2 * model.strength / (model.width * std::pow(2 * pi, 1.5));
    for (std::size_t i = 0; i < charge.size(); ++i) field.potential[i] -= self * charge[i];
  }
  if (wanted == Virials::none) return;
  for (const Run& run : waves.runs())
    for (int n = 0; n < run.count; ++n) {
      const std::size_t k = run.begin + static_cast<std::size_t>(n), imaginary = waves.size() + k;
      const double energy = 0.5 * waves.weights(run)[n] * (sums[k] * own[k] + sums[imaginary] * own[imaginary]);
      waves.add_virial(run, n, energy, field.virial.data());
    }
}

void add_pairs(const LatentCharges& model, const Space& space, const std::vector<double>& charge, Exchange& exchange,
               Virials wanted, int threads, ChargeField& field) {
  std::vector<double> own;
  for (std::size_t i = 0; i < charge.size(); ++i) {
    const Vector r = place(space, i);
    own.insert(own.end(), {r[0], r[1], r[2], charge[i]});
  }
  std::size_t before = 0;
  const std::vector<double> all = exchange.gather(own, before);  // own ones begin at `before`
  const double strength = model.strength / (2 * pi), narrow = 1 / (std::sqrt(2.0) * model.width);
  const double self = model.with_self ? 2 * model.strength / (model.width * std::pow(2 * pi, 1.5)) : 0.0;
  field.atom_virial.assign(wanted == Virials::none ? 0 : 9 * charge.size(), 0.0);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t i = 0; i < charge.size(); ++i) {
    const Vector r = place(space, i);
    field.potential[i] += self * charge[i];
    for (std::size_t j = 0; j < all.size() / 4; ++j) {
      const double* const other = all.data() + 4 * j;
      if (4 * j == before + 4 * i || other[3] == 0) continue;
      const Vector d = {r[0] - other[0], r[1] - other[1], r[2] - other[2]};
      const double square = dot(d, d), length = std::sqrt(square), x = length * narrow;
      const double value = std::erf(x) / length;
      const double slope = (2 / std::sqrt(pi) * narrow * std::exp(-x * x) - value) / length;
      field.potential[i] += strength * other[3] * value;
      for (std::size_t b = 0; b < 3; ++b) {
        const double f = -strength * charge[i] * other[3] * slope * d[b] / length;
        field.force[3 * i + b] += f;
        for (std::size_t a = 0; a < 3 && wanted != Virials::none; ++a)
          field.atom_virial[9 * i + 3 * a + b] += 0.5 * d[a] * f;
      }
    }
  }
  for (std::size_t k = 0; k < field.atom_virial.size(); ++k) field.virial[k % 9] += field.atom_virial[k];
}

}  // namespace

ChargeField charge_field(const LatentCharges& model, const Space& space, const std::vector<double>& charge,
                         Exchange& exchange, Virials wanted, int threads) {
  ChargeField field;
  field.potential.assign(charge.size(), 0.0);
  field.force.assign(3 * charge.size(), 0.0);
  field.atom_virial.assign(wanted == Virials::atomic ? 9 * charge.size() : 0, 0.0);
  const auto add = space.periodic ? add_waves : add_pairs;
  add(model, space, charge, exchange, wanted, threads, field);
  return field;
}

}  // namespace mace
