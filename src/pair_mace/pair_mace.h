// pair_style mace: MACE potentials in LAMMPS with ghost atoms only to the cutoff of one layer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mace/engine.h"
#include "pair.h"
#include "row_exchange.h"

namespace decant {
class Deviation;
class Exclusion;
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
  void add_tally_callback(class Compute* compute) override;
  void finish();  // LAMMPS calls it at the end of a run, old versions do not know it
  double memory_usage() override;

 private:
  void forget_models();
  std::vector<std::string> map_elements(char** symbols);
  void load(const std::vector<std::string>& paths, const std::vector<std::string>& elements);
  void require_all_neighbors() const;
  void follow_lists();
  void plan_exchange();
  bool in_list(int type) const;
  void require_all_pairs(const decant::Exclusion& exclusion) const;
  std::shared_ptr<const mace::Neighbors> neighbors();
  mace::Space space() const;
  bool evaluate(mace::Engine& engine, mace::Virials wanted, bool trial);
  std::string explain(const mace::Problem& problem) const;
  void end_on(const std::string& problem) const;
  void tally();
  decant::Opinion opinion();
  void write_deviation();

  std::string precision_;               // "single", "double", or empty for the one stored in each model file
  std::vector<std::string> committee_;  // model files named by pair_style, if any; else pair_coeff names one
  std::vector<std::unique_ptr<mace::Engine>> engines_;  // the first one drives
  std::unique_ptr<decant::Deviation> deviation_;        // of two engines or more
  bool timed_ = false;
  std::vector<int> element_of_type_;                // [types + 1], or -1: not described by the model
  std::vector<int> types_;                          // [owned and ghosts], as the engines know them
  std::vector<decant::RowExchange::Place> places_;  // [owned and ghosts], while the exchange is planned
  decant::RowExchange exchange_;                    // of features, their adjoints and a committee's forces
  bool planned_ = false;                            // for the neighbor list there is
  std::string older_;                               // why the neighbor list cannot be that of the types, if it is not
  std::shared_ptr<const mace::Neighbors> lists_;    // that the engines share
  mace::Answer answer_;                             // of the last evaluation
};

}  // namespace LAMMPS_NS
