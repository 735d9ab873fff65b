#include "deviation.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

namespace decant {

namespace {

constexpr int virial_components = 9;

// Standard deviation over the members of one number of each, about `mean`.
template <class Value>
double spread(std::size_t members, double mean, const Value& value) {
  double sum = 0;
  for (std::size_t m = 0; m < members; ++m) sum += (value(m) - mean) * (value(m) - mean);
  return std::sqrt(sum / static_cast<double>(members));
}

template <class Value>
double average(std::size_t members, const Value& value) {
  double sum = 0;
  for (std::size_t m = 0; m < members; ++m) sum += value(m);
  return sum / static_cast<double>(members);
}

// Over the mean and a level, if there is one. Members that agree do so wherever the mean is 0, too: atoms that are
// hidden or alone, whose forces all members give as 0.
double relative(double deviation, double mean, double level) {
  return level < 0 || deviation == 0 ? deviation : deviation / (mean + level);
}

double reduced(double value, MPI_Op operation, MPI_Comm world) {
  double result = 0;
  MPI_Allreduce(&value, &result, 1, MPI_DOUBLE, operation, world);
  return result;
}

}  // namespace

bool is_deviation_keyword(const std::string& word) {
  static const char* const keywords[] = {"out_file", "out_freq", "atomic", "relative", "relative_v", "energy"};
  return std::any_of(std::begin(keywords), std::end(keywords), [&](const char* known) { return word == known; });
}

DeviationSettings DeviationSettings::parse(LAMMPS* lmp, int narg, char** arg) {
  DeviationSettings settings;
  const auto value = [&](int at) -> const char* {
    if (at + 1 >= narg) lmp->error->all(FLERR, "pair_style mace: the keyword {} needs a value", arg[at]);
    return arg[at + 1];
  };
  const auto level = [&](int at) {
    const double given = utils::numeric(FLERR, value(at), false, lmp);
    if (!(given >= 0)) lmp->error->all(FLERR, "pair_style mace: {} {}: expected a level of 0 or more", arg[at], given);
    return given;
  };
  for (int at = 0; at < narg; ++at) {
    const std::string word = arg[at];
    if (word == "out_file") {
      settings.file = value(at++);
    } else if (word == "out_freq") {
      settings.every = utils::bnumeric(FLERR, value(at), false, lmp);
      if (settings.every < 0)
        lmp->error->all(FLERR, "pair_style mace: out_freq {}: expected a number of steps, or 0", arg[at + 1]);
      ++at;
    } else if (word == "atomic") {
      settings.atomic = true;
    } else if (word == "energy") {
      settings.energy = true;
    } else if (word == "relative") {
      settings.relative = level(at++);
    } else if (word == "relative_v") {
      settings.relative_v = level(at++);
    } else {
      lmp->error->all(FLERR,
                      "pair_style mace: unknown keyword '{}'; expected out_file, out_freq, atomic, energy, relative "
                      "or relative_v",
                      word);
    }
  }
  return settings;
}

Deviation::~Deviation() {
  if (stream_ != nullptr) std::fclose(stream_);
}

void Deviation::open() {
  if (settings_.atomic && !atom->tag_enable) error->all(FLERR, "pair_style mace: the keyword atomic needs atom ids");
  written_ = -1;
  if (opened_ || settings_.every == 0) return;
  opened_ = true;
  int failed = 0;
  if (comm->me == 0) {
    stream_ = std::fopen(settings_.file.c_str(), update->ntimestep > 0 ? "a" : "w");
    failed = stream_ == nullptr;
    if (!failed && std::fseek(stream_, 0, SEEK_END) == 0 && std::ftell(stream_) == 0) {
      std::fprintf(stream_, "#%11s", "step");
      for (const char* name : {"max_devi_v", "min_devi_v", "avg_devi_v", "max_devi_f", "min_devi_f", "avg_devi_f"})
        std::fprintf(stream_, "%19s", name);
      if (settings_.energy) std::fprintf(stream_, "%19s", "devi_e");
      if (settings_.atomic) std::fprintf(stream_, "%19s", "atm_devi_f(N)");
      std::fprintf(stream_, "\n");
    }
  }
  MPI_Bcast(&failed, 1, MPI_INT, 0, world);
  if (failed) error->all(FLERR, "pair_style mace: cannot write the deviations to {}", settings_.file);
}

// Of a step of Verlet the first evaluation is its own; others may follow, of displaced atoms, for fixes and computes. A
// step of rRESPA or of a minimizer ends with its last.
bool Deviation::due() const {
  const bool once = update->whichflag == 1 && std::strncmp(update->integrate_style, "respa", 5) != 0;
  return settings_.every > 0 && update->ntimestep % settings_.every == 0 && !(once && update->ntimestep == written_);
}

void Deviation::write(const std::vector<Opinion>& committee, const std::vector<char>& described) {
  written_ = update->ntimestep;
  const double own = static_cast<double>(std::count(described.begin(), described.end(), 1));
  const double atoms = reduced(own, MPI_SUM, world);
  if (atoms == 0) return;
  const std::vector<double> forces = force_deviations(committee);
  const std::vector<double> virials = virial_deviations(committee, atoms);
  double lowest = std::numeric_limits<double>::max(), highest = 0;
  for (std::size_t i = 0; i < forces.size(); ++i) {
    if (!described[i]) continue;
    // a NaN must reach the file: no comparison with it is true
    lowest = forces[i] >= lowest ? lowest : forces[i];
    highest = forces[i] <= highest ? highest : forces[i];
  }
  const double total = std::accumulate(forces.begin(), forces.end(), 0.0);
  double square = 0;
  for (const double deviation : virials) square += deviation * deviation;
  std::vector<double> row = {*std::max_element(virials.begin(), virials.end()),
                             *std::min_element(virials.begin(), virials.end()),
                             std::sqrt(square / virial_components),
                             reduced(highest, MPI_MAX, world),
                             reduced(lowest, MPI_MIN, world),
                             reduced(total, MPI_SUM, world) / atoms};
  if (settings_.energy) row.push_back(energy_deviation(committee, atoms));
  if (settings_.atomic) {
    const auto of_atoms = in_order_of_id(forces);
    row.insert(row.end(), of_atoms.begin(), of_atoms.end());
  }
  if (comm->me != 0) return;
  std::fprintf(stream_, "%12lld", static_cast<long long>(update->ntimestep));
  for (const double number : row) std::fprintf(stream_, " %18.6e", number);
  std::fprintf(stream_, "\n");
  if (std::fflush(stream_) != 0 || std::ferror(stream_))
    error->one(FLERR, "pair_style mace: cannot write the deviations to {}", settings_.file);
}

std::vector<double> Deviation::force_deviations(const std::vector<Opinion>& committee) const {
  std::vector<double> deviations(static_cast<std::size_t>(atom->nlocal));
  for (std::size_t i = 0; i < deviations.size(); ++i) {
    double variance = 0, mean_square = 0;
    for (std::size_t k = 3 * i; k < 3 * i + 3; ++k) {
      const auto force = [&](std::size_t m) { return committee[m].forces[k]; };
      const double mean = average(committee.size(), force);
      const double deviation = spread(committee.size(), mean, force);
      variance += deviation * deviation;
      mean_square += mean * mean;
    }
    deviations[i] = relative(std::sqrt(variance), std::sqrt(mean_square), settings_.relative);
  }
  return deviations;
}

std::vector<double> Deviation::virial_deviations(const std::vector<Opinion>& committee, double atoms) const {
  std::vector<double> local, summed(virial_components * committee.size());
  for (const Opinion& opinion : committee) local.insert(local.end(), opinion.virial.begin(), opinion.virial.end());
  MPI_Allreduce(local.data(), summed.data(), static_cast<int>(local.size()), MPI_DOUBLE, MPI_SUM, world);
  std::vector<double> deviations(virial_components);
  for (std::size_t k = 0; k < deviations.size(); ++k) {
    const auto virial = [&](std::size_t m) { return summed[virial_components * m + k] / atoms; };
    const double mean = average(committee.size(), virial);
    deviations[k] = relative(spread(committee.size(), mean, virial), std::abs(mean), settings_.relative_v);
  }
  return deviations;
}

double Deviation::energy_deviation(const std::vector<Opinion>& committee, double atoms) const {
  std::vector<double> local, summed(committee.size());
  for (const Opinion& opinion : committee) local.push_back(opinion.energy);
  MPI_Allreduce(local.data(), summed.data(), static_cast<int>(local.size()), MPI_DOUBLE, MPI_SUM, world);
  const auto energy = [&](std::size_t m) { return summed[m] / atoms; };
  return spread(committee.size(), average(committee.size(), energy), energy);
}

// On rank 0: the values of all atoms.
std::vector<double> Deviation::in_order_of_id(const std::vector<double>& of_owned) const {
  const int owned = static_cast<int>(of_owned.size());
  std::vector<int> counts(comm->nprocs), starts(comm->nprocs, 0);
  MPI_Gather(&owned, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, world);
  std::partial_sum(counts.begin(), counts.end() - 1, starts.begin() + 1);
  const std::size_t all = comm->me == 0 ? static_cast<std::size_t>(starts.back() + counts.back()) : 0;
  std::vector<tagint> ids(all);
  std::vector<double> values(all);
  MPI_Gatherv(atom->tag, owned, MPI_LMP_TAGINT, ids.data(), counts.data(), starts.data(), MPI_LMP_TAGINT, 0, world);
  MPI_Gatherv(of_owned.data(), owned, MPI_DOUBLE, values.data(), counts.data(), starts.data(), MPI_DOUBLE, 0, world);
  std::vector<std::size_t> order(all);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return ids[a] < ids[b]; });
  std::vector<double> sorted;
  for (const std::size_t k : order) sorted.push_back(values[k]);
  return sorted;
}

}  // namespace decant
