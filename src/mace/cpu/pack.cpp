#include <algorithm>
#include <utility>

#include "mace/cpu/model.h"

namespace mace {

namespace {

std::size_t size(int n) { return static_cast<std::size_t>(n); }

template <class T>
class Packer {
 public:
  explicit Packer(const Weights& weights) : weights_(weights), padded_(size(padded(weights.channels))) {}

  Model<T> model() const {
    Model<T> model;
    model.channels = static_cast<int>(padded_);
    model.scale = weights_.scale;
    model.shift = weights_.shift;
    model.atomic_energies = weights_.atomic_energies;
    model.tables = weights_.tables;
    model.repulsion = Repulsion(model.elements(), weights_.repulsion);
    for (const LayerWeights& layer : weights_.layers) model.layers.push_back(packed(layer));
    return model;
  }

 private:
  // [row][channel] with the channels of each row padded by zeros
  template <class To>
  static Array<To> rows(const std::vector<double>& values, int channels) {
    const std::size_t n = size(channels), wide = size(padded(channels)), count = values.size() / n;
    Array<To> result(count * wide, To(0));
    for (std::size_t r = 0; r < count; ++r)
      for (std::size_t c = 0; c < n; ++c) result[r * wide + c] = static_cast<To>(values[r * n + c]);
    return result;
  }
  template <class To>
  Array<To> rows(const std::vector<double>& values) const {
    return rows<To>(values, weights_.channels);
  }

  // Rows of channels in are padded as well: [element][block][channel in][channel out]. What comes out may be several
  // rows of `out_channels`.
  static Linear<T> linear(const Matrices& matrices, int out_channels) {
    const std::size_t blocks = size(matrices.elements * matrices.blocks), in = size(padded(matrices.in));
    const std::size_t out = size(matrices.out / out_channels * padded(out_channels));
    const Array<T> narrow = rows<T>(matrices.values, out_channels);
    Array<T> weights(blocks * in * out, T(0));
    for (std::size_t b = 0; b < blocks; ++b)
      std::copy_n(narrow.data() + b * size(matrices.in) * out, size(matrices.in) * out, weights.data() + b * in * out);
    return Linear<T>(matrices.elements, static_cast<int>(size(matrices.blocks) * in), static_cast<int>(out), weights);
  }

  static LinearByL<T> linear_by_l(const std::vector<Matrices>& of_l, const Layout& in, const Layout& out,
                                  int out_channels) {
    std::vector<Linear<T>> maps;
    for (const Matrices& matrices : of_l) maps.push_back(linear(matrices, out_channels));
    return {std::move(maps), in, out};
  }

  // A spline is linear in its knots: those of the radial network's last hidden layer go through its output layer.
  std::vector<RadialTable<T>> radial(const LayerWeights& layer) const {
    const Knots& hidden = layer.radial_hidden;
    if (layer.radial_output.empty()) return functions(hidden, layer.edge_channels);
    const Array<double> output = rows<double>(layer.radial_output, layer.edge_channels);
    const std::size_t functions = layer.paths.size() * size(padded(layer.edge_channels)),
                      inner = size(hidden.functions);
    const int rows = 3 * hidden.knots, count = static_cast<int>(functions);
    std::vector<RadialTable<T>> tables;
    for (std::size_t t = 0; t < size(hidden.tables); ++t) {
      Array<double> product(size(rows) * functions);
      multiply(rows, hidden.functions, count, hidden.values.data() + t * size(rows) * inner, inner, output.data(),
               product.data(), functions, false);
      tables.emplace_back(weights_.r_min, weights_.r_max, hidden.knots, count,
                          Array<T>(product.begin(), product.end()));
    }
    return tables;
  }

  std::vector<RadialTable<T>> functions(const Knots& knots, int channels) const {
    const Array<T> all = rows<T>(knots.values, channels);
    const std::size_t per_table = all.size() / size(knots.tables);
    std::vector<RadialTable<T>> tables;
    for (std::size_t t = 0; t < size(knots.tables); ++t) {
      const auto first = all.begin() + static_cast<std::ptrdiff_t>(t * per_table);
      tables.emplace_back(weights_.r_min, weights_.r_max, knots.knots, knots.functions / channels * padded(channels),
                          Array<T>(first, first + static_cast<std::ptrdiff_t>(per_table)));
    }
    return tables;
  }

  std::vector<RadialTable<double>> density(const Knots& knots) const {
    const std::size_t per_table = size(3 * knots.knots);
    std::vector<RadialTable<double>> tables;
    for (std::size_t t = 0; t < size(knots.tables); ++t) {
      const double* first = knots.values.data() + t * per_table;
      tables.emplace_back(weights_.r_min, weights_.r_max, knots.knots, 1, Array<double>(first, first + per_table));
    }
    return tables;
  }

  Layer<T> packed(const LayerWeights& layer) const {
    const int channels = weights_.channels, n = static_cast<int>(padded_), l_max = weights_.l_max;
    const int edge_channels = padded(layer.edge_channels);
    const Layout in = features_layout(layer.l_in, n), out = features_layout(layer.l_out, n);
    const Layout edge = features_layout(layer.l_edge, edge_channels), basis = features_layout(l_max, n);
    const Layout mixed = layer.gate.out.empty() ? basis : mixed_layout(l_max, n);
    Layer<T> result;
    result.edge_channels = edge_channels;
    result.up = linear_by_l(layer.up, in, edge, layer.edge_channels);
    result.up_of_element = rows<T>(layer.up_of_element, layer.edge_channels);
    result.interaction = Interaction<T>(edge_channels, l_max, layer.paths, radial(layer));
    result.density = density(layer.density);
    result.density_offset = layer.density_offset;
    result.density_factor = layer.density_factor;
    result.mix = linear_by_l(layer.mix, result.interaction.messages(), mixed, channels);
    result.gated = {linear_by_l(layer.gate.own, edge, mixed, channels), rows<T>(layer.gate.own_of_element),
                    Gate<T>(n, l_max), linear_by_l(layer.gate.out, basis, basis, channels)};
    result.product =
        Product<T>(n, harmonics_count(l_max), harmonics_count(layer.l_out), layer.terms, rows<T>(layer.coefficients));
    result.update = linear_by_l(layer.update, out, out, channels);
    result.skip = linear_by_l(layer.skip, in, out, channels);
    result.skip_of_element = rows<T>(layer.skip_of_element);
    result.readout = readout(layer.readout);
    result.charge = readout(layer.charge);
    return result;
  }

  Readout<T> readout(const ReadoutWeights& from) const {
    return {rows<T>(from.linear), rows<T>(from.hidden), from.output, from.middle, from.middle_bias};
  }

  const Weights& weights_;
  std::size_t padded_;
};

}  // namespace

template <class T>
Model<T> pack(const Weights& weights) {
  return Packer<T>(weights).model();
}

template Model<float> pack<float>(const Weights&);
template Model<double> pack<double>(const Weights&);

}  // namespace mace
