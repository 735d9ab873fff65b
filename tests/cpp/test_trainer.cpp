// A model in training: what it says of energies, and that its gradients are the derivatives of what it says.
#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "mace/trainer.h"
#include "support/configuration.h"
#include "support/model_file.h"
#include "support/numbers.h"
#include "support/plain_energy.h"
#include "support/random_weights.h"

namespace mace_tests {

namespace {

// Of every part that a training knows.
std::vector<mace::Weights> trained_models() {
  std::vector<mace::Weights> result;
  for (const Form& form : forms())
    if (!form.gated) result.push_back(random_weights(form));
  return result;
}

mace::Trainer trainer(const mace::Weights& weights) { return {ModelFile(weights).bytes(), "model.safetensors"}; }

struct Edges {
  mace::Graph graph;
  std::vector<double> vector;  // [edge][3]
};

Edges edges(const Configuration& atoms, double cutoff) {
  Edges result;
  const auto x = atoms.positions();
  const mace::Neighbors& near = *atoms.neighbors;
  result.graph.element = atoms.element;
  result.graph.first_edge = {0};
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    for (int k = near.first[i]; k < near.first[i + 1]; ++k) {
      const std::size_t site = static_cast<std::size_t>(near.site[static_cast<std::size_t>(k)]);
      double d[3], squared = 0;
      for (std::size_t a = 0; a < 3; ++a) {
        d[a] = x[3 * i + a] - x[3 * site + a];
        squared += d[a] * d[a];
      }
      if (squared >= cutoff * cutoff) continue;
      result.graph.source.push_back(near.row[site]);
      result.vector.insert(result.vector.end(), d, d + 3);
    }
    result.graph.first_edge.push_back(static_cast<int>(result.graph.source.size()));
  }
  return result;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

std::vector<std::vector<double>> values(const mace::Trainer& trainer) {
  std::vector<std::vector<double>> result;
  for (const mace::Parameter& parameter : trainer.parameters()) result.push_back(parameter.values);
  return result;
}

std::vector<std::vector<double>> zeros(const mace::Trainer& trainer) {
  std::vector<std::vector<double>> result;
  for (const mace::Parameter& parameter : trainer.parameters()) result.emplace_back(parameter.values.size(), 0.0);
  return result;
}

}  // namespace

TEST_CASE("a model in training has the plain energy, and its gradient by vectors is the derivative of that") {
  for (const mace::Weights& weights : trained_models()) {
    const Configuration atoms = periodic(weights.r_max);
    Edges given = edges(atoms, weights.r_max);
    mace::Trainer model = trainer(weights);
    model.set_graph(given.graph);
    std::vector<double> energy, gradient, other, unused;
    model.evaluate(given.vector.data(), energy, gradient);
    const auto plain = plain_energies(weights, atoms);
    CHECK(largest_difference(energy, plain) < 1e-10 * largest(plain));
    std::mt19937 generator(2);
    const auto direction = random_values<std::vector<double>>(given.vector.size(), generator);
    const double slope = central_difference([&](double step) {
      auto moved = given.vector;
      for (std::size_t k = 0; k < moved.size(); ++k) moved[k] += step * direction[k];
      model.evaluate(moved.data(), other, unused);
      double sum = 0;
      for (std::size_t i = 0; i < other.size(); ++i) sum += other[i] - energy[i];
      return sum;
    });
    CHECK(slope == doctest::Approx(dot(gradient, direction)).epsilon(1e-6));
  }
}

TEST_CASE("the gradient of every array of weights is the derivative of the energies, each counted by its share") {
  for (const mace::Weights& weights : trained_models()) {
    const Edges given = edges(periodic(weights.r_max), weights.r_max);
    mace::Trainer model = trainer(weights);
    model.set_graph(given.graph);
    std::mt19937 generator(4);
    const auto share = random_values<std::vector<double>>(given.graph.element.size(), generator);
    auto sums = zeros(model);
    model.differentiate(given.vector.data(), share.data(), sums);
    const auto first = values(model);
    for (std::size_t p = 0; p < first.size(); ++p) {
      CAPTURE(model.parameters()[p].name);
      const auto direction = random_values<std::vector<double>>(first[p].size(), generator);
      const double slope = central_difference([&](double step) {
        auto moved = first;
        for (std::size_t k = 0; k < moved[p].size(); ++k) moved[p][k] += step * direction[k];
        model.set_weights(moved);
        std::vector<double> energy, unused;
        model.evaluate(given.vector.data(), energy, unused);
        for (std::size_t i = 0; i < energy.size(); ++i)
          energy[i] -= weights.atomic_energies[static_cast<std::size_t>(given.graph.element[i])];
        return dot(share, energy);
      });
      CHECK(std::fabs(slope - dot(sums[p], direction)) < 1e-6 * (1 + std::fabs(slope)));
    }
  }
}

TEST_CASE("the gradient of weights does not depend on the number of threads, and adds to what is there") {
  const mace::Weights weights = trained_models()[1];
  const Edges given = edges(periodic(weights.r_max), weights.r_max);
  mace::Trainer model = trainer(weights);
  model.set_graph(given.graph);
  const std::vector<double> share(given.graph.element.size(), 0.7);
  auto once = zeros(model), twice = zeros(model);
  model.differentiate(given.vector.data(), share.data(), once);
  model.set_threads(3);
  model.differentiate(given.vector.data(), share.data(), twice);
  model.differentiate(given.vector.data(), share.data(), twice);
  for (std::size_t p = 0; p < once.size(); ++p) {
    for (double& value : once[p]) value *= 2;
    CHECK(largest_difference(once[p], twice[p]) < 1e-11 * (1 + largest(once[p])));
  }
}

TEST_CASE("a model in training refuses what it does not know, and what does not fit, by name") {
  CHECK_THROWS_WITH(trainer(random_weights(forms()[3])),
                    "model file model.safetensors has gated layers, which a training in compiled code does not know");
  mace::Trainer model = trainer(trained_models()[0]);
  auto values = zeros(model);
  values.front().pop_back();
  CHECK_THROWS_AS(model.set_weights(values), std::invalid_argument);
  CHECK_THROWS_AS(model.set_weights({}), std::invalid_argument);
  mace::Graph pair;
  pair.element = {0, 1};
  pair.first_edge = {0, 1, 2};
  pair.source = {1, 0};
  model.set_graph(pair);
  std::vector<double> energy, gradient;
  const std::vector<double> near = {0, 0, 1, 0, 0, 0.05};
  CHECK_THROWS_WITH(model.evaluate(near.data(), energy, gradient),
                    "edge 1 is shorter than the model allows, or not a number");
}

}  // namespace mace_tests
