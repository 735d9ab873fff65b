// Rows of values of atoms (features, their adjoints, forces) on their way between ranks.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <vector>

namespace decant {

// LAMMPS keeps a ghost for each periodic image of an atom within reach, and hands rows on from rank to rank. Here a
// rank borrows the row of an atom of another rank once, straight from its owner, and an image of an own atom uses that
// atom's row. Rows are numbered: those of the own atoms first, then the borrowed ones, in the order of their owners.
class RowExchange {
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

  // Collective. values: [count()][width]. Fills the borrowed rows from their owners.
  template <class T>
  void forward(T* values, int width) {
    const std::size_t row = sizeof(T) * static_cast<std::size_t>(width);
    pack(reinterpret_cast<const char*>(values), row);
    move(lenders_, reinterpret_cast<char*>(values) + owned_ * row, borrowers_, buffer_.data(), row);
  }
  // Collective. Adds the borrowed rows to those of their owners, in the order of the ranks.
  template <class T>
  void reverse(T* values, int width) {
    const std::size_t size = static_cast<std::size_t>(width), row = sizeof(T) * size;
    buffer_.resize(lent_.size() * row);
    move(borrowers_, buffer_.data(), lenders_, reinterpret_cast<char*>(values) + owned_ * row, row);
    const T* from = reinterpret_cast<const T*>(buffer_.data());
    for (const int atom : lent_)
      for (T* to = values + atom * size; to != values + (atom + 1) * size; ++to, ++from) *to += *from;
  }

  // Collective. Returns when every rank is here.
  void wait() const { MPI_Barrier(world_); }

  double bytes() const;

 private:
  struct Partner {
    int rank;
    int first, count;  // of the rows borrowed from it, or lent to it
  };

  void borrow(const std::vector<Place>& places, int me);
  void pack(const char* values, std::size_t row);
  void move(const std::vector<Partner>& from, char* into, const std::vector<Partner>& to, const char* out,
            std::size_t row) const;

  MPI_Comm world_ = MPI_COMM_NULL;
  int owned_ = 0;
  std::vector<int> rows_, atoms_;
  std::vector<Place> borrowed_;     // of each borrowed row, sorted
  std::vector<int> lent_;           // own atoms whose rows others borrow, partner after partner
  std::vector<Partner> lenders_;    // ranks that this one borrows from
  std::vector<Partner> borrowers_;  // ranks that borrow from this one
  std::vector<char> buffer_;        // rows of lent_, as the allocator aligns them for any number
};

}  // namespace decant
