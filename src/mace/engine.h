// One MACE model on the atoms of one rank, whatever its precision and the device that computes it. The only header that
// callers include.
//
// A caller says who is whose neighbor when that changes, and then, step by step, where everything is:
//
//   auto engine = mace::make_engine(bytes, "model.safetensors", {"H", "O"});
//   engine->set_neighbors(neighbors);                                                  // whenever the lists are new
//   const auto problem = engine->compute(positions, exchange, mace::Virials::total, answer);  // every step
//
// An atom is one *row*, however many periodic images of it there are. Neighbors are seen at *sites*: a site is an atom
// or an image of one, has a position of its own in every step, and stands for one row, whose features are the image's
// too. So cells, images and their changes (pressure, shear, a box that relaxes) never pass this seam: who keeps images
// in step with their atoms, as LAMMPS does with its ghosts, gives their positions, exact to the last bit; who does not
// adds the cell vectors itself.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mace/exchange.h"
#include "mace/timers.h"

namespace mace {

// Who may be within the cutoff of whom, valid until the caller sets it anew. Lists may reach beyond the cutoff.
struct Neighbors {
  std::vector<int> element;      // [rows], index of the element; -1: no part of the model and nobody's neighbor
  std::vector<int> row;          // [sites]: the row that a site stands for; site i < owned() is row i itself
  std::vector<int> first = {0};  // [owned rows + 1]
  std::vector<int> site;         // neighbors of own row i: first[i] .. first[i+1]-1, every pair from both ends

  int owned() const { return static_cast<int>(first.size()) - 1; }  // rows whose energy this rank computes come first
  double bytes() const {
    return static_cast<double>((element.size() + row.size() + first.size() + site.size()) * sizeof(int));
  }
};

// Where atoms are, for what a model knows beyond its cutoff.
struct Space {
  std::vector<double> place;     // [owned rows][3], angstrom; of any image
  std::array<double, 9> cell{};  // its vectors as rows, angstrom
  bool periodic = false;         // in all three directions; or in none, and there is no cell
};

// What virials are wanted besides energies and forces.
enum class Virials { none, total, atomic };

// What borrowed rows get belongs to their owners: the caller moves it. The virial of a pair of neighbors is -d (x)
// dE/dd of its vector d; half of it goes to either end, as `compute stress/atom` of LAMMPS divides it.
struct Answer {
  std::vector<double> energy;       // [owned rows], eV, that of the isolated atom included
  std::vector<double> force;        // [rows][3], eV/angstrom
  std::array<double, 9> virial{};   // [a][b], eV: position in direction a, force in direction b; of the own rows' pairs
  std::vector<double> atom_virial;  // [rows][9], eV; empty unless asked for
};

// Why a configuration has no answer.
struct Problem {
  int row = -1;  // own row whose neighbor is too near; -1: the site's position is not a number
  int site = 0;
  double distance = 0;  // angstrom

  bool contact() const { return row >= 0; }
};

// What callers may ask of a model.
struct Description {
  std::vector<std::string> elements;  // symbols in the order of the element indices
  std::string precision;              // of the arithmetic: "single" or "double"
  double r_max = 0;                   // cutoff, angstrom
  double shortest_distance = 0;       // where the radial functions begin, angstrom: neighbors must be farther apart
  std::string device = "CPU";         // that computes, as users are told
  bool latent_charges = false;        // set_space() must come before each compute()
};

class Engine {
 public:
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const Description& model() const { return model_; }
  // Seconds of each kernel; off unless turned on.
  Timers& timers() { return timers_; }

  // Threads of the CPU that share the work from the next step on. The result depends on their number by rounding only.
  virtual void set_threads(int threads) = 0;

  // Engines on the same atoms may share the lists.
  virtual void set_neighbors(std::shared_ptr<const Neighbors> neighbors) = 0;

  // For models with latent charges alone.
  virtual void set_space(Space) {}

  // positions: [sites][3], angstrom. Collective by its exchange: a rank that meets a problem goes through all of it, so
  // that no other waits for ever, and returns the problem at the end; then the answer means nothing, on any rank.
  virtual std::optional<Problem> compute(const double* positions, Exchange& exchange, Virials wanted,
                                         Answer& answer) = 0;

  // Of the arrays that grow with the number of atoms, without the lists.
  virtual double bytes() const = 0;

 protected:
  explicit Engine(Description model) : model_(std::move(model)) {}

  Description model_;
  Timers timers_;
};

// Loads a model from the bytes of its file; `name` is used in messages only. Of its elements those named are loaded, in
// this order; all if none is named. `precision` is "single", "double", or empty for the one chosen at export. `device`
// is "cpu", "cuda" or "opencl", the latter two with a number if they are to be a certain one, as "cuda:1"; without one
// the ranks of a node share them in turn, by their number `local_rank` on it. Empty: what the environment variable
// DECANT_DEVICE says, else the CPU. Throws std::runtime_error naming the file and what is wrong with it, or what the
// device lacks, std::invalid_argument for another precision.
std::unique_ptr<Engine> make_engine(std::vector<char> bytes, const std::string& name,
                                    const std::vector<std::string>& elements, const std::string& precision = "",
                                    const std::string& device = "", int local_rank = 0);

// What a device of make_engine() is, as users are told, if it can be opened here. Throws std::runtime_error: what it
// lacks.
std::string device_name(const std::string& device, int local_rank = 0);

// The least bytes of a GPU's memory that a model of make_engine() takes for the atoms of one rank: so many of its own,
// so many with the borrowed ones, so many entries of all lists of neighbors, so many sites.
double device_memory(std::vector<char> bytes, const std::string& name, const std::vector<std::string>& elements,
                     const std::string& precision, double owned, double rows, double listed, double sites);

}  // namespace mace
