#include "mace/gpu/kernel_source.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>

#include "mace/gpu/interaction_source.h"
#include "mace/gpu/kernel_text.h"
#include "mace/gpu/product_source.h"

namespace mace::gpu {

namespace {

constexpr int most_edges = 32;  // a thread of a warp prepares each

std::string define(const char* name, int value) {
  return std::string("#define ") + name + " " + std::to_string(value) + "\n";
}

std::string define(const char* name, double value) {
  char text[80];
  std::snprintf(text, sizeof(text), "#define %s (%.17e)\n", name, value);
  return text;
}

}  // namespace

int padded_channels(const Weights& weights) {
  return (weights.channels + channel_step - 1) / channel_step * channel_step;
}

int tile_columns(const Weights& weights) { return padded_channels(weights) % 64 == 0 ? 64 : 32; }

// As many as half of the local memory holds, so that two groups may work side by side.
int KernelSource::edges_at_once() const {
  const int value = precision_ == "single" ? 4 : 8;
  const int geometry = harmonics_count(weights_.l_max) + 12 + 8;  // of interaction.cl, and more
  const int sums = 3 * (padded_channels(weights_) / dialect_.lanes + 1);
  return std::clamp(static_cast<int>(dialect_.local_memory / 2) / (value * (geometry + sums)), 1, most_edges);
}

std::string KernelSource::beginning() const {
  const std::string type = precision_ == "single" ? "float" : "double";
  return "typedef " + type + " real;\n#define REAL(value) ((" + type + ")(value))\n" + define("LANES", dialect_.lanes) +
         define("EDGES", edges_at_once()) + dialect_.words + define("CHANNELS", padded_channels(weights_)) +
         define("L_MAX", int{weights_.l_max}) + define("ELEMENTS", static_cast<int>(weights_.elements.size())) +
         define("R_MIN", weights_.r_min) + define("R_MAX", weights_.r_max) + define("SCALE", weights_.scale) +
         text::geometry;
}

std::string KernelSource::common() const {
  const RepulsionWeights& repulsion = weights_.repulsion;
  return beginning() + define("TILE_COLUMNS", int{tile_columns(weights_)}) +
         define("REPULSION", int{!repulsion.pairs.empty()}) +
         define("SCREENING_TERMS", static_cast<int>(repulsion.screening.size() / 2)) +
         define("REPULSION_POWER", static_cast<double>(repulsion.power)) + text::lists + text::edges + text::forces +
         text::rows + text::linear;
}

std::string KernelSource::layer(std::size_t t) const {
  const LayerWeights& layer = weights_.layers[t];
  const Layout message = message_layout(layer.paths, weights_.l_max, 1);
  return beginning() + define("FIRST_LAYER", int{t == 0}) + define("IN_ROWS", int{harmonics_count(layer.l_in)}) +
         define("BASIS_ROWS", int{harmonics_count(weights_.l_max)}) +
         define("OUT_ROWS", int{harmonics_count(layer.l_out)}) + define("PATHS", static_cast<int>(layer.paths.size())) +
         define("MESSAGE_ROWS", static_cast<int>(message.size)) +
         define("INTERVALS", int{layer.radial_hidden.knots - 1}) + define("DENSITY", int{layer.density.tables > 0}) +
         define("DENSITY_INTERVALS", int{layer.density.knots - 1}) +
         define("TERMS", static_cast<int>(layer.terms.size())) +
         define("SKIP_OF_ELEMENT", int{!layer.skip_of_element.empty()}) +
         define("UNITS", static_cast<int>(layer.readout.output.size())) +
         interaction_source(layer.paths, weights_.l_max) + product_source(layer.terms) + text::interaction +
         text::product + text::readout;
}

}  // namespace mace::gpu
