#include <doctest/doctest.h>

#include "mace/exchange.h"

namespace mace_tests {

namespace {

// A rank that borrows back what it lends.
class Mirror final : public mace::Exchange {
 public:
  const std::vector<int>& lent() const override { return lent_; }
  void lend(const char* lent, char* borrowed, std::size_t size) override {
    std::memcpy(borrowed, lent, lent_.size() * size);
  }
  void give_back(const char* borrowed, char* lent, std::size_t size) override {
    std::memcpy(lent, borrowed, lent_.size() * size);
  }
  void sum(std::vector<double>&) override {}
  std::vector<double> gather(const std::vector<double>& own, std::size_t& before) override {
    before = 0;
    return own;
  }

 private:
  std::vector<int> lent_ = {2, 0, 2};
};

}  // namespace

TEST_CASE("rows go out in the order of lent(), and what comes back is added to them") {
  Mirror exchange;
  std::vector<float> values = {1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0};  // three own rows, three borrowed ones
  exchange.forward(values.data(), 3, 2);
  CHECK(values == std::vector<float>{1, 2, 3, 4, 5, 6, 5, 6, 1, 2, 5, 6});
  exchange.reverse(values.data(), 3, 2);
  CHECK(values == std::vector<float>{2, 4, 3, 4, 15, 18, 5, 6, 1, 2, 5, 6});
}

}  // namespace mace_tests
