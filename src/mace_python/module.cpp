// Python's door to the evaluator: a model file and a list of edges in, energies, forces and virials of atoms out.
//
// A periodic image is not an atom of its own here: an edge across a boundary names the atom that the image stands for,
// whose features are the image's too. So there are no ghosts, and nothing to exchange between the layers.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <omp.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "evaluator.h"
#include "forces.h"

namespace nb = nanobind;

namespace {

using Indices = nb::ndarray<const std::int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Vectors = nb::ndarray<const double, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;
using Output = nb::ndarray<nb::numpy, double>;

struct Result {
  std::vector<double> energy;  // [atom], eV
  mace::Forces sums;
};

// Everything that does not depend on the precision talks to this.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual double r_max() const = 0;
  virtual double shortest_distance() const = 0;
  virtual Result compute(const Indices& element, const Indices& owner, const Indices& source,
                         const Vectors& vector) = 0;
};

template <class T>
class EngineIn : public Engine, private mace::Exchange<T> {
 public:
  explicit EngineIn(mace::Model<T> model) : evaluator_(std::move(model)) {
    evaluator_.set_threads(omp_get_max_threads());  // OMP_NUM_THREADS, else every core
  }

  double r_max() const override { return evaluator_.model().r_max; }
  double shortest_distance() const override { return evaluator_.shortest_distance(); }

  Result compute(const Indices& element, const Indices& owner, const Indices& source, const Vectors& vector) override {
    set_atoms(element);
    set_edges(owner, source, vector);
    Result result;
    std::vector<double> gradient;
    evaluator_.compute(atoms_, *this, result.energy, gradient);
    mace::sum_forces(atoms_, gradient, mace::Virials::atomic, omp_get_max_threads(), result.sums);
    return result;
  }

 private:
  void forward(T*, int) override {}
  void reverse(T*, int) override {}

  void set_atoms(const Indices& element) {
    const std::size_t known = evaluator_.model().atomic_energies.size();
    for (std::size_t i = 0; i < element.shape(0); ++i)
      if (element(i) < 0 || static_cast<std::size_t>(element(i)) >= known)
        throw std::invalid_argument("atom " + std::to_string(i) + " has an element out of range");
    atoms_.owned = atoms_.total = static_cast<int>(element.shape(0));
    atoms_.element.assign(element.data(), element.data() + element.shape(0));
  }

  void set_edges(const Indices& owner, const Indices& source, const Vectors& vector) {
    const std::size_t edges = owner.shape(0);
    if (source.shape(0) != edges || vector.shape(0) != edges || edges > std::numeric_limits<int>::max())
      throw std::invalid_argument("owner, source and vector must have one row for each edge");
    atoms_.first_edge.assign(static_cast<std::size_t>(atoms_.owned) + 1, 0);
    atoms_.edges.clear();
    int last = 0;
    for (std::size_t e = 0; e < edges; ++e) {
      const int i = owner(e), j = source(e);
      if (i < last || i >= atoms_.owned || j < 0 || j >= atoms_.owned)
        throw std::invalid_argument("edge " + std::to_string(e) + " is out of order, or of an atom out of range");
      while (last < i) atoms_.first_edge[++last] = static_cast<int>(atoms_.edges.size());
      const double x = vector(e, 0), y = vector(e, 1), z = vector(e, 2), r = std::sqrt(x * x + y * y + z * z);
      if (r >= r_max()) continue;
      if (!(r >= shortest_distance()))  // NaN too
        throw std::invalid_argument("edge " + std::to_string(e) + " is shorter than the model allows");
      atoms_.edges.push_back({j, r, {static_cast<T>(x / r), static_cast<T>(y / r), static_cast<T>(z / r)}});
    }
    while (last < atoms_.owned) atoms_.first_edge[++last] = static_cast<int>(atoms_.edges.size());
  }

  mace::Evaluator<T> evaluator_;
  mace::Neighborhood<T> atoms_;
};

std::vector<char> read(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read the model file " + path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

Output to_numpy(std::vector<double>&& values, std::initializer_list<std::size_t> shape) {
  auto kept = std::make_unique<std::vector<double>>(std::move(values));
  double* data = kept->data();
  nb::capsule owner(kept.get(), [](void* held) noexcept { delete static_cast<std::vector<double>*>(held); });
  kept.release();  // the capsule's now
  return Output(data, shape, owner);
}

class Evaluator {
 public:
  Evaluator(const std::string& path, std::vector<std::string> elements, std::string precision)
      : elements_(std::move(elements)), precision_(std::move(precision)) {
    const mace::Safetensors file(read(path), path);
    if (precision_.empty()) precision_ = mace::stored_precision(file);
    if (elements_.empty()) {
      std::istringstream known(file.metadata("elements"));
      elements_.assign(std::istream_iterator<std::string>(known), {});
    }
    if (precision_ == "single")
      engine_ = std::make_unique<EngineIn<float>>(mace::load_model<float>(file, elements_));
    else if (precision_ == "double")
      engine_ = std::make_unique<EngineIn<double>>(mace::load_model<double>(file, elements_));
    else
      throw std::invalid_argument("unknown precision '" + precision_ + "'; expected single or double");
  }

  const std::vector<std::string>& elements() const { return elements_; }
  const std::string& precision() const { return precision_; }
  double r_max() const { return engine_->r_max(); }
  double shortest_distance() const { return engine_->shortest_distance(); }

  nb::tuple evaluate(const Indices& element, const Indices& owner, const Indices& source, const Vectors& vector) {
    Result result = engine_->compute(element, owner, source, vector);
    const std::size_t n = element.shape(0);
    return nb::make_tuple(to_numpy(std::move(result.energy), {n}), to_numpy(std::move(result.sums.force), {n, 3}),
                          to_numpy(std::move(result.sums.atom_virial), {n, 3, 3}));
  }

 private:
  std::vector<std::string> elements_;
  std::string precision_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

NB_MODULE(DECANT_MODULE, module) {
  module.doc() = "The C++ evaluator of MACE models; documented in mace_compiled.pyi.";
  nb::class_<Evaluator>(module, "Evaluator")
      .def(nb::init<const std::string&, std::vector<std::string>, std::string>(), nb::arg("path"),
           nb::arg("elements") = std::vector<std::string>(), nb::arg("precision") = "")
      .def_prop_ro("elements", &Evaluator::elements)
      .def_prop_ro("precision", &Evaluator::precision)
      .def_prop_ro("r_max", &Evaluator::r_max)
      .def_prop_ro("shortest_distance", &Evaluator::shortest_distance)
      .def("evaluate", &Evaluator::evaluate, nb::arg("element"), nb::arg("owner"), nb::arg("source"),
           nb::arg("vector"));
}
