// A damaged file never passes for a whole one.
#include <doctest/doctest.h>

#include <stdexcept>

#include "mace/model/safetensors.h"
#include "support/model_file.h"
#include "support/random_weights.h"

namespace mace_tests {

namespace {

std::vector<char> whole() { return ModelFile(random_weights(forms().front())).bytes(); }

}  // namespace

TEST_CASE("arrays are found by name, with shape and values") {
  const mace::Safetensors file(whole(), "m");
  CHECK(file.metadata("elements") == "H C O");
  CHECK(file.shape("scale_shift") == mace::Safetensors::Shape{2});
  CHECK(file.reals("scale_shift") == std::vector<double>{0.8, 0.3});
  CHECK(file.integers("sizes") == std::vector<std::int64_t>{5, 1, 1});
  CHECK_THROWS_WITH_AS(file.reals("sizes"), "model file m array 'sizes' has type I64, expected F64 or F32",
                       std::runtime_error);
  CHECK_THROWS_WITH_AS(file.reals("none"), "model file m has no array 'none'", std::runtime_error);
}

TEST_CASE("a truncated file is refused by name") {
  const auto bytes = whole();
  for (std::size_t tenth = 0; tenth < 10; ++tenth) {
    const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() * tenth / 10);
    CHECK_THROWS_AS(mace::Safetensors({bytes.begin(), end}, "cut"), std::runtime_error);
  }
}

TEST_CASE("a flipped bit is noticed, wherever it is") {
  const auto bytes = whole();
  for (std::size_t at = 5; at < bytes.size(); at += 97) {
    auto flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    CHECK_THROWS_AS(mace::Safetensors(flipped, "flipped").check_sum(), std::runtime_error);
  }
}

TEST_CASE("an array that nobody read is refused") {
  const mace::Safetensors file(whole(), "m");
  CHECK_THROWS_AS(file.refuse_unread(), std::runtime_error);
}

}  // namespace mace_tests
