// The order of atoms on a device, and the lists that are made there.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "mace/gpu/kernel_source.h"
#include "mace/gpu/places.h"
#include "support/opencl.h"
#include "support/random_weights.h"

namespace mace_tests {

namespace {

using mace::gpu::Array;
using mace::gpu::Chunk;
using mace::gpu::Part;
using mace::gpu::Places;

std::size_t size(int n) { return static_cast<std::size_t>(n); }

std::vector<int> values(const Array<int>& array, std::size_t count) {
  std::vector<int> result(count);
  array.download(0, count, result.data());
  return result;
}

// Lists without a geometry: a row in seven is no part of the model, a row in three has borrowed neighbors.
mace::Neighbors some_neighbors(int owned, int borrowed) {
  mace::Neighbors result;
  std::mt19937 generator(static_cast<unsigned>(owned));
  for (int row = 0; row < owned + borrowed; ++row) {
    result.element.push_back(row < owned && row % 7 == 6 ? -1 : static_cast<int>(generator() % 3));
    result.row.push_back(row);
  }
  for (int image = 0; image < owned / 2; ++image) result.row.push_back(2 * image % owned);
  for (int row = 0; row < owned; ++row) {
    for (std::size_t site = 0; site < result.row.size(); ++site) {
      const int other = result.row[site];
      const bool part = result.element[size(other)] >= 0 && (row % 3 == 0 || other < owned);
      if (result.element[size(row)] >= 0 && part && generator() % 20 == 0)
        result.site.push_back(static_cast<int>(site));
    }
    result.first.push_back(static_cast<int>(result.site.size()));
  }
  return result;
}

// A device with places, of which eight at most are worked on at the same time.
struct Prepared {
  std::unique_ptr<mace::gpu::Device> device = mace::gpu::open_device("opencl", 0);
  mace::Weights weights = random_weights(forms().front());
  std::string source = mace::gpu::KernelSource(weights, "double", device->dialect()).common();
  Places places{*device, source, 8};
  Array<int> room{*device};

  void set(const mace::Neighbors& neighbors) { places.set(neighbors, room); }
};

}  // namespace

TEST_CASE("lists go by places, and each place knows the slots that it stands in, by rising owner") {
  if (!has_opencl()) return;
  Prepared one;
  for (const auto& [owned, borrowed] : {std::pair{0, 0}, {5, 0}, {300, 0}, {120, 150}, {0, 3}, {40, 1}}) {
    const mace::Neighbors neighbors = some_neighbors(owned, borrowed);
    one.set(neighbors);
    const Places& places = one.places;
    const std::vector<int> row = values(places.row, size(owned)), first = values(places.list_first, size(owned));
    const std::vector<int> count = values(places.list_count, size(owned)),
                           site = values(places.site, neighbors.site.size());
    std::vector<std::vector<int>> back(size(owned + borrowed));
    int end = 0;
    for (int place = 0; place < owned; ++place) {
      const std::size_t at = size(place), own = size(row[at]);
      CHECK(places.of_row(row[at]) == place);
      CHECK(first[at] == end);
      end += count[at];
      const auto begin = neighbors.site.begin() + neighbors.first[own];
      REQUIRE(count[at] == neighbors.first[own + 1] - neighbors.first[own]);
      CHECK(std::equal(begin, begin + count[at], site.begin() + first[at]));
      for (int slot = first[at]; slot < end; ++slot)
        back[size(places.of_row(neighbors.row[size(site[size(slot)])]))].push_back(slot);
    }
    const std::vector<int> back_first = values(places.back_first, back.size() + 1);
    const std::vector<int> back_slot = values(places.back_slot, neighbors.site.size());
    CHECK(back_first.back() == static_cast<int>(neighbors.site.size()));
    for (std::size_t place = 0; place < back.size(); ++place)
      CHECK(std::vector<int>(back_slot.begin() + back_first[place], back_slot.begin() + back_first[place + 1]) ==
            back[place]);
  }
}

TEST_CASE("places of the border have the borrowed neighbors, and every place of an element is in one chunk") {
  if (!has_opencl()) return;
  Prepared one;
  const int owned = 120;
  for (const int borrowed : {0, 150}) {
    const mace::Neighbors neighbors = some_neighbors(owned, borrowed);
    one.set(neighbors);
    const std::vector<int> row = values(one.places.row, size(owned));
    std::vector<int> seen(size(owned), 0), tiles(size(3 * one.places.all().tiles));
    one.places.tiles.download(0, tiles.size(), tiles.data());
    for (const Part part : {Part::early, Part::late, Part::border})
      for (const Chunk& chunk : one.places.chunks(part)) {
        CHECK(chunk.inner == (part != Part::border));
        for (int place = chunk.first; place < chunk.end; ++place) {
          ++seen[size(place)];
          const std::size_t own = size(row[size(place)]);
          const bool lends = std::any_of(neighbors.site.begin() + neighbors.first[own],
                                         neighbors.site.begin() + neighbors.first[own + 1],
                                         [&](int site) { return neighbors.row[size(site)] >= owned; });
          CHECK(lends == (part == Part::border));
        }
        int place = chunk.first;
        for (int tile = chunk.first_tile; tile < chunk.first_tile + chunk.tiles; ++tile) {
          CHECK(tiles[size(3 * tile + 1)] == place);
          for (const int end = place + tiles[size(3 * tile + 2)]; place < end; ++place)
            CHECK(neighbors.element[size(row[size(place)])] == tiles[size(3 * tile)]);
        }
        CHECK(place == chunk.end);
      }
    for (int place = 0; place < owned; ++place)
      CHECK(seen[size(place)] == (neighbors.element[size(row[size(place)])] >= 0 ? 1 : 0));
    for (const Part part : {Part::late, Part::border}) CHECK(one.places.chunks(part).empty() == (borrowed == 0));
  }
}

TEST_CASE("a few places that need no borrowed rows are not told apart from the border") {
  if (!has_opencl()) return;
  Prepared one;
  Places places(*one.device, one.source, 16384);
  places.set(some_neighbors(120, 150), one.room);
  CHECK(places.chunks(Part::early).empty());
  CHECK(places.chunks(Part::late).empty());
  CHECK(places.chunks(Part::border).size() == 1);
}

}  // namespace mace_tests
