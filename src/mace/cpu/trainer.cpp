#include "mace/trainer.h"

#include <cmath>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <utility>

#include "mace/cpu/differentiate.h"
#include "mace/cpu/evaluator.h"
#include "mace/cpu/trained.h"
#include "mace/model/safetensors.h"
#include "mace/model/weights.h"

namespace mace {

namespace {

// The radial functions themselves in place of a hidden layer and its output: what of a radial network is trained is
// the caller's.
void multiply_out(LayerWeights& layer) {
  Knots& knots = layer.radial_hidden;
  const int functions = static_cast<int>(layer.paths.size()) * layer.edge_channels;
  const int rows = 3 * knots.tables * knots.knots;
  std::vector<double> product(static_cast<std::size_t>(rows) * static_cast<std::size_t>(functions));
  multiply_reference(rows, knots.functions, functions, knots.values.data(), static_cast<std::size_t>(knots.functions),
                     layer.radial_output.data(), product.data(), static_cast<std::size_t>(functions), false);
  knots.values = std::move(product);
  knots.functions = functions;
  layer.radial_output.clear();
}

}  // namespace

class Trainer::Work {
 public:
  Work(std::vector<char> bytes, const std::string& name) {
    const Safetensors file(std::move(bytes), name);
    weights_ = read_weights(file, {});
    const std::string beyond = beyond_plain_layers(weights_);
    if (!beyond.empty()) file.fail("has " + beyond + ", which a training in compiled code does not know");
    for (LayerWeights& layer : weights_.layers) multiply_out(layer);
    for (std::size_t t = 0; t < weights_.layers.size(); ++t)
      each_trained(weights_.layers[t], [&](const std::string& array, const std::vector<double>& values) {
        parameters_.push_back({"layers." + std::to_string(t) + "." + array, values});
      });
    pack_again();
  }

  std::size_t elements() const { return weights_.elements.size(); }
  const std::vector<Parameter>& parameters() const { return parameters_; }

  void set_weights(const std::vector<std::vector<double>>& values) {
    if (values.size() != parameters_.size())
      throw std::invalid_argument("expected " + std::to_string(parameters_.size()) + " arrays of weights");
    std::size_t next = 0;
    for (LayerWeights& layer : weights_.layers)
      each_trained(layer, [&](const std::string& array, std::vector<double>& own) {
        if (values[next].size() != own.size())
          throw std::invalid_argument("expected " + std::to_string(own.size()) + " values of '" + array + "'");
        own = values[next++];
      });
    pack_again();
  }

  void set_threads(int threads) { threads_ = threads; }

  void set_graph(Graph graph) {
    graph_ = std::move(graph);
    atoms_.owned = atoms_.total = static_cast<int>(graph_.element.size());
    atoms_.element = graph_.element;
    atoms_.first_edge = graph_.first_edge;
    atoms_.edges.resize(graph_.source.size());
  }

  void evaluate(const double* vector, std::vector<double>& energy, std::vector<double>& gradient) {
    place(vector);
    NoExchange alone;
    evaluator_->set_threads(threads_);
    evaluator_->compute(atoms_, alone, energy, gradient);
  }

  void differentiate(const double* vector, const double* share, std::vector<std::vector<double>>& sums) {
    place(vector);
    const auto found = mace::differentiate(evaluator_->model(), atoms_, share, threads_);
    std::size_t next = 0;
    for (std::size_t t = 0; t < found.size(); ++t) {
      LayerWeights& layer = gradient_.layers[t];
      unpack(found[t], gradient_.channels, layer);
      each_trained(layer, [&](const std::string&, const std::vector<double>& values) {
        std::vector<double>& sum = sums[next++];
        for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += values[k];
      });
    }
  }

 private:
  void pack_again() {
    if (gradient_.layers.empty()) gradient_ = weights_;
    evaluator_.emplace(pack<double>(weights_), timers_);
  }

  void place(const double* vector) {
    for (std::size_t e = 0; e < atoms_.edges.size(); ++e) {
      const double* d = vector + 3 * e;
      const double r = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
      if (!(r >= weights_.r_min))
        throw std::invalid_argument("edge " + std::to_string(e) + " is shorter than the model allows, or not a number");
      atoms_.edges[e] = {graph_.source[e], r, {d[0] / r, d[1] / r, d[2] / r}};
    }
  }

  Weights weights_, gradient_;  // the latter by the names of the former
  std::vector<Parameter> parameters_;
  Timers timers_;
  std::optional<Evaluator<double>> evaluator_;
  Graph graph_;
  Neighborhood<double> atoms_;
  int threads_ = 1;
};

Trainer::Trainer(std::vector<char> bytes, const std::string& name)
    : work_(std::make_unique<Work>(std::move(bytes), name)) {}
Trainer::~Trainer() = default;
Trainer::Trainer(Trainer&&) noexcept = default;

std::size_t Trainer::elements() const { return work_->elements(); }
const std::vector<Parameter>& Trainer::parameters() const { return work_->parameters(); }
void Trainer::set_weights(const std::vector<std::vector<double>>& values) { work_->set_weights(values); }
void Trainer::set_threads(int threads) { work_->set_threads(threads); }
void Trainer::set_graph(Graph graph) { work_->set_graph(std::move(graph)); }
void Trainer::evaluate(const double* vector, std::vector<double>& energy, std::vector<double>& gradient) {
  work_->evaluate(vector, energy, gradient);
}
void Trainer::differentiate(const double* vector, const double* share, std::vector<std::vector<double>>& sums) {
  work_->differentiate(vector, share, sums);
}

}  // namespace mace
