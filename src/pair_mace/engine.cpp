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
  int exchange_width() const override { return evaluator_.exchange_width(); }
  double shortest_distance() const override { return evaluator_.shortest_distance(); }
  void set_threads(int threads) override { evaluator_.set_threads(threads); }

  void start(int owned, int total) override {
    atoms_.owned = owned;
    atoms_.total = total;
    atoms_.element.assign(total, 0);
    atoms_.first_edge.assign(owned + 1, 0);
    atoms_.edges.clear();
  }
  void set_element(int atom, int element) override { atoms_.element[atom] = element; }
  void begin_edges(int atom) override { atoms_.first_edge[atom] = edge_count(); }
  void add_edge(int source, double r, double dx, double dy, double dz) override {
    atoms_.edges.push_back({source, r, {static_cast<T>(dx / r), static_cast<T>(dy / r), static_cast<T>(dz / r)}});
  }

  void compute(Ghosts& ghosts, std::vector<double>& energy, std::vector<double>& gradient) override {
    atoms_.first_edge[atoms_.owned] = edge_count();
    ghosts_ = &ghosts;
    evaluator_.compute(atoms_, *this, energy, gradient);
  }

  int owned() const override { return atoms_.owned; }
  int total() const override { return atoms_.total; }
  int first_edge(int atom) const override { return atoms_.first_edge[atom]; }
  int source(int edge) const override { return atoms_.edges[edge].source; }
  void vector(int edge, double* d) const override {
    for (int k = 0; k < 3; ++k) d[k] = static_cast<double>(atoms_.edges[edge].direction[k]) * atoms_.edges[edge].r;
  }
  double bytes() const override {
    return static_cast<double>(atoms_.edges.capacity() * sizeof(mace::Edge<T>)) + evaluator_.bytes();
  }

 private:
  int edge_count() const { return static_cast<int>(atoms_.edges.size()); }
  void forward(T* features, int width) override {
    RowsOf<T> rows(features, width);
    ghosts_->copy_to_ghosts(rows);
  }
  void reverse(T* features, int width) override {
    RowsOf<T> rows(features, width);
    ghosts_->add_from_ghosts(rows);
  }

  mace::Evaluator<T> evaluator_;
  mace::Neighborhood<T> atoms_;
  Ghosts* ghosts_ = nullptr;
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
