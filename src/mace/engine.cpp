#include "mace/engine.h"

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "mace/cpu/cpu_engine.h"
#include "mace/gpu/device.h"
#include "mace/gpu/footprint.h"
#include "mace/gpu/gpu_engine.h"
#include "mace/model/safetensors.h"
#include "mace/model/weights.h"

namespace mace {

namespace {

// The one place where the device is chosen.
std::string chosen_device(const std::string& asked) {
  if (!asked.empty()) return asked;
  const char* const wanted = std::getenv("DECANT_DEVICE");
  return wanted && *wanted ? wanted : "cpu";
}

template <class T>
std::unique_ptr<Engine> make_on(const std::string& device, const Weights& weights, int local_rank) {
  return device == "cpu" ? make_cpu_engine<T>(weights) : make_gpu_engine<T>(weights, device, local_rank);
}

}  // namespace

std::unique_ptr<Engine> make_engine(std::vector<char> bytes, const std::string& name,
                                    const std::vector<std::string>& elements, const std::string& precision,
                                    const std::string& device, int local_rank) {
  const Safetensors file(std::move(bytes), name);
  const Weights weights = read_weights(file, elements);
  const std::string& chosen = precision.empty() ? weights.precision : precision;
  if (chosen == "single") return make_on<float>(chosen_device(device), weights, local_rank);
  if (chosen == "double") return make_on<double>(chosen_device(device), weights, local_rank);
  if (precision.empty()) file.fail("has the unknown precision '" + chosen + "', expected single or double");
  throw std::invalid_argument("unknown precision '" + chosen + "'; expected single or double");
}

std::string device_name(const std::string& device, int local_rank) {
  const std::string chosen = chosen_device(device);
  return chosen == "cpu" ? Description().device : gpu::open_device(chosen, local_rank)->name();
}

double device_memory(std::vector<char> bytes, const std::string& name, const std::vector<std::string>& elements,
                     const std::string& precision, double owned, double rows, double listed, double sites) {
  const Weights weights = read_weights(Safetensors(std::move(bytes), name), elements);
  const bool single = (precision.empty() ? weights.precision : precision) == "single";
  return gpu::Footprint(weights, single ? sizeof(float) : sizeof(double), Sparing().at_once)
      .bytes({owned, rows, listed, sites}, false);
}

}  // namespace mace
