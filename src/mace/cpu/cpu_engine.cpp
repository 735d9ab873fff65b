#include "mace/cpu/cpu_engine.h"

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "mace/cpu/edges.h"
#include "mace/cpu/evaluator.h"
#include "mace/cpu/forces.h"
#include "mace/latent_charges.h"

namespace mace {

namespace {

template <class T>
class CpuEngine final : public Engine {
 public:
  explicit CpuEngine(const Weights& weights)
      : Engine({weights.elements, std::is_same_v<T, float> ? "single" : "double", weights.r_max, weights.r_min}),
        evaluator_(pack<T>(weights), timers_),
        charges_(weights.charges) {
    model_.latent_charges = charges_.width > 0;
  }

  void set_threads(int threads) override {
    threads_ = threads;
    evaluator_.set_threads(threads);
  }

  void set_neighbors(std::shared_ptr<const Neighbors> neighbors) override {
    neighbors_ = std::move(neighbors);
    atoms_.owned = neighbors_->owned();
    atoms_.total = static_cast<int>(neighbors_->element.size());
    atoms_.element = neighbors_->element;
  }

  void set_space(Space space) override { space_ = std::move(space); }

  std::optional<Problem> compute(const double* positions, Exchange& exchange, Virials wanted, Answer& answer) override {
    Stopwatch watch(timers_);
    const auto problem = find_edges(*neighbors_, positions, model_.r_max, model_.shortest_distance, threads_, atoms_);
    watch.charge(Kernel::edge_list);
    ChargeField field;
    std::vector<double> charge;
    const auto couple = [&](const std::vector<double>& charges) {
      Stopwatch between(timers_);
      charge = charges;
      field = charge_field(charges_, space_, charge, exchange, wanted, threads_);
      between.charge(Kernel::latent_charges);
      return field.potential;
    };
    evaluator_.compute(atoms_, exchange, answer.energy, gradient_, model_.latent_charges ? couple : ChargeCoupling());
    Stopwatch last(timers_);
    sum_forces(atoms_, gradient_, wanted, threads_, answer);
    if (model_.latent_charges) add(field, charge, answer);
    last.charge(Kernel::forces);
    return problem;
  }

  double bytes() const override {
    return static_cast<double>(atoms_.edges.capacity() * sizeof(Edge<T>) + gradient_.capacity() * sizeof(double)) +
           evaluator_.bytes();
  }

 private:
  static void add(const ChargeField& field, const std::vector<double>& charge, Answer& answer) {
    for (std::size_t i = 0; i < charge.size(); ++i) answer.energy[i] += field.energy(i, charge[i]);
    for (std::size_t k = 0; k < field.force.size(); ++k) answer.force[k] += field.force[k];
    for (std::size_t k = 0; k < answer.virial.size(); ++k) answer.virial[k] += field.virial[k];
    if (answer.atom_virial.empty()) return;
    for (std::size_t k = 0; k < field.atom_virial.size(); ++k) answer.atom_virial[k] += field.atom_virial[k];
  }

  Evaluator<T> evaluator_;
  const LatentCharges charges_;
  Space space_;  // of the next evaluation
  std::shared_ptr<const Neighbors> neighbors_ = std::make_shared<Neighbors>();
  Neighborhood<T> atoms_;
  std::vector<double> gradient_;  // [edges][3], of the last evaluation
  int threads_ = 1;
};

}  // namespace

template <class T>
std::unique_ptr<Engine> make_cpu_engine(const Weights& weights) {
  return std::make_unique<CpuEngine<T>>(weights);
}

template std::unique_ptr<Engine> make_cpu_engine<float>(const Weights&);
template std::unique_ptr<Engine> make_cpu_engine<double>(const Weights&);

}  // namespace mace
