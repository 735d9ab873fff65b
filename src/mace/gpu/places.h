// The atoms of one rank in the order of a device, and who may be whose neighbor there.
#pragma once

#include <vector>

#include "mace/engine.h"
#include "mace/gpu/device.h"

namespace mace::gpu {

// Owned places that are worked on at the same time, so that what is needed for a while only does not grow with the
// atoms: tiles of one element each, of which a matrix product takes one after the other.
struct Chunk {
  int first = 0, end = 0;  // places
  int first_tile = 0, tiles = 0;

  int size() const { return end - first; }
};

// An own row has a *place* among the owned ones, element after element; rows of no element come last. A borrowed row
// keeps its number. Lists, edges and all values of atoms on the device go by places.
class Places {
 public:
  // most: owned places of a chunk
  Places(Device& device, int most);

  void set(const Neighbors& neighbors);

  int owned() const { return owned_; }
  int total() const { return total_; }  // with the borrowed ones
  int slots() const { return slots_; }  // of all lists
  int sites() const { return sites_; }
  int of_row(int row) const { return row < owned_ ? place_[static_cast<std::size_t>(row)] : row; }
  const std::vector<Chunk>& chunks() const { return chunks_; }
  const Chunk& all() const { return all_; }  // as one chunk

  Array<int> row;                     // [owned]
  Array<int> element;                 // [total]
  Array<int> list_first, list_count;  // [owned]
  Array<int> site;                    // [slots]
  Array<int> site_place;              // [sites]
  Array<int> back_first, back_slot;   // [total + 1], [slots]: the slots that a place stands in, by rising owner
  Array<int> tiles;                   // [tile][3]: element, first place, places

  double bytes() const;

 private:
  void upload_lists(const Neighbors& neighbors, const std::vector<int>& rows);
  void cut(const Neighbors& neighbors, const std::vector<int>& rows);

  const int most_;
  int owned_ = 0, total_ = 0, slots_ = 0, sites_ = 0;
  std::vector<int> place_;  // [owned]: of a row
  std::vector<Chunk> chunks_;
  Chunk all_;
};

}  // namespace mace::gpu
