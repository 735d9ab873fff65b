// Holds each fast kernel of the evaluator to its plain reference or to finite differences, without LAMMPS.
// Usage: test_kernels MODEL  (a file of 'decant export' that knows H, C and O)

#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "evaluator.h"
#include "forces.h"
#include "timers.h"

namespace {

int passed = 0, failed = 0;

void expect(bool condition, const std::string& statement) {
  condition ? ++passed : ++failed;
  if (!condition) std::printf("FAILED: %s\n", statement.c_str());
}

std::mt19937 generator(7);

template <class T>
mace::Array<T> random_array(std::size_t size) {
  std::normal_distribution<double> normal;
  mace::Array<T> values(size);
  for (T& value : values) value = static_cast<T>(normal(generator));
  return values;
}

template <class T>
double largest_difference(const mace::Array<T>& a, const mace::Array<T>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::fabs(double(a[i]) - double(b[i])));
  return largest;
}

double central_difference(const std::function<double(double)>& f, double step = 1e-5) {
  return (f(step) - f(-step)) / (2 * step);
}

template <class T>
void test_multiply(double tolerance) {
  for (const int rows : {1, 3, 4, 7, 16})
    for (const int cols : {mace::padded(1), mace::padded(17), 64}) {
      const int inner = 40;
      const auto a = random_array<T>(rows * 50), b = random_array<T>(inner * cols);
      for (const bool accumulate : {false, true}) {
        auto fast = random_array<T>(rows * 70), plain = fast;
        mace::multiply<T>(rows, inner, cols, a.data(), 50, b.data(), fast.data(), 70, accumulate);
        mace::multiply_reference<T>(rows, inner, cols, a.data(), 50, b.data(), plain.data(), 70, accumulate);
        expect(largest_difference(fast, plain) < tolerance, "multiply agrees with its reference");
      }
    }
}

void test_harmonics() {
  const double direction[3] = {0.48, -0.6, 0.64};
  double values[16];
  mace::spherical_harmonics(3, direction[0], direction[1], direction[2], values);
  for (int l = 0; l <= 3; ++l) {
    double norm = 0;
    for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm) norm += values[lm] * values[lm];
    expect(std::fabs(norm - (2 * l + 1)) < 1e-12, "harmonics of degree l have squared norm 2l+1");
  }
  const auto weight = random_array<double>(16);
  const double length = 1.7;
  double gradient[3];
  mace::spherical_harmonics_gradient(3, direction[0], direction[1], direction[2], length, weight.data(), gradient);
  for (int k = 0; k < 3; ++k) {
    const double numerical = central_difference([&](double step) {
      double d[3] = {direction[0] * length, direction[1] * length, direction[2] * length};
      d[k] += step;
      const double r = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
      double y[16], sum = 0;
      mace::spherical_harmonics(3, d[0] / r, d[1] / r, d[2] / r, y);
      for (int lm = 0; lm < 16; ++lm) sum += weight[lm] * y[lm];
      return sum;
    });
    expect(std::fabs(numerical - gradient[k]) < 1e-8, "gradient of the harmonics is their finite difference");
  }
}

// A table of a polynomial of degree five, which a quintic spline must reproduce exactly.
mace::RadialTable<double> polynomial_table() {
  const int knots = 5;
  const double r_min = 0.5, r_max = 4.5, step = (r_max - r_min) / (knots - 1);
  mace::Array<double> rows(knots * 3 * 8, 0.0);
  for (int k = 0; k < knots; ++k) {
    const double r = r_min + k * step;
    rows[(3 * k) * 8] = 1 + r * r - 0.1 * std::pow(r, 5);
    rows[(3 * k + 1) * 8] = step * (2 * r - 0.5 * std::pow(r, 4));
    rows[(3 * k + 2) * 8] = step * step * (2 - 2 * std::pow(r, 3));
  }
  return {r_min, r_max, knots, 8, rows};
}

void test_radial() {
  const auto table = polynomial_table();
  for (const double r : {0.5, 0.77, 1.5, 3.14159, 4.4999}) {
    double value[8], slope[8], value_alone[8];
    table.evaluate(r, value, slope);
    table.evaluate(r, value_alone);
    expect(std::fabs(value[0] - (1 + r * r - 0.1 * std::pow(r, 5))) < 1e-10, "the spline reproduces a quintic");
    expect(std::fabs(slope[0] - (2 * r - 0.5 * std::pow(r, 4))) < 1e-9, "the spline's slope is the quintic's");
    expect(value[0] == value_alone[0], "the value does not depend on whether the slope is asked for");
  }
}

void test_product() {
  const int n = 24;
  std::vector<mace::Term> terms = {{0, {0, -1, -1, -1}}, {2, {5, -1, -1, -1}}, {0, {1, 1, -1, -1}},
                                   {1, {2, 7, -1, -1}},  {0, {3, 3, 3, -1}},   {3, {1, 4, 8, -1}},
                                   {2, {6, 6, 7, -1}},   {1, {0, 0, 3, 8}},    {3, {1, 8, 8, 8}}};
  const mace::Product<double> product(n, 9, 4, terms, random_array<double>(2 * terms.size() * n));
  const auto basis = random_array<double>(9 * n), weight = random_array<double>(4 * n);
  mace::Array<double> fast(4 * n), plain(4 * n), adjoint(9 * n);
  product.forward(1, basis.data(), fast.data());
  product.forward_reference(1, basis.data(), plain.data());
  expect(largest_difference(fast, plain) < 1e-12, "product agrees with its reference");
  product.reverse(1, basis.data(), weight.data(), adjoint.data());
  for (const int at : {0, 30, 3 * n + 5, 8 * n + 23}) {
    const double numerical = central_difference([&](double step) {
      auto moved = basis;
      moved[at] += step;
      mace::Array<double> out(4 * n);
      product.forward_reference(1, moved.data(), out.data());
      double sum = 0;
      for (int i = 0; i < 4 * n; ++i) sum += weight[i] * out[i];
      return sum;
    });
    expect(std::fabs(numerical - adjoint[at]) < 1e-7, "reverse product is the derivative of the product");
  }
}

void test_repulsion() {
  const mace::Repulsion repulsion(2, {{400, 0.1, 1.5}, {200, 0.2, 1.1}, {200, 0.2, 1.1}, {7, 0.3, 0.7}},
                                  {0.2, 0.5, 0.3, 0.02, 3.2, 0.9, 0.4, 0.2}, 5);
  for (const double r : {0.3, 0.69, 0.71, 1.05, 1.2})
    for (const int owner : {0, 1}) {
      double slope, unused;
      repulsion.energy(owner, 1, r, &slope);
      const double numerical =
          central_difference([&](double step) { return repulsion.energy(owner, 1, r + step, &unused); });
      expect(std::fabs(numerical - slope) < 1e-6 * (1 + std::fabs(slope)), "slope of the repulsion is its derivative");
    }
  double slope;
  expect(repulsion.energy(0, 1, 1.0999, &slope) < 1e-6 && std::fabs(slope) < 1e-4, "the repulsion ends smoothly");
  expect(repulsion.energy(0, 1, 1.1, &slope) == 0 && slope == 0, "the repulsion ends at the pair's distance");
}

mace::Safetensors read(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::vector<char>(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()), path};
}

template <class T>
void test_interaction(const mace::Model<T>& model, double tolerance) {
  for (const mace::Layer<T>& layer : model.layers) {
    const std::size_t size = static_cast<std::size_t>(layer.interaction.message_size());
    const auto source = random_array<T>(mace::harmonics_count(layer.l_in) * model.channels);
    const mace::Edge<T> edge = {0, 1.9, {T(0.48), T(-0.6), T(0.64)}};
    auto work = layer.interaction.workspace();
    mace::Array<T> fast(size, T(0)), plain(size, T(0));
    const int table = model.tables.back();
    const T* const sources[] = {source.data()};
    layer.interaction.forward({1, &edge, &table, sources, nullptr}, fast.data(), work);
    layer.interaction.forward_reference(edge, table, source.data(), plain.data());
    expect(largest_difference(fast, plain) < tolerance, "edge pass agrees with its reference");
  }
}

// A cluster without ghosts: nothing needs to be moved.
template <class T>
class NoExchange : public mace::Exchange<T> {
 public:
  void forward(T*, int) override {}
  void reverse(T*, int) override {}
};

struct Cluster {
  std::vector<double> x;
  std::vector<int> element;
};

template <class T>
mace::Neighborhood<T> neighborhood(const Cluster& cluster, double r_max) {
  mace::Neighborhood<T> atoms;
  atoms.owned = atoms.total = static_cast<int>(cluster.element.size());
  atoms.element = cluster.element;
  for (int i = 0; i < atoms.owned; ++i) {
    atoms.first_edge.push_back(static_cast<int>(atoms.edges.size()));
    for (int j = 0; j < atoms.owned; ++j) {
      double d[3], squared = 0;
      for (int k = 0; k < 3; ++k) {
        d[k] = cluster.x[3 * i + k] - cluster.x[3 * j + k];
        squared += d[k] * d[k];
      }
      const double r = std::sqrt(squared);
      if (i != j && r < r_max) atoms.edges.push_back({j, r, {T(d[0] / r), T(d[1] / r), T(d[2] / r)}});
    }
  }
  atoms.first_edge.push_back(static_cast<int>(atoms.edges.size()));
  return atoms;
}

template <class T>
double total_energy(mace::Evaluator<T>& evaluator, const Cluster& cluster, std::vector<double>* force = nullptr) {
  const auto atoms = neighborhood<T>(cluster, evaluator.model().r_max);
  NoExchange<T> none;
  std::vector<double> energy, gradient;
  evaluator.compute(atoms, none, energy, gradient);
  double total = 0;
  for (const double e : energy) total += e;
  if (force) {
    mace::Forces sums;
    mace::sum_forces(atoms, gradient, mace::Virials::none, 1, sums);
    *force = sums.force;
  }
  return total;
}

Cluster random_cluster() {
  Cluster cluster;
  std::uniform_real_distribution<double> shift(-0.3, 0.3);
  for (int i = 0; i < 27; ++i) {
    for (const int coordinate : {i % 3, i / 3 % 3, i / 9}) cluster.x.push_back(1.4 * coordinate + shift(generator));
    cluster.element.push_back(i % 3);
  }
  return cluster;
}

void test_evaluator(const mace::Safetensors& file) {
  const std::vector<std::string> elements = {"O", "H", "C"};
  mace::Evaluator<double> evaluator(mace::load_model<double>(file, elements));
  mace::Evaluator<float> single(mace::load_model<float>(file, elements));
  const Cluster cluster = random_cluster();
  std::vector<double> force, single_force;
  const double energy = total_energy(evaluator, cluster, &force);
  const double single_energy = total_energy(single, cluster, &single_force);
  double scale = 0;
  for (const double f : force) scale = std::max(scale, std::fabs(f));
  expect(std::fabs(energy - single_energy) / cluster.element.size() < 2e-5, "single precision agrees in energy");
  for (std::size_t i = 0; i < force.size(); ++i)
    expect(std::fabs(force[i] - single_force[i]) < 1e-4 * scale, "single precision agrees in forces");
  for (const std::size_t i : {0u, 13u, 40u, 80u}) {
    const double numerical = central_difference([&](double step) {
      Cluster moved = cluster;
      moved.x[i] -= step;
      return total_energy(evaluator, moved);
    });
    expect(std::fabs(numerical - force[i]) < 1e-5 * std::max(scale, 1.0),
           "forces are the finite difference of the energy");
  }
}

void test_forces(const mace::Safetensors& file) {
  mace::Evaluator<double> evaluator(mace::load_model<double>(file, {"O", "H", "C"}));
  const auto atoms = neighborhood<double>(random_cluster(), evaluator.model().r_max);
  NoExchange<double> none;
  std::vector<double> energy, gradient;
  evaluator.compute(atoms, none, energy, gradient);
  mace::Forces serial, threaded, total_only;
  mace::sum_forces(atoms, gradient, mace::Virials::atomic, 1, serial);
  mace::sum_forces(atoms, gradient, mace::Virials::atomic, 3, threaded);
  mace::sum_forces(atoms, gradient, mace::Virials::total, 2, total_only);
  for (std::size_t k = 0; k < serial.force.size(); ++k)
    expect(std::fabs(serial.force[k] - threaded.force[k]) < 1e-12, "forces do not depend on the number of threads");
  for (std::size_t k = 0; k < 9; ++k) {
    double sum = 0;
    for (std::size_t i = 0; i < energy.size(); ++i) sum += threaded.atom_virial[9 * i + k];
    expect(std::fabs(sum - serial.virial[k]) < 1e-10, "the virials of atoms sum up to the virial");
    expect(std::fabs(total_only.virial[k] - serial.virial[k]) < 1e-10, "the virial is the same without those of atoms");
  }
}

// Atoms that another potential describes: they neither count nor stand in the way.
void test_left_out(const mace::Safetensors& file) {
  mace::Evaluator<double> evaluator(mace::load_model<double>(file, {"O", "H", "C"}));
  const Cluster cluster = random_cluster();
  std::vector<double> energy, larger, gradient;
  NoExchange<double> none;
  auto atoms = neighborhood<double>(cluster, evaluator.model().r_max);
  evaluator.compute(atoms, none, energy, gradient);
  ++atoms.owned;
  ++atoms.total;
  atoms.element.push_back(-1);
  atoms.first_edge.push_back(atoms.first_edge.back());
  evaluator.compute(atoms, none, larger, gradient);
  expect(larger.back() == 0, "an atom that is no part of the model has no energy");
  larger.pop_back();
  for (std::size_t i = 0; i < energy.size(); ++i) expect(std::fabs(larger[i] - energy[i]) < 1e-10, "and changes none");
}

void test_timers(const mace::Safetensors& file) {
  mace::Evaluator<double> evaluator(mace::load_model<double>(file, {"O", "H", "C"}));
  const Cluster cluster = random_cluster();
  const auto seconds = [](mace::Kernel kernel, std::size_t layer) { return mace::Timers::seconds(kernel, layer); };
  const double energy = total_energy(evaluator, cluster);
  expect(seconds(mace::Kernel::edges_forward, 0) == 0, "timers that are off count nothing");
  mace::Timers::turn_on();
  expect(total_energy(evaluator, cluster) == energy, "timers change no result");
  for (const std::size_t layer : {0u, 1u})
    for (const auto kernel : {mace::Kernel::edges_forward, mace::Kernel::edges_reverse, mace::Kernel::mix,
                              mace::Kernel::product_forward, mace::Kernel::product_reverse, mace::Kernel::update})
      expect(seconds(kernel, layer) > 0, "every kernel of every layer is timed");
  mace::Timers::clear();
  expect(seconds(mace::Kernel::edges_forward, 0) == 0, "timers can be set back");
  mace::Timers::add(mace::Kernel::mix, mace::Timers::layers + 5, 2000000000);
  expect(seconds(mace::Kernel::mix, mace::Timers::layers - 1) == 2.0, "a layer beyond the last counts as the last");
}

void expect_refusal(const std::function<void()>& action, const std::string& word, const std::string& statement) {
  try {
    action();
    expect(false, statement + ": nothing was refused");
  } catch (const std::runtime_error& error) {
    expect(std::string(error.what()).find(word) != std::string::npos, statement + ": " + error.what());
  }
}

void test_damaged_files(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::vector<char> whole((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  std::string other(whole.begin(), whole.end());
  const std::string version = "\"format_version\":\"" + std::to_string(mace::format_version);
  const std::size_t at = other.find(version);
  if (at == std::string::npos) throw std::runtime_error("the header does not state its version as expected");
  other[at + version.size() - 1] = '0';
  expect_refusal([&] { mace::load_model<double>({{other.begin(), other.end()}, "other"}, {"H"}); }, "format version",
                 "a file of another format version is refused");
  for (int tenth = 0; tenth < 10; ++tenth)
    expect_refusal([&] { mace::Safetensors({whole.begin(), whole.begin() + whole.size() * tenth / 10}, "cut"); }, "cut",
                   "a truncated file is refused by name");
  auto flipped = whole;
  flipped[flipped.size() - 5] ^= 1;
  expect_refusal([&] { mace::load_model<double>({flipped, "flipped"}, {"H"}); }, "checksum",
                 "a flipped bit is noticed");
  expect_refusal([&] { mace::load_model<double>(read(path), {"Xe"}); }, "does not know the element Xe",
                 "an unknown element is refused");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::printf("usage: test_kernels MODEL\n");
    return 2;
  }
  const mace::Safetensors file = read(argv[1]);
  test_multiply<double>(1e-12);
  test_multiply<float>(1e-4);
  test_harmonics();
  test_radial();
  test_product();
  test_repulsion();
  test_interaction(mace::load_model<double>(file, {"H", "C", "O"}), 1e-10);
  test_interaction(mace::load_model<float>(file, {"H", "C", "O"}), 1e-3);
  test_evaluator(file);
  test_forces(file);
  test_left_out(file);
  test_timers(file);
  test_damaged_files(argv[1]);
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
