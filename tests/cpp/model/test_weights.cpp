// A model file is read as it was written, or refused by name.
#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

#include "mace/model/safetensors.h"
#include "mace/model/weights.h"
#include "support/model_file.h"
#include "support/random_weights.h"

namespace mace_tests {

namespace {

mace::Weights read(const ModelFile& file, const std::vector<std::string>& elements = {}) {
  return mace::read_weights(mace::Safetensors(file.bytes(), "m"), elements);
}

void check_refusal(const ModelFile& file, const std::string& message, const std::vector<std::string>& elements = {}) {
  try {
    read(file, elements);
    FAIL("not refused: " << message);
  } catch (const std::runtime_error& error) {
    const std::string said = error.what();
    CAPTURE(said);
    CHECK(said.find("model file m") == 0);
    CHECK(said.find(message) != std::string::npos);
  }
}

bool same(const std::vector<mace::Matrices>& a, const std::vector<mace::Matrices>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const mace::Matrices& x, const mace::Matrices& y) {
    return x.elements == y.elements && x.blocks == y.blocks && x.values == y.values && x.in == y.in && x.out == y.out;
  });
}

}  // namespace

TEST_CASE("what is read is what was written") {
  for (const Form& form : forms()) {
    CAPTURE(form.name);
    const mace::Weights written = random_weights(form), found = read(ModelFile(written));
    CHECK(found.elements == written.elements);
    CHECK(found.channels == form.channels);
    CHECK(found.l_max == form.l_max);
    CHECK(found.tables == written.tables);
    CHECK(found.atomic_energies == written.atomic_energies);
    CHECK(found.repulsion.pairs.size() == written.repulsion.pairs.size());
    CHECK(found.repulsion.screening == written.repulsion.screening);
    REQUIRE(found.layers.size() == written.layers.size());
    for (std::size_t t = 0; t < found.layers.size(); ++t) {
      const mace::LayerWeights &a = found.layers[t], &b = written.layers[t];
      CHECK(a.up_of_element == b.up_of_element);
      CHECK(same(a.up, b.up));
      CHECK(same(a.mix, b.mix));
      CHECK(same(a.update, b.update));
      CHECK(same(a.skip, b.skip));
      CHECK(a.skip_of_element == b.skip_of_element);
      CHECK(a.radial_hidden.values == b.radial_hidden.values);
      CHECK(a.radial_output == b.radial_output);
      CHECK(a.density.values == b.density.values);
      CHECK(a.coefficients == b.coefficients);
      CHECK(a.readout.hidden == b.readout.hidden);
      CHECK(a.readout.middle == b.readout.middle);
      CHECK(a.readout.middle_bias == b.readout.middle_bias);
      CHECK(a.l_edge == b.l_edge);
      CHECK(a.edge_channels == b.edge_channels);
      CHECK(a.density_offset == b.density_offset);
      CHECK(a.density_factor == b.density_factor);
      CHECK(a.gate.own_of_element == b.gate.own_of_element);
      CHECK(same(a.gate.own, b.gate.own));
      CHECK(same(a.gate.out, b.gate.out));
    }
  }
}

TEST_CASE("only what belongs to the elements in use is kept, radial tables included") {
  const Form form = forms()[2];
  const mace::Weights whole = random_weights(form), part = read(ModelFile(whole), {"O", "H"});
  CHECK(part.elements == std::vector<std::string>{"O", "H"});
  CHECK(part.atomic_energies == std::vector<double>{whole.atomic_energies[2], whole.atomic_energies[0]});
  CHECK(part.tables == std::vector<int>{0, 1, 1, 2});  // of O-O, O-H and H-H
  CHECK(part.layers[0].radial_hidden.tables == 3);
  CHECK(part.repulsion.pairs.size() == 4);
  CHECK(part.repulsion.pairs[1].strength == whole.repulsion.pairs[6].strength);
}

TEST_CASE("what plain engines do not know is named, feature by feature") {
  const std::vector<Form> all = forms();
  for (const Form& form : all) CHECK(mace::beyond_plain_layers(random_weights(form)).empty() != form.gated);
  mace::Weights weights = random_weights(all.back());
  const auto next = [&](const std::string& name) { CHECK(mace::beyond_plain_layers(weights) == name); };
  next("gated layers");
  for (mace::LayerWeights& layer : weights.layers) layer.gate = {};
  next("messages of channels of their own");
  for (mace::LayerWeights& layer : weights.layers) {
    layer.edge_channels = weights.channels;
    layer.l_edge = layer.l_in;
  }
  next("density divisors of their own");
  for (mace::LayerWeights& layer : weights.layers) layer.density_offset = layer.density_factor = 1;
  next("layers without a readout");
  for (mace::LayerWeights& layer : weights.layers) layer.readout = weights.layers.back().readout;
  next("readouts with two hidden layers");
}

TEST_CASE("a file that is no such model, or another one, is refused by name") {
  const mace::Weights weights = random_weights(forms().front());
  ModelFile other(weights), newer(weights), wide(weights);
  other.metadata["format"] = "pt";
  check_refusal(other, "is not a MACE model of 'decant export'");
  newer.metadata["format_version"] = std::to_string(mace::format_version + 1);
  check_refusal(newer, "has format version " + std::to_string(mace::format_version + 1));
  check_refusal(ModelFile(weights), "does not know the element Xe; it knows: H C O", {"H", "Xe"});
  wide.set("sizes", {3}, std::vector<std::int64_t>{5000, 1, 1});
  check_refusal(wide, "has sizes out of range");
}

TEST_CASE("an array too many, one too few and one of another shape are refused") {
  const mace::Weights weights = random_weights(forms().front());
  ModelFile more(weights), less(weights), flat(weights), crossed(weights);
  more.set("layers.9.extra", {3}, std::vector<double>(3, 0.0));
  check_refusal(more, "has the array 'layers.9.extra', which no part of this model needs");
  less.erase("layers.0.update.0");
  check_refusal(less, "has no array 'layers.0.update.0'");
  flat.set("layers.0.update.0", {25}, std::vector<double>(25, 0.0));
  check_refusal(flat, "has an array 'layers.0.update.0' of unexpected shape");
  crossed.set("layers.0.l", {2}, std::vector<std::int64_t>{0, 9});
  check_refusal(crossed, "has features out of range");
  ModelFile far(weights), half(random_weights(forms().back()));
  far.set("layers.0.edge", {2}, std::vector<std::int64_t>{5, 1});
  check_refusal(far, "has features out of range");
  half.erase("layers.1.gate.own.1");
  check_refusal(half, "has no array 'layers.1.gate.own.1'");
}

}  // namespace mace_tests
