// The atoms of one rank in the order of a device, and who may be whose neighbor there.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "mace/engine.h"
#include "mace/gpu/device.h"

namespace mace::gpu {

// Owned places that are worked on at the same time, so that what is needed for a while only does not grow with the
// atoms: tiles of one element each, of which a matrix product takes one after the other.
struct Chunk {
  int first = 0, end = 0;  // places
  int first_tile = 0, tiles = 0;
  bool inner = false;  // no neighbor is borrowed

  int size() const { return end - first; }
};

// When owned places are worked on: those of the border have borrowed neighbors, whose rows are on their way while
// others are worked on, the early ones while features come, the late ones while adjoints go back.
enum class Part { early, late, border };

// An own row has a *place* among the owned ones, part after part, element after element; rows of no element come last.
// A borrowed row keeps its number. Lists, edges and all values of atoms on the device go by places.
class Places {
 public:
  // most: owned places of a chunk; where an eighth of that has no borrowed neighbors, all are taken for border
  Places(Device& device, const std::string& source, int most);

  // room: for a while; its size becomes slots()
  void set(const Neighbors& neighbors, Array<int>& room);

  int owned() const { return owned_; }
  int total() const { return total_; }  // with the borrowed ones
  int slots() const { return slots_; }  // of all lists
  int sites() const { return sites_; }
  int of_row(int row) const { return row < owned_ ? place_[static_cast<std::size_t>(row)] : row; }
  const std::vector<Chunk>& chunks(Part part) const { return chunks_[static_cast<std::size_t>(part)]; }
  int largest_chunk() const;                 // places
  const Chunk& all() const { return all_; }  // as one chunk

  Array<int> row;                     // [owned]
  Array<int> element;                 // [total]
  Array<int> list_first, list_count;  // [owned]
  Array<int> site;                    // [slots], list after list
  Array<int> site_place;              // [sites]
  Array<int> back_first, back_slot;   // [total + 1], [slots]: the slots that a place stands in, by rising owner
  Array<int> tiles;                   // [tile][3]: element, first place, places

  double bytes() const;

 private:
  std::vector<int> find_borders(const Neighbors& neighbors, const Array<int>& row_site);
  std::vector<int> sort(const Neighbors& neighbors, std::vector<int> border);
  void cut(const Neighbors& neighbors, const std::vector<int>& rows);
  void arrange(const Neighbors& neighbors, const std::vector<int>& rows, const Array<int>& row_site);
  void turn(Array<int>& room);

  const int most_;
  int owned_ = 0, total_ = 0, slots_ = 0, sites_ = 0;
  int inner_ = 0;           // places without borrowed neighbors
  std::vector<int> place_;  // [owned]: of a row
  std::array<std::vector<Chunk>, 3> chunks_;
  Chunk all_;
  Kernel find_borders_, arrange_lists_, count_back_, find_firsts_, turn_lists_, order_back_;
  Array<int> next_;  // [total + 1]: counters; before that, where the list of each row begins
};

}  // namespace mace::gpu
