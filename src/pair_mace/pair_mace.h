// pair_style mace: MACE potentials in LAMMPS with ghost atoms only to the cutoff of one layer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pair.h"
#include "row_exchange.h"

namespace decant {
class Deviation;
class Engine;
struct Opinion;
}  // namespace decant

namespace LAMMPS_NS {

class PairMACE : public Pair {
 public:
  explicit PairMACE(class LAMMPS* lmp);
  ~PairMACE() override;

  void compute(int eflag, int vflag) override;
  void settings(int narg, char** arg) override;
  void coeff(int narg, char** arg) override;
  void init_style() override;
  double init_one(int i, int j) override;
  int pack_forward_comm(int n, int* list, double* buffer, int pbc_flag, int* pbc) override;
  void unpack_forward_comm(int n, int first, double* buffer) override;
  void finish();  // LAMMPS calls it at the end of a run, old versions do not know it
  double memory_usage() override;

 private:
  std::vector<std::string> map_elements(char** symbols);
  void load(const std::vector<std::string>& paths, const std::vector<std::string>& elements);
  void find_listed();
  std::string position_problem() const;
  void plan_exchange();
  template <class Visit>
  void each_neighbor(int i, double cutoff, const Visit& visit) const;
  std::string set_neighborhood(decant::Engine& engine) const;
  std::string contact(int i, double shortest) const;
  void end_on(const std::string& problem) const;
  void evaluate(decant::Engine& engine);
  void tally(decant::Engine& engine);
  decant::Opinion opinion(decant::Engine& engine);
  void write_deviation();

  std::string precision_;               // "single", "double", or empty for the one stored in each model file
  std::vector<std::string> committee_;  // model files named by pair_style, if any; else pair_coeff names one
  std::vector<std::unique_ptr<decant::Engine>> engines_;  // the first one drives
  std::unique_ptr<decant::Deviation> deviation_;          // of two engines or more
  std::vector<int> element_of_type_;                      // [types + 1], or -1: not described by the model
  std::vector<char> listed_;                              // [owned]: LAMMPS gives its neighbors to this pair style
  std::vector<decant::RowExchange::Place> places_;        // [owned and ghosts], while the exchange is planned
  decant::RowExchange exchange_;                          // of features, their adjoints and a committee's forces
  bool planned_ = false;                                  // for the neighbor list there is
  std::vector<double> energy_;                            // [owned], of the last evaluation
};

}  // namespace LAMMPS_NS
