#include "mace/engine.h"

#include <stdexcept>
#include <utility>

#include "mace/cpu/cpu_engine.h"
#include "mace/model/safetensors.h"
#include "mace/model/weights.h"

namespace mace {

std::unique_ptr<Engine> make_engine(std::vector<char> bytes, const std::string& name,
                                    const std::vector<std::string>& elements, const std::string& precision) {
  const Safetensors file(std::move(bytes), name);
  const Weights weights = read_weights(file, elements);
  const std::string& chosen = precision.empty() ? weights.precision : precision;
  if (chosen == "single") return make_cpu_engine<float>(weights);
  if (chosen == "double") return make_cpu_engine<double>(weights);
  if (precision.empty()) file.fail("has the unknown precision '" + chosen + "', expected single or double");
  throw std::invalid_argument("unknown precision '" + chosen + "'; expected single or double");
}

}  // namespace mace
