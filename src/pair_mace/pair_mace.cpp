#include "pair_mace.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iterator>
#include <numeric>
#include <utility>

#include "atom.h"
#include "comm.h"
#include "deviation.h"
#include "engine.h"
#include "error.h"
#include "force.h"
#include "lammps_versions.h"
#include "memory.h"
#include "model_file.h"
#include "neigh_list.h"
#include "timers.h"
#include "update.h"

namespace LAMMPS_NS {

PairMACE::PairMACE(LAMMPS* lmp) : Pair(lmp) {
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  no_virial_fdotr_compute = 1;
  centroidstressflag = CENTROID_NOTAVAIL;
  comm_forward = 1;  // a place
  static_assert(sizeof(decant::RowExchange::Place) == sizeof(double), "packed into a double");
  int timed = std::getenv("DECANT_TIMERS") != nullptr;
  MPI_Bcast(&timed, 1, MPI_INT, 0, world);  // timers wait for each other, whatever the environment of each rank
  if (timed) mace::Timers::turn_on();
}

PairMACE::~PairMACE() {
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

void PairMACE::settings(int narg, char** arg) {
  precision_.clear();
  committee_.clear();
  deviation_.reset();
  engines_.clear();  // pair_coeff must follow
  if (allocated)
    for (int i = 1; i <= atom->ntypes; ++i) std::fill_n(setflag[i] + 1, atom->ntypes, 0);
  int at = 0;
  if (at < narg && std::strcmp(arg[at], "float") == 0) precision_ = "single";
  if (at < narg && std::strcmp(arg[at], "double") == 0) precision_ = "double";
  if (!precision_.empty()) ++at;
  for (; at < narg && !decant::is_deviation_keyword(arg[at]); ++at) committee_.emplace_back(arg[at]);
  if (at < narg && committee_.size() < 2)
    error->all(FLERR, "pair_style mace: {} needs two model files or more before it, found {}", arg[at],
               committee_.size());
  const auto wanted = decant::DeviationSettings::parse(lmp, narg - at, arg + at);
  if (committee_.size() > 1) deviation_ = std::make_unique<decant::Deviation>(lmp, wanted);
}

void PairMACE::coeff(int narg, char** arg) {
  const int types = atom->ntypes;
  const bool named = !committee_.empty();  // the model files were given to pair_style
  const int before = named ? 2 : 3;
  if (narg != before + types)
    error->all(FLERR, "pair_coeff of mace: expected * * {}and one element for each of the {} atom types{}",
               named ? "" : "MODEL ", types,
               named ? fmt::format("; pair_style names the model files, {} first", committee_.front()) : "");
  if (std::strcmp(arg[0], "*") != 0 || std::strcmp(arg[1], "*") != 0)
    error->all(FLERR, "pair_coeff of mace: expected * * before the {}", named ? "elements" : "model file");
  const auto elements = map_elements(arg + before);
  load(named ? committee_ : std::vector<std::string>{arg[2]}, elements);
  if (!allocated) {
    memory->create(setflag, types + 1, types + 1, "pair:setflag");
    memory->create(cutsq, types + 1, types + 1, "pair:cutsq");
    allocated = 1;
  }
  for (int i = 1; i <= types; ++i)
    for (int j = 1; j <= types; ++j) setflag[i][j] = element_of_type_[i] >= 0 && element_of_type_[j] >= 0;
}

// Returns each element once; fills element_of_type_.
std::vector<std::string> PairMACE::map_elements(char** symbols) {
  std::vector<std::string> elements;
  element_of_type_.assign(atom->ntypes + 1, -1);
  for (int type = 1; type <= atom->ntypes; ++type) {
    const std::string symbol = symbols[type - 1];
    if (symbol == "NULL") {
      if (!utils::strmatch(force->pair_style, "^hybrid"))
        error->all(FLERR, "pair_coeff of mace: atom type {} is NULL; only a hybrid pair style can describe it", type);
      continue;
    }
    const auto found = std::find(elements.begin(), elements.end(), symbol);
    element_of_type_[type] = static_cast<int>(found - elements.begin());
    if (found == elements.end()) elements.push_back(symbol);
  }
  if (elements.empty()) error->all(FLERR, "pair_coeff of mace: every atom type is NULL");
  return elements;
}

void PairMACE::load(const std::vector<std::string>& paths, const std::vector<std::string>& elements) {
  engines_.clear();
  for (const std::string& path : paths) {
    auto bytes = decant::read_on_all_ranks(lmp, path);
    std::string problem;
    try {
      engines_.push_back(decant::make_engine(mace::Safetensors(std::move(bytes), path), precision_, elements));
    } catch (const std::exception& caught) {
      problem = caught.what();
    }
    // every rank read the same bytes, so all come here
    if (!problem.empty()) error->all(FLERR, "pair_style mace: {}", problem);
  }
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
  planned_ = false;
  decant::request_full_list(*neighbor, static_cast<Pair*>(this), decant::Newer{});
  for (const auto& engine : engines_) engine->set_threads(comm->nthreads);
  if (deviation_) deviation_->open();
}

double PairMACE::init_one(int, int) {
  double cutoff = 0;
  for (const auto& engine : engines_) cutoff = std::max(cutoff, engine->r_max());
  return cutoff;
}

void PairMACE::compute(int eflag, int vflag) {
  ev_init(eflag, vflag);
  find_listed();
  plan_exchange();
  evaluate(*engines_.front());
  mace::Stopwatch watch;
  tally(*engines_.front());
  watch.charge(mace::Kernel::forces);
  if (deviation_ && deviation_->due()) write_deviation();
  if (update->setupflag) mace::Timers::clear();  // LAMMPS does not count it as part of the run either
}

// Collective: all ranks end together, in order, on the problem of one. An abort by that rank alone would hang no other,
// but what it printed can be lost while its launcher kills the rest.
void PairMACE::end_on(const std::string& problem) const {
  const int mine = problem.empty() ? comm->nprocs : comm->me;
  int first = mine;
  MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, world);
  if (first == comm->nprocs) return;
  int length = static_cast<int>(problem.size());
  MPI_Bcast(&length, 1, MPI_INT, first, world);
  std::string text = problem;
  text.resize(static_cast<std::size_t>(length));
  MPI_Bcast(text.data(), length, MPI_CHAR, first, world);
  error->all(FLERR, "pair_style mace: {}", text);
}

// An atom at infinity would be far from everything and go unnoticed.
std::string PairMACE::position_problem() const {
  for (int i = 0; i < atom->nlocal + atom->nghost; ++i) {
    const double* x = atom->x[i];
    if (!std::isfinite(x[0]) || !std::isfinite(x[1]) || !std::isfinite(x[2]))
      return fmt::format("atom {} has the non-numeric position ({:.6g}, {:.6g}, {:.6g})", atom->tag[i], x[0], x[1],
                         x[2]);
  }
  return "";
}

// A hybrid style hides the atoms of its other parts.
void PairMACE::find_listed() {
  listed_.assign(static_cast<std::size_t>(atom->nlocal), 0);
  for (int k = 0; k < list->inum; ++k) listed_[list->ilist[k]] = element_of_type_[atom->type[list->ilist[k]]] >= 0;
}

// Ranks own other atoms only after LAMMPS has built its neighbor lists anew, which all ranks do together.
void PairMACE::plan_exchange() {
  if (planned_ && neighbor->ago > 0) return;
  places_.resize(static_cast<std::size_t>(atom->nlocal + atom->nghost));
  for (int i = 0; i < atom->nlocal; ++i) places_[i] = {comm->me, i};
  decant::forward(*comm, static_cast<Pair*>(this), comm_forward, decant::Newer{});
  exchange_.plan(world, atom->nlocal, places_);
  planned_ = true;
}

// Calls visit(j, square of the distance, x, y, z from j to i) for each neighbor within `cutoff` of an owned atom.
template <class Visit>
void PairMACE::each_neighbor(int i, double cutoff, const Visit& visit) const {
  if (!listed_[i]) return;
  const double* const* x = atom->x;
  const int* neighbors = list->firstneigh[i];
  for (int k = 0; k < list->numneigh[i]; ++k) {
    const int j = neighbors[k] & NEIGHMASK;
    const double dx = x[i][0] - x[j][0], dy = x[i][1] - x[j][1], dz = x[i][2] - x[j][2];
    const double squared = dx * dx + dy * dy + dz * dz;
    if (squared < cutoff * cutoff) visit(j, squared, dx, dy, dz);
  }
}

// Returns what is wrong with an edge, or nothing.
std::string PairMACE::set_neighborhood(decant::Engine& engine) const {
  const int owned = atom->nlocal, threads = comm->nthreads;
  std::vector<int> elements;
  for (const int i : exchange_.atoms()) elements.push_back(element_of_type_[atom->type[i]]);
  for (int i = 0; i < owned; ++i)
    if (!listed_[i]) elements[i] = -1;
  engine.set_atoms(owned, elements);

  const double cutoff = engine.r_max(), shortest = engine.shortest_distance();
  std::vector<int> first_edge(static_cast<std::size_t>(owned) + 1, 0);
  int crowded = owned;  // the first atom with a neighbor too near
#pragma omp parallel for num_threads(threads) schedule(static) reduction(min : crowded)
  for (int i = 0; i < owned; ++i) {
    int count = 0;
    bool near = false;
    each_neighbor(i, cutoff, [&](int, double squared, double, double, double) {
      ++count;
      near = near || !(squared >= shortest * shortest);
    });
    first_edge[i + 1] = count;
    if (near) crowded = std::min(crowded, i);
  }
  if (crowded < owned) return contact(crowded, shortest);
  std::partial_sum(first_edge.begin(), first_edge.end(), first_edge.begin());
  engine.set_edge_counts(first_edge);
  const std::vector<int>& rows = exchange_.rows();
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int i = 0; i < owned; ++i) {
    int edge = first_edge[i];
    each_neighbor(i, cutoff, [&](int j, double squared, double dx, double dy, double dz) {
      engine.set_edge(edge++, rows[j], std::sqrt(squared), dx, dy, dz);
    });
  }
  return "";
}

std::string PairMACE::contact(int i, double shortest) const {
  std::string found;
  each_neighbor(i, shortest, [&](int j, double squared, double, double, double) {
    found = fmt::format("atoms {} and {} are {:.3g} angstrom apart", atom->tag[i], atom->tag[j], std::sqrt(squared));
  });
  return found;
}

void PairMACE::evaluate(decant::Engine& engine) {
  mace::Stopwatch watch;
  std::string problem = position_problem();
  if (problem.empty()) problem = set_neighborhood(engine);
  end_on(problem);
  watch.charge(mace::Kernel::edge_list);
  engine.compute(exchange_, energy_);
}

void PairMACE::tally(decant::Engine& engine) {
  const mace::Forces& found = engine.forces(vflag_atom     ? mace::Virials::atomic
                                            : vflag_either ? mace::Virials::total
                                                           : mace::Virials::none);
  const std::vector<int>& atoms = exchange_.atoms();  // LAMMPS brings what ghosts have to their owners
  for (std::size_t row = 0; row < atoms.size(); ++row)
    for (int k = 0; k < 3; ++k) atom->f[atoms[row]][k] += found.force[3 * row + k];
  if (eflag_global) eng_vdwl += std::accumulate(energy_.begin(), energy_.end(), 0.0);
  if (eflag_atom)
    for (std::size_t i = 0; i < energy_.size(); ++i) eatom[i] += energy_[i];
  constexpr int place[6] = {0, 4, 8, 1, 2, 5};  // of xx, yy, zz, xy, xz and yz among the nine
  if (vflag_global)
    for (int k = 0; k < 6; ++k) virial[k] += found.virial[place[k]];
  if (vflag_atom)
    for (std::size_t row = 0; row < atoms.size(); ++row)
      for (int k = 0; k < 6; ++k) vatom[atoms[row]][k] += found.atom_virial[9 * row + place[k]];
}

// What the engine evaluated last says, apart from all that other pair styles add to LAMMPS's own arrays.
decant::Opinion PairMACE::opinion(decant::Engine& engine) {
  const mace::Forces& found = engine.forces(mace::Virials::total);
  decant::Opinion result;
  result.forces = found.force;
  result.virial = found.virial;
  result.energy = std::accumulate(energy_.begin(), energy_.end(), 0.0);
  exchange_.reverse(result.forces.data(), 3);
  result.forces.resize(3 * static_cast<std::size_t>(atom->nlocal));
  return result;
}

void PairMACE::write_deviation() {
  std::vector<decant::Opinion> committee = {opinion(*engines_.front())};
  for (std::size_t m = 1; m < engines_.size(); ++m) {
    evaluate(*engines_[m]);
    committee.push_back(opinion(*engines_[m]));
  }
  deviation_->write(committee);
}

int PairMACE::pack_forward_comm(int n, int* atoms, double* buffer, int, int*) {
  for (int k = 0; k < n; ++k) std::memcpy(buffer + k, &places_[atoms[k]], sizeof(double));
  return n;
}

void PairMACE::unpack_forward_comm(int n, int first, double* buffer) {
  std::memcpy(places_.data() + first, buffer, n * sizeof(double));
}

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

double PairMACE::memory_usage() {
  double bytes = Pair::memory_usage();
  bytes += static_cast<double>(energy_.capacity() * sizeof(double)) + exchange_.bytes();
  for (const auto& engine : engines_) bytes += engine->bytes();
  return bytes;
}

}  // namespace LAMMPS_NS
