// Python's door to the engine: a model file and a list of edges in, energies, forces and virials of atoms out.
//
// A periodic image is not an atom of its own here: an edge across a boundary names the atom that the image stands for.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mace/cpu/kernels/silu.h"
#include "mace/engine.h"
#include "mace/trainer.h"

namespace nb = nanobind;

namespace {

using Indices = nb::ndarray<const std::int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Vectors = nb::ndarray<const double, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;
using Output = nb::ndarray<nb::numpy, double>;

void require_element(std::size_t elements, int element, std::size_t atom) {
  if (element < 0 || static_cast<std::size_t>(element) >= elements)
    throw std::invalid_argument("atom " + std::to_string(atom) + " has an element out of range");
}

// [atoms + 1]: where the edges of each atom begin.
std::vector<int> first_edges(std::size_t count, const Indices& owner, const Indices& source) {
  const int atoms = static_cast<int>(count);
  const std::size_t edges = owner.shape(0);
  if (source.shape(0) != edges) throw std::invalid_argument("owner and source must have one row for each edge");
  std::vector<int> first(count + 1, 0);
  std::size_t last = 0;
  for (std::size_t e = 0; e < edges; ++e) {
    const int i = owner(e), j = source(e);
    if (i < static_cast<int>(last) || i >= atoms || j < 0 || j >= atoms)
      throw std::invalid_argument("edge " + std::to_string(e) + " is out of order, or of an atom out of range");
    while (static_cast<int>(last) < i) first[++last] = static_cast<int>(e);
  }
  while (last < count) first[++last] = static_cast<int>(edges);
  return first;
}

// The engine sees only where neighbors are from an atom, so each atom may stand at the origin of a space of its own,
// and each of its edges ends at a site that no other edge has.
std::shared_ptr<const mace::Neighbors> neighbors(std::size_t elements, const Indices& element, const Indices& owner,
                                                 const Indices& source) {
  const std::size_t edges = owner.shape(0);
  const int atoms = static_cast<int>(element.shape(0));
  auto result = std::make_shared<mace::Neighbors>();
  for (int i = 0; i < atoms; ++i) {
    require_element(elements, element(i), static_cast<std::size_t>(i));
    result->element.push_back(element(i));
    result->row.push_back(i);
  }
  result->first = first_edges(element.shape(0), owner, source);
  for (std::size_t e = 0; e < edges; ++e) {
    result->site.push_back(static_cast<int>(result->row.size()));
    result->row.push_back(source(e));
  }
  return result;
}

std::vector<double> positions(std::size_t atoms, const Vectors& vector) {
  std::vector<double> result(3 * atoms, 0.0);
  for (std::size_t e = 0; e < vector.shape(0); ++e)
    for (std::size_t k = 0; k < 3; ++k) result.push_back(-vector(e, k));
  return result;
}

mace::Space space(std::size_t atoms, const std::optional<Vectors>& place, const std::optional<Vectors>& cell) {
  if (!place || place->shape(0) != atoms)
    throw std::invalid_argument("a model with latent charges needs the place of each atom");
  mace::Space result;
  result.place.assign(place->data(), place->data() + 3 * atoms);
  if (!cell) return result;
  if (cell->shape(0) != 3) throw std::invalid_argument("a cell has three vectors");
  std::copy(cell->data(), cell->data() + 9, result.cell.begin());
  result.periodic = true;
  return result;
}

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
  Evaluator(const std::string& path, const std::vector<std::string>& elements, const std::string& precision,
            const std::string& device)
      : engine_(mace::make_engine(read(path), path, elements, precision, device)) {}

  const mace::Description& model() const { return engine_->model(); }

  nb::tuple evaluate(const Indices& element, const Indices& owner, const Indices& source, const Vectors& vector,
                     const std::optional<Vectors>& place, const std::optional<Vectors>& cell) {
    const std::size_t atoms = element.shape(0), edges = owner.shape(0);
    if (source.shape(0) != edges || vector.shape(0) != edges || atoms + edges > std::numeric_limits<int>::max())
      throw std::invalid_argument("owner, source and vector must have one row for each edge");
    if (model().latent_charges) engine_->set_space(space(atoms, place, cell));
    engine_->set_threads(omp_get_max_threads());  // OMP_NUM_THREADS, else every core
    engine_->set_neighbors(neighbors(model().elements.size(), element, owner, source));
    mace::NoExchange alone;
    mace::Answer answer;
    const auto problem = engine_->compute(positions(atoms, vector).data(), alone, mace::Virials::atomic, answer);
    if (problem)
      throw std::invalid_argument("edge " + std::to_string(problem->site - static_cast<int>(atoms)) +
                                  " is shorter than the model allows, or not a number");
    return nb::make_tuple(to_numpy(std::move(answer.energy), {atoms}), to_numpy(std::move(answer.force), {atoms, 3}),
                          to_numpy(std::move(answer.atom_virial), {atoms, 3, 3}));
  }

 private:
  std::unique_ptr<mace::Engine> engine_;
};

using Shares = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Rows = nb::ndarray<const double, nb::shape<3, -1>, nb::c_contig, nb::device::cpu>;

Output silu_rows(const Rows& rows, const Shares& sigmoid) {
  const std::size_t count = rows.shape(1);
  if (sigmoid.shape(0) != count) throw std::invalid_argument("expected one sigmoid for each value");
  std::vector<double> found(3 * count);
  mace::silu_rows(count, rows.data(), sigmoid.data(), found.data());
  return to_numpy(std::move(found), {3, count});
}

Output silu_rows_reverse(const Rows& rows, const Shares& sigmoid, const Rows& by_silu) {
  const std::size_t count = rows.shape(1);
  if (sigmoid.shape(0) != count || by_silu.shape(1) != count)
    throw std::invalid_argument("expected one sigmoid and three gradients for each value");
  std::vector<double> found(3 * count);
  mace::silu_rows_reverse(count, rows.data(), sigmoid.data(), by_silu.data(), found.data());
  return to_numpy(std::move(found), {3, count});
}

class Trainer {
 public:
  explicit Trainer(const nb::bytes& model)
      : trainer_(std::vector<char>(model.c_str(), model.c_str() + model.size()), "model") {
    for (const mace::Parameter& parameter : trainer_.parameters()) {
      names_.push_back(parameter.name);
      sizes_.push_back(parameter.values.size());
    }
  }

  const std::vector<std::string>& names() const { return names_; }

  nb::list weights() const {
    nb::list result;
    for (const mace::Parameter& parameter : trainer_.parameters())
      result.append(to_numpy(std::vector<double>(parameter.values), {parameter.values.size()}));
    return result;
  }

  void set_threads(int threads) { trainer_.set_threads(threads); }

  void set_weights(const std::vector<Shares>& values) {
    std::vector<std::vector<double>> copies;
    for (const Shares& value : values) copies.emplace_back(value.data(), value.data() + value.shape(0));
    trainer_.set_weights(copies);
  }

  void set_graph(const Indices& element, const Indices& owner, const Indices& source) {
    mace::Graph graph;
    atoms_ = element.shape(0);
    edges_ = owner.shape(0);
    for (std::size_t i = 0; i < atoms_; ++i) require_element(trainer_.elements(), element(i), i);
    graph.element.assign(element.data(), element.data() + atoms_);
    graph.source.assign(source.data(), source.data() + edges_);
    graph.first_edge = first_edges(atoms_, owner, source);
    trainer_.set_graph(std::move(graph));
  }

  nb::tuple evaluate(const Vectors& vector) {
    require_edges(vector);
    std::vector<double> energy, gradient;
    trainer_.evaluate(vector.data(), energy, gradient);
    return nb::make_tuple(to_numpy(std::move(energy), {atoms_}), to_numpy(std::move(gradient), {edges_, 3}));
  }

  nb::list differentiate(const Vectors& first, const Shares& first_share, const Vectors& second,
                         const Shares& second_share) {
    require_edges(first);
    require_edges(second);
    if (first_share.shape(0) != atoms_ || second_share.shape(0) != atoms_)
      throw std::invalid_argument("expected one share for each atom");
    std::vector<std::vector<double>> sums;
    for (const std::size_t size : sizes_) sums.emplace_back(size, 0.0);
    trainer_.differentiate(first.data(), first_share.data(), sums);
    trainer_.differentiate(second.data(), second_share.data(), sums);
    nb::list result;
    for (std::vector<double>& sum : sums) {
      const std::size_t size = sum.size();
      result.append(to_numpy(std::move(sum), {size}));
    }
    return result;
  }

 private:
  void require_edges(const Vectors& vector) const {
    if (vector.shape(0) != edges_) throw std::invalid_argument("expected one vector for each edge of the graph");
  }

  mace::Trainer trainer_;
  std::vector<std::string> names_;
  std::vector<std::size_t> sizes_;
  std::size_t atoms_ = 0, edges_ = 0;
};

}  // namespace

NB_MODULE(DECANT_MODULE, module) {
  module.doc() = "The C++ evaluator of MACE models; documented in mace_compiled.pyi.";
  module.def("device_name", [](const std::string& device) { return mace::device_name(device); }, nb::arg("device"));
  module.def(
      "device_memory",
      [](const std::string& path, const std::string& precision, double owned, double rows, double listed,
         double sites) { return mace::device_memory(read(path), path, {}, precision, owned, rows, listed, sites); },
      nb::arg("path"), nb::arg("precision"), nb::arg("owned"), nb::arg("rows"), nb::arg("listed"), nb::arg("sites"));
  module.def("silu_rows", &silu_rows, nb::arg("rows"), nb::arg("sigmoid"));
  module.def("silu_rows_reverse", &silu_rows_reverse, nb::arg("rows"), nb::arg("sigmoid"), nb::arg("by_silu"));
  nb::class_<Evaluator>(module, "Evaluator")
      .def(nb::init<const std::string&, std::vector<std::string>, std::string, std::string>(), nb::arg("path"),
           nb::arg("elements") = std::vector<std::string>(), nb::arg("precision") = "", nb::arg("device") = "")
      .def_prop_ro("elements", [](const Evaluator& self) { return self.model().elements; })
      .def_prop_ro("precision", [](const Evaluator& self) { return self.model().precision; })
      .def_prop_ro("device", [](const Evaluator& self) { return self.model().device; })
      .def_prop_ro("latent_charges", [](const Evaluator& self) { return self.model().latent_charges; })
      .def_prop_ro("r_max", [](const Evaluator& self) { return self.model().r_max; })
      .def_prop_ro("shortest_distance", [](const Evaluator& self) { return self.model().shortest_distance; })
      .def("evaluate", &Evaluator::evaluate, nb::arg("element"), nb::arg("owner"), nb::arg("source"), nb::arg("vector"),
           nb::arg("place") = nb::none(), nb::arg("cell") = nb::none());
  nb::class_<Trainer>(module, "Trainer")
      .def(nb::init<const nb::bytes&>(), nb::arg("model"))
      .def_prop_ro("names", &Trainer::names)
      .def_prop_ro("weights", &Trainer::weights)
      .def("set_weights", &Trainer::set_weights, nb::arg("values"))
      .def("set_threads", &Trainer::set_threads, nb::arg("threads"))
      .def("set_graph", &Trainer::set_graph, nb::arg("element"), nb::arg("owner"), nb::arg("source"))
      .def("evaluate", &Trainer::evaluate, nb::arg("vector"))
      .def("differentiate", &Trainer::differentiate, nb::arg("first"), nb::arg("first_share"), nb::arg("second"),
           nb::arg("second_share"));
}
