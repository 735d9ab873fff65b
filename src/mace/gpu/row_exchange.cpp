#include "mace/gpu/row_exchange.h"

#include <cstddef>
#include <numeric>

namespace mace::gpu {

namespace {

std::size_t size(int n) { return static_cast<std::size_t>(n); }

}  // namespace

template <class T>
RowExchange<T>::RowExchange(Device& device, const std::string& source)
    : pack_rows_(device, source, "pack_rows", 64),
      add_rows_(device, source, "add_rows", 64),
      place_(device),
      first_(device, {0}),
      order_(device),
      packed_(device) {}

// What is lent changes with the lists; where it goes on the device is found out then.
template <class T>
void RowExchange<T>::follow(const Places& places, Exchange& exchange, int width) {
  std::vector<int> wanted;
  for (const int row : exchange.lent()) wanted.push_back(places.of_row(row));
  lent_.resize(wanted.size() * size(width));
  borrowed_.resize(size(places.total() - places.owned()) * size(width));
  packed_.resize(lent_.size());
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
void RowExchange<T>::forward(const Places& places, Exchange& exchange, int width, Array<T>& values) {
  follow(places, exchange, width);
  pack_rows_(static_cast<int>(lent_places_.size()), width, place_, values, packed_);
  packed_.download(0, lent_.size(), lent_.data());
  exchange.lend(reinterpret_cast<const char*>(lent_.data()), reinterpret_cast<char*>(borrowed_.data()),
                sizeof(T) * size(width));
  values.upload(borrowed_.data(), size(places.owned()) * size(width), borrowed_.size());
}

template <class T>
void RowExchange<T>::reverse(const Places& places, Exchange& exchange, int width, Array<T>& values) {
  follow(places, exchange, width);
  values.download(size(places.owned()) * size(width), borrowed_.size(), borrowed_.data());
  exchange.give_back(reinterpret_cast<const char*>(borrowed_.data()), reinterpret_cast<char*>(lent_.data()),
                     sizeof(T) * size(width));
  if (lent_.empty()) return;
  packed_.upload(lent_.data(), 0, lent_.size());
  add_rows_(places.owned(), width, first_, order_, packed_, values);
}

template class RowExchange<float>;
template class RowExchange<double>;

}  // namespace mace::gpu
