#include "model.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace mace {

namespace {

using Shape = Safetensors::Shape;

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

// Reads the arrays of one model and pads their channels.
template <class T>
class Loader {
 public:
  Loader(const Safetensors& file, const std::vector<std::string>& wanted) : file_(file) {
    if (file.metadata("format") != "decant-mace") file.fail("is not a MACE model of 'decant export'");
    if (file.metadata("format_version") != std::to_string(format_version))
      file.fail("has format version " + file.metadata("format_version") + ", this pair style reads version " +
                std::to_string(format_version) + ": export the model again with a matching decant");
    file.check_sum();
    const auto sizes = integers("sizes", {3});
    channels_ = size(sizes[0]);
    l_max_ = static_cast<int>(sizes[1]);
    layers_ = static_cast<int>(sizes[2]);
    if (channels_ < 1 || channels_ > 4096 || l_max_ < 0 || l_max_ > max_l || layers_ < 1 || layers_ > 16)
      file.fail("has sizes out of range");
    padded_ = static_cast<std::size_t>(padded(static_cast<int>(channels_)));
    select_elements(wanted);
  }

  Model<T> load() {
    Model<T> model;
    model.channels = static_cast<int>(padded_);
    model.l_max = l_max_;
    const auto range = reals("radial_range", {2});
    r_min_ = range[0];
    model.r_max = r_max_ = range[1];
    if (!(r_min_ > 0 && r_max_ > r_min_)) file_.fail("has an impossible cutoff");
    const auto energies = reals("atomic_energies", {file_elements_});
    for (const std::size_t e : elements_) model.atomic_energies.push_back(energies[e]);
    const auto scale_shift = reals("scale_shift", {2});
    model.scale = scale_shift[0];
    model.shift = scale_shift[1];
    select_tables(model);
    if (file_.has("repulsion.pairs")) model.repulsion = repulsion();
    int l_previous = 0;
    for (int t = 0; t < layers_; ++t) {
      model.layers.push_back(layer(t));
      if (model.layers.back().l_in != l_previous) file_.fail("has layers whose features do not fit each other");
      l_previous = model.layers.back().l_out;
    }
    return model;
  }

 private:
  void select_elements(const std::vector<std::string>& wanted) {
    std::istringstream stream(file_.metadata("elements"));
    std::vector<std::string> known;
    for (std::string symbol; stream >> symbol;) known.push_back(symbol);
    file_elements_ = known.size();
    for (const std::string& symbol : wanted) {
      const auto found = std::find(known.begin(), known.end(), symbol);
      if (found == known.end())
        file_.fail("does not know the element " + symbol + "; it knows: " + file_.metadata("elements"));
      elements_.push_back(static_cast<std::size_t>(found - known.begin()));
    }
  }

  Repulsion repulsion() const {
    const auto of_pair = reals("repulsion.pairs", {file_elements_, file_elements_, 3});
    const std::size_t terms = file_.shape("repulsion.screening").at(1);
    const auto power = integers("repulsion.power", {1});
    std::vector<Repulsion::Pair> pairs;
    for (const std::size_t owner : elements_)
      for (const std::size_t source : elements_) {
        const double* pair = of_pair.data() + 3 * (owner * file_elements_ + source);
        if (!(pair[1] > 0 && pair[2] > 0)) file_.fail("has an impossible pair repulsion");
        pairs.push_back({pair[0], pair[1], pair[2]});
      }
    if (power[0] < 1 || power[0] > 1000) file_.fail("has an impossible pair repulsion");
    return {elements_.size(), std::move(pairs), reals("repulsion.screening", {2, terms}), static_cast<int>(power[0])};
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

  // [elements of the file][rows][channels] -> [elements in use][rows][padded channels]
  Array<T> per_element(const std::string& tensor, std::size_t rows) const {
    const auto values =
        reals(tensor, rows == 1 ? Shape{file_elements_, channels_} : Shape{file_elements_, rows, channels_});
    Array<T> result(elements_.size() * rows * padded_, T(0));
    for (std::size_t e = 0; e < elements_.size(); ++e)
      for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < channels_; ++c)
          result[(e * rows + r) * padded_ + c] = static_cast<T>(values[(elements_[e] * rows + r) * channels_ + c]);
    return result;
  }

  // [elements or 1][blocks][channels in][channels out]
  Linear<T> linear(const std::string& tensor, std::size_t blocks) const {
    const Shape& shape = file_.shape(tensor);
    if (shape.size() != 4 || shape[1] != blocks || shape[2] != channels_ || shape[3] != channels_ ||
        (shape[0] != 1 && shape[0] != file_elements_))
      file_.fail("has an array '" + tensor + "' of unexpected shape");
    const bool shared = shape[0] == 1;
    const std::size_t count = shared ? 1 : elements_.size();
    const auto values = file_.reals(tensor);
    Array<T> weights(count * blocks * padded_ * padded_, T(0));
    for (std::size_t e = 0; e < count; ++e)
      for (std::size_t b = 0; b < blocks; ++b)
        for (std::size_t i = 0; i < channels_; ++i)
          for (std::size_t o = 0; o < channels_; ++o)
            weights[((e * blocks + b) * padded_ + i) * padded_ + o] =
                static_cast<T>(values[(((shared ? 0 : elements_[e]) * blocks + b) * channels_ + i) * channels_ + o]);
    return Linear<T>(static_cast<int>(count), static_cast<int>(blocks * padded_), static_cast<int>(padded_), weights);
  }

  std::vector<Linear<T>> linears(const std::string& prefix, int l_top) const {
    std::vector<Linear<T>> result;
    for (int l = 0; l <= l_top; ++l) result.push_back(linear(prefix + std::to_string(l), 1));
    return result;
  }

  Interaction<T> interaction(const std::string& prefix, int l_in) const {
    const std::size_t count = file_.shape(prefix + "paths").at(0);
    const auto ls = integers(prefix + "paths", {count, 3});
    const auto values = file_.reals(prefix + "couplings");
    std::vector<Path> paths(count);
    std::size_t at = 0;
    for (std::size_t p = 0; p < count; ++p) {
      for (int k = 0; k < 3; ++k)
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
    return Interaction<T>(static_cast<int>(padded_), l_max_, std::move(paths), radial(prefix, count));
  }

  // Which of the file's radial tables the elements in use need, and which of these each ordered pair takes.
  void select_tables(Model<T>& model) {
    const auto of_pair = integers("radial_tables", {file_elements_, file_elements_});
    for (const std::size_t owner : elements_)
      for (const std::size_t source : elements_) {
        const std::int64_t wanted = of_pair[owner * file_elements_ + source];
        if (wanted < 0) file_.fail("has a pair of elements without a radial table");
        const auto found = std::find(tables_.begin(), tables_.end(), size(wanted));
        model.tables.push_back(static_cast<int>(found - tables_.begin()));
        if (found == tables_.end()) tables_.push_back(size(wanted));
      }
  }

  // [tables][knots][3][functions], for the tables in use
  std::vector<Array<double>> knots(const std::string& tensor, std::size_t functions) const {
    const Shape& shape = file_.shape(tensor);
    const std::size_t count = shape.at(1);
    const auto values = reals(tensor, {shape[0], count, 3, functions});
    if (count < 2 || functions < 1) file_.fail("has a radial table without intervals or functions");
    const std::size_t per_table = count * 3 * functions;
    std::vector<Array<double>> result;
    for (const std::size_t table : tables_) {
      if (table >= shape[0]) file_.fail("has a pair of elements without a radial table");
      result.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(table * per_table),
                          values.begin() + static_cast<std::ptrdiff_t>((table + 1) * per_table));
    }
    return result;
  }

  // A spline is linear in its knots: those of the radial network's last hidden layer go through its output layer.
  std::vector<RadialTable<T>> radial(const std::string& prefix, std::size_t paths) const {
    const std::size_t hidden = file_.shape(prefix + "radial.output").at(0), functions = paths * padded_;
    const auto values = reals(prefix + "radial.output", {hidden, paths, channels_});
    Array<double> output(hidden * functions, 0.0);
    for (std::size_t r = 0; r < hidden * paths; ++r)
      for (std::size_t c = 0; c < channels_; ++c) output[r * padded_ + c] = values[r * channels_ + c];
    std::vector<RadialTable<T>> tables;
    for (const Array<double>& knot : knots(prefix + "radial.hidden", hidden)) {
      const int rows = static_cast<int>(knot.size() / hidden), count = static_cast<int>(functions);
      Array<double> product(static_cast<std::size_t>(rows) * functions);
      multiply(rows, static_cast<int>(hidden), count, knot.data(), hidden, output.data(), product.data(), functions,
               false);
      tables.emplace_back(r_min_, r_max_, rows / 3, count, Array<T>(product.begin(), product.end()));
    }
    return tables;
  }

  // Multiplies the coupling of every monomial with the weights of every element once, at loading.
  Product<T> product(const std::string& prefix, int l_out) const {
    const std::size_t count = file_.shape(prefix + "terms").at(0);
    const std::size_t weights = file_.shape(prefix + "weights").at(1);
    const std::size_t couplings = file_.shape(prefix + "coupling").at(0);
    const auto indices = integers(prefix + "terms", {count, 1 + max_degree});
    const auto coupling = reals(prefix + "coupling", {couplings});
    const auto place = integers(prefix + "coupling_place", {couplings, 2});
    const auto weight = reals(prefix + "weights", {file_elements_, weights, channels_});
    std::vector<Term> terms(count);
    int previous_degree = 1;
    for (std::size_t t = 0; t < count; ++t) {
      terms[t].target = static_cast<int>(indices[(1 + max_degree) * t]);
      int degree = 0;
      for (int k = 0; k < max_degree; ++k) {
        const std::int64_t factor = indices[(1 + max_degree) * t + 1 + size(k)];
        if (factor >= harmonics_count(l_max_) || factor < -1 || (factor >= 0 && k > degree))
          file_.fail("has a product term out of range");
        degree += factor >= 0;
        terms[t].factor[k] = static_cast<int>(factor);
      }
      if (degree < previous_degree || terms[t].target < 0 || terms[t].target >= harmonics_count(l_out))
        file_.fail("has product terms out of order");
      previous_degree = degree;
    }
    for (std::size_t q = 0; q < couplings; ++q)
      if (place[2 * q] < 0 || size(place[2 * q]) >= count || place[2 * q + 1] < 0 || size(place[2 * q + 1]) >= weights)
        file_.fail("has a product coupling out of range");
    Array<T> coefficients;
    Array<double> sum(count * padded_);
    for (const std::size_t element : elements_) {
      std::fill(sum.begin(), sum.end(), 0.0);
      for (std::size_t q = 0; q < couplings; ++q) {
        const double* from = weight.data() + (element * weights + size(place[2 * q + 1])) * channels_;
        double* to = sum.data() + size(place[2 * q]) * padded_;
        for (std::size_t c = 0; c < channels_; ++c) to[c] += coupling[q] * from[c];
      }
      coefficients.insert(coefficients.end(), sum.begin(), sum.end());
    }
    return Product<T>(static_cast<int>(padded_), harmonics_count(l_max_), harmonics_count(l_out), std::move(terms),
                      std::move(coefficients));
  }

  Readout<T> readout(const std::string& prefix) const {
    Readout<T> result;
    if (file_.has(prefix + "linear")) {
      const auto values = reals(prefix + "linear", {channels_});
      result.linear.assign(padded_, T(0));
      for (std::size_t c = 0; c < channels_; ++c) result.linear[c] = static_cast<T>(values[c]);
      return result;
    }
    result.output = file_.reals(prefix + "output");
    const std::size_t units = result.output.size();
    const auto values = reals(prefix + "hidden", {units, channels_});
    result.hidden.assign(units * padded_, T(0));
    for (std::size_t u = 0; u < units; ++u)
      for (std::size_t c = 0; c < channels_; ++c)
        result.hidden[u * padded_ + c] = static_cast<T>(values[u * channels_ + c]);
    return result;
  }

  Layer<T> layer(int t) const {
    const std::string prefix = "layers." + std::to_string(t) + ".";
    const auto ls = integers(prefix + "l", {2});
    Layer<T> layer;
    layer.l_in = static_cast<int>(ls[0]);
    layer.l_out = static_cast<int>(ls[1]);
    if (layer.l_in < 0 || layer.l_in > l_max_ || layer.l_out < 0 || layer.l_out > l_max_ || (t == 0 && layer.l_in != 0))
      file_.fail("has features out of range");
    if (t == 0)
      layer.up_of_element = per_element(prefix + "up_of_element", 1);
    else
      layer.up = linears(prefix + "up.", layer.l_in);
    layer.interaction = interaction(prefix, layer.l_in);
    if (file_.has(prefix + "density"))
      for (const Array<double>& knot : knots(prefix + "density", 1))
        layer.density.emplace_back(r_min_, r_max_, static_cast<int>(knot.size() / 3), 1, knot);
    for (int l = 0; l <= l_max_; ++l)
      layer.mix.push_back(linear(prefix + "mix." + std::to_string(l), size(layer.interaction.path_count(l))));
    layer.product = product(prefix, layer.l_out);
    layer.update = linears(prefix + "update.", layer.l_out);
    if (file_.has(prefix + "skip_of_element")) layer.skip_of_element = per_element(prefix + "skip_of_element", 1);
    for (int l = 0; l <= layer.l_out && file_.has(prefix + "skip." + std::to_string(l)); ++l)
      layer.skip.push_back(linear(prefix + "skip." + std::to_string(l), 1));
    if (layer.skip.size() > size(layer.l_in) + 1) file_.fail("has a residual connection without a source");
    layer.readout = readout(prefix + "readout.");
    return layer;
  }

  const Safetensors& file_;
  std::size_t channels_ = 0, padded_ = 0, file_elements_ = 0;
  int l_max_ = 0, layers_ = 0;
  double r_min_ = 0, r_max_ = 0;
  std::vector<std::size_t> elements_;  // in use, as indices of the file's elements
  std::vector<std::size_t> tables_;    // in use, as indices of the file's radial tables
};

}  // namespace

std::string stored_precision(const Safetensors& file) { return file.metadata("precision"); }

template <class T>
Model<T> load_model(const Safetensors& file, const std::vector<std::string>& elements) {
  try {
    return Loader<T>(file, elements).load();
  } catch (const std::out_of_range&) {
    file.fail("has an array with too few dimensions");
  }
}

template Model<float> load_model<float>(const Safetensors&, const std::vector<std::string>&);
template Model<double> load_model<double>(const Safetensors&, const std::vector<std::string>&);

}  // namespace mace
