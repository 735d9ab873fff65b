// The deviation of the forces, virial and energy of a committee of models, written as `pair_style deepmd` writes it.
#pragma once

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "pointers.h"

namespace decant {

// What one model of the committee says of the atoms of this rank.
struct Opinion {
  std::vector<double> forces;      // [owned][3], eV/angstrom, contributions of other ranks included
  std::array<double, 9> virial{};  // of this rank's edges, eV
  double energy = 0;               // of this rank's atoms, eV
};

struct DeviationSettings {
  std::string file = "model_devi.out";
  LAMMPS_NS::bigint every = 100;  // steps; 0: never
  bool atomic = false;            // a column for each atom
  bool energy = false;            // the column devi_e
  double relative = -1;           // level, eV/angstrom; negative: absolute
  double relative_v = -1;         // the same for the virial per atom, eV

  // Reads the keywords of pair_style; ends LAMMPS at a wrong one.
  static DeviationSettings parse(LAMMPS_NS::LAMMPS* lmp, int narg, char** arg);
};

bool is_deviation_keyword(const std::string& word);

class Deviation : protected LAMMPS_NS::Pointers {
 public:
  Deviation(LAMMPS_NS::LAMMPS* lmp, DeviationSettings settings) : Pointers(lmp), settings_(std::move(settings)) {}
  ~Deviation() override;
  Deviation(const Deviation&) = delete;
  Deviation& operator=(const Deviation&) = delete;

  // Collective, before each run. Opens the file once: anew at step 0, else behind the rows that are there.
  void open();
  bool due() const;
  // Collective. described: [owned], whether an atom is part of the model.
  void write(const std::vector<Opinion>& committee, const std::vector<char>& described);

 private:
  std::vector<double> force_deviations(const std::vector<Opinion>& committee) const;
  std::vector<double> virial_deviations(const std::vector<Opinion>& committee, double atoms) const;
  double energy_deviation(const std::vector<Opinion>& committee, double atoms) const;
  std::vector<double> in_order_of_id(const std::vector<double>& of_owned) const;

  DeviationSettings settings_;
  std::FILE* stream_ = nullptr;  // on rank 0
  bool opened_ = false;
  LAMMPS_NS::bigint written_ = -1;  // step of the last row of this run
};

}  // namespace decant
