// The engine of the CPU.
#pragma once

#include <memory>

#include "mace/engine.h"
#include "mace/model/weights.h"

namespace mace {

// T: float or double, the precision of everything from edge directions to features.
template <class T>
std::unique_ptr<Engine> make_cpu_engine(const Weights& weights);

}  // namespace mace
