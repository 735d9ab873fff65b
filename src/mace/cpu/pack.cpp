#include <algorithm>
#include <utility>

#include "mace/cpu/model.h"

namespace mace {

namespace {

std::size_t size(int n) { return static_cast<std::size_t>(n); }

template <class T>
class Packer {
 public:
  explicit Packer(const Weights& weights)
      : weights_(weights), channels_(size(weights.channels)), padded_(size(padded(weights.channels))) {}

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
  Array<To> rows(const std::vector<double>& values) const {
    const std::size_t count = values.size() / channels_;
    Array<To> result(count * padded_, To(0));
    for (std::size_t r = 0; r < count; ++r)
      for (std::size_t c = 0; c < channels_; ++c) result[r * padded_ + c] = static_cast<To>(values[r * channels_ + c]);
    return result;
  }

  // Rows of channels in are padded as well: [element][block][channel in][channel out].
  Linear<T> linear(const Matrices& matrices) const {
    const std::size_t blocks = size(matrices.elements * matrices.blocks);
    const Array<T> narrow = rows<T>(matrices.values);
    Array<T> weights(blocks * padded_ * padded_, T(0));
    for (std::size_t b = 0; b < blocks; ++b)
      std::copy_n(narrow.data() + b * channels_ * padded_, channels_ * padded_, weights.data() + b * padded_ * padded_);
    return Linear<T>(matrices.elements, static_cast<int>(size(matrices.blocks) * padded_), static_cast<int>(padded_),
                     weights);
  }

  LinearByL<T> linear_by_l(const std::vector<Matrices>& of_l, const Layout& in, const Layout& out) const {
    std::vector<Linear<T>> maps;
    for (const Matrices& matrices : of_l) maps.push_back(linear(matrices));
    return {std::move(maps), in, out};
  }

  // A spline is linear in its knots: those of the radial network's last hidden layer go through its output layer.
  std::vector<RadialTable<T>> radial(const LayerWeights& layer) const {
    const Knots& hidden = layer.radial_hidden;
    const Array<double> output = rows<double>(layer.radial_output);
    const std::size_t functions = layer.paths.size() * padded_, inner = size(hidden.functions);
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
    const int n = static_cast<int>(padded_), l_max = weights_.l_max;
    const Layout in = features_layout(layer.l_in, n), out = features_layout(layer.l_out, n);
    const Layout basis = features_layout(l_max, n);
    Layer<T> result;
    result.up = linear_by_l(layer.up, in, in);
    result.up_of_element = rows<T>(layer.up_of_element);
    result.interaction = Interaction<T>(n, l_max, layer.paths, radial(layer));
    result.density = density(layer.density);
    result.mix = linear_by_l(layer.mix, result.interaction.messages(), basis);
    result.product =
        Product<T>(n, harmonics_count(l_max), harmonics_count(layer.l_out), layer.terms, rows<T>(layer.coefficients));
    result.update = linear_by_l(layer.update, out, out);
    result.skip = linear_by_l(layer.skip, in, out);
    result.skip_of_element = rows<T>(layer.skip_of_element);
    result.readout = {rows<T>(layer.readout.linear), rows<T>(layer.readout.hidden), layer.readout.output};
    return result;
  }

  const Weights& weights_;
  std::size_t channels_, padded_;
};

}  // namespace

template <class T>
Model<T> pack(const Weights& weights) {
  return Packer<T>(weights).model();
}

template Model<float> pack<float>(const Weights&);
template Model<double> pack<double>(const Weights&);

}  // namespace mace
