// What a layer's pass does for the gradient of weights.
#include "mace/cpu/layer_gradient.h"

#include "mace/cpu/layer_pass.h"
#include "mace/cpu/rows.h"

namespace mace {

template <class T>
void LayerPass<T>::differentiate_density(const Block& block, const T* mixed, T* mixed_adjoint,
                                         std::vector<Array<double>>& tables) const {
  for (std::size_t b = 0; b < block.rows.size(); ++b) {
    const double by_density = reverse_share(block, b, mixed, mixed_adjoint);
    const int i = block.rows[b];
    for (int e = atoms_.first_edge[i]; e < atoms_.first_edge[i + 1]; ++e) {
      const int number = table(block.element, atoms_.edges[e]);
      const RadialTable<double>& density = layer_.density[number];
      double value_weight[6], slope_weight[6];
      const double* const row = density.locate(atoms_.edges[e].r, value_weight, slope_weight);
      double* const to = tables[number].data() + (row - density.rows().data());
      for (int k = 0; k < 6; ++k) to[k] += by_density * value_weight[k];
    }
  }
}

template <class T>
void LayerPass<T>::make_room_for_all() {
  make_room();
  state_.message.resize(atoms_.owned * message_size_);
  state_.product.resize(atoms_.owned * out_size_);
}

template <class T>
void LayerPass<T>::keep_all(const Block& block, const Scratch<T>& scratch) {
  keep(block, scratch);
  scatter(block, message_size_, scratch.message, state_.message);
  scatter(block, out_size_, scratch.product, state_.product);
}

template <class T>
void LayerPass<T>::fetch_all(const Block& block, Scratch<T>& scratch) const {
  fetch(block, scratch);
  scratch.message.resize(block.rows.size() * message_size_);
  scratch.product.resize(block.rows.size() * out_size_);
  gather(block, message_size_, state_.message, scratch.message);
  gather(block, out_size_, state_.product, scratch.product);
}

template <class T>
void LayerPass<T>::differentiate(const Block& block, const double* share, Scratch<T>& scratch,
                                 LayerGradient<T>& gradient) {
  const int n = model_.channels, rows = block.size();
  reverse_readout(block, share, scratch);
  for (int b = 0; b < rows; ++b)
    layer_.readout.differentiate(n, scratch.features.data() + b * out_size_, model_.scale * share[block.rows[b]],
                                 gradient.readout);
  layer_.update.differentiate(0, rows, scratch.product.data(), scratch.adjoint.data(), gradient.update);
  if (!layer_.skip_of_element.empty())
    for (int b = 0; b < rows; ++b)
      for (int c = 0; c < n; ++c)
        gradient.skip_of_element[static_cast<std::size_t>(block.element) * n + c] += scratch.adjoint[b * out_size_ + c];
  if (!layer_.skip.empty()) {
    scratch.incoming.resize(rows * in_size_);
    gather(block, in_size_, before_->features, scratch.incoming);
    layer_.skip.differentiate(block.element, rows, scratch.incoming.data(), scratch.adjoint.data(), gradient.skip);
  }
  reverse_update(block, scratch);
  layer_.product.differentiate(block.element, rows, scratch.basis.data(), scratch.product.data(),
                               gradient.coefficients);
  scratch.adjoint.resize(rows * basis_size_);
  for (int b = 0; b < rows; ++b)
    layer_.product.reverse(block.element, scratch.basis.data() + b * basis_size_,
                           scratch.product.data() + b * out_size_, scratch.adjoint.data() + b * basis_size_);
  if (!layer_.density.empty())
    differentiate_density(block, scratch.basis.data(), scratch.adjoint.data(), gradient.density);
  layer_.mix.differentiate(block.element, rows, scratch.message.data(), scratch.adjoint.data(), gradient.mix);
  layer_.mix.reverse(block.element, rows, scratch.adjoint.data(), scratch.message.data(), false);
  for (int b = 0; b < rows; ++b) {
    EdgeView<T> edges = view(block.rows[b], true, scratch);
    if (!before_) {  // what neighbors receive depends on their element alone
      for (int e = 0; e < edges.count; ++e)
        scratch.source_adjoints[e] =
            gradient.up_of_element.data() +
            static_cast<std::size_t>(atoms_.element[edges.edges[e].source]) * layer_.edge_channels;
      edges.source_adjoints = scratch.source_adjoints.data();
    }
    layer_.interaction.differentiate(edges, scratch.message.data() + b * message_size_, gradient.radial, scratch.work);
  }
}

template <class T>
void LayerPass<T>::differentiate_sources(const Scratch<T>& first, LayerGradient<T>& gradient) const {
  if (before_)
    layer_.up.differentiate(0, atoms_.owned, before_->features.data(), first.source_adjoint.data(), gradient.up);
}

template void LayerPass<double>::make_room_for_all();
template void LayerPass<double>::keep_all(const Block&, const Scratch<double>&);
template void LayerPass<double>::fetch_all(const Block&, Scratch<double>&) const;
template void LayerPass<double>::differentiate(const Block&, const double*, Scratch<double>&, LayerGradient<double>&);
template void LayerPass<double>::differentiate_sources(const Scratch<double>&, LayerGradient<double>&) const;

}  // namespace mace
