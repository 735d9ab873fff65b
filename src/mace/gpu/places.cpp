#include "mace/gpu/places.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "mace/gpu/kernel_source.h"

namespace mace::gpu {

namespace {

std::size_t size(int n) { return static_cast<std::size_t>(n); }

}  // namespace

Places::Places(Device& device, int most)
    : row(device),
      element(device),
      list_first(device),
      list_count(device),
      site(device),
      site_place(device),
      back_first(device),
      back_slot(device),
      tiles(device),
      most_(most) {}

void Places::set(const Neighbors& neighbors) {
  owned_ = neighbors.owned();
  total_ = static_cast<int>(neighbors.element.size());
  slots_ = static_cast<int>(neighbors.site.size());
  sites_ = static_cast<int>(neighbors.row.size());
  std::vector<int> rows(size(owned_));
  std::iota(rows.begin(), rows.end(), 0);
  const auto rank = [&](int one) { return static_cast<unsigned>(neighbors.element[size(one)]); };  // -1 is the last
  std::stable_sort(rows.begin(), rows.end(), [&](int a, int b) { return rank(a) < rank(b); });
  place_.resize(size(owned_));
  for (int place = 0; place < owned_; ++place) place_[size(rows[size(place)])] = place;
  row.upload(rows);
  cut(neighbors, rows);
  upload_lists(neighbors, rows);
}

// Tiles of places of one element, and chunks of tiles. Places of no element are in none.
void Places::cut(const Neighbors& neighbors, const std::vector<int>& rows) {
  std::vector<int> all;
  chunks_.clear();
  all_ = {};
  const auto element_at = [&](int place) { return neighbors.element[size(rows[size(place)])]; };
  for (int place = 0; place < owned_ && element_at(place) >= 0;) {
    int end = place + 1;
    while (end < owned_ && end < place + tile_rows && element_at(end) == element_at(place)) ++end;
    all.insert(all.end(), {element_at(place), place, end - place});
    if (chunks_.empty() || end - chunks_.back().first > most_) chunks_.push_back({place, place, all_.tiles, 0});
    chunks_.back().end = all_.end = end;
    ++chunks_.back().tiles;
    ++all_.tiles;
    place = end;
  }
  tiles.upload(all);
}

void Places::upload_lists(const Neighbors& neighbors, const std::vector<int>& rows) {
  std::vector<int> elements(neighbors.element), first(size(owned_)), count(size(owned_)), places;
  for (int place = 0; place < owned_; ++place) {
    const std::size_t own = size(rows[size(place)]), at = size(place);
    elements[at] = neighbors.element[own];
    first[at] = neighbors.first[own];
    count[at] = elements[at] < 0 ? 0 : neighbors.first[own + 1] - neighbors.first[own];
  }
  for (const int one : neighbors.row) places.push_back(of_row(one));
  // a counting sort of all slots by the place that stands in them; owners rise
  std::vector<int> back(size(total_) + 1, 0), slots(size(slots_));
  const auto each_slot = [&](const auto& visit) {
    for (int place = 0; place < owned_; ++place)
      for (int slot = first[size(place)]; slot < first[size(place)] + count[size(place)]; ++slot)
        visit(slot, size(places[size(neighbors.site[size(slot)])]));
  };
  each_slot([&](int, std::size_t source) { ++back[source + 1]; });
  std::partial_sum(back.begin(), back.end(), back.begin());
  std::vector<int> next(back.begin(), back.end() - 1);
  each_slot([&](int slot, std::size_t source) { slots[size(next[source]++)] = slot; });
  element.upload(elements);
  list_first.upload(first);
  list_count.upload(count);
  site.upload(neighbors.site);
  site_place.upload(places);
  back_first.upload(back);
  back_slot.upload(slots);
}

double Places::bytes() const {
  return row.bytes() + element.bytes() + list_first.bytes() + list_count.bytes() + site.bytes() + site_place.bytes() +
         back_first.bytes() + back_slot.bytes() + tiles.bytes();
}

}  // namespace mace::gpu
