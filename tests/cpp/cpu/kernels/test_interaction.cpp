#include <doctest/doctest.h>

#include <cmath>

#include "mace/cpu/kernels/interaction.h"
#include "mace/cpu/model.h"
#include "support/numbers.h"
#include "support/random_weights.h"

namespace mace_tests {

namespace {

template <class T>
const std::vector<mace::Edge<T>>& edges() {
  static const std::vector<mace::Edge<T>> all = [] {
    std::vector<mace::Edge<T>> result;
    for (int e = 0; e < 19; ++e) {  // more than a batch
      const double angle = 0.3 * e, s = std::sin(angle), c = std::cos(angle);
      result.push_back({e, 0.9 + 0.1 * e, {T(0.6 * s), T(0.6 * c), T(0.8)}});
    }
    return result;
  }();
  return all;
}

// The edges of one atom, whose sources have random features.
template <class T>
struct Atom {
  mace::Array<T> features, adjoints;
  std::vector<int> tables;
  std::vector<const T*> sources;
  std::vector<T*> source_adjoints;

  Atom(const mace::Model<T>& model, std::size_t size) : features(random_array<T>(edges<T>().size() * size)) {
    adjoints.assign(features.size(), T(0));
    for (std::size_t e = 0; e < edges<T>().size(); ++e) {
      tables.push_back(model.tables[e % model.tables.size()]);
      sources.push_back(features.data() + e * size);
      source_adjoints.push_back(adjoints.data() + e * size);
    }
  }
  mace::EdgeView<T> view(bool reverse) {
    return {static_cast<int>(tables.size()), edges<T>().data(), tables.data(), sources.data(),
            reverse ? source_adjoints.data() : nullptr};
  }
};

std::size_t source_size(const mace::LayerWeights& layer) {
  return static_cast<std::size_t>(mace::harmonics_count(layer.l_edge) * mace::padded(layer.edge_channels));
}

}  // namespace

TEST_CASE_TEMPLATE("the edge pass agrees with its reference", T, double, float) {
  const double tolerance = sizeof(T) == sizeof(double) ? 1e-10 : 1e-3;
  for (const Form& form : forms()) {
    CAPTURE(form.name);
    const mace::Weights weights = random_weights(form);
    const mace::Model<T> model = mace::pack<T>(weights);
    for (std::size_t t = 0; t < model.layers.size(); ++t) {
      const mace::Interaction<T>& interaction = model.layers[t].interaction;
      Atom<T> atom(model, source_size(weights.layers[t]));
      auto work = interaction.workspace();
      mace::Array<T> fast(interaction.messages().size, T(0)), plain(fast);
      interaction.forward(atom.view(false), fast.data(), work);
      for (std::size_t e = 0; e < edges<T>().size(); ++e)
        interaction.forward_reference(edges<T>()[e], atom.tables[e], atom.sources[e], plain.data());
      CHECK(largest_difference(fast, plain) < tolerance);
    }
  }
}

TEST_CASE("the reverse edge pass is the derivative of the edge pass") {
  for (const Form& form : forms()) {
    CAPTURE(form.name);
    const mace::Weights weights = random_weights(form);
    const mace::Model<double> model = mace::pack<double>(weights);
    for (std::size_t t = 0; t < model.layers.size(); ++t) {
      const mace::Interaction<double>& interaction = model.layers[t].interaction;
      Atom<double> atom(model, source_size(weights.layers[t]));
      auto work = interaction.workspace();
      const auto adjoint = random_array<double>(interaction.messages().size, 5);
      mace::Array<double> gradient(3 * edges<double>().size(), 0.0);
      interaction.reverse(atom.view(true), adjoint.data(), gradient.data(), work);
      const auto weighted = [&](std::size_t e, const mace::Edge<double>& edge, const double* source) {
        mace::Array<double> message(adjoint.size(), 0.0);
        interaction.forward_reference(edge, atom.tables[e], source, message.data());
        double sum = 0;
        for (std::size_t k = 0; k < message.size(); ++k) sum += adjoint[k] * message[k];
        return sum;
      };
      for (const std::size_t e : {std::size_t{0}, std::size_t{17}})
        for (std::size_t k = 0; k < 3; ++k) {
          const double numerical = central_difference([&](double step) {
            mace::Edge<double> moved = edges<double>()[e];
            double d[3], squared = 0;
            for (std::size_t a = 0; a < 3; ++a) {
              d[a] = moved.r * moved.direction[a] + (a == k ? step : 0);
              squared += d[a] * d[a];
            }
            moved.r = std::sqrt(squared);
            for (std::size_t a = 0; a < 3; ++a) moved.direction[a] = d[a] / moved.r;
            return weighted(e, moved, atom.sources[e]);
          });
          CHECK(std::fabs(numerical - gradient[3 * e + k]) < 1e-5 * (1 + std::fabs(numerical)));
          const double by_source = central_difference([&](double step) {
            mace::Array<double> source(atom.sources[e], atom.sources[e] + source_size(weights.layers[t]));
            source[k] += step;
            return weighted(e, edges<double>()[e], source.data());
          });
          CHECK(std::fabs(by_source - atom.source_adjoints[e][k]) < 1e-6 * (1 + std::fabs(by_source)));
        }
    }
  }
}

}  // namespace mace_tests
