// Values of atoms on their way between ranks: features inside an evaluation, forces after it.
#pragma once

#include <cstddef>
#include <cstring>

namespace decant {

// An array [owned atoms and ghosts][width], as LAMMPS's communication sees it: bytes in a buffer of doubles.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual int width() const = 0;  // of a row, in doubles
  virtual double* pack(int n, const int* atoms, double* buffer) const = 0;
  virtual double* pack(int n, int first, double* buffer) const = 0;
  virtual void unpack(int n, int first, const double* buffer) = 0;
  virtual void add(int n, const int* atoms, const double* buffer) = 0;
};

template <class T>
class RowsOf final : public Rows {
 public:
  RowsOf(T* values, int width) : values_(values), width_(width) {}

  int width() const override { return static_cast<int>((bytes() + sizeof(double) - 1) / sizeof(double)); }
  double* pack(int n, const int* atoms, double* buffer) const override {
    for (int k = 0; k < n; ++k, buffer += width()) std::memcpy(buffer, row(atoms[k]), bytes());
    return buffer;
  }
  double* pack(int n, int first, double* buffer) const override {
    for (int k = 0; k < n; ++k, buffer += width()) std::memcpy(buffer, row(first + k), bytes());
    return buffer;
  }
  void unpack(int n, int first, const double* buffer) override {
    for (int k = 0; k < n; ++k, buffer += width()) std::memcpy(row(first + k), buffer, bytes());
  }
  void add(int n, const int* atoms, const double* buffer) override {
    for (int k = 0; k < n; ++k, buffer += width()) {
      T* to = row(atoms[k]);
      const char* from = reinterpret_cast<const char*>(buffer);
      for (int c = 0; c < width_; ++c) {
        T value;
        std::memcpy(&value, from + static_cast<std::size_t>(c) * sizeof(T), sizeof(T));
        to[c] += value;
      }
    }
  }

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(width_) * sizeof(T); }
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
