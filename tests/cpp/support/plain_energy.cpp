#include "support/plain_energy.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "mace/cpu/kernels/radial.h"
#include "mace/cpu/kernels/repulsion.h"
#include "mace/cpu/kernels/spherical_harmonics.h"
#include "support/numbers.h"

namespace mace_tests {

namespace {

using mace::harmonics_count;
using mace::LayerWeights;
using mace::Weights;
using Values = std::vector<double>;

std::size_t size(int n) { return static_cast<std::size_t>(n); }

struct PlainEdge {
  std::size_t owner, source;
  double r;
  std::array<double, 16> harmonics;
};

std::vector<PlainEdge> edges_of(const Weights& w, const Configuration& atoms) {
  const auto x = atoms.positions();
  std::vector<PlainEdge> edges;
  for (std::size_t i = 0; i < atoms.size(); ++i)
    for (int k = atoms.neighbors->first[i]; k < atoms.neighbors->first[i + 1]; ++k) {
      const std::size_t site = size(atoms.neighbors->site[size(k)]);
      double d[3];
      for (std::size_t a = 0; a < 3; ++a) d[a] = x[3 * i + a] - x[3 * site + a];
      const double r = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
      if (r >= w.r_max) continue;
      PlainEdge edge{i, size(atoms.site[site][0]), r, {}};
      mace::spherical_harmonics(w.l_max, d[0] / r, d[1] / r, d[2] / r, edge.harmonics.data());
      edges.push_back(edge);
    }
  return edges;
}

std::vector<mace::RadialTable<double>> splines(const Weights& w, const mace::Knots& knots) {
  const std::size_t per_table = size(3 * knots.knots * knots.functions);
  std::vector<mace::RadialTable<double>> tables;
  for (std::size_t t = 0; t < size(knots.tables); ++t) {
    const double* first = knots.values.data() + t * per_table;
    tables.emplace_back(w.r_min, w.r_max, knots.knots, knots.functions, mace::Array<double>(first, first + per_table));
  }
  return tables;
}

Values evaluate(const mace::RadialTable<double>& spline, double r) {
  Values values(size(spline.functions()));
  spline.evaluate(r, values.data());
  return values;
}

// One layer on all atoms. Features are [atom][lm][channel].
class PlainLayer {
 public:
  PlainLayer(const Weights& w, const LayerWeights& layer, const Configuration& atoms,
             const std::vector<PlainEdge>& edges, const Values& incoming)
      : w_(w),
        layer_(layer),
        atoms_(atoms),
        edges_(edges),
        incoming_(incoming),
        n_(size(w.channels)),
        edge_(size(layer.edge_channels)),
        hidden_(splines(w, layer.radial_hidden)),
        density_(splines(w, layer.density)) {}

  Values features() const {
    const Values basis = this->basis();
    const std::size_t outputs = size(harmonics_count(layer_.l_out)), inputs = size(harmonics_count(layer_.l_in));
    Values features(atoms_.size() * outputs * n_, 0.0);
    for (std::size_t i = 0; i < atoms_.size(); ++i) {
      const Values product = this->product(i, basis.data() + i * size(harmonics_count(w_.l_max)) * n_);
      double* to = features.data() + i * outputs * n_;
      for (int l = 0; l <= layer_.l_out; ++l)
        for (std::size_t lm = size(l * l); lm < size((l + 1) * (l + 1)); ++lm) {
          apply(layer_.update[size(l)], 0, 0, product.data() + lm * n_, to + lm * n_);
          if (size(l) < layer_.skip.size())
            apply(layer_.skip[size(l)], atoms_.element[i], 0, incoming_.data() + (i * inputs + lm) * n_, to + lm * n_);
        }
      for (std::size_t c = 0; c < n_ && !layer_.skip_of_element.empty(); ++c)
        to[c] += layer_.skip_of_element[size(atoms_.element[i]) * n_ + c];
    }
    return features;
  }

  double readout(const double* scalars) const {
    double energy = 0;
    for (std::size_t c = 0; c < layer_.readout.linear.size(); ++c) energy += layer_.readout.linear[c] * scalars[c];
    const auto& readout = layer_.readout;
    const std::size_t units = readout.output.size();
    Values hidden(units, 0.0), later = readout.middle_bias;
    for (std::size_t u = 0; u < units; ++u) {
      for (std::size_t c = 0; c < n_; ++c) hidden[u] += readout.hidden[u * n_ + c] * scalars[c];
      for (std::size_t v = 0; v < later.size(); ++v)
        later[v] += readout.middle[v * units + u] * hidden[u] * sigmoid(hidden[u]);
    }
    const Values& last = later.empty() ? hidden : later;
    for (std::size_t u = 0; u < units; ++u) energy += readout.output[u] * last[u] * sigmoid(last[u]);
    return energy;
  }

 private:
  // to[channel] += block of the matrices of an element x from[channel]
  void apply(const mace::Matrices& map, int element, std::size_t block, const double* from, double* to) const {
    const std::size_t e = map.elements == 1 ? 0 : size(element);
    const std::size_t ins = size(map.in), outs = size(map.out);
    const double* matrix = map.values.data() + (e * size(map.blocks) + block) * ins * outs;
    for (std::size_t in = 0; in < ins; ++in)
      for (std::size_t out = 0; out < outs; ++out) to[out] += from[in] * matrix[in * outs + out];
  }

  static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

  // What atom j sends: [l1 m1][channel].
  Values sent(std::size_t j) const {
    const std::size_t incoming = size(harmonics_count(layer_.l_in));
    Values result(size(harmonics_count(layer_.l_edge)) * edge_, 0.0);
    if (layer_.up.empty())
      for (std::size_t c = 0; c < edge_; ++c) result[c] = layer_.up_of_element[size(atoms_.element[j]) * edge_ + c];
    for (std::size_t l = 0; l < layer_.up.size(); ++l)
      for (std::size_t lm = l * l; lm < (l + 1) * (l + 1); ++lm)
        apply(layer_.up[l], 0, 0, incoming_.data() + (j * incoming + lm) * n_, result.data() + lm * edge_);
    return result;
  }

  bool gated() const { return !layer_.gate.out.empty(); }
  // Where [l m] is in a mixed message, in rows; the gates are rows 1 .. l_max.
  std::size_t mixed_row(int l, std::size_t m) const { return size(l * l + (gated() && l > 0 ? w_.l_max : 0)) + m; }

  // [atom][lm][channel]
  Values basis() const {
    const std::size_t paths = layer_.paths.size(), all = mixed_row(w_.l_max, size(2 * w_.l_max + 1)) * n_;
    std::vector<Values> messages(atoms_.size() * paths);  // of each path: [m3][channel]
    for (std::size_t k = 0; k < messages.size(); ++k)
      messages[k].assign(size(2 * layer_.paths[k % paths].l3 + 1) * edge_, 0.0);
    Values density(atoms_.size(), 0.0);
    std::vector<Values> sources;
    for (std::size_t j = 0; j < atoms_.size(); ++j) sources.push_back(sent(j));
    for (const PlainEdge& edge : edges_) {
      const std::size_t table =
          size(w_.tables[size(atoms_.element[edge.owner]) * w_.elements.size() + size(atoms_.element[edge.source])]);
      if (!density_.empty()) density[edge.owner] += evaluate(density_[table], edge.r)[0];
      const Values hidden = evaluate(hidden_[table], edge.r);
      for (std::size_t p = 0; p < paths; ++p)
        add_message(p, edge, hidden, sources[edge.source], messages[edge.owner * paths + p]);
    }
    Values basis;
    for (std::size_t i = 0; i < atoms_.size(); ++i) {
      Values mixed(all, 0.0);
      std::array<std::size_t, 4> block{};
      for (std::size_t p = 0; p < paths; ++p) {
        const int l = layer_.paths[p].l3;
        for (std::size_t m = 0; m < size(2 * l + 1); ++m)
          apply(layer_.mix[size(l)], atoms_.element[i], block[size(l)], messages[i * paths + p].data() + m * edge_,
                mixed.data() + mixed_row(l, m) * n_);
        ++block[size(l)];
      }
      for (double& value : mixed) value /= layer_.density_offset + layer_.density_factor * density[i];
      if (gated()) mixed = through_gate(i, std::move(mixed), sources[i]);
      basis.insert(basis.end(), mixed.begin(), mixed.end());
    }
    return basis;
  }

  Values through_gate(std::size_t i, Values mixed, const Values& sent) const {
    const mace::GateWeights& gate = layer_.gate;
    const std::size_t scalars = size(1 + w_.l_max) * n_;
    for (std::size_t c = 0; c < scalars && gate.own.empty(); ++c)
      mixed[c] += gate.own_of_element[size(atoms_.element[i]) * scalars + c];
    for (int l = 0; l < static_cast<int>(gate.own.size()); ++l)
      for (std::size_t m = 0; m < size(2 * l + 1); ++m)
        apply(gate.own[size(l)], 0, 0, sent.data() + (size(l * l) + m) * edge_, mixed.data() + mixed_row(l, m) * n_);
    Values basis(size(harmonics_count(w_.l_max)) * n_, 0.0), row(n_);
    for (int l = 0; l <= w_.l_max; ++l)
      for (std::size_t m = 0; m < size(2 * l + 1); ++m) {
        for (std::size_t c = 0; c < n_; ++c)
          row[c] = mixed[mixed_row(l, m) * n_ + c] * sigmoid(mixed[size(l) * n_ + c]);
        apply(gate.out[size(l)], 0, 0, row.data(), basis.data() + (size(l * l) + m) * n_);
      }
    return basis;
  }

  void add_message(std::size_t p, const PlainEdge& edge, const Values& hidden, const Values& h, Values& message) const {
    const mace::Path& path = layer_.paths[p];
    for (std::size_t c = 0; c < edge_; ++c) {
      double radial = 0;
      for (std::size_t u = 0; u < hidden.size(); ++u)
        radial += hidden[u] * layer_.radial_output[(u * layer_.paths.size() + p) * edge_ + c];
      for (const mace::Path::Coupling& q : path.couplings)
        message[size(q.m3) * edge_ + c] += radial * q.value * edge.harmonics[size(path.l2 * path.l2 + q.m2)] *
                                           h[size(path.l1 * path.l1 + q.m1) * edge_ + c];
    }
  }

  // [LM][channel] of atom i
  Values product(std::size_t i, const double* basis) const {
    Values result(size(harmonics_count(layer_.l_out)) * n_, 0.0);
    const double* all = layer_.coefficients.data() + size(atoms_.element[i]) * layer_.terms.size() * n_;
    for (std::size_t t = 0; t < layer_.terms.size(); ++t)
      for (std::size_t c = 0; c < n_; ++c) {
        double value = all[t * n_ + c];
        for (const int factor : layer_.terms[t].factor)
          if (factor >= 0) value *= basis[size(factor) * n_ + c];
        result[size(layer_.terms[t].target) * n_ + c] += value;
      }
    return result;
  }

  const Weights& w_;
  const LayerWeights& layer_;
  const Configuration& atoms_;
  const std::vector<PlainEdge>& edges_;
  const Values& incoming_;
  std::size_t n_, edge_;  // channels of features and of messages
  std::vector<mace::RadialTable<double>> hidden_, density_;
};

}  // namespace

std::vector<double> plain_energies(const Weights& w, const Configuration& atoms) {
  const auto edges = edges_of(w, atoms);
  Values energies, features;
  for (const int element : atoms.element) energies.push_back(w.atomic_energies[size(element)] + w.shift);
  const mace::Repulsion repulsion(w.elements.size(), w.repulsion);
  double unused;
  for (const PlainEdge& edge : edges)
    if (!repulsion.empty())
      energies[edge.owner] +=
          w.scale * repulsion.energy(atoms.element[edge.owner], atoms.element[edge.source], edge.r, &unused);
  for (const LayerWeights& layer : w.layers) {
    const PlainLayer plain(w, layer, atoms, edges, features);
    Values outgoing = plain.features();
    const std::size_t row = outgoing.size() / atoms.size();
    for (std::size_t i = 0; i < atoms.size(); ++i) energies[i] += w.scale * plain.readout(outgoing.data() + i * row);
    features = std::move(outgoing);
  }
  return energies;
}

double plain_energy(const Weights& w, const Configuration& atoms) {
  const Values energies = plain_energies(w, atoms);
  return std::accumulate(energies.begin(), energies.end(), 0.0);
}

double plain_slope(const Weights& w, const Configuration& atoms, const std::vector<double>& direction) {
  return central_difference([&](double step) {
    Configuration moved = atoms;
    for (std::size_t k = 0; k < direction.size(); ++k) moved.x[k] += step * direction[k];
    return plain_energy(w, moved);
  });
}

double plain_strain_slope(const Weights& w, const Configuration& atoms, const std::array<double, 9>& strain) {
  return central_difference([&](double step) {
    std::array<double, 9> part = strain;
    for (double& component : part) component *= step;
    return plain_energy(w, atoms.strained(part));
  });
}

}  // namespace mace_tests
