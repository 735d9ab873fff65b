#include "support/model_file.h"

#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "mace/model/crc32.h"

namespace mace_tests {

namespace {

using Shape = mace::Safetensors::Shape;
using Integers = std::vector<std::int64_t>;

std::size_t size(int n) { return static_cast<std::size_t>(n); }

template <class Item>
std::vector<char> raw(const std::vector<Item>& values) {
  std::vector<char> bytes(values.size() * sizeof(Item));
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string list(const Shape& shape) {
  std::vector<std::string> numbers;
  for (const std::size_t extent : shape) numbers.push_back(std::to_string(extent));
  return "[" + joined(numbers, ",") + "]";
}

}  // namespace

void ModelFile::set(const std::string& name, Shape shape, const std::vector<double>& values) {
  arrays_[name] = {"F64", std::move(shape), raw(values)};
}

void ModelFile::set(const std::string& name, Shape shape, const Integers& values) {
  arrays_[name] = {"I64", std::move(shape), raw(values)};
}

void ModelFile::set_by_l(const std::string& prefix, const std::vector<mace::Matrices>& of_l) {
  for (std::size_t l = 0; l < of_l.size(); ++l) {
    const mace::Matrices& map = of_l[l];
    set(prefix + std::to_string(l), {size(map.elements), size(map.blocks), size(map.in), size(map.out)}, map.values);
  }
}

void ModelFile::set_knots(const std::string& name, const mace::Knots& knots) {
  set(name, {size(knots.tables), size(knots.knots), 3, size(knots.functions)}, knots.values);
}

ModelFile::ModelFile(const mace::Weights& w) {
  const std::size_t elements = w.elements.size();
  metadata = {{"format", "decant-mace"},
              {"format_version", std::to_string(mace::format_version)},
              {"precision", w.precision},
              {"elements", joined(w.elements, " ")}};
  set("sizes", {3}, Integers{w.channels, w.l_max, static_cast<std::int64_t>(w.layers.size())});
  set("radial_range", {2}, std::vector<double>{w.r_min, w.r_max});
  set("atomic_energies", {elements}, w.atomic_energies);
  set("scale_shift", {2}, std::vector<double>{w.scale, w.shift});
  set("radial_tables", {elements, elements}, Integers(w.tables.begin(), w.tables.end()));
  if (!w.repulsion.pairs.empty()) {
    std::vector<double> pairs;
    for (const auto& pair : w.repulsion.pairs) pairs.insert(pairs.end(), {pair.strength, pair.length, pair.end});
    set("repulsion.pairs", {elements, elements, 3}, pairs);
    set("repulsion.screening", {2, w.repulsion.screening.size() / 2}, w.repulsion.screening);
    set("repulsion.power", {1}, Integers{w.repulsion.power});
  }
  for (std::size_t t = 0; t < w.layers.size(); ++t) set_layer(w, t);
}

void ModelFile::set_layer(const mace::Weights& w, std::size_t t) {
  const mace::LayerWeights& layer = w.layers[t];
  const std::string prefix = "layers." + std::to_string(t) + ".";
  const std::size_t n = size(w.channels), elements = w.elements.size(), hidden = size(layer.radial_hidden.functions);
  const std::size_t edge = size(layer.edge_channels);
  set(prefix + "l", {2}, Integers{layer.l_in, layer.l_out});
  if (edge != n) set(prefix + "edge", {2}, Integers{layer.edge_channels, layer.l_edge});
  if (t == 0) set(prefix + "up_of_element", {elements, edge}, layer.up_of_element);
  set_by_l(prefix + "up.", layer.up);
  Integers paths, terms, places;
  std::vector<double> couplings;
  for (const mace::Path& path : layer.paths) {
    paths.insert(paths.end(), {path.l1, path.l2, path.l3});
    const std::size_t first = couplings.size(), m2 = size(2 * path.l2 + 1), m3 = size(2 * path.l3 + 1);
    couplings.resize(first + size(2 * path.l1 + 1) * m2 * m3, 0.0);
    for (const auto& q : path.couplings) couplings[first + (size(q.m1) * m2 + size(q.m2)) * m3 + size(q.m3)] = q.value;
  }
  set(prefix + "paths", {layer.paths.size(), 3}, paths);
  set(prefix + "couplings", {couplings.size()}, couplings);
  set_knots(prefix + "radial.hidden", layer.radial_hidden);
  set(prefix + "radial.output", {hidden, layer.paths.size(), edge}, layer.radial_output);
  if (layer.density.tables > 0) set_knots(prefix + "density", layer.density);
  set_by_l(prefix + "mix.", layer.mix);
  if (!layer.gate.out.empty()) {
    set(prefix + "density_divisor", {2}, std::vector<double>{layer.density_offset, layer.density_factor});
    if (t == 0)
      set(prefix + "gate.own_of_element", {elements, layer.gate.own_of_element.size() / elements},
          layer.gate.own_of_element);
    set_by_l(prefix + "gate.own.", layer.gate.own);
    set_by_l(prefix + "gate.out.", layer.gate.out);
  }
  for (const mace::Term& term : layer.terms) {
    const auto number = static_cast<std::int64_t>(terms.size() / (1 + mace::max_degree));
    terms.push_back(term.target);
    terms.insert(terms.end(), std::begin(term.factor), std::end(term.factor));
    places.insert(places.end(), {number, number});  // a weight for each monomial
  }
  const std::size_t count = layer.terms.size();
  set(prefix + "terms", {count, 1 + mace::max_degree}, terms);
  set(prefix + "coupling", {count}, std::vector<double>(count, 1.0));
  set(prefix + "coupling_place", {count, 2}, places);
  set(prefix + "weights", {elements, count, n}, layer.coefficients);
  set_by_l(prefix + "update.", layer.update);
  if (!layer.skip_of_element.empty()) set(prefix + "skip_of_element", {elements, n}, layer.skip_of_element);
  set_by_l(prefix + "skip.", layer.skip);
  if (!layer.readout.linear.empty()) set(prefix + "readout.linear", {n}, layer.readout.linear);
  if (layer.readout.output.empty()) return;
  set(prefix + "readout.hidden", {layer.readout.output.size(), n}, layer.readout.hidden);
  set(prefix + "readout.output", {layer.readout.output.size()}, layer.readout.output);
  if (layer.readout.middle.empty()) return;
  set(prefix + "readout.middle", {layer.readout.output.size(), layer.readout.output.size()}, layer.readout.middle);
  set(prefix + "readout.middle_bias", {layer.readout.output.size()}, layer.readout.middle_bias);
}

std::vector<char> ModelFile::bytes() const {
  const std::string no_sum(10, '0');
  std::vector<std::string> fields;
  for (const auto& [key, value] : metadata) fields.push_back("\"" + key + "\":\"" + value + "\"");
  std::string header = "{\"__metadata__\":{" + joined(fields, ",") + ",\"crc32\":\"" + no_sum + "\"}";
  std::vector<char> data;
  for (const auto& [name, array] : arrays_) {
    header += ",\"" + name + "\":{\"dtype\":\"" + array.dtype + "\",\"shape\":" + list(array.shape) +
              ",\"data_offsets\":" + list({data.size(), data.size() + array.bytes.size()}) + "}";
    data.insert(data.end(), array.bytes.begin(), array.bytes.end());
  }
  header += "}";
  const std::uint64_t length = header.size();
  std::vector<char> bytes = raw(std::vector<std::uint64_t>{length});
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  mace::Crc32 sum;
  sum.add(bytes.data(), bytes.size());
  const std::string digits = sum.digits(), field = "\"crc32\":\"";
  std::memcpy(bytes.data() + sizeof(length) + header.find(field) + field.size(), digits.data(), digits.size());
  return bytes;
}

std::vector<char> read_bytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace mace_tests
