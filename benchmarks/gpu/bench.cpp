// What a device does with models of decant, without LAMMPS, MPI or Python, so that it runs on a bare machine:
//
//   mace_gpu_bench DEVICE ATOMS[,ATOMS...] MODEL...   agreement with the CPU, speed, two ranks, a trajectory
//   mace_gpu_bench compile CAPABILITY MODEL...        the kernels for a card, into the cache of kernels
//
// Atoms are H, C and O in turn near the points of a cubic lattice, as many in a volume as in an organic liquid.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "benchmarks/gpu/lattice.h"
#include "mace/engine.h"
#include "mace/gpu/cuda/device.h"
#include "mace/gpu/cuda/nvrtc.h"
#include "mace/gpu/kernel_source.h"
#include "mace/model/safetensors.h"
#include "mace/model/weights.h"
#include "support/model_file.h"
#include "support/numbers.h"
#include "support/two_ranks.h"

namespace {

using mace_tests::Configuration;
using mace_tests::largest;
using mace_tests::largest_difference;

const std::vector<std::string> elements = {"H", "C", "O"};
constexpr double skin = 1.0;

std::unique_ptr<mace::Engine> engine(const std::string& model, const std::string& precision,
                                     const std::string& device) {
  return mace::make_engine(mace_tests::read_bytes(model), model, elements, precision, device);
}

mace::Answer evaluate(mace::Engine& one, const Configuration& atoms) {
  mace::NoExchange alone;
  mace::Answer answer;
  one.set_neighbors(atoms.neighbors);
  one.compute(atoms.positions().data(), alone, mace::Virials::atomic, answer);
  return answer;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void agreement(const std::string& model, const std::string& device, int count) {
  const auto reference = engine(model, "double", "cpu");
  const Configuration atoms = benchmarks::lattice(count, reference->model().r_max + skin);
  const mace::Answer expected = evaluate(*reference, atoms);
  for (const std::string precision : {"double", "single"}) {
    const mace::Answer found = evaluate(*engine(model, precision, device), atoms);
    std::printf(
        "  %s precision against the CPU's double, %zu atoms: energy of an atom %.1e eV, force %.1e eV/A of %.3g, "
        "virial of an atom %.1e eV\n",
        precision.c_str(), atoms.size(), largest_difference(found.energy, expected.energy),
        largest_difference(found.force, expected.force), largest(expected.force),
        largest_difference(found.atom_virial, expected.atom_virial));
  }
}

// Ranks on one device must say what one says. Each has half of the box: in a large one there are atoms that need no row
// of the other rank, which the device works on while rows move.
void two_ranks(const std::string& model, const std::string& device, int count) {
  const auto whole = engine(model, "double", device);
  const Configuration atoms = benchmarks::lattice(count, whole->model().r_max + skin);
  const mace::Answer expected = evaluate(*whole, atoms);
  std::vector<int> owner(atoms.size(), 0);
  std::fill(owner.begin() + static_cast<std::ptrdiff_t>(owner.size() / 2), owner.end(), 1);
  const auto parts = mace_tests::halves(atoms, owner);
  std::array<mace::Answer, 2> answers;
  mace_tests::on_two_ranks(parts, [&](std::size_t rank, mace::Exchange& exchange) {
    const auto own = engine(model, "double", device);
    own->set_neighbors(parts[rank].neighbors);
    own->compute(parts[rank].positions(atoms).data(), exchange, mace::Virials::total, answers[rank]);
  });
  std::vector<double> force(3 * atoms.size(), 0.0);
  for (std::size_t rank = 0; rank < 2; ++rank)
    for (std::size_t row = 0; row < parts[rank].atoms.size(); ++row)
      for (std::size_t k = 0; k < 3; ++k)
        force[3 * static_cast<std::size_t>(parts[rank].atoms[row]) + k] += answers[rank].force[3 * row + k];
  std::printf("  two ranks on the device against one, %zu atoms: force %.1e eV/A\n", atoms.size(),
              largest_difference(force, expected.force));
}

// Velocity Verlet from rest, for atoms of 10 g/mol.
std::vector<double> trajectory(mace::Engine& one, Configuration atoms, int steps) {
  constexpr double step = 1e-4, by_mass = 9648.53 / 10;  // ps; (angstrom/ps^2) / (eV/angstrom)
  std::vector<double> velocity(atoms.x.size(), 0.0);
  mace::Answer answer = evaluate(one, atoms);
  mace::NoExchange alone;
  for (int n = 0; n < steps; ++n)
    for (const bool second : {false, true}) {
      for (std::size_t k = 0; k < velocity.size(); ++k) {
        velocity[k] += 0.5 * step * by_mass * answer.force[k];
        if (!second) atoms.x[k] += step * velocity[k];
      }
      if (!second) one.compute(atoms.positions().data(), alone, mace::Virials::none, answer);
    }
  return atoms.x;
}

void follow(const std::string& model, const std::string& device, int count, int steps) {
  const auto reference = engine(model, "double", "cpu");
  const Configuration atoms = benchmarks::lattice(count, reference->model().r_max + skin);
  const auto expected = trajectory(*reference, atoms, steps);
  const auto found = trajectory(*engine(model, "double", device), atoms, steps);
  std::printf("  %d steps against the CPU's: positions %.1e A, atoms moved %.2g A\n", steps,
              largest_difference(found, expected), largest_difference(atoms.x, expected));
}

void kernels(mace::Engine& one, const Configuration& atoms) {
  one.timers().turn_on();
  one.timers().clear();
  evaluate(one, atoms);
  for (std::size_t kernel = 0; kernel < std::size(mace::kernel_names); ++kernel)
    for (std::size_t layer = 0; layer < mace::Timers::layers; ++layer)
      if (const double s = one.timers().seconds(static_cast<mace::Kernel>(kernel), layer); s > 0)
        std::printf("    %-16s %zu %9.3f us/atom\n", mace::kernel_names[kernel], layer + 1,
                    1e6 * s / static_cast<double>(atoms.size()));
}

void speed(const std::string& model, const std::string& device, const std::vector<int>& sizes) {
  for (const std::string precision : {"single", "double"}) {
    const auto begin = std::chrono::steady_clock::now();
    const auto one = engine(model, precision, device);
    std::printf("  %s precision: ready after %.1f s\n", precision.c_str(), seconds_since(begin));
    for (const int count : sizes) {
      const Configuration atoms = benchmarks::lattice(count, one->model().r_max + skin);
      const auto positions = atoms.positions();
      evaluate(*one, atoms);
      mace::NoExchange alone;
      mace::Answer answer;
      std::vector<double> times;
      for (const auto start = std::chrono::steady_clock::now(); seconds_since(start) < 3 || times.size() < 3;) {
        const auto before = std::chrono::steady_clock::now();
        one->compute(positions.data(), alone, mace::Virials::total, answer);
        times.push_back(seconds_since(before));
      }
      std::nth_element(times.begin(), times.begin() + static_cast<long>(times.size() / 2), times.end());
      const double median = times[times.size() / 2], n = static_cast<double>(atoms.size());
      std::printf("  %8zu atoms %9.3f ms/step %8.3f us/atom/step, %6.2f kB/atom, %.0f neighbors\n", atoms.size(),
                  1e3 * median, 1e6 * median / n, 1e-3 * one->bytes() / n, benchmarks::neighbors(atoms, skin));
      if (count == sizes.back()) kernels(*one, atoms);
      std::fflush(stdout);
    }
  }
}

void compile(const std::string& model, int capability) {
  const mace::Safetensors file(mace_tests::read_bytes(model), model);
  const mace::Weights weights = mace::read_weights(file, elements);
  for (const std::string precision : {"single", "double"}) {
    const mace::gpu::KernelSource source(weights, precision, mace::gpu::cuda::dialect());
    mace::gpu::cuda::cached_compile(source.common(), capability);
    for (std::size_t t = 0; t < weights.layers.size(); ++t)
      mace::gpu::cuda::cached_compile(source.layer(t), capability);
  }
}

std::vector<int> numbers(const std::string& text) {
  std::istringstream stream(text);
  std::vector<int> result;
  for (std::string one; std::getline(stream, one, ',');) result.push_back(std::atoi(one.c_str()));
  return result;
}

int run(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr,
                 "usage: mace_gpu_bench DEVICE ATOMS[,ATOMS...] MODEL...\n"
                 "       mace_gpu_bench compile CAPABILITY MODEL...\n");
    return 2;
  }
  const std::string device = argv[1];
  if (device != "compile") std::printf("%s\n", mace::device_name(device).c_str());
  for (int k = 3; k < argc; ++k) {
    const std::string model = argv[k];
    std::printf("%s\n", model.c_str());
    std::fflush(stdout);
    if (device == "compile") {
      compile(model, std::atoi(argv[2]));
      continue;
    }
    const std::vector<int> sizes = numbers(argv[2]);
    agreement(model, device, sizes.front());
    two_ranks(model, device, sizes.front());
    const auto large = std::find_if(sizes.begin(), sizes.end(), [](int size) { return size >= 12000; });
    if (large != sizes.end()) two_ranks(model, device, *large);
    follow(model, device, sizes.front(), 100);
    speed(model, device, sizes);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "mace_gpu_bench: %s\n", problem.what());
    return 1;
  }
}
