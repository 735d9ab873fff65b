#include "mace/gpu/places.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "mace/gpu/kernel_source.h"

namespace mace::gpu {

namespace {

std::size_t size(int n) { return static_cast<std::size_t>(n); }

}  // namespace

Places::Places(Device& device, const std::string& source, int most)
    : row(device),
      element(device),
      list_first(device),
      list_count(device),
      site(device),
      site_place(device),
      back_first(device),
      back_slot(device),
      tiles(device),
      most_(most),
      find_borders_(device, source, "find_borders", 64),
      arrange_lists_(device, source, "arrange_lists", 64),
      count_back_(device, source, "count_back", 64),
      find_firsts_(device, source, "find_firsts", 256),
      turn_lists_(device, source, "turn_lists", 64),
      order_back_(device, source, "order_back", 64),
      next_(device) {}

void Places::set(const Neighbors& neighbors, Array<int>& room) {
  owned_ = neighbors.owned();
  total_ = static_cast<int>(neighbors.element.size());
  slots_ = static_cast<int>(neighbors.site.size());
  sites_ = static_cast<int>(neighbors.row.size());
  next_.resize(size(total_) + 1);
  next_.upload(neighbors.first.data(), 0, neighbors.first.size());
  room.upload(neighbors.site);
  const std::vector<int> rows = sort(neighbors, find_borders(neighbors, room));
  place_.resize(size(owned_));
  for (int place = 0; place < owned_; ++place) place_[size(rows[size(place)])] = place;
  cut(neighbors, rows);
  arrange(neighbors, rows, room);
  turn(room);
}

// Of each row, whether a neighbor is borrowed. What holds places later is used before.
std::vector<int> Places::find_borders(const Neighbors& neighbors, const Array<int>& row_site) {
  std::vector<int> border(size(owned_), 0);
  if (total_ == owned_) return border;
  site_place.upload(neighbors.row);
  list_count.resize(size(owned_));
  find_borders_.on_each(owned_, owned_, next_, row_site, site_place, list_count);
  list_count.download(0, border.size(), border.data());
  return border;
}

// The row of each place.
std::vector<int> Places::sort(const Neighbors& neighbors, std::vector<int> border) {
  inner_ = 0;
  for (int row = 0; row < owned_; ++row) inner_ += neighbors.element[size(row)] >= 0 && border[size(row)] == 0;
  if (total_ > owned_ && inner_ < most_ / 8) {  // too few to hide anything behind
    std::fill(border.begin(), border.end(), 1);
    inner_ = 0;
  }
  const auto rank = [&](int row) {
    const int own = neighbors.element[size(row)];
    return std::pair(own < 0 ? 2 : border[size(row)], own);
  };
  std::vector<int> rows(size(owned_));
  std::iota(rows.begin(), rows.end(), 0);
  std::stable_sort(rows.begin(), rows.end(), [&](int a, int b) { return rank(a) < rank(b); });
  return rows;
}

// Tiles of places of one part and element, and chunks of tiles. Places of no element are in none.
void Places::cut(const Neighbors& neighbors, const std::vector<int>& rows) {
  std::vector<int> all;
  for (std::vector<Chunk>& chunks : chunks_) chunks.clear();
  all_ = {};
  const auto element_at = [&](int place) { return neighbors.element[size(rows[size(place)])]; };
  const int early = total_ == owned_ ? inner_ : inner_ / 2;
  for (int place = 0; place < owned_ && element_at(place) >= 0;) {
    const Part part = place >= inner_ ? Part::border : place < early ? Part::early : Part::late;
    const int stop = std::min(place + tile_rows, place < inner_ ? inner_ : owned_);
    int end = place + 1;
    while (end < stop && element_at(end) == element_at(place)) ++end;
    all.insert(all.end(), {element_at(place), place, end - place});
    std::vector<Chunk>& chunks = chunks_[static_cast<std::size_t>(part)];
    if (chunks.empty() || end - chunks.back().first > most_)
      chunks.push_back({place, place, all_.tiles, 0, part != Part::border});
    chunks.back().end = all_.end = end;
    ++chunks.back().tiles;
    ++all_.tiles;
    place = end;
  }
  tiles.upload(all);
}

// The lists of rows become those of places.
void Places::arrange(const Neighbors& neighbors, const std::vector<int>& rows, const Array<int>& row_site) {
  std::vector<int> elements(neighbors.element), first(size(owned_)), count(size(owned_)), places;
  int end = 0;
  for (int place = 0; place < owned_; ++place) {
    const std::size_t own = size(rows[size(place)]), at = size(place);
    elements[at] = neighbors.element[own];
    count[at] = elements[at] < 0 ? 0 : neighbors.first[own + 1] - neighbors.first[own];
    first[at] = std::exchange(end, end + count[at]);
  }
  places.reserve(neighbors.row.size());
  for (const int one : neighbors.row) places.push_back(of_row(one));
  row.upload(rows);
  element.upload(elements);
  list_first.upload(first);
  list_count.upload(count);
  site_place.upload(places);
  site.resize(size(slots_));
  arrange_lists_(owned_, row, next_, row_site, list_first, list_count, site);
}

// A counting sort of all slots by the place that stands in them.
void Places::turn(Array<int>& room) {
  next_.clear();
  back_first.resize(size(total_) + 1);
  back_slot.resize(size(slots_));
  count_back_(owned_, list_first, list_count, site, site_place, next_);
  find_firsts_(1, total_, next_, back_first);
  turn_lists_(owned_, list_first, list_count, site, site_place, next_, room);
  order_back_(total_, back_first, room, back_slot);
}

int Places::largest_chunk() const {
  int most = 0;
  for (const std::vector<Chunk>& chunks : chunks_)
    for (const Chunk& chunk : chunks) most = std::max(most, chunk.size());
  return most;
}

double Places::bytes() const {
  return row.bytes() + element.bytes() + list_first.bytes() + list_count.bytes() + site.bytes() + site_place.bytes() +
         back_first.bytes() + back_slot.bytes() + tiles.bytes() + next_.bytes();
}

}  // namespace mace::gpu
