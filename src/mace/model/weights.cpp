#include "mace/model/weights.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "mace/model/safetensors.h"

namespace mace {

namespace {

using Shape = Safetensors::Shape;

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

// Reads the arrays of one model, and of these what belongs to the elements in use.
class Reader {
 public:
  Reader(const Safetensors& file, const std::vector<std::string>& wanted) : file_(file) {
    if (file.metadata("format") != "decant-mace") file.fail("is not a MACE model of 'decant export'");
    if (file.metadata("format_version") != std::to_string(format_version))
      file.fail("has format version " + file.metadata("format_version") + ", this decant reads version " +
                std::to_string(format_version) + ": export the model again with a matching decant");
    file.check_sum();
    const auto sizes = integers("sizes", {3});
    channels_ = size(sizes[0]);
    l_max_ = static_cast<int>(sizes[1]);
    layers_ = static_cast<int>(sizes[2]);
    if (channels_ < 1 || channels_ > size(max_channels) || l_max_ < 0 || l_max_ > max_l || layers_ < 1 || layers_ > 16)
      file.fail("has sizes out of range");
    select_elements(wanted);
  }

  Weights read() {
    Weights weights;
    weights.elements = symbols_;
    weights.precision = file_.metadata("precision");
    weights.channels = static_cast<int>(channels_);
    weights.l_max = l_max_;
    const auto range = reals("radial_range", {2});
    weights.r_min = range[0];
    weights.r_max = range[1];
    if (!(range[0] > 0 && range[1] > range[0])) file_.fail("has an impossible cutoff");
    const auto energies = reals("atomic_energies", {known_});
    for (const std::size_t e : elements_) weights.atomic_energies.push_back(energies[e]);
    const auto scale_shift = reals("scale_shift", {2});
    weights.scale = scale_shift[0];
    weights.shift = scale_shift[1];
    weights.tables = select_tables();
    if (file_.has("repulsion.pairs")) weights.repulsion = repulsion();
    if (file_.has("latent_charges")) weights.charges = latent_charges();
    for (int t = 0; t < layers_; ++t) {
      weights.layers.push_back(layer(t));
      if (weights.layers[size(t)].l_in != (t > 0 ? weights.layers[size(t) - 1].l_out : 0))
        file_.fail("has layers whose features do not fit each other");
    }
    return weights;
  }

 private:
  void select_elements(const std::vector<std::string>& wanted) {
    std::istringstream stream(file_.metadata("elements"));
    std::vector<std::string> known;
    for (std::string symbol; stream >> symbol;) known.push_back(symbol);
    known_ = known.size();
    symbols_ = wanted.empty() ? known : wanted;
    for (const std::string& symbol : symbols_) {
      const auto found = std::find(known.begin(), known.end(), symbol);
      if (found == known.end())
        file_.fail("does not know the element " + symbol + "; it knows: " + file_.metadata("elements"));
      elements_.push_back(static_cast<std::size_t>(found - known.begin()));
    }
  }

  // Which of the file's radial tables the elements in use need, and which of these each ordered pair takes.
  std::vector<int> select_tables() {
    const auto of_pair = integers("radial_tables", {known_, known_});
    std::vector<int> places;
    for (const std::size_t owner : elements_)
      for (const std::size_t source : elements_) {
        const std::int64_t wanted = of_pair[owner * known_ + source];
        if (wanted < 0) file_.fail("has a pair of elements without a radial table");
        const auto found = std::find(tables_.begin(), tables_.end(), size(wanted));
        places.push_back(static_cast<int>(found - tables_.begin()));
        if (found == tables_.end()) tables_.push_back(size(wanted));
      }
    return places;
  }

  RepulsionWeights repulsion() const {
    RepulsionWeights result;
    const auto of_pair = reals("repulsion.pairs", {known_, known_, 3});
    const std::size_t terms = file_.shape("repulsion.screening").at(1);
    const auto power = integers("repulsion.power", {1});
    for (const std::size_t owner : elements_)
      for (const std::size_t source : elements_) {
        const double* pair = of_pair.data() + 3 * (owner * known_ + source);
        if (!(pair[1] > 0 && pair[2] > 0)) file_.fail("has an impossible pair repulsion");
        result.pairs.push_back({pair[0], pair[1], pair[2]});
      }
    if (power[0] < 1 || power[0] > 1000) file_.fail("has an impossible pair repulsion");
    result.power = static_cast<int>(power[0]);
    result.screening = reals("repulsion.screening", {2, terms});
    return result;
  }

  LatentCharges latent_charges() const {
    const auto values = reals("latent_charges", {4});
    if (!(values[0] > 0 && values[1] > 0)) file_.fail("has impossible latent charges");
    return {values[0], values[1], values[2], values[3] != 0};
  }

  void require_shape(const std::string& tensor, const Shape& expected) const {
    if (file_.shape(tensor) != expected) file_.fail("has an array '" + tensor + "' of unexpected shape");
  }
  std::vector<double> reals(const std::string& tensor, const Shape& expected) const {
    require_shape(tensor, expected);
    return file_.reals(tensor);
  }
  std::vector<std::int64_t> integers(const std::string& tensor, const Shape& expected) const {
    require_shape(tensor, expected);
    return file_.integers(tensor);
  }

  // Of [part of the file][...], `stride` values a part, those of the parts named.
  static std::vector<double> select(const std::vector<double>& values, std::size_t stride,
                                    const std::vector<std::size_t>& parts) {
    std::vector<double> result;
    result.reserve(parts.size() * stride);
    for (const std::size_t part : parts)
      result.insert(result.end(), values.begin() + static_cast<std::ptrdiff_t>(part * stride),
                    values.begin() + static_cast<std::ptrdiff_t>((part + 1) * stride));
    return result;
  }

  std::vector<double> per_element(const std::string& tensor, std::size_t values) const {
    return select(reals(tensor, {known_, values}), values, elements_);
  }

  Matrices matrices(const std::string& tensor, std::size_t blocks, std::size_t in, std::size_t out) const {
    const Shape& shape = file_.shape(tensor);
    if (shape.size() != 4 || shape[1] != blocks || shape[2] != in || shape[3] != out ||
        (shape[0] != 1 && shape[0] != known_))
      file_.fail("has an array '" + tensor + "' of unexpected shape");
    const bool shared = shape[0] == 1;
    const std::vector<std::size_t> parts = shared ? std::vector<std::size_t>{0} : elements_;
    return {static_cast<int>(parts.size()), static_cast<int>(blocks),
            select(file_.reals(tensor), blocks * in * out, parts), static_cast<int>(in), static_cast<int>(out)};
  }

  std::vector<Matrices> matrices_by_l(const std::string& prefix, int l_top, std::size_t in, std::size_t out) const {
    std::vector<Matrices> result;
    for (int l = 0; l <= l_top; ++l) result.push_back(matrices(prefix + std::to_string(l), 1, in, out));
    return result;
  }

  Knots knots(const std::string& tensor, std::size_t functions) const {
    const Shape& shape = file_.shape(tensor);
    const std::size_t count = shape.at(1);
    const auto values = reals(tensor, {shape[0], count, 3, functions});
    if (count < 2 || functions < 1) file_.fail("has a radial table without intervals or functions");
    for (const std::size_t table : tables_)
      if (table >= shape[0]) file_.fail("has a pair of elements without a radial table");
    return {static_cast<int>(tables_.size()), static_cast<int>(count), static_cast<int>(functions),
            select(values, count * 3 * functions, tables_)};
  }

  std::vector<Path> paths(const std::string& prefix, int l_in) const {
    const std::size_t count = file_.shape(prefix + "paths").at(0);
    const auto ls = integers(prefix + "paths", {count, 3});
    const auto values = file_.reals(prefix + "couplings");
    std::vector<Path> paths(count);
    std::size_t at = 0;
    for (std::size_t p = 0; p < count; ++p) {
      for (std::size_t k = 0; k < 3; ++k)
        if (ls[3 * p + k] < 0 || ls[3 * p + k] > (k == 0 ? l_in : l_max_)) file_.fail("has a path out of range");
      Path& path = paths[p];
      path.l1 = static_cast<int>(ls[3 * p]);
      path.l2 = static_cast<int>(ls[3 * p + 1]);
      path.l3 = static_cast<int>(ls[3 * p + 2]);
      for (int m1 = 0; m1 <= 2 * path.l1; ++m1)
        for (int m2 = 0; m2 <= 2 * path.l2; ++m2)
          for (int m3 = 0; m3 <= 2 * path.l3; ++m3, ++at) {
            if (at >= values.size()) file_.fail("has too few coupling coefficients");
            if (values[at] != 0) path.couplings.push_back({m1, m2, m3, values[at]});
          }
    }
    return paths;
  }

  std::vector<Term> terms(const std::string& prefix, int l_out) const {
    const std::size_t count = file_.shape(prefix + "terms").at(0);
    const auto indices = integers(prefix + "terms", {count, 1 + max_degree});
    std::vector<Term> terms(count);
    int previous_degree = 1;
    for (std::size_t t = 0; t < count; ++t) {
      const std::int64_t* index = indices.data() + (1 + max_degree) * t;
      terms[t].target = static_cast<int>(index[0]);
      int degree = 0;
      for (int k = 0; k < max_degree; ++k) {
        const std::int64_t factor = index[1 + k];
        if (factor >= harmonics_count(l_max_) || factor < -1 || (factor >= 0 && k > degree))
          file_.fail("has a product term out of range");
        degree += factor >= 0;
        terms[t].factor[k] = static_cast<int>(factor);
      }
      if (degree < previous_degree || terms[t].target < 0 || terms[t].target >= harmonics_count(l_out))
        file_.fail("has product terms out of order");
      previous_degree = degree;
    }
    return terms;
  }

  // Multiplies the coupling of every term with the weights of every element: [element][term][channel].
  std::vector<double> coefficients(const std::string& prefix, std::size_t terms) const {
    const std::size_t weights = file_.shape(prefix + "weights").at(1);
    const std::size_t couplings = file_.shape(prefix + "coupling").at(0);
    const auto coupling = reals(prefix + "coupling", {couplings});
    const auto place = integers(prefix + "coupling_place", {couplings, 2});
    const bool shared = file_.shape(prefix + "weights").at(0) == 1;  // by all elements
    const auto weight = reals(prefix + "weights", {shared ? 1 : known_, weights, channels_});
    for (std::size_t q = 0; q < couplings; ++q)
      if (place[2 * q] < 0 || size(place[2 * q]) >= terms || place[2 * q + 1] < 0 || size(place[2 * q + 1]) >= weights)
        file_.fail("has a product coupling out of range");
    std::vector<double> sum(elements_.size() * terms * channels_, 0.0);
    for (std::size_t e = 0; e < elements_.size(); ++e)
      for (std::size_t q = 0; q < couplings; ++q) {
        const std::size_t set = shared ? 0 : elements_[e];
        const double* from = weight.data() + (set * weights + size(place[2 * q + 1])) * channels_;
        double* to = sum.data() + (e * terms + size(place[2 * q])) * channels_;
        for (std::size_t c = 0; c < channels_; ++c) to[c] += coupling[q] * from[c];
      }
    return sum;
  }

  ReadoutWeights readout(const std::string& prefix) const {
    ReadoutWeights result;
    if (file_.has(prefix + "linear")) {
      result.linear = reals(prefix + "linear", {channels_});
      return result;
    }
    if (!file_.has(prefix + "output")) return result;
    result.output = file_.reals(prefix + "output");
    const std::size_t units = result.output.size();
    result.hidden = reals(prefix + "hidden", {units, channels_});
    if (!file_.has(prefix + "middle")) return result;
    result.middle = reals(prefix + "middle", {units, units});
    result.middle_bias = reals(prefix + "middle_bias", {units});
    return result;
  }

  GateWeights gate(const std::string& prefix, const LayerWeights& layer) const {
    GateWeights result;
    if (!file_.has(prefix + "out.0")) return result;
    if (layer.up.empty())
      result.own_of_element = per_element(prefix + "own_of_element", gated_rows(0) * channels_);
    else
      for (int l = 0; l <= layer.l_edge; ++l)
        result.own.push_back(
            matrices(prefix + "own." + std::to_string(l), 1, size(layer.edge_channels), gated_rows(l) * channels_));
    result.out = matrices_by_l(prefix + "out.", l_max_, channels_, channels_);
    return result;
  }

  // Rows of channels of a mixed message at each m of l: those of the gates are with the scalars.
  std::size_t gated_rows(int l) const { return l == 0 ? size(l_max_) + 1 : 1; }

  void read_features(const std::string& prefix, LayerWeights& layer) const {
    const auto ls = integers(prefix + "l", {2});
    layer.l_in = static_cast<int>(ls[0]);
    layer.l_out = static_cast<int>(ls[1]);
    layer.l_edge = layer.l_in;
    layer.edge_channels = static_cast<int>(channels_);
    if (layer.l_in < 0 || layer.l_in > l_max_ || layer.l_out < 0 || layer.l_out > l_max_)
      file_.fail("has features out of range");
    if (!file_.has(prefix + "edge")) return;
    const auto edge = integers(prefix + "edge", {2});
    if (edge[0] < 1 || edge[0] > max_channels || edge[1] < 0 || edge[1] > layer.l_in)
      file_.fail("has features out of range");
    layer.edge_channels = static_cast<int>(edge[0]);
    layer.l_edge = static_cast<int>(edge[1]);
  }

  // From what neighbors receive to the basis of the product.
  void read_messages(const std::string& prefix, bool first, LayerWeights& layer) const {
    const std::size_t edge = size(layer.edge_channels);
    if (first)
      layer.up_of_element = per_element(prefix + "up_of_element", edge);
    else
      layer.up = matrices_by_l(prefix + "up.", layer.l_edge, channels_, edge);
    layer.paths = paths(prefix, layer.l_edge);
    const std::size_t hidden = file_.shape(prefix + "radial.output").at(0);
    layer.radial_output = reals(prefix + "radial.output", {hidden, layer.paths.size(), edge});
    layer.radial_hidden = knots(prefix + "radial.hidden", hidden);
    if (file_.has(prefix + "density")) layer.density = knots(prefix + "density", 1);
    if (file_.has(prefix + "density_divisor")) {
      const auto divisor = reals(prefix + "density_divisor", {2});
      layer.density_offset = divisor[0];
      layer.density_factor = divisor[1];
    }
    layer.gate = gate(prefix + "gate.", layer);
    for (int l = 0; l <= l_max_; ++l) {
      const auto ends_there = [l](const Path& path) { return path.l3 == l; };
      const auto blocks = std::count_if(layer.paths.begin(), layer.paths.end(), ends_there);
      layer.mix.push_back(matrices(prefix + "mix." + std::to_string(l), size(blocks), edge,
                                   (layer.gate.out.empty() ? 1 : gated_rows(l)) * channels_));
    }
  }

  LayerWeights layer(int t) const {
    const std::string prefix = "layers." + std::to_string(t) + ".";
    LayerWeights layer;
    read_features(prefix, layer);
    if (t == 0 && layer.l_in != 0) file_.fail("has features out of range");
    read_messages(prefix, t == 0, layer);
    layer.terms = terms(prefix, layer.l_out);
    layer.coefficients = coefficients(prefix, layer.terms.size());
    layer.update = matrices_by_l(prefix + "update.", layer.l_out, channels_, channels_);
    if (file_.has(prefix + "skip_of_element"))
      layer.skip_of_element = per_element(prefix + "skip_of_element", channels_);
    for (int l = 0; l <= layer.l_out && file_.has(prefix + "skip." + std::to_string(l)); ++l)
      layer.skip.push_back(matrices(prefix + "skip." + std::to_string(l), 1, channels_, channels_));
    if (layer.skip.size() > size(layer.l_in) + 1) file_.fail("has a residual connection without a source");
    layer.readout = readout(prefix + "readout.");
    layer.charge = readout(prefix + "charge.");
    return layer;
  }

  const Safetensors& file_;
  std::size_t channels_ = 0, known_ = 0;  // elements of the file
  int l_max_ = 0, layers_ = 0;
  std::vector<std::string> symbols_;   // in use
  std::vector<std::size_t> elements_;  // the same as indices of the file's elements
  std::vector<std::size_t> tables_;    // in use, as indices of the file's radial tables
};

}  // namespace

Weights read_weights(const Safetensors& file, const std::vector<std::string>& elements) {
  try {
    Weights weights = Reader(file, elements).read();
    file.refuse_unread();
    return weights;
  } catch (const std::out_of_range&) {
    file.fail("has an array with too few dimensions");
  }
}

std::string beyond_plain_layers(const Weights& weights) {
  if (weights.charges.width > 0) return "latent charges";
  for (const LayerWeights& layer : weights.layers) {
    if (!layer.gate.out.empty()) return "gated layers";
    if (layer.edge_channels != weights.channels || layer.l_edge != layer.l_in)
      return "messages of channels of their own";
    if (layer.density_offset != 1 || layer.density_factor != 1) return "density divisors of their own";
    if (!layer.readout.middle.empty()) return "readouts with two hidden layers";
    if (layer.readout.linear.empty() && layer.readout.output.empty()) return "layers without a readout";
  }
  return "";
}

}  // namespace mace
