// What every engine owes its callers, on models of every form: it agrees with the plain energy and its derivatives.
// A new engine is a line in `candidates`.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <limits>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "mace/cpu/cpu_engine.h"
#include "mace/engine.h"
#include "mace/gpu/device.h"
#include "mace/gpu/gpu_engine.h"
#include "support/configuration.h"
#include "support/model_file.h"
#include "support/numbers.h"
#include "support/plain_energy.h"
#include "support/random_weights.h"
#include "support/two_ranks.h"

namespace mace_tests {

namespace {

struct Model {
  std::string name;
  mace::Weights weights;
  bool exported = false;
};

struct Candidate {
  std::string name;
  std::function<std::unique_ptr<mace::Engine>(const mace::Weights&)> make;
  double tolerance;     // of energies and forces, of their size
  bool device = false;  // refuses what is beyond plain layers, and compiles long for each model

  bool computes(const Model& model) const { return !device || mace::beyond_plain_layers(model.weights).empty(); }
  bool tested(const Model& model) const { return computes(model) && !(device && model.exported); }
};

// DECANT_TEST_OPENCL=no: its tests are run elsewhere.
bool has_opencl() {
  const char* const wanted = std::getenv("DECANT_TEST_OPENCL");
  if (wanted && std::string(wanted) == "no") return false;
  try {
    mace::gpu::open_device("opencl", 0);
    return true;
  } catch (const mace::gpu::DeviceError& problem) {
    MESSAGE("without OpenCL: ", problem.what());
    return false;
  }
}

template <class T>
std::unique_ptr<mace::Engine> on_opencl(const mace::Weights& weights) {
  return mace::make_gpu_engine<T>(weights, "opencl");
}

// As large systems are, which nearly fill a card: here a chunk has the atoms of one element, and no basis is kept.
std::unique_ptr<mace::Engine> in_chunks(const mace::Weights& weights) {
  return mace::make_gpu_engine<double>(weights, "opencl", 0, {3, false});
}

const std::vector<Candidate>& candidates() {
  static const std::vector<Candidate> all = [] {
    std::vector<Candidate> result = {{"CPU, double", mace::make_cpu_engine<double>, 1e-10},
                                     {"CPU, single", mace::make_cpu_engine<float>, 3e-5}};
    if (has_opencl()) {
      result.push_back({"OpenCL, double", on_opencl<double>, 1e-10, true});
      result.push_back({"OpenCL, double, in chunks", in_chunks, 1e-10, true});
      result.push_back({"OpenCL, single", on_opencl<float>, 3e-5, true});
    }
    return result;
  }();
  return all;
}

// Random ones, for every engine, and the exported ones that the environment names, for those on CPUs.
const std::vector<Model>& models() {
  static const std::vector<Model> all = [] {
    std::vector<Model> result;
    for (const Form& form : forms()) result.push_back({form.name, random_weights(form)});
    std::istringstream paths(std::getenv("DECANT_TEST_MODELS") ? std::getenv("DECANT_TEST_MODELS") : "");
    for (std::string path; std::getline(paths, path, ':');)
      result.push_back({path, mace::read_weights(mace::Safetensors(read_bytes(path), path), {"O", "H", "C"}), true});
    return result;
  }();
  return all;
}

template <class Check>
void on_every_engine_and_model(const Check& check) {
  for (const Model& model : models())
    for (const Candidate& candidate : candidates()) {
      if (!candidate.tested(model)) continue;
      INFO(candidate.name, " on ", model.name);
      check(candidate, model.weights);
    }
}

mace::Answer evaluate(mace::Engine& engine, const Configuration& atoms, mace::Virials virials = mace::Virials::atomic) {
  mace::NoExchange alone;
  mace::Answer answer;
  engine.set_neighbors(atoms.neighbors);
  REQUIRE_FALSE(engine.compute(atoms.positions().data(), alone, virials, answer));
  return answer;
}

// Largest energy of an atom without its constant part, which no engine gets wrong.
double size_of(const std::vector<double>& energies, const mace::Weights& weights, const Configuration& atoms) {
  double result = 1;
  for (std::size_t i = 0; i < energies.size(); ++i)
    result =
        std::max(result, std::fabs(energies[i] - weights.atomic_energies[static_cast<std::size_t>(atoms.element[i])]));
  return result;
}

}  // namespace

TEST_CASE("every engine agrees with the plain energy, and its forces and virial with the derivatives of that") {
  for (const Model& model : models()) {
    const Configuration atoms = periodic(model.weights.r_max);
    const auto energies = plain_energies(model.weights, atoms);
    std::mt19937 generator(5);
    std::vector<std::vector<double>> directions, strains;
    std::vector<double> slopes, strain_slopes;
    for (int k = 0; k < 3; ++k) {  // whatever is wrong shows along any direction that is nothing special
      directions.push_back(random_values<std::vector<double>>(atoms.x.size(), generator));
      slopes.push_back(plain_slope(model.weights, atoms, directions.back()));
      strains.push_back(random_values<std::vector<double>>(9, generator));
      std::array<double, 9> strain;
      std::copy(strains.back().begin(), strains.back().end(), strain.begin());
      strain_slopes.push_back(plain_strain_slope(model.weights, atoms, strain));
    }
    for (const Candidate& candidate : candidates()) {
      if (!candidate.tested(model)) continue;
      INFO(candidate.name, " on ", model.name);
      const mace::Answer answer = evaluate(*candidate.make(model.weights), atoms);
      const double size = size_of(energies, model.weights, atoms);
      CHECK(largest_difference(answer.energy, energies) < candidate.tolerance * size);
      const double tolerance = candidate.tolerance + 1e-6;  // error of the differences
      for (std::size_t k = 0; k < slopes.size(); ++k) {
        double along = 0, strained = 0;
        for (std::size_t c = 0; c < atoms.x.size(); ++c) along -= answer.force[c] * directions[k][c];
        for (std::size_t a = 0; a < 3; ++a)
          for (std::size_t b = 0; b < 3; ++b) strained -= answer.virial[3 * b + a] * strains[k][3 * a + b];
        CHECK(std::fabs(along - slopes[k]) < tolerance * (1 + 10 * largest(answer.force)));
        CHECK(std::fabs(strained - strain_slopes[k]) < tolerance * (1 + 10 * largest(answer.virial)));
      }
    }
  }
}

TEST_CASE("each of twenty elements has weights, radial tables and a repulsion of its own on every engine") {
  Form form = forms()[2];
  form.l_out = {1, 0};
  form.elements = 20;
  const mace::Weights weights = random_weights(form);
  Configuration atoms = periodic(weights.r_max);
  for (std::size_t i = 0; i < atoms.size(); ++i)
    atoms.element[i] = atoms.neighbors->element[i] = static_cast<int>(19 - 2 * i);
  const auto energies = plain_energies(weights, atoms);
  const double size = size_of(energies, weights, atoms);
  std::vector<double> forces;
  for (const Candidate& candidate : candidates()) {
    INFO(candidate.name);
    const mace::Answer answer = evaluate(*candidate.make(weights), atoms);
    CHECK(largest_difference(answer.energy, energies) < candidate.tolerance * size);
    if (forces.empty()) forces = answer.force;
    CHECK(largest_difference(answer.force, forces) < candidate.tolerance * (1 + largest(forces)));
  }
}

TEST_CASE("an engine that knows plain layers only refuses the others by name") {
  for (const Model& model : models())
    for (const Candidate& candidate : candidates())
      if (!candidate.computes(model))
        CHECK_THROWS_WITH_AS(candidate.make(model.weights),
                             "this model has gated layers, which only the CPU computes: choose the cpu",
                             mace::gpu::DeviceError);
}

TEST_CASE("the virials of atoms sum up to the virial, which does not depend on whether they are asked for") {
  on_every_engine_and_model([](const Candidate& candidate, const mace::Weights& weights) {
    const auto engine = candidate.make(weights);
    const Configuration atoms = periodic(weights.r_max);
    const mace::Answer whole = evaluate(*engine, atoms), total = evaluate(*engine, atoms, mace::Virials::total);
    const mace::Answer none = evaluate(*engine, atoms, mace::Virials::none);
    std::array<double, 9> added{};
    for (std::size_t k = 0; k < whole.atom_virial.size(); ++k) added[k % 9] += whole.atom_virial[k];
    const double rounding = 1e-11 * (1 + largest(whole.virial));
    CHECK(largest_difference(added, whole.virial) < rounding);
    CHECK(largest_difference(total.virial, whole.virial) < rounding);
    CHECK(total.atom_virial.empty());
    CHECK(largest(none.virial) == 0);
    CHECK(none.force == whole.force);
  });
}

TEST_CASE("two ranks say what one says") {
  on_every_engine_and_model([](const Candidate& candidate, const mace::Weights& weights) {
    const Configuration atoms = periodic(weights.r_max);
    const mace::Answer whole = evaluate(*candidate.make(weights), atoms);
    const auto parts = halves(atoms);
    std::array<mace::Answer, 2> answers;
    on_two_ranks(parts, [&](std::size_t rank, mace::Exchange& exchange) {
      const auto engine = candidate.make(weights);
      engine->timers().turn_on();  // timed ranks wait for each other before they exchange
      engine->set_neighbors(parts[rank].neighbors);
      engine->compute(parts[rank].positions(atoms).data(), exchange, mace::Virials::total, answers[rank]);
    });
    mace::Answer both;
    both.energy.resize(atoms.size());
    both.force.resize(3 * atoms.size());
    for (std::size_t rank = 0; rank < 2; ++rank)
      for (std::size_t row = 0; row < parts[rank].atoms.size(); ++row) {
        const std::size_t atom = static_cast<std::size_t>(parts[rank].atoms[row]);
        if (row < answers[rank].energy.size()) both.energy[atom] += answers[rank].energy[row];
        for (std::size_t k = 0; k < 3; ++k) both.force[3 * atom + k] += answers[rank].force[3 * row + k];
      }
    for (std::size_t k = 0; k < 9; ++k) both.virial[k] = answers[0].virial[k] + answers[1].virial[k];
    CHECK(largest_difference(both.energy, whole.energy) < candidate.tolerance * size_of(whole.energy, weights, atoms));
    CHECK(largest_difference(both.force, whole.force) < candidate.tolerance * (1 + largest(whole.force)));
    CHECK(largest_difference(both.virial, whole.virial) < candidate.tolerance * (1 + largest(whole.virial)));
  });
}

TEST_CASE("the number of threads changes nothing but rounding") {
  on_every_engine_and_model([](const Candidate& candidate, const mace::Weights& weights) {
    const auto engine = candidate.make(weights);
    const Configuration atoms = periodic(weights.r_max);
    const mace::Answer one = evaluate(*engine, atoms);
    engine->set_threads(3);
    const mace::Answer three = evaluate(*engine, atoms);
    CHECK(largest_difference(three.energy, one.energy) < candidate.tolerance * size_of(one.energy, weights, atoms));
    CHECK(largest_difference(three.force, one.force) < candidate.tolerance * (1 + largest(one.force)));
    CHECK(evaluate(*engine, atoms).force == three.force);
  });
}

TEST_CASE("positions may move under the same lists, and lists may change between steps") {
  on_every_engine_and_model([](const Candidate& candidate, const mace::Weights& weights) {
    const auto engine = candidate.make(weights), fresh = candidate.make(weights);
    const Configuration atoms = periodic(weights.r_max);
    const Configuration sheared = atoms.strained({0.02, 0.01, 0, 0, -0.03, 0.02, 0.01, 0, 0.01});
    evaluate(*engine, cluster(weights.r_max));
    evaluate(*engine, atoms);
    mace::NoExchange alone;
    mace::Answer followed;
    engine->compute(sheared.positions().data(), alone, mace::Virials::none, followed);
    CHECK(followed.force == evaluate(*fresh, sheared).force);
  });
}

TEST_CASE("an atom that is no part of the model has no energy and changes none") {
  on_every_engine_and_model([](const Candidate& candidate, const mace::Weights& weights) {
    const auto engine = candidate.make(weights);
    const Configuration atoms = cluster(weights.r_max);
    const mace::Answer before = evaluate(*engine, atoms);
    Configuration more = atoms;
    more.neighbors = std::make_shared<mace::Neighbors>(*atoms.neighbors);
    more.site.push_back({static_cast<int>(atoms.size()), 0, 0, 0});
    more.neighbors->row.push_back(static_cast<int>(atoms.size()));
    more.neighbors->element.push_back(-1);
    more.neighbors->first.push_back(more.neighbors->first.back());
    more.x.insert(more.x.end(), {0.1, 0.2, 0.3});
    mace::Answer after = evaluate(*engine, more);
    CHECK(after.energy.back() == 0);
    after.energy.pop_back();
    after.force.resize(before.force.size());
    CHECK(after.energy == before.energy);
    CHECK(after.force == before.force);
  });
}

TEST_CASE("no atoms have no energy") {
  for (const Candidate& candidate : candidates()) {
    const auto engine = candidate.make(models().front().weights);
    mace::NoExchange alone;
    mace::Answer answer;
    CHECK_FALSE(engine->compute(nullptr, alone, mace::Virials::atomic, answer));
    CHECK(answer.energy.empty());
    CHECK(answer.force.empty());
  }
}

TEST_CASE("a contact is named by its atom and its site, and the next configuration is none the worse") {
  on_every_engine_and_model([](const Candidate& candidate, const mace::Weights& weights) {
    const auto engine = candidate.make(weights);
    const Configuration atoms = cluster(weights.r_max);
    const mace::Answer before = evaluate(*engine, atoms);
    Configuration near = atoms;
    for (std::size_t k = 0; k < 3; ++k) near.x[3 * 2 + k] = near.x[3 * 6 + k] + (k == 0 ? 0.05 : 0);
    mace::NoExchange alone;
    mace::Answer answer;
    const auto problem = engine->compute(near.positions().data(), alone, mace::Virials::none, answer);
    REQUIRE(problem);
    CHECK(problem->contact());
    CHECK(problem->row == 2);
    CHECK(problem->site == 6);
    CHECK(problem->distance == doctest::Approx(0.05));
    CHECK(evaluate(*engine, atoms).force == before.force);
  });
}

TEST_CASE("a position that is not a number is named, and a rank with one keeps no other waiting") {
  on_every_engine_and_model([](const Candidate& candidate, const mace::Weights& weights) {
    const Configuration atoms = periodic(weights.r_max);
    const auto parts = halves(atoms);
    for (const double nowhere : {std::numeric_limits<double>::quiet_NaN(), HUGE_VAL}) {
      std::array<std::optional<mace::Problem>, 2> problems;
      on_two_ranks(parts, [&](std::size_t rank, mace::Exchange& exchange) {
        const auto engine = candidate.make(weights);
        engine->set_neighbors(parts[rank].neighbors);
        auto positions = parts[rank].positions(atoms);
        if (rank == 1) positions[3 * 5 + 1] = nowhere;
        mace::Answer answer;
        problems[rank] = engine->compute(positions.data(), exchange, mace::Virials::none, answer);
      });
      CHECK_FALSE(problems[0]);
      REQUIRE(problems[1]);
      CHECK_FALSE(problems[1]->contact());
      CHECK(problems[1]->site == 5);
    }
  });
}

TEST_CASE("timers are an engine's own, off unless asked for, and change no result") {
  const mace::Weights weights = random_weights(forms()[1]);
  const auto engine = candidates().front().make(weights), other = candidates().front().make(weights);
  const Configuration atoms = cluster(weights.r_max);
  const auto seconds = [&](mace::Kernel kernel, std::size_t layer) { return engine->timers().seconds(kernel, layer); };
  const auto before = evaluate(*engine, atoms).force;
  CHECK(seconds(mace::Kernel::edges_forward, 0) == 0);
  engine->timers().turn_on();
  CHECK(evaluate(*engine, atoms).force == before);
  for (const std::size_t layer : {0u, 1u})
    for (const auto kernel : {mace::Kernel::edges_forward, mace::Kernel::edges_reverse, mace::Kernel::mix,
                              mace::Kernel::product_forward, mace::Kernel::product_reverse, mace::Kernel::update})
      CHECK(seconds(kernel, layer) > 0);
  for (const auto kernel : {mace::Kernel::edge_list, mace::Kernel::forces}) CHECK(seconds(kernel, 0) > 0);
  evaluate(*other, atoms);
  CHECK(other->timers().seconds(mace::Kernel::mix, 0) == 0);
  engine->timers().clear();
  CHECK(seconds(mace::Kernel::edges_forward, 0) == 0);
}

TEST_CASE("a file is loaded for the elements and in the precision that are asked for") {
  const mace::Weights weights = random_weights(forms()[1]);
  const auto bytes = ModelFile(weights).bytes();
  const auto all = mace::make_engine(bytes, "m", {});
  CHECK(all->model().elements == weights.elements);
  CHECK(all->model().precision == "double");
  CHECK(all->model().r_max == weights.r_max);
  CHECK(all->model().shortest_distance == weights.r_min);
  const auto single = mace::make_engine(bytes, "m", {"O", "H"}, "single");
  CHECK(single->model().elements == std::vector<std::string>{"O", "H"});
  CHECK(single->model().precision == "single");
  CHECK_THROWS_WITH_AS(mace::make_engine(bytes, "m", {}, "half"), "unknown precision 'half'; expected single or double",
                       std::invalid_argument);
  ModelFile odd(weights);
  odd.metadata["precision"] = "half";
  CHECK_THROWS_WITH_AS(mace::make_engine(odd.bytes(), "m", {}),
                       "model file m has the unknown precision 'half', expected single or double", std::runtime_error);
}

TEST_CASE("other elements in another order are the same model") {
  for (const Form& form : forms()) {
    const mace::Weights weights = random_weights(form);
    const auto all = mace::make_cpu_engine<double>(weights);
    const auto two = mace::make_engine(ModelFile(weights).bytes(), "m", {"O", "H"});
    Configuration atoms = cluster(weights.r_max);
    for (int& element : atoms.neighbors->element) element = element == 0 ? 0 : 2;
    const auto expected = evaluate(*all, atoms).force;
    for (int& element : atoms.neighbors->element) element = element == 0 ? 1 : 0;
    CHECK(largest_difference(evaluate(*two, atoms).force, expected) < 1e-10 * (1 + largest(expected)));
  }
}

}  // namespace mace_tests
