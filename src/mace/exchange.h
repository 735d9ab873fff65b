// How rows of values travel between ranks, as an engine asks for it.
#pragma once

#include <cstddef>
#include <cstring>
#include <vector>

namespace mace {

// A rank borrows the rows of atoms of other ranks that its own atoms have as neighbors. Its rows are those of its own
// atoms first, then the borrowed ones in the order in which they arrive. An engine packs the rows that it lends where
// it keeps them, on a device if it is there; an exchange moves packed bytes and knows no more of them than their
// number.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // The own rows that other ranks borrow, in the order in which they leave; one that two ranks borrow stands twice.
  virtual const std::vector<int>& lent() const = 0;

  // Collective. From `lent`, the rows of lent(), to `borrowed`, the borrowed rows; each of `size` bytes.
  virtual void lend(const char* lent, char* borrowed, std::size_t size) = 0;
  // Collective. The other way round, what was borrowed goes back to its owners.
  virtual void give_back(const char* borrowed, char* lent, std::size_t size) = 0;
  // Collective. Of each number the sum over all ranks.
  virtual void sum(std::vector<double>& values) = 0;
  // Collective. The numbers of all ranks, one rank's after the other's; `before`: where this rank's begin.
  virtual std::vector<double> gather(const std::vector<double>& own, std::size_t& before) = 0;
  // Collective. Until every rank is here; only timers ask, to tell waiting from moving.
  virtual void wait() {}

  // The same for values [row][width] in host memory, of which the first `owned` rows are own.
  template <class T>
  void forward(T* values, int owned, int width) {
    const std::size_t size = sizeof(T) * static_cast<std::size_t>(width);
    buffer_.resize(lent().size() * size);
    char* to = buffer_.data();
    for (const int row : lent()) {
      std::memcpy(to, reinterpret_cast<const char*>(values) + static_cast<std::size_t>(row) * size, size);
      to += size;
    }
    lend(buffer_.data(), reinterpret_cast<char*>(values) + static_cast<std::size_t>(owned) * size, size);
  }
  // Adds the borrowed rows to those of their owners, in the order of lent().
  template <class T>
  void reverse(T* values, int owned, int width) {
    const std::size_t count = static_cast<std::size_t>(width), size = sizeof(T) * count;
    buffer_.resize(lent().size() * size);
    give_back(reinterpret_cast<const char*>(values) + static_cast<std::size_t>(owned) * size, buffer_.data(), size);
    const T* from = reinterpret_cast<const T*>(buffer_.data());
    for (const int row : lent()) {
      T* const to = values + static_cast<std::size_t>(row) * count;
      for (std::size_t k = 0; k < count; ++k) to[k] += *from++;
    }
  }

  std::size_t buffer_bytes() const { return buffer_.capacity(); }

 private:
  std::vector<char> buffer_;  // rows of lent(), as the allocator aligns them for any number
};

// Of a rank that is the only one.
class NoExchange final : public Exchange {
 public:
  const std::vector<int>& lent() const override { return none_; }
  void lend(const char*, char*, std::size_t) override {}
  void give_back(const char*, char*, std::size_t) override {}
  void sum(std::vector<double>&) override {}
  std::vector<double> gather(const std::vector<double>& own, std::size_t& before) override {
    before = 0;
    return own;
  }

 private:
  std::vector<int> none_;
};

}  // namespace mace
