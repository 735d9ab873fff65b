#include "support/two_ranks.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <thread>

namespace mace_tests {

namespace {

// Where two threads wait for each other and show each other their packed rows.
class Meeting {
 public:
  void show(std::size_t rank, const char* packed) {
    shown_[rank] = packed;
    wait();
  }
  const char* of_other(std::size_t rank) const { return shown_[1 - rank]; }
  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    const int round = round_;
    if (++here_ == 2) {
      here_ = 0;
      ++round_;
      all_here_.notify_all();
    } else {
      all_here_.wait(lock, [&] { return round_ != round; });
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_here_;
  int here_ = 0, round_ = 0;
  std::array<const char*, 2> shown_{};
};

class ThreadExchange final : public mace::Exchange {
 public:
  ThreadExchange(Meeting& meeting, std::size_t rank, const std::array<Half, 2>& halves)
      : meeting_(meeting), rank_(rank), lent_(halves[rank].lent), borrowed_(halves[1 - rank].lent.size()) {}

  const std::vector<int>& lent() const override { return lent_; }
  void lend(const char* lent, char* borrowed, std::size_t size) override { move(lent, borrowed, borrowed_ * size); }
  void give_back(const char* borrowed, char* lent, std::size_t size) override {
    move(borrowed, lent, lent_.size() * size);
  }
  void sum(std::vector<double>& values) override {
    const std::vector<double> own = values, other = of_other(own);
    for (std::size_t k = 0; k < values.size(); ++k) values[k] = own[k] + other[k];
  }
  std::vector<double> gather(const std::vector<double>& own, std::size_t& before) override {
    const std::vector<double> other = of_other(own);
    before = rank_ == 0 ? 0 : other.size();
    std::vector<double> all = rank_ == 0 ? own : other;
    const std::vector<double>& later = rank_ == 0 ? other : own;
    all.insert(all.end(), later.begin(), later.end());
    return all;
  }
  void wait() override { meeting_.wait(); }

 private:
  void move(const char* out, char* in, std::size_t bytes) {
    meeting_.show(rank_, out);
    std::memcpy(in, meeting_.of_other(rank_), bytes);
    meeting_.wait();  // until the other one has its copy
  }

  std::vector<double> of_other(const std::vector<double>& own) {
    meeting_.show(rank_, reinterpret_cast<const char*>(&own));
    std::vector<double> other = *reinterpret_cast<const std::vector<double>*>(meeting_.of_other(rank_));
    meeting_.wait();
    return other;
  }

  Meeting& meeting_;
  std::size_t rank_;
  std::vector<int> lent_;
  std::size_t borrowed_;
};

Half half(const Configuration& whole, const std::vector<int>& owner, int rank) {
  Half result;
  const int n = static_cast<int>(whole.size());
  std::vector<int> row(whole.size());
  for (const int one : {rank, 1 - rank})
    for (int atom = 0; atom < n; ++atom)
      if (owner[static_cast<std::size_t>(atom)] == one) {
        row[static_cast<std::size_t>(atom)] = static_cast<int>(result.atoms.size());
        result.atoms.push_back(atom);
      }
  const int owned = static_cast<int>(std::count(owner.begin(), owner.end(), rank));
  std::vector<int> place(whole.site.size());  // of a site of the whole among those here: own atoms first
  for (int i = 0; i < owned; ++i) result.sites.push_back(result.atoms[static_cast<std::size_t>(i)]);
  for (int site = 0; site < static_cast<int>(whole.site.size()); ++site)
    if (site >= n || owner[static_cast<std::size_t>(site)] != rank) result.sites.push_back(site);
  auto neighbors = std::make_shared<mace::Neighbors>();
  for (std::size_t s = 0; s < result.sites.size(); ++s) {
    place[static_cast<std::size_t>(result.sites[s])] = static_cast<int>(s);
    const int atom = whole.neighbors->row[static_cast<std::size_t>(result.sites[s])];
    neighbors->row.push_back(row[static_cast<std::size_t>(atom)]);
  }
  for (const int atom : result.atoms) neighbors->element.push_back(whole.element[static_cast<std::size_t>(atom)]);
  for (int i = 0; i < owned; ++i) {
    const std::size_t atom = static_cast<std::size_t>(result.atoms[static_cast<std::size_t>(i)]);
    for (int k = whole.neighbors->first[atom]; k < whole.neighbors->first[atom + 1]; ++k)
      neighbors->site.push_back(place[static_cast<std::size_t>(whole.neighbors->site[static_cast<std::size_t>(k)])]);
    neighbors->first.push_back(static_cast<int>(neighbors->site.size()));
    result.lent.push_back(i);
  }
  result.neighbors = neighbors;
  return result;
}

}  // namespace

std::vector<double> Half::positions(const Configuration& whole) const {
  const auto all = whole.positions();
  std::vector<double> result;
  for (const int site : sites)
    for (std::size_t k = 0; k < 3; ++k) result.push_back(all[3 * static_cast<std::size_t>(site) + k]);
  return result;
}

std::array<Half, 2> halves(const Configuration& whole) {
  std::vector<int> owner;
  for (std::size_t atom = 0; atom < whole.size(); ++atom) owner.push_back(static_cast<int>(atom % 2));
  return halves(whole, owner);
}

std::array<Half, 2> halves(const Configuration& whole, const std::vector<int>& owner) {
  return {half(whole, owner, 0), half(whole, owner, 1)};
}

void on_two_ranks(const std::array<Half, 2>& halves, const std::function<void(std::size_t, mace::Exchange&)>& work) {
  Meeting meeting;
  const auto rank = [&](std::size_t k) {
    ThreadExchange exchange(meeting, k, halves);
    work(k, exchange);
  };
  std::thread other(rank, 1);
  rank(0);
  other.join();
}

}  // namespace mace_tests
