// Values of atoms on their way between ranks: features inside an evaluation, forces after it.
#pragma once

#include <algorithm>
#include <cstddef>

namespace decant {

// An array [owned atoms and ghosts][width], as LAMMPS's communication sees it: packed into and out of doubles.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual int width() const = 0;
  virtual double* pack(int n, const int* atoms, double* buffer) const = 0;
  virtual double* pack(int n, int first, double* buffer) const = 0;
  virtual void unpack(int n, int first, const double* buffer) = 0;
  virtual void add(int n, const int* atoms, const double* buffer) = 0;
};

template <class T>
class RowsOf final : public Rows {
 public:
  RowsOf(T* values, int width) : values_(values), width_(width) {}

  int width() const override { return width_; }
  double* pack(int n, const int* atoms, double* buffer) const override {
    for (int k = 0; k < n; ++k) buffer = std::copy_n(row(atoms[k]), width_, buffer);
    return buffer;
  }
  double* pack(int n, int first, double* buffer) const override {
    return std::copy_n(row(first), static_cast<std::size_t>(n) * width_, buffer);
  }
  void unpack(int n, int first, const double* buffer) override {
    T* to = row(first);
    for (std::size_t k = 0; k < static_cast<std::size_t>(n) * width_; ++k) to[k] = static_cast<T>(buffer[k]);
  }
  void add(int n, const int* atoms, const double* buffer) override {
    for (int k = 0; k < n; ++k) {
      T* to = row(atoms[k]);
      for (int c = 0; c < width_; ++c) to[c] += static_cast<T>(*buffer++);
    }
  }

 private:
  T* row(int atom) const { return values_ + static_cast<std::size_t>(atom) * width_; }

  T* values_;
  int width_;
};

// Ghosts are copies of atoms that other ranks own, or periodic images; LAMMPS moves their rows.
class Ghosts {
 public:
  virtual void copy_to_ghosts(Rows& rows) = 0;
  virtual void add_from_ghosts(Rows& rows) = 0;

 protected:
  ~Ghosts() = default;  // LAMMPS deletes its pair styles, whose own destructors may throw
};

}  // namespace decant
