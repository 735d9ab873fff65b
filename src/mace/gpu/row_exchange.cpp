#include "mace/gpu/row_exchange.h"

#include <cstddef>
#include <numeric>

namespace mace::gpu {

namespace {

std::size_t size(int n) { return static_cast<std::size_t>(n); }

template <class T>
char* bytes_of(const Staging<T>& staging) {
  return reinterpret_cast<char*>(staging.data());
}

}  // namespace

template <class T>
RowExchange<T>::RowExchange(Device& device, const std::string& source)
    : device_(device),
      pack_rows_(device, source, "pack_rows", 64),
      add_rows_(device, source, "add_rows", 64),
      place_(device),
      first_(device, {0}),
      order_(device),
      packed_(device),
      lent_(device),
      borrowed_(device) {}

// What is lent changes with the lists; where it goes on the device is found out then.
template <class T>
void RowExchange<T>::follow(const Places& places, const Exchange& exchange, int width) {
  std::vector<int> wanted;
  for (const int row : exchange.lent()) wanted.push_back(places.of_row(row));
  lent_.resize(wanted.size() * size(width));
  borrowed_.resize(size(places.total() - places.owned()) * size(width));
  packed_.reserve(lent_.size());
  if (wanted == lent_places_ && first_.size() == size(places.owned()) + 1) return;
  lent_places_ = wanted;
  place_.upload(wanted);
  std::vector<int> first(size(places.owned()) + 1, 0), order(wanted.size());
  for (const int place : wanted) ++first[size(place) + 1];
  std::partial_sum(first.begin(), first.end(), first.begin());
  std::vector<int> next(first.begin(), first.end() - 1);
  for (std::size_t k = 0; k < wanted.size(); ++k) order[size(next[size(wanted[k])]++)] = static_cast<int>(k);
  first_.upload(first);
  order_.upload(order);
}

template <class T>
void RowExchange<T>::lend(const Places& places, const Exchange& exchange, int width, const Array<T>& values) {
  follow(places, exchange, width);
  pack_rows_(static_cast<int>(lent_places_.size()), width, place_, values, packed_);
  packed_.begin_download(0, lent_.size(), lent_.data());
  finish();
}

// Whoever has nothing to send waits, too: what was received last is copied by then, and may be overwritten.
template <class T>
void RowExchange<T>::finish() {
  if (lent_.size() + borrowed_.size() > 0) device_.finish();
}

template <class T>
void RowExchange<T>::borrow(const Places& places, Exchange& exchange, int width, Array<T>& values) {
  device_.flush();
  exchange.lend(bytes_of(lent_), bytes_of(borrowed_), sizeof(T) * size(width));
  values.begin_upload(borrowed_.data(), size(places.owned()) * size(width), borrowed_.size());
}

template <class T>
void RowExchange<T>::give_back(const Places& places, const Exchange& exchange, int width, const Array<T>& values) {
  follow(places, exchange, width);
  values.begin_download(size(places.owned()) * size(width), borrowed_.size(), borrowed_.data());
  finish();
}

template <class T>
void RowExchange<T>::take_back(const Places& places, Exchange& exchange, int width, Array<T>& values) {
  device_.flush();
  exchange.give_back(bytes_of(borrowed_), bytes_of(lent_), sizeof(T) * size(width));
  if (lent_.size() == 0) return;
  packed_.begin_upload(lent_.data(), 0, lent_.size());
  add_rows_(places.owned(), width, first_, order_, packed_, values);
}

template class RowExchange<float>;
template class RowExchange<double>;

}  // namespace mace::gpu
