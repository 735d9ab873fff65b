// Rows of values of atoms (features, their adjoints, forces) on their way between ranks.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <vector>

#include "mace/engine.h"

namespace decant {

// LAMMPS keeps a ghost for each periodic image of an atom within reach, and hands rows on from rank to rank. Here a
// rank borrows the row of an atom of another rank once, straight from its owner, and an image of an own atom uses that
// atom's row. Borrowed rows are numbered in the order of their owners.
class RowExchange final : public mace::Exchange {
 public:
  struct Place {
    int rank;   // that owns an atom
    int index;  // among the atoms that it owns
  };

  // Collective, whenever atoms have moved between ranks. places: [owned and ghosts], as LAMMPS keeps the atoms.
  void plan(MPI_Comm world, int owned, const std::vector<Place>& places);

  int count() const { return owned_ + static_cast<int>(borrowed_.size()); }
  const std::vector<int>& rows() const { return rows_; }    // [owned and ghosts]: the row of an atom
  const std::vector<int>& atoms() const { return atoms_; }  // [count()]: an atom with that row

  const std::vector<int>& lent() const override { return lent_; }
  void lend(const char* lent, char* borrowed, std::size_t size) override;
  void give_back(const char* borrowed, char* lent, std::size_t size) override;
  void sum(std::vector<double>& values) override;
  std::vector<double> gather(const std::vector<double>& own, std::size_t& before) override;
  void wait() override { MPI_Barrier(world_); }

  double bytes() const;

 private:
  struct Partner {
    int rank;
    int first, count;  // of the rows borrowed from it, or lent to it
  };

  void borrow(const std::vector<Place>& places, int me);
  void move(const std::vector<Partner>& from, char* into, const std::vector<Partner>& to, const char* out,
            std::size_t size) const;

  MPI_Comm world_ = MPI_COMM_NULL;
  int owned_ = 0;
  std::vector<int> rows_, atoms_;
  std::vector<Place> borrowed_;     // of each borrowed row, sorted
  std::vector<int> lent_;           // own atoms whose rows others borrow, partner after partner
  std::vector<Partner> lenders_;    // ranks that this one borrows from
  std::vector<Partner> borrowers_;  // ranks that borrow from this one
};

}  // namespace decant
