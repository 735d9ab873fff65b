#include "pair_mace.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iterator>
#include <numeric>
#include <utility>

#include "atom.h"
#include "comm.h"
#include "compute.h"
#include "deviation.h"
#include "device.h"
#include "domain.h"
#include "error.h"
#include "exclusion.h"
#include "force.h"
#include "group.h"
#include "lammps_versions.h"
#include "layout.h"
#include "memory.h"
#include "model_file.h"
#include "modify.h"
#include "neigh_list.h"
#include "setup.h"
#include "trial.h"
#include "update.h"

namespace LAMMPS_NS {

PairMACE::PairMACE(LAMMPS* lmp) : Pair(lmp) {
  if (!decant::Layout::is_as_compiled(*this))
    error->all(FLERR,
               "pair_style mace was compiled for {}, and this LAMMPS arranges a pair style otherwise, as updates "
               "of one version do: install the one it was compiled for, or compile it for this one (README.md)",
               DECANT_LAMMPS_NAME);
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
  timed_ = timed != 0;
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
  forget_models();  // pair_coeff must follow
  int at = 0;
  if (at < narg && std::strcmp(arg[at], "float") == 0) precision_ = "single";
  if (at < narg && std::strcmp(arg[at], "double") == 0) precision_ = "double";
  if (!precision_.empty()) ++at;
  for (; at < narg && !decant::is_deviation_keyword(arg[at]); ++at) committee_.emplace_back(arg[at]);
  if (committee_.size() == 1 && (committee_[0] == "single" || committee_[0] == "mixed"))
    error->all(FLERR, "pair_style mace: expected float or double, or a model file, not {}", committee_[0]);
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
  forget_models();  // what fails here must not leave half of what was
  if (narg != before + types)
    error->all(FLERR, "pair_coeff of mace: expected * * {}and one element for each of the {} atom types{}{}",
               named ? "" : "MODEL ", types,
               named ? fmt::format("; pair_style names the model files, {} first", committee_.front()) : "",
               !named && narg > before + types ? "; a path with spaces must be in quotes" : "");
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

void PairMACE::forget_models() {
  engines_.clear();
  if (allocated)
    for (int i = 1; i <= atom->ntypes; ++i) std::fill_n(setflag[i] + 1, atom->ntypes, 0);
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
  planned_ = false;  // these engines know no neighbors yet
  std::vector<std::unique_ptr<mace::Engine>> loaded;
  const int place = decant::place_on_node(world);
  for (const std::string& path : paths) {
    auto bytes = decant::read_on_all_ranks(lmp, path);
    std::string problem;
    try {
      loaded.push_back(mace::make_engine(std::move(bytes), path, elements, precision_, "", place));
      if (timed_) loaded.back()->timers().turn_on();
    } catch (const std::exception& caught) {
      problem = caught.what();
    }
    end_on(problem);  // every rank read the same bytes, but a device may be missing on one alone
  }
  engines_ = std::move(loaded);
  const mace::Description& model = engines_.front()->model();
  if (comm->me == 0)
    utils::logmesg(lmp, "pair_style mace: {} precision on {}{}{}\n", model.precision, model.device,
                   comm->nprocs > 1 ? fmt::format(" (rank 0 of {})", comm->nprocs) : "", decant::unused_card());
}

void PairMACE::init_style() {
  if (engines_.empty()) error->all(FLERR, "pair_style mace: pair_coeff is missing, or has failed");
  const bool charged =
      std::any_of(engines_.begin(), engines_.end(), [](const auto& engine) { return engine->model().latent_charges; });
  decant::Setup(lmp, *this).check(engines_.front()->model().elements, element_of_type_, charged);
  planned_ = false;
  decant::request_full_list(*neighbor, static_cast<Pair*>(this), decant::Newer{});
  for (const auto& engine : engines_) engine->set_threads(comm->nthreads);
  if (deviation_) deviation_->open();
}

// With bonds LAMMPS drops or scales neighbors within a molecule by default, and the energy looks right. Bonds are not
// only those of the data: fixes insert molecules and make bonds during a run. Collective.
void PairMACE::require_all_neighbors() const {
  const double* const weight = force->special_lj + 1;
  if (atom->molecular == Atom::ATOMIC || std::all_of(weight, weight + 3, [](double one) { return one == 1.0; })) return;
  bool bonded = atom->molecular == Atom::TEMPLATE && atom->nbonds > 0;
  for (int i = 0; atom->nspecial && i < atom->nlocal; ++i) bonded = bonded || atom->nspecial[i][2] > 0;
  end_on(!bonded ? ""
                 : fmt::format("the model sees every neighbor, those in the same molecule too: put the line "
                               "special_bonds lj/coul 1 1 1 before the run (it is now lj {:g} {:g} {:g})",
                               weight[0], weight[1], weight[2]));
}

void PairMACE::add_tally_callback(Compute* compute) {
  error->all(FLERR,
             "pair_style mace: an energy of many bodies has no parts of pairs of atoms, as compute {} wants them",
             compute->style);
}

double PairMACE::init_one(int, int) {
  double cutoff = 0;
  for (const auto& engine : engines_) cutoff = std::max(cutoff, engine->model().r_max);
  return cutoff;
}

void PairMACE::compute(int eflag, int vflag) {
  ev_init(eflag, vflag);
  follow_lists();
  const bool trial = decant::is_trial(*modify, update->ntimestep);
  const bool compared = deviation_ && deviation_->due() && !trial;
  mace::Engine& driver = *engines_.front();
  const bool possible = evaluate(driver,
                                 vflag_atom                 ? mace::Virials::atomic
                                 : vflag_either || compared ? mace::Virials::total
                                                            : mace::Virials::none,
                                 trial);
  if (!possible) {
    if (comm->me == 0) eng_vdwl += decant::overlap_energy;
    return;
  }
  mace::Stopwatch watch(driver.timers());
  tally();
  watch.charge(mace::Kernel::forces);
  if (compared) write_deviation();
  if (update->setupflag)  // LAMMPS does not count it as part of the run either
    for (const auto& engine : engines_) engine->timers().clear();
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

// Ranks own other atoms only after LAMMPS has built its neighbor lists anew, which all ranks do together.
void PairMACE::plan_exchange() {
  if (planned_ && neighbor->ago > 0) return;
  places_.resize(static_cast<std::size_t>(atom->nlocal + atom->nghost));
  for (int i = 0; i < atom->nlocal; ++i) places_[i] = {comm->me, i};
  decant::forward(*comm, static_cast<Pair*>(this), decant::Newer{});
  exchange_.plan(world, atom->nlocal, places_);
  require_all_neighbors();
  planned_ = true;
}

// What the engines are told when LAMMPS has built its lists anew, or when a fix has given atoms other types.
void PairMACE::follow_lists() {
  const std::size_t atoms = static_cast<std::size_t>(atom->nlocal + atom->nghost);
  const bool same_types = types_.size() == atoms && std::equal(types_.begin(), types_.end(), atom->type);
  if (planned_ && neighbor->ago > 0 && same_types) return;
  plan_exchange();
  types_.assign(atom->type, atom->type + atoms);
  lists_ = neighbors();
  for (const auto& engine : engines_) decant::or_abort(*error, [&] { engine->set_neighbors(lists_); });
}

// Whether LAMMPS's list has the atoms of a type: a hybrid style hides those of its other parts.
bool PairMACE::in_list(int type) const { return element_of_type_[type] >= 0 && !(list->iskip && list->iskip[type]); }

// Some pairs only are no energy of MACE.
void PairMACE::require_all_pairs(const decant::Exclusion& exclusion) const {
  if (!exclusion.partial().empty())
    error->all(FLERR,
               "pair_style mace: neigh_modify exclude {} leaves out some pairs of an atom only, which is no energy of "
               "MACE; exclude atoms from all others (exclude group ID all), or none",
               exclusion.partial());
  for (int i = 1; list->ijskip && i <= atom->ntypes; ++i)
    for (int j = i; j <= atom->ntypes; ++j)
      if (in_list(i) && in_list(j) && list->ijskip[i][j])
        error->all(FLERR,
                   "pair_style mace: another part of pair_style {} has the pairs of atom types {} and {}, which is no "
                   "energy of MACE; make one of them NULL in pair_coeff of mace, or take hybrid/overlay",
                   force->pair_style, i, j);
}

// The sites of the engines are the atoms of LAMMPS, owned and ghosts.
std::shared_ptr<const mace::Neighbors> PairMACE::neighbors() {
  auto result = std::make_shared<mace::Neighbors>();
  result->row = exchange_.rows();
  const decant::Exclusion exclusion(*neighbor, *group, element_of_type_);
  require_all_pairs(exclusion);
  for (const int i : exchange_.atoms())
    result->element.push_back(exclusion.covers(atom->type[i], atom->mask[i]) ? -1 : element_of_type_[atom->type[i]]);
  std::vector<int>& element = result->element;
  std::vector<char> listed(static_cast<std::size_t>(atom->nlocal), 0);
  for (int k = 0; k < list->inum; ++k) listed[list->ilist[k]] = 1;
  older_.clear();
  for (std::size_t i = 0; i < listed.size(); ++i) {
    if (!listed[i]) element[i] = -1;
    if (!neighbor->includegroup && in_list(atom->type[i]) != (listed[i] != 0))
      older_ = fmt::format(
          "atom {} has left or joined the atoms that a hybrid style leaves to another part, and LAMMPS has not built "
          "its neighbor lists anew",
          atom->tag[i]);
  }
  for (std::size_t i = 0; i < listed.size(); ++i) {
    for (int k = 0; element[i] >= 0 && k < list->numneigh[i]; ++k) {
      const int j = list->firstneigh[i][k] & NEIGHMASK;
      if (element[result->row[j]] < 0) continue;  // its type may have changed since the list was built
      result->site.push_back(j);
    }
    result->first.push_back(static_cast<int>(result->site.size()));
  }
  return result;
}

mace::Space PairMACE::space() const {
  mace::Space result;
  if (atom->nlocal > 0) result.place.assign(atom->x[0], atom->x[0] + 3 * static_cast<std::size_t>(atom->nlocal));
  result.periodic = domain->xperiodic != 0;  // as in the other directions
  result.cell = {domain->xprd, 0, 0, domain->xy, domain->yprd, 0, domain->xz, domain->yz, domain->zprd};
  return result;
}

// False: in a trial move, atoms lie on top of each other.
bool PairMACE::evaluate(mace::Engine& engine, mace::Virials wanted, bool trial) {
  const double* const positions = atom->nlocal + atom->nghost > 0 ? atom->x[0] : nullptr;
  if (engine.model().latent_charges) engine.set_space(space());
  const auto problem = decant::or_abort(*error, [&] { return engine.compute(positions, exchange_, wanted, answer_); });
  int overlap = trial && problem && problem->contact();
  end_on(!older_.empty() ? older_ : problem && !overlap ? explain(*problem) : "");
  if (trial) MPI_Allreduce(MPI_IN_PLACE, &overlap, 1, MPI_INT, MPI_MAX, world);
  return overlap == 0;
}

std::string PairMACE::explain(const mace::Problem& problem) const {
  const tagint tag = atom->tag[problem.site];
  if (problem.contact())
    return fmt::format("atoms {} and {} are {:.3g} angstrom apart", atom->tag[problem.row], tag, problem.distance);
  const double* const x = atom->x[problem.site];
  return fmt::format("atom {} has the non-numeric position ({:.6g}, {:.6g}, {:.6g})", tag, x[0], x[1], x[2]);
}

void PairMACE::tally() {
  const std::vector<int>& atoms = exchange_.atoms();  // LAMMPS brings what ghosts have to their owners
  for (std::size_t row = 0; row < atoms.size(); ++row)
    for (int k = 0; k < 3; ++k) atom->f[atoms[row]][k] += answer_.force[3 * row + k];
  const std::vector<double>& energy = answer_.energy;
  if (eflag_global) eng_vdwl += std::accumulate(energy.begin(), energy.end(), 0.0);
  if (eflag_atom)
    for (std::size_t i = 0; i < energy.size(); ++i) eatom[i] += energy[i];
  constexpr int place[6] = {0, 4, 8, 1, 2, 5};   // of xx, yy, zz, xy, xz and yz among the nine
  constexpr int turned[6] = {0, 4, 8, 3, 6, 7};  // and of yx, zx and zy, of which those of an atom are others
  if (vflag_global)
    for (int k = 0; k < 6; ++k) virial[k] += (answer_.virial[place[k]] + answer_.virial[turned[k]]) / 2;
  if (vflag_atom)
    for (std::size_t row = 0; row < atoms.size(); ++row) {
      const double* const nine = answer_.atom_virial.data() + 9 * row;
      for (int k = 0; k < 6; ++k) vatom[atoms[row]][k] += (nine[place[k]] + nine[turned[k]]) / 2;
    }
}

// What the engine evaluated last says, apart from all that other pair styles add to LAMMPS's own arrays.
decant::Opinion PairMACE::opinion() {
  decant::Opinion result;
  result.forces = answer_.force;
  result.virial = answer_.virial;
  result.energy = std::accumulate(answer_.energy.begin(), answer_.energy.end(), 0.0);
  exchange_.reverse(result.forces.data(), atom->nlocal, 3);
  result.forces.resize(3 * static_cast<std::size_t>(atom->nlocal));
  return result;
}

void PairMACE::write_deviation() {
  std::vector<decant::Opinion> committee = {opinion()};
  for (std::size_t m = 1; m < engines_.size(); ++m) {
    evaluate(*engines_[m], mace::Virials::total, false);
    committee.push_back(opinion());
  }
  std::vector<char> described;
  for (int i = 0; i < atom->nlocal; ++i) described.push_back(lists_->element[i] >= 0);
  deviation_->write(committee, described);
}

int PairMACE::pack_forward_comm(int n, int* atoms, double* buffer, int, int*) {
  for (int k = 0; k < n; ++k) std::memcpy(buffer + k, &places_[atoms[k]], sizeof(double));
  return n;
}

void PairMACE::unpack_forward_comm(int n, int first, double* buffer) {
  std::memcpy(places_.data() + first, buffer, n * sizeof(double));
}

void PairMACE::finish() {
  if (!timed_) return;
  constexpr std::size_t kernels = std::size(mace::kernel_names), layers = mace::Timers::layers;
  std::vector<double> own(kernels * layers, 0.0), sum(own);
  for (const auto& engine : engines_)
    for (std::size_t k = 0; k < kernels; ++k)
      for (std::size_t t = 0; t < layers; ++t)
        own[k * layers + t] += engine->timers().seconds(static_cast<mace::Kernel>(k), t);
  MPI_Reduce(own.data(), sum.data(), static_cast<int>(sum.size()), MPI_DOUBLE, MPI_SUM, 0, world);
  if (comm->me != 0) return;
  utils::logmesg(lmp, "\npair_style mace timers: kernel, layer, seconds (sum over threads, mean over ranks)\n");
  for (std::size_t k = 0; k < kernels; ++k)
    for (std::size_t t = 0; t < layers; ++t)
      if (sum[k * layers + t] > 0)
        utils::logmesg(lmp, "  {:16} {} {:.6f}\n", mace::kernel_names[k], t + 1, sum[k * layers + t] / comm->nprocs);
}

double PairMACE::memory_usage() {
  double bytes = Pair::memory_usage() + exchange_.bytes() + (lists_ ? lists_->bytes() : 0.0);
  const std::size_t doubles = answer_.energy.capacity() + answer_.force.capacity() + answer_.atom_virial.capacity();
  bytes += static_cast<double>(doubles * sizeof(double) + types_.capacity() * sizeof(int));
  for (const auto& engine : engines_) bytes += engine->bytes();
  return bytes;
}

}  // namespace LAMMPS_NS
