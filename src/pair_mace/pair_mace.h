// pair_style mace: MACE potentials in LAMMPS with ghost atoms only to the cutoff of one layer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pair.h"

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
  int pack_reverse_comm(int n, int first, double* buffer) override;
  void unpack_reverse_comm(int n, int* list, double* buffer) override;
  double memory_usage() override;
  void finish();  // LAMMPS calls it at the end of a run, old versions do not know it

 private:
  class Engine;  // the evaluator in one precision
  template <class T>
  class EngineIn;

  std::vector<char> read_on_all_ranks(const std::string& path);
  void make_edges();
  void tally(const std::vector<double>& energy, const std::vector<double>& gradient);

  std::unique_ptr<Engine> engine_;
  std::string precision_;             // "single", "double", or empty for the one stored in the model file
  std::vector<int> element_of_type_;  // [types + 1]
};

}  // namespace LAMMPS_NS
