#include "mace/cpu/trained.h"

#include <algorithm>
#include <utility>

namespace mace {

namespace {

// From [row][padded channel] to [row][channel].
template <class T>
void narrow(const Array<T>& wide, int channels, std::vector<double>& values) {
  const std::size_t n = static_cast<std::size_t>(channels), stride = static_cast<std::size_t>(padded(channels));
  for (std::size_t row = 0; row * n < values.size(); ++row)
    std::copy_n(wide.data() + row * stride, n, values.data() + row * n);
}

// The same where the channels in are padded, too.
template <class T>
void narrow(const std::vector<Array<T>>& wide, std::vector<Matrices>& of_l) {
  for (std::size_t l = 0; l < of_l.size(); ++l) {
    Matrices& matrices = of_l[l];
    const std::size_t in = static_cast<std::size_t>(matrices.in), out = static_cast<std::size_t>(matrices.out);
    const std::size_t stride = static_cast<std::size_t>(padded(matrices.out));
    const std::size_t blocks = static_cast<std::size_t>(matrices.elements * matrices.blocks);
    for (std::size_t b = 0; b < blocks; ++b)
      for (std::size_t i = 0; i < in; ++i)
        std::copy_n(wide[l].data() + (b * static_cast<std::size_t>(padded(matrices.in)) + i) * stride, out,
                    matrices.values.data() + (b * in + i) * out);
  }
}

template <class T>
void narrow_tables(const std::vector<Array<T>>& wide, int channels, Knots& knots) {
  std::vector<double> table(knots.values.size() / wide.size()), all;
  for (const Array<T>& one : wide) {
    narrow(one, channels, table);
    all.insert(all.end(), table.begin(), table.end());
  }
  knots.values = std::move(all);
}

}  // namespace

template <class T>
void unpack(const LayerGradient<T>& gradient, int channels, LayerWeights& layer) {
  narrow(gradient.up_of_element, layer.edge_channels, layer.up_of_element);
  narrow(gradient.up, layer.up);
  narrow_tables(gradient.radial, layer.edge_channels, layer.radial_hidden);
  if (layer.density.tables > 0) layer.density.values.clear();
  for (const Array<double>& table : gradient.density)
    layer.density.values.insert(layer.density.values.end(), table.begin(), table.end());
  narrow(gradient.mix, layer.mix);
  narrow(gradient.coefficients, channels, layer.coefficients);
  narrow(gradient.update, layer.update);
  narrow(gradient.skip_of_element, channels, layer.skip_of_element);
  narrow(gradient.skip, layer.skip);
  narrow(gradient.readout.linear, channels, layer.readout.linear);
  narrow(gradient.readout.hidden, channels, layer.readout.hidden);
  layer.readout.output = gradient.readout.output;
}

template void unpack<double>(const LayerGradient<double>&, int, LayerWeights&);

}  // namespace mace
