#include "support/random_weights.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "support/numbers.h"

namespace mace_tests {

namespace {

using mace::harmonics_count;

class Maker {
 public:
  explicit Maker(const Form& form) : form_(form) {}

  mace::Weights weights() {
    mace::Weights w;
    w.elements = {"H", "C", "O"};
    while (static_cast<int>(w.elements.size()) < form_.elements)
      w.elements.push_back("X" + std::to_string(w.elements.size()));
    w.precision = "double";
    w.channels = form_.channels;
    w.l_max = form_.l_max;
    w.r_min = 0.1;
    w.r_max = 3.2;
    w.scale = 0.8;
    w.shift = 0.3;
    w.atomic_energies = {-13.6, -1029.0, -2041.0};
    w.atomic_energies.resize(w.elements.size(), -500.0);
    tables_ = form_.density ? form_.elements * (form_.elements + 1) / 2 : 1;
    for (int a = 0; a < form_.elements; ++a)
      for (int b = 0; b < form_.elements; ++b)
        w.tables.push_back(form_.density ? table(std::min(a, b), std::max(a, b)) : 0);
    if (form_.density) {
      for (std::size_t pair = 0; pair < w.tables.size(); ++pair) {
        const double part = static_cast<double>(pair % 9);
        w.repulsion.pairs.push_back({3.0 + part, 0.3, 1.0 + 0.1 * part});
      }
      w.repulsion.screening = {0.2, 0.5, 0.3, 3.2, 0.9, 0.4};
      w.repulsion.power = 6;
    }
    for (std::size_t t = 0; t < form_.l_out.size(); ++t) w.layers.push_back(layer(t));
    return w;
  }

 private:
  // Of a pair of elements a <= b, one after the other.
  int table(int a, int b) const { return a * form_.elements - a * (a - 1) / 2 + b - a; }

  std::vector<double> some(std::size_t size, double width = 1) {
    return random_values<std::vector<double>>(size, generator_, width);
  }
  mace::Matrices matrices(int elements, int blocks, int in, int out) {
    const std::size_t all = static_cast<std::size_t>(elements * blocks * in * out);
    return {elements, blocks, some(all, 1 / std::sqrt(static_cast<double>(blocks * in))), in, out};
  }
  std::vector<mace::Matrices> by_l(int l_top, int elements, int in, int out) {
    std::vector<mace::Matrices> result;
    for (int l = 0; l <= l_top; ++l) result.push_back(matrices(elements, 1, in, out));
    return result;
  }
  std::vector<mace::Matrices> by_l(int l_top, int elements) {
    return by_l(l_top, elements, form_.channels, form_.channels);
  }
  // Channels of a mixed message at each m of l.
  int mixed(int l) const { return (form_.gated && l == 0 ? 1 + form_.l_max : 1) * form_.channels; }

  mace::GateWeights gate(const mace::LayerWeights& layer) {
    mace::GateWeights w;
    if (!form_.gated) return w;
    if (layer.up.empty())
      w.own_of_element = some(static_cast<std::size_t>(form_.elements * mixed(0)));
    else
      for (int l = 0; l <= layer.l_edge; ++l) w.own.push_back(matrices(1, 1, layer.edge_channels, mixed(l)));
    w.out = by_l(form_.l_max, 1);
    return w;
  }

  mace::Knots knots(int functions, double width) {
    const int count = 9;
    return {tables_, count, functions, some(static_cast<std::size_t>(tables_ * count * 3 * functions), width)};
  }

  std::vector<mace::Path> paths(int l_in) {
    std::uniform_real_distribution<double> uniform(-0.5, 0.5);
    std::vector<mace::Path> result;
    for (int l1 = 0; l1 <= l_in; ++l1)
      for (int l2 = 0; l2 <= form_.l_max; ++l2)
        for (int l3 = std::abs(l1 - l2); l3 <= std::min(l1 + l2, form_.l_max); ++l3) {
          mace::Path path{l1, l2, l3, {}};
          for (int m1 = 0; m1 <= 2 * l1; ++m1)
            for (int m2 = 0; m2 <= 2 * l2; ++m2)
              for (int m3 = 0; m3 <= 2 * l3; ++m3)
                if ((m1 + 2 * m2 + 3 * m3) % 5 == 0)  // as few as real ones have
                  path.couplings.push_back({m1, m2, m3, uniform(generator_)});
          result.push_back(path);
        }
    return result;
  }

  std::vector<mace::Term> terms(int l_out) {
    std::vector<mace::Term> result;
    for (int degree = 1; degree <= form_.degree; ++degree)
      for (int target = 0; target < harmonics_count(l_out); ++target)
        for (int copy = 0; copy < 3; ++copy) {
          mace::Term term;
          term.target = target;
          for (int k = 0; k < degree; ++k)
            term.factor[k] = static_cast<int>(generator_() % static_cast<unsigned>(harmonics_count(form_.l_max)));
          std::sort(term.factor, term.factor + degree);
          result.push_back(term);
        }
    return result;
  }

  mace::LayerWeights layer(std::size_t t) {
    const std::size_t n = static_cast<std::size_t>(form_.channels);
    const std::size_t elements = static_cast<std::size_t>(form_.elements);
    const int hidden = 4;
    mace::LayerWeights w;
    w.l_in = t > 0 ? form_.l_out[t - 1] : 0;
    w.l_out = form_.l_out[t];
    w.l_edge = form_.gated ? std::min(1, w.l_in) : w.l_in;
    w.edge_channels = form_.gated ? form_.channels - 2 : form_.channels;
    const std::size_t edge = static_cast<std::size_t>(w.edge_channels);
    if (t == 0)
      w.up_of_element = some(elements * edge);
    else
      w.up = by_l(w.l_edge, 1, form_.channels, w.edge_channels);
    w.paths = paths(w.l_edge);
    w.radial_hidden = knots(hidden, 0.3);
    w.radial_output = some(hidden * w.paths.size() * edge, 0.5);
    if (form_.density) {
      w.density = knots(1, 0.1);
      for (double& value : w.density.values) value = std::fabs(value);
    }
    if (form_.gated) {
      w.density_offset = 1.7;
      w.density_factor = 0.6;
    }
    w.gate = gate(w);
    for (int l = 0; l <= form_.l_max; ++l) {
      int blocks = 0;
      for (const mace::Path& path : w.paths) blocks += path.l3 == l;
      w.mix.push_back(matrices(form_.residual ? 1 : form_.elements, blocks, w.edge_channels, mixed(l)));
    }
    w.terms = terms(w.l_out);
    w.coefficients = some(elements * w.terms.size() * n, 0.3);
    w.update = by_l(w.l_out, 1);
    if (form_.residual && t == 0) w.skip_of_element = some(elements * n);
    if (form_.residual && t > 0) w.skip = by_l(std::min(w.l_in, w.l_out), form_.gated ? 1 : form_.elements);
    const bool last = t + 1 == form_.l_out.size();
    if (form_.gated && !last) return w;
    if (!last) {
      w.readout.linear = some(n, 0.3);
    } else {
      w.readout.hidden = some(5 * n, 0.3);
      w.readout.output = some(5);
      if (form_.gated) {
        w.readout.middle = some(25, 0.5);
        w.readout.middle_bias = some(5);
      }
    }
    return w;
  }

  const Form& form_;
  int tables_ = 1;
  std::mt19937 generator_{11};
};

}  // namespace

std::vector<Form> forms() {
  return {{"one layer of scalars", 5, 1, {0}, false, false, 2},
          {"two layers with vectors and a residual connection", 17, 3, {1, 0}, true, false, 3},
          {"three layers with densities, tables by pair and a repulsion", 4, 2, {2, 1, 0}, true, true, 4},
          {"three layers with gates", 5, 2, {2, 1, 0}, true, true, 2, true}};
}

mace::Weights random_weights(const Form& form) { return Maker(form).weights(); }

}  // namespace mace_tests
