#include "engine.h"

#include <utility>

#include "evaluator.h"

namespace decant {

namespace {

template <class T>
class EngineIn final : public Engine, private mace::Exchange<T> {
 public:
  explicit EngineIn(mace::Model<T> model) : evaluator_(std::move(model)) {}

  double r_max() const override { return evaluator_.model().r_max; }
  double shortest_distance() const override { return evaluator_.shortest_distance(); }
  void set_threads(int threads) override {
    threads_ = threads;
    evaluator_.set_threads(threads);
  }

  void set_atoms(int owned, const std::vector<int>& elements) override {
    atoms_.owned = owned;
    atoms_.total = static_cast<int>(elements.size());
    atoms_.element = elements;
  }
  void set_edge_counts(const std::vector<int>& first_edge) override {
    atoms_.first_edge = first_edge;
    atoms_.edges.resize(static_cast<std::size_t>(first_edge.back()));
  }
  void set_edge(int edge, int source, double r, double dx, double dy, double dz) override {
    atoms_.edges[edge] = {source, r, {static_cast<T>(dx / r), static_cast<T>(dy / r), static_cast<T>(dz / r)}};
  }

  void compute(RowExchange& exchange, std::vector<double>& energy) override {
    exchange_ = &exchange;
    evaluator_.compute(atoms_, *this, energy, gradient_);
  }
  const mace::Forces& forces(mace::Virials virials) override {
    mace::sum_forces(atoms_, gradient_, virials, threads_, forces_);
    return forces_;
  }

  double bytes() const override {
    const std::size_t doubles = gradient_.capacity() + forces_.force.capacity() + forces_.atom_virial.capacity();
    return static_cast<double>(atoms_.edges.capacity() * sizeof(mace::Edge<T>) + doubles * sizeof(double)) +
           evaluator_.bytes();
  }

 private:
  void forward(T* features, int width) override { exchange_->forward(features, width); }
  void reverse(T* features, int width) override { exchange_->reverse(features, width); }
  void wait() override { exchange_->wait(); }

  mace::Evaluator<T> evaluator_;
  mace::Neighborhood<T> atoms_;
  std::vector<double> gradient_;  // [edges][3], of the last evaluation
  mace::Forces forces_;
  int threads_ = 1;
  RowExchange* exchange_ = nullptr;
};

template <class T>
std::unique_ptr<Engine> engine_in(const mace::Safetensors& file, const std::vector<std::string>& elements) {
  mace::Model<T> model = mace::load_model<T>(file, elements);
  file.refuse_unread();
  return std::make_unique<EngineIn<T>>(std::move(model));
}

}  // namespace

std::unique_ptr<Engine> make_engine(const mace::Safetensors& file, std::string precision,
                                    const std::vector<std::string>& elements) {
  if (precision.empty()) precision = mace::stored_precision(file);
  if (precision == "single") return engine_in<float>(file, elements);
  if (precision == "double") return engine_in<double>(file, elements);
  file.fail("has the unknown precision '" + precision + "', expected single or double");
}

}  // namespace decant
