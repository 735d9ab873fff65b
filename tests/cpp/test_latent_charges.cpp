#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "mace/latent_charges.h"
#include "support/two_ranks.h"

namespace mace_tests {

namespace {

constexpr double pi = 3.14159265358979323846;
const mace::LatentCharges model = {1.0, 2.0, 90.0474, false};

struct Charges {
  mace::Space space;
  std::vector<double> charge;
};

Charges charges(bool periodic) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> anywhere(-9, 9), any(-1, 1);
  Charges result;
  for (int i = 0; i < 7; ++i) {
    for (int k = 0; k < 3; ++k) result.space.place.push_back(anywhere(random));
    result.charge.push_back(any(random));
  }
  result.space.cell = {9.1, 0, 0, 1.7, 8.3, 0, -2.1, 0.9, 10.2};
  result.space.periodic = periodic;
  return result;
}

double energy(const Charges& all, const mace::LatentCharges& of = model) {
  mace::NoExchange alone;
  const auto field = mace::charge_field(of, all.space, all.charge, alone, mace::Virials::none, 1);
  double sum = 0;
  for (std::size_t i = 0; i < all.charge.size(); ++i) sum += field.energy(i, all.charge[i]);
  return sum;
}

// The definition, wave by wave, over all integers that could count.
double waves(const Charges& all, const mace::LatentCharges& of) {
  const auto& c = all.space.cell;
  const double volume = c[0] * c[4] * c[8];  // of a lower triangle
  double sum = 0;
  for (int n1 = -9; n1 <= 9; ++n1)
    for (int n2 = -9; n2 <= 9; ++n2)
      for (int n3 = -9; n3 <= 9; ++n3) {
        // the wave whose phase grows by 2 pi n along each vector of the cell
        const double x = 2 * pi * n1 / c[0], y = (2 * pi * n2 - c[3] * x) / c[4];
        const double z = (2 * pi * n3 - c[6] * x - c[7] * y) / c[8];
        const double square = x * x + y * y + z * z;
        if (square == 0 || square > std::pow(2 * pi / of.resolution, 2)) continue;
        double re = 0, im = 0;
        for (std::size_t i = 0; i < all.charge.size(); ++i) {
          const double* const r = all.space.place.data() + 3 * i;
          re += all.charge[i] * std::cos(x * r[0] + y * r[1] + z * r[2]);
          im += all.charge[i] * std::sin(x * r[0] + y * r[1] + z * r[2]);
        }
        sum += std::exp(-0.5 * of.width * of.width * square) / square * (re * re + im * im);
      }
  double squares = 0;
  for (const double q : all.charge) squares += q * q;
  const double self = of.with_self ? 0 : squares / (of.width * std::pow(2 * pi, 1.5));
  return of.strength * (sum / volume - self);
}

// Derivative of the energy by whatever `value` of a copy is.
template <class Value>
double slope(const Charges& all, const Value& value) {
  const double step = 1e-5;
  Charges up = all, down = all;
  value(up, step);
  value(down, -step);
  return (energy(up) - energy(down)) / (2 * step);
}

void strain(Charges& all, std::size_t a, std::size_t b, double by) {  // r[b] gains by * r[a]
  const auto each = [&](double* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) values[3 * i + b] += by * values[3 * i + a];
  };
  each(all.space.place.data(), all.charge.size());
  each(all.space.cell.data(), 3);
}

}  // namespace

TEST_CASE("the energy of latent charges in a skewed box is the sum over its waves, with and without self-energies") {
  mace::LatentCharges with_self = model;
  with_self.with_self = true;
  const Charges all = charges(true);
  CHECK(energy(all) == doctest::Approx(waves(all, model)).epsilon(1e-12));
  CHECK(energy(all, with_self) == doctest::Approx(waves(all, with_self)).epsilon(1e-12));
}

TEST_CASE("without a box two charges have the energy of two Gaussians, which far apart are points") {
  Charges two = {{{0, 0, 0, 0, 0, 30}, {}, false}, {0.5, -0.7}};
  CHECK(energy(two) == doctest::Approx(-0.35 * 90.0474 / (2 * pi) / 30).epsilon(1e-12));
  two.space.place[5] = 1.3;
  CHECK(energy(two) == doctest::Approx(-0.35 * 90.0474 / (2 * pi) * std::erf(1.3 / std::sqrt(2.0)) / 1.3));
}

TEST_CASE("potentials, forces and virials are derivatives of the energy") {
  for (const bool periodic : {true, false}) {
    const Charges all = charges(periodic);
    mace::NoExchange alone;
    const auto field = mace::charge_field(model, all.space, all.charge, alone, mace::Virials::atomic, 2);
    std::array<double, 9> sum{};
    for (std::size_t i = 0; i < all.charge.size(); ++i) {
      CHECK(field.potential[i] == doctest::Approx(slope(all, [i](Charges& c, double by) { c.charge[i] += by; })));
      for (std::size_t k = 3 * i; k < 3 * i + 3; ++k)
        CHECK(field.force[k] ==
              doctest::Approx(-slope(all, [k](Charges& c, double by) { c.space.place[k] += by; })).epsilon(1e-6));
      for (std::size_t k = 0; k < 9; ++k) sum[k] += field.atom_virial[9 * i + k];
    }
    // those of single atoms add up but for the self-energies, which no strain changes
    for (std::size_t a = 0; a < 3; ++a)
      for (std::size_t b = 0; b < 3; ++b) {
        const double expected = -slope(all, [a, b](Charges& c, double by) { strain(c, a, b, by); });
        CHECK(field.virial[3 * a + b] == doctest::Approx(expected).epsilon(1e-6));
        CHECK(sum[3 * a + b] == doctest::Approx(expected).epsilon(1e-6));
      }
  }
}

TEST_CASE("charges of several ranks have the field of all of them") {
  for (const bool periodic : {true, false}) {
    const Charges all = charges(periodic);
    mace::NoExchange alone;
    const auto whole = mace::charge_field(model, all.space, all.charge, alone, mace::Virials::total, 1);
    std::array<mace::ChargeField, 2> parts;
    std::array<Charges, 2> own = {Charges{{{}, all.space.cell, periodic}, {}},
                                  Charges{{{}, all.space.cell, periodic}, {}}};
    for (std::size_t i = 0; i < all.charge.size(); ++i) {
      Charges& mine = own[i < 3 ? 0 : 1];
      mine.charge.push_back(all.charge[i]);
      mine.space.place.insert(mine.space.place.end(), all.space.place.begin() + static_cast<std::ptrdiff_t>(3 * i),
                              all.space.place.begin() + static_cast<std::ptrdiff_t>(3 * i + 3));
    }
    on_two_ranks({}, [&](std::size_t rank, mace::Exchange& exchange) {
      parts[rank] = mace::charge_field(model, own[rank].space, own[rank].charge, exchange, mace::Virials::total, 1);
    });
    for (std::size_t k = 0; k < 9; ++k)
      CHECK(parts[0].virial[k] + parts[1].virial[k] == doctest::Approx(whole.virial[k]));
    for (std::size_t i = 0; i < all.charge.size(); ++i) {
      const std::size_t rank = i < 3 ? 0 : 1, place = i < 3 ? i : i - 3;
      CHECK(parts[rank].potential[place] == doctest::Approx(whole.potential[i]));
      for (std::size_t k = 0; k < 3; ++k)
        CHECK(parts[rank].force[3 * place + k] == doctest::Approx(whole.force[3 * i + k]));
    }
  }
}

}  // namespace mace_tests
