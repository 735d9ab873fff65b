#include "mace/gpu/layer.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "mace/gpu/interaction_source.h"
#include "mace/gpu/kernel_source.h"

namespace mace::gpu {

namespace {

std::size_t size(int n) { return static_cast<std::size_t>(n); }

// [row][channel] with the channels of each row padded by zeros
template <class T>
std::vector<T> padded_rows(const std::vector<double>& values, const Weights& weights) {
  const std::size_t n = size(weights.channels), padded = size(padded_channels(weights)), rows = values.size() / n;
  std::vector<T> result(rows * padded, T(0));
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < n; ++c) result[r * padded + c] = static_cast<T>(values[r * n + c]);
  return result;
}

// A spline is linear in its knots: those of the radial network's last hidden layer go through its output layer.
template <class T>
std::vector<T> radial_tables(const LayerWeights& layer, const Weights& weights) {
  const std::vector<double> output = padded_rows<double>(layer.radial_output, weights);
  const std::size_t inner = size(layer.radial_hidden.functions), functions = output.size() / inner;
  const std::size_t rows = layer.radial_hidden.values.size() / inner;
  std::vector<T> result(rows * functions);
  std::vector<double> sum(functions);
  for (std::size_t r = 0; r < rows; ++r) {
    std::fill(sum.begin(), sum.end(), 0.0);
    for (std::size_t k = 0; k < inner; ++k) {
      const double value = layer.radial_hidden.values[r * inner + k];
      for (std::size_t f = 0; f < functions; ++f) sum[f] += value * output[k * functions + f];
    }
    std::copy(sum.begin(), sum.end(), result.begin() + static_cast<std::ptrdiff_t>(r * functions));
  }
  return result;
}

std::unique_ptr<Kernel> kernel_if(bool there, Device& device, const std::string& source, const char* name,
                                  int threads) {
  return there ? std::make_unique<Kernel>(device, source, name, threads) : nullptr;
}

template <class T>
std::vector<T> converted(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

}  // namespace

template <class T>
Layer<T>::Layer(Common<T>& common, const std::string& source_text, const Weights& w, std::size_t t)
    : source(common.device, t == 0 ? padded_rows<T>(w.layers[t].up_of_element, w) : std::vector<T>{}),
      source_adjoint(common.device),
      common_(common),
      t_(t),
      density_(w.layers[t].density.tables > 0),
      skip_(!w.layers[t].skip.empty()),
      in_(features_layout(w.layers[t].l_in, padded_channels(w))),
      out_(features_layout(w.layers[t].l_out, padded_channels(w))),
      basis_layout_(features_layout(w.l_max, padded_channels(w))),
      message_(message_layout(w.layers[t].paths, w.l_max, padded_channels(w))),
      up_(common.device, common.multiply, w.layers[t].up, w.channels, padded_channels(w), in_, in_),
      mix_(common.device, common.multiply, w.layers[t].mix, w.channels, padded_channels(w), message_, basis_layout_),
      update_(common.device, common.multiply, w.layers[t].update, w.channels, padded_channels(w), out_, out_),
      skip_map_(common.device, common.multiply, w.layers[t].skip, w.channels, padded_channels(w), in_, out_),
      radial_(common.device, radial_tables<T>(w.layers[t], w)),
      coefficients_(common.device, padded_rows<T>(w.layers[t].coefficients, w)),
      skip_of_element_(common.device, padded_rows<T>(w.layers[t].skip_of_element, w)),
      linear_(common.device, padded_rows<T>(w.layers[t].readout.linear, w)),
      hidden_(common.device, padded_rows<T>(w.layers[t].readout.hidden, w)),
      density_table_(common.device, w.layers[t].density.values),
      output_(common.device, w.layers[t].readout.output),
      share_(common.device),
      basis_(common.device),
      features_(common.device),
      adjoint_(common.device),
      interact_(common.device, source_text, "interact", padded_channels(w)),
      interact_reverse_(common.device, source_text, "interact_reverse", padded_channels(w)),
      product_(common.device, source_text, "product", padded_channels(w)),
      product_reverse_(common.device, source_text, "product_reverse", padded_channels(w)),
      read_out_(common.device, source_text, "read_out", padded_channels(w)),
      interact_sources_(kernel_if(t > 0, common.device, source_text, "interact_sources", padded_channels(w))),
      find_share_(kernel_if(density_, common.device, source_text, "find_share", 64)),
      reverse_density_(kernel_if(density_, common.device, source_text, "reverse_density", padded_channels(w))) {}

template <class T>
void Layer<T>::resize(bool last, bool keep_basis) {
  last_ = last;
  keeps_ = keep_basis && !last;
  const std::size_t owned = size(common_.places.owned()), total = size(common_.places.total());
  const std::size_t chunk = size(common_.places.largest_chunk());
  common_.message.reserve(chunk * message_.size);
  common_.product.reserve(chunk * out_.size);
  common_.basis.reserve(keeps_ ? 0 : chunk * basis_layout_.size);
  common_.basis_adjoint.reserve(chunk * basis_layout_.size);
  common_.features.reserve(last ? chunk * out_.size : 0);
  common_.adjoint.reserve(last ? chunk * out_.size : 0);
  common_.by_density.reserve(owned);
  share_.resize(density_ ? owned : 0);
  basis_.resize(keeps_ ? owned * basis_layout_.size : 0);
  features_.resize(last ? 0 : owned * out_.size);
  adjoint_.resize(last ? 0 : owned * out_.size);
  if (t_ == 0) return;
  source.resize(total * in_.size);
  source_adjoint.resize(total * in_.size);
}

template <class T>
void Layer<T>::send(Layer& before) {
  Stopwatch watch(common_.timers, t_);
  up_.forward(common_.places, common_.places.all(), {before.features_}, {source}, false);
  source_adjoint.clear();
  common_.charge(watch, mace::Kernel::sources);
}

template <class T>
void Layer<T>::make_basis(const Chunk& chunk) {
  const Places& places = common_.places;
  const Edges<T>& edges = common_.edges;
  Stopwatch watch(common_.timers, t_);
  interact_(chunk.size(), chunk.first, places.list_first, edges.count, edges.edges, places.element, common_.tables,
            source, radial_, share_, common_.message);
  common_.charge(watch, mace::Kernel::edges_forward);
  mix_.forward(places, chunk, {common_.message, chunk.first}, basis(chunk), false);
  common_.charge(watch, mace::Kernel::mix);
}

template <class T>
void Layer<T>::forward(const Chunk& chunk, Layer* before) {
  const Places& places = common_.places;
  const Edges<T>& edges = common_.edges;
  Stopwatch watch(common_.timers, t_);
  if (density_)
    find_share_->on_each(chunk.size(), chunk.first, chunk.end, places.list_first, edges.count, edges.edges,
                         places.element, common_.tables, density_table_, share_);
  common_.charge(watch, mace::Kernel::edges_forward);
  make_basis(chunk);
  Stopwatch rest(common_.timers, t_);
  const Rows<T> own = features(chunk), basis_rows = basis(chunk);
  product_(chunk.size(), chunk.first, basis_rows.first, places.element, coefficients_, basis_rows.values,
           common_.product);
  common_.charge(rest, mace::Kernel::product_forward);
  update_.forward(places, chunk, {common_.product, chunk.first}, own, false);
  if (skip_) skip_map_.forward(places, chunk, {before->features_}, own, true);
  common_.charge(rest, mace::Kernel::update);
  read_out_(chunk.size(), chunk.first, own.first, places.element, skip_of_element_, linear_, hidden_, output_,
            own.values, adjoint(chunk).values, common_.edges.energy);
  common_.charge(rest, mace::Kernel::readout);
}

template <class T>
void Layer<T>::reverse(const Chunk& chunk, Layer* before) {
  const Places& places = common_.places;
  Edges<T>& edges = common_.edges;
  if (!last_ && !keeps_) make_basis(chunk);
  Stopwatch watch(common_.timers, t_);
  const Rows<T> basis_rows = basis(chunk);
  update_.reverse(places, chunk, adjoint(chunk), {common_.product, chunk.first}, false);
  if (skip_) skip_map_.reverse(places, chunk, adjoint(chunk), {before->adjoint_}, true);
  common_.charge(watch, mace::Kernel::update);
  product_reverse_(chunk.size(), chunk.first, basis_rows.first, places.element, coefficients_, basis_rows.values,
                   common_.product, common_.basis_adjoint);
  if (density_)
    (*reverse_density_)(chunk.size(), chunk.first, basis_rows.first, share_, basis_rows.values, common_.basis_adjoint,
                        common_.by_density);
  common_.charge(watch, mace::Kernel::product_reverse);
  mix_.reverse(places, chunk, {common_.basis_adjoint, chunk.first}, {common_.message, chunk.first}, false);
  common_.charge(watch, mace::Kernel::mix);
  interact_reverse_(chunk.size(), chunk.first, places.list_first, edges.count, edges.edges, places.element,
                    common_.tables, source, radial_, density_table_, share_, common_.by_density, common_.message,
                    edges.gradient);
  if (before)
    (*interact_sources_)(chunk.inner ? places.owned() : places.total(), chunk.first, chunk.end, places.back_first,
                         edges.back_count, edges.back_edge, edges.edges, places.element, common_.tables, radial_,
                         share_, common_.message, source_adjoint);
  common_.charge(watch, mace::Kernel::edges_reverse);
}

template <class T>
void Layer<T>::receive(Layer& before) {
  Stopwatch watch(common_.timers, t_);
  up_.reverse(common_.places, common_.places.all(), {source_adjoint}, {before.adjoint_}, true);
  common_.charge(watch, mace::Kernel::sources);
}

template <class T>
double Layer<T>::bytes() const {
  return source.bytes() + source_adjoint.bytes() + share_.bytes() + basis_.bytes() + features_.bytes() +
         adjoint_.bytes();
}

template class Layer<float>;
template class Layer<double>;

}  // namespace mace::gpu
