#include <doctest/doctest.h>

#include "mace/timers.h"

namespace mace_tests {

TEST_CASE("a layer beyond the last counts as the last") {
  mace::Timers timers;
  timers.add(mace::Kernel::mix, mace::Timers::layers + 5, 2000000000);
  CHECK(timers.seconds(mace::Kernel::mix, mace::Timers::layers - 1) == 2.0);
  timers.clear();
  CHECK(timers.seconds(mace::Kernel::mix, mace::Timers::layers - 1) == 0);
}

TEST_CASE("a stopwatch counts only while the timers are on") {
  mace::Timers timers;
  mace::Stopwatch(timers, 1).charge(mace::Kernel::mix);
  CHECK(timers.seconds(mace::Kernel::mix, 1) == 0);
  timers.turn_on();
  mace::Stopwatch(timers, 1).charge(mace::Kernel::mix);
  CHECK(timers.seconds(mace::Kernel::mix, 1) > 0);
}

}  // namespace mace_tests
