#include "pair_mace.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <utility>

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "evaluator.h"
#include "force.h"
#include "lammps_versions.h"
#include "memory.h"
#include "neigh_list.h"
#include "timers.h"
#include "update.h"

namespace LAMMPS_NS {

// Everything of the pair style that does not depend on the precision talks to this.
class PairMACE::Engine {
 public:
  virtual ~Engine() = default;
  virtual double r_max() const = 0;
  virtual int exchange_width() const = 0;
  virtual double shortest_distance() const = 0;

  virtual void start(int owned, int total) = 0;
  virtual void set_element(int atom, int element) = 0;
  virtual void begin_edges(int atom) = 0;
  virtual void add_edge(int source, double r, double dx, double dy, double dz) = 0;
  virtual void compute(std::vector<double>& energy, std::vector<double>& gradient) = 0;
  virtual int edge_count() const = 0;
  // Range of edges of an atom, source and vector (owner - source) of an edge.
  virtual int first_edge(int atom) const = 0;
  virtual int source(int edge) const = 0;
  virtual void vector(int edge, double* d) const = 0;

  virtual double* pack(int n, const int* list, double* buffer) const = 0;
  virtual double* pack(int n, int first, double* buffer) const = 0;
  virtual void unpack(int n, int first, const double* buffer) = 0;
  virtual void add(int n, const int* list, const double* buffer) = 0;
  virtual double bytes() const = 0;
};

template <class T>
class PairMACE::EngineIn : public PairMACE::Engine, private mace::Exchange<T> {
 public:
  EngineIn(PairMACE* pair, mace::Model<T> model) : pair_(pair), evaluator_(std::move(model)) {}

  double r_max() const override { return evaluator_.model().r_max; }
  int exchange_width() const override { return evaluator_.exchange_width(); }
  double shortest_distance() const override { return evaluator_.shortest_distance(); }

  void start(int owned, int total) override {
    atoms_.owned = owned;
    atoms_.total = total;
    atoms_.element.assign(total, 0);
    atoms_.first_edge.assign(owned + 1, 0);
    atoms_.edges.clear();
  }
  void set_element(int atom, int element) override { atoms_.element[atom] = element; }
  void begin_edges(int atom) override {
    // atoms come in order; one that LAMMPS leaves out of its list has no edges
    atoms_.first_edge[atom] = edge_count();
  }
  void add_edge(int source, double r, double dx, double dy, double dz) override {
    atoms_.edges.push_back({source, r, {static_cast<T>(dx / r), static_cast<T>(dy / r), static_cast<T>(dz / r)}});
  }
  void compute(std::vector<double>& energy, std::vector<double>& gradient) override {
    atoms_.first_edge[atoms_.owned] = edge_count();
    evaluator_.compute(atoms_, *this, energy, gradient);
  }
  int edge_count() const override { return static_cast<int>(atoms_.edges.size()); }
  int first_edge(int atom) const override { return atoms_.first_edge[atom]; }
  int source(int edge) const override { return atoms_.edges[edge].source; }
  void vector(int edge, double* d) const override {
    for (int k = 0; k < 3; ++k) d[k] = static_cast<double>(atoms_.edges[edge].direction[k]) * atoms_.edges[edge].r;
  }

  double* pack(int n, const int* list, double* buffer) const override {
    for (int k = 0; k < n; ++k) buffer = std::copy_n(row(list[k]), width_, buffer);
    return buffer;
  }
  double* pack(int n, int first, double* buffer) const override {
    return std::copy_n(row(first), static_cast<std::size_t>(n) * width_, buffer);
  }
  void unpack(int n, int first, const double* buffer) override {
    T* to = row(first);
    for (std::size_t k = 0; k < static_cast<std::size_t>(n) * width_; ++k) to[k] = static_cast<T>(buffer[k]);
  }
  void add(int n, const int* list, const double* buffer) override {
    for (int k = 0; k < n; ++k) {
      T* to = row(list[k]);
      for (int c = 0; c < width_; ++c) to[c] += static_cast<T>(*buffer++);
    }
  }
  double bytes() const override {
    return static_cast<double>(atoms_.edges.capacity() * sizeof(mace::Edge<T>)) + evaluator_.bytes();
  }

 private:
  void forward(T* features, int width) override {
    features_ = features;
    width_ = width;
    decant::forward(*pair_->comm, static_cast<Pair*>(pair_), width, decant::Newer{});
  }
  void reverse(T* features, int width) override {
    features_ = features;
    width_ = width;
    decant::reverse(*pair_->comm, static_cast<Pair*>(pair_), width, decant::Newer{});
  }
  T* row(int atom) const { return features_ + static_cast<std::size_t>(atom) * width_; }

  PairMACE* pair_;
  mace::Evaluator<T> evaluator_;
  mace::Neighborhood<T> atoms_;
  T* features_ = nullptr;  // being exchanged; owned by the evaluator
  int width_ = 0;
};

PairMACE::PairMACE(LAMMPS* lmp) : Pair(lmp) {
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  no_virial_fdotr_compute = 1;
  centroidstressflag = CENTROID_NOTAVAIL;
  if (std::getenv("DECANT_TIMERS")) mace::Timers::turn_on();
}

PairMACE::~PairMACE() {
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

void PairMACE::settings(int narg, char** arg) {
  if (narg > 1) error->all(FLERR, "pair_style mace: expected at most one word, float or double");
  precision_.clear();
  if (narg == 0) return;
  if (std::strcmp(arg[0], "float") == 0)
    precision_ = "single";
  else if (std::strcmp(arg[0], "double") == 0)
    precision_ = "double";
  else
    error->all(FLERR, "pair_style mace: unknown precision '{}'; expected float or double", arg[0]);
}

std::vector<char> PairMACE::read_on_all_ranks(const std::string& path) {
  std::vector<char> bytes;
  bigint size = -1;
  if (comm->me == 0) {
    std::ifstream stream(path, std::ios::binary);
    if (stream) {
      bytes.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
      size = static_cast<bigint>(bytes.size());
    }
  }
  MPI_Bcast(&size, 1, MPI_LMP_BIGINT, 0, world);
  if (size < 0) error->all(FLERR, "pair_style mace: cannot read the model file {}", path);
  if (size >= MAXSMALLINT) error->all(FLERR, "pair_style mace: the model file {} is larger than 2 GB", path);
  bytes.resize(static_cast<std::size_t>(size));
  MPI_Bcast(bytes.data(), static_cast<int>(size), MPI_CHAR, 0, world);
  return bytes;
}

void PairMACE::coeff(int narg, char** arg) {
  const int types = atom->ntypes;
  if (narg != 3 + types)
    error->all(FLERR, "pair_coeff of mace: expected * * MODEL and one element for each of the {} atom types", types);
  if (std::strcmp(arg[0], "*") != 0 || std::strcmp(arg[1], "*") != 0)
    error->all(FLERR, "pair_coeff of mace: expected * * before the model file");
  std::vector<std::string> elements;
  element_of_type_.assign(types + 1, 0);
  for (int type = 1; type <= types; ++type) {
    const std::string symbol = arg[2 + type];
    const auto found = std::find(elements.begin(), elements.end(), symbol);
    element_of_type_[type] = static_cast<int>(found - elements.begin());
    if (found == elements.end()) elements.push_back(symbol);
  }
  const std::string path = arg[2];
  try {
    const mace::Safetensors file(read_on_all_ranks(path), path);
    const std::string precision = precision_.empty() ? mace::stored_precision(file) : precision_;
    if (precision == "single")
      engine_ = std::make_unique<EngineIn<float>>(this, mace::load_model<float>(file, elements));
    else
      engine_ = std::make_unique<EngineIn<double>>(this, mace::load_model<double>(file, elements));
  } catch (const std::exception& problem) {
    error->all(FLERR, "pair_style mace: {}", problem.what());  // every rank read the same bytes, so all come here
  }
  comm_forward = comm_reverse = engine_->exchange_width();

  if (!allocated) {
    memory->create(setflag, types + 1, types + 1, "pair:setflag");
    memory->create(cutsq, types + 1, types + 1, "pair:cutsq");
    allocated = 1;
  }
  for (int i = 1; i <= types; ++i)
    for (int j = 1; j <= types; ++j) setflag[i][j] = 1;
}

void PairMACE::init_style() {
  if (!force->newton_pair) error->all(FLERR, "pair_style mace needs newton pair on");
  if (std::strcmp(update->unit_style, "metal") != 0) error->all(FLERR, "pair_style mace needs units metal");
  for (int k = 1; k < 4; ++k)
    if (force->special_lj[k] != 1.0 && comm->me == 0 && atom->molecular != Atom::ATOMIC) {
      error->warning(FLERR,
                     "pair_style mace: neighbors within a molecule are left out; use special_bonds lj/coul 1 1 1");
      break;
    }
  decant::request_full_list(*neighbor, static_cast<Pair*>(this), decant::Newer{});
}

double PairMACE::init_one(int, int) { return engine_->r_max(); }

void PairMACE::compute(int eflag, int vflag) {
  ev_init(eflag, vflag);
  mace::Stopwatch watch;
  make_edges();
  watch.charge(mace::Kernel::edge_list);
  std::vector<double> energy, gradient;
  engine_->compute(energy, gradient);
  watch = mace::Stopwatch();
  tally(energy, gradient);
  watch.charge(mace::Kernel::forces);
  if (update->setupflag) mace::Timers::clear();  // LAMMPS does not count it as part of the run either
}

void PairMACE::make_edges() {
  const double* const* x = atom->x;
  const double cutoff_squared = engine_->r_max() * engine_->r_max();
  const double shortest_squared = engine_->shortest_distance() * engine_->shortest_distance();
  engine_->start(atom->nlocal, atom->nlocal + atom->nghost);
  for (int i = 0; i < atom->nlocal + atom->nghost; ++i) engine_->set_element(i, element_of_type_[atom->type[i]]);
  std::vector<int> position(static_cast<std::size_t>(atom->nlocal), -1);
  for (int k = 0; k < list->inum; ++k) position[list->ilist[k]] = k;
  for (int i = 0; i < atom->nlocal; ++i) {
    engine_->begin_edges(i);
    if (position[i] < 0) continue;
    const int* neighbors = list->firstneigh[i];
    for (int k = 0; k < list->numneigh[i]; ++k) {
      const int j = neighbors[k] & NEIGHMASK;
      const double dx = x[i][0] - x[j][0], dy = x[i][1] - x[j][1], dz = x[i][2] - x[j][2];
      const double squared = dx * dx + dy * dy + dz * dz;
      if (squared >= cutoff_squared) continue;
      if (!(squared >= shortest_squared))
        error->one(FLERR, "pair_style mace: atoms {} and {} are {:.3g} angstrom apart", atom->tag[i], atom->tag[j],
                   std::sqrt(squared));
      engine_->add_edge(j, std::sqrt(squared), dx, dy, dz);
    }
  }
}

void PairMACE::tally(const std::vector<double>& energy, const std::vector<double>& gradient) {
  double** f = atom->f;
  for (int i = 0; i < atom->nlocal; ++i) {
    if (eflag_global) eng_vdwl += energy[i];
    if (eflag_atom) eatom[i] += energy[i];
    const int last = i + 1 < atom->nlocal ? engine_->first_edge(i + 1) : engine_->edge_count();
    for (int e = engine_->first_edge(i); e < last; ++e) {
      const int j = engine_->source(e);
      const double* g = gradient.data() + 3 * static_cast<std::size_t>(e);
      for (int k = 0; k < 3; ++k) {
        f[i][k] -= g[k];
        f[j][k] += g[k];
      }
      if (!vflag_either) continue;
      double d[3];
      engine_->vector(e, d);
      const double w[6] = {-d[0] * g[0], -d[1] * g[1], -d[2] * g[2], -d[0] * g[1], -d[0] * g[2], -d[1] * g[2]};
      for (int k = 0; k < 6; ++k) {
        if (vflag_global) virial[k] += w[k];
        if (vflag_atom) {
          vatom[i][k] += 0.5 * w[k];
          vatom[j][k] += 0.5 * w[k];
        }
      }
    }
  }
}

int PairMACE::pack_forward_comm(int n, int* list, double* buffer, int, int*) {
  return static_cast<int>(engine_->pack(n, list, buffer) - buffer);
}

void PairMACE::unpack_forward_comm(int n, int first, double* buffer) { engine_->unpack(n, first, buffer); }

int PairMACE::pack_reverse_comm(int n, int first, double* buffer) {
  return static_cast<int>(engine_->pack(n, first, buffer) - buffer);
}

void PairMACE::unpack_reverse_comm(int n, int* list, double* buffer) { engine_->add(n, list, buffer); }

void PairMACE::finish() {
  if (!mace::Timers::on()) return;
  constexpr std::size_t kernels = std::size(mace::kernel_names), layers = mace::Timers::layers;
  std::vector<double> own, sum(kernels * layers);
  for (std::size_t k = 0; k < kernels; ++k)
    for (std::size_t t = 0; t < layers; ++t) own.push_back(mace::Timers::seconds(static_cast<mace::Kernel>(k), t));
  MPI_Reduce(own.data(), sum.data(), static_cast<int>(sum.size()), MPI_DOUBLE, MPI_SUM, 0, world);
  if (comm->me != 0) return;
  utils::logmesg(lmp, "\npair_style mace timers: kernel, layer, seconds (sum over threads, mean over ranks)\n");
  for (std::size_t k = 0; k < kernels; ++k)
    for (std::size_t t = 0; t < layers; ++t)
      if (sum[k * layers + t] > 0)
        utils::logmesg(lmp, "  {:16} {} {:.6f}\n", mace::kernel_names[k], t + 1, sum[k * layers + t] / comm->nprocs);
}

double PairMACE::memory_usage() { return Pair::memory_usage() + engine_->bytes(); }

}  // namespace LAMMPS_NS
