#include "row_exchange.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace decant {

namespace {

constexpr int tag = 1;  // LAMMPS has no message of its own under way while a pair style computes

bool before(const RowExchange::Place& a, const RowExchange::Place& b) {
  return std::tie(a.rank, a.index) < std::tie(b.rank, b.index);
}

bool same(const RowExchange::Place& a, const RowExchange::Place& b) { return a.rank == b.rank && a.index == b.index; }

}  // namespace

void RowExchange::plan(MPI_Comm world, int owned, const std::vector<Place>& places) {
  world_ = world;
  owned_ = owned;
  int me = 0, ranks = 1;
  MPI_Comm_rank(world, &me);
  MPI_Comm_size(world, &ranks);
  borrow(places, me);
  std::vector<int> wanted(static_cast<std::size_t>(ranks), 0), asked(wanted);
  for (const Place& place : borrowed_) ++wanted[static_cast<std::size_t>(place.rank)];
  if (ranks > 1) MPI_Alltoall(wanted.data(), 1, MPI_INT, asked.data(), 1, MPI_INT, world);
  const auto partners = [](const std::vector<int>& counts) {
    std::vector<Partner> found;
    int first = 0;
    for (std::size_t rank = 0; rank < counts.size(); first += counts[rank++])
      if (counts[rank] > 0) found.push_back({static_cast<int>(rank), first, counts[rank]});
    return found;
  };
  lenders_ = partners(wanted);
  borrowers_ = partners(asked);
  // what is lent is told by the borrowers, as numbers of this rank's own atoms
  std::vector<int> numbers;
  for (const Place& place : borrowed_) numbers.push_back(place.index);
  lent_.resize(static_cast<std::size_t>(std::accumulate(asked.begin(), asked.end(), 0)));
  move(borrowers_, reinterpret_cast<char*>(lent_.data()), lenders_, reinterpret_cast<const char*>(numbers.data()),
       sizeof(int));
}

// Finds the row of every atom; fills borrowed_.
void RowExchange::borrow(const std::vector<Place>& places, int me) {
  borrowed_.clear();
  for (const Place& place : places)
    if (place.rank != me) borrowed_.push_back(place);
  std::sort(borrowed_.begin(), borrowed_.end(), before);
  borrowed_.erase(std::unique(borrowed_.begin(), borrowed_.end(), same), borrowed_.end());
  rows_.clear();
  atoms_.resize(static_cast<std::size_t>(count()));
  for (std::size_t atom = places.size(); atom-- > 0;) {  // backwards: an own atom, before its images, has its row
    const Place& place = places[atom];
    int row = place.index;
    if (place.rank != me)
      row = owned_ +
            static_cast<int>(std::lower_bound(borrowed_.begin(), borrowed_.end(), place, before) - borrowed_.begin());
    rows_.push_back(row);
    atoms_[static_cast<std::size_t>(row)] = static_cast<int>(atom);
  }
  std::reverse(rows_.begin(), rows_.end());
}

void RowExchange::lend(const char* lent, char* borrowed, std::size_t size) {
  move(lenders_, borrowed, borrowers_, lent, size);
}

void RowExchange::give_back(const char* borrowed, char* lent, std::size_t size) {
  move(borrowers_, lent, lenders_, borrowed, size);
}

void RowExchange::sum(std::vector<double>& values) {
  MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, MPI_SUM, world_);
}

std::vector<double> RowExchange::gather(const std::vector<double>& own, std::size_t& before) {
  int me = 0, ranks = 1, mine = static_cast<int>(own.size());
  MPI_Comm_rank(world_, &me);
  MPI_Comm_size(world_, &ranks);
  std::vector<int> counts(static_cast<std::size_t>(ranks)), starts(counts);
  MPI_Allgather(&mine, 1, MPI_INT, counts.data(), 1, MPI_INT, world_);
  std::exclusive_scan(counts.begin(), counts.end(), starts.begin(), 0);
  before = static_cast<std::size_t>(starts[static_cast<std::size_t>(me)]);
  std::vector<double> all(static_cast<std::size_t>(starts.back() + counts.back()));
  MPI_Allgatherv(own.data(), mine, MPI_DOUBLE, all.data(), counts.data(), starts.data(), MPI_DOUBLE, world_);
  return all;
}

// Receives rows of `size` bytes of each partner of `from` into their places behind `into`, and sends those behind
// `out`.
void RowExchange::move(const std::vector<Partner>& from, char* into, const std::vector<Partner>& to, const char* out,
                       std::size_t size) const {
  std::vector<MPI_Request> requests(from.size() + to.size());
  auto request = requests.begin();
  const auto bytes = [size](int rows) { return static_cast<std::size_t>(rows) * size; };
  for (const Partner& one : from)
    MPI_Irecv(into + bytes(one.first), static_cast<int>(bytes(one.count)), MPI_BYTE, one.rank, tag, world_,
              &*request++);
  for (const Partner& one : to)
    MPI_Isend(out + bytes(one.first), static_cast<int>(bytes(one.count)), MPI_BYTE, one.rank, tag, world_, &*request++);
  MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
}

double RowExchange::bytes() const {
  const std::size_t numbers = rows_.capacity() + atoms_.capacity() + lent_.capacity();
  return static_cast<double>(numbers * sizeof(int) + borrowed_.capacity() * sizeof(Place) + buffer_bytes());
}

}  // namespace decant
