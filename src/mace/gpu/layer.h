// One layer of a model on a device: its weights, its kernels, and what it keeps of the atoms from the forward to the
// reverse pass.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "mace/gpu/device.h"
#include "mace/gpu/edges.h"
#include "mace/gpu/linear_map.h"
#include "mace/gpu/places.h"
#include "mace/model/weights.h"
#include "mace/timers.h"

namespace mace::gpu {

// What all layers share: what holds for every one of them, and room for values that are needed for a while.
template <class T>
struct Common {
  Device& device;
  const Places& places;
  Edges<T>& edges;
  const Multiply& multiply;
  Array<int> tables;              // radial table of [element of the owner][element of the source]
  Array<T> message;               // [place of a chunk][message row][channel], and its adjoint
  Array<T> product;               // [place of a chunk][out row][channel], and its adjoint
  Array<T> basis, basis_adjoint;  // [place of a chunk][lm][channel]
  Array<T> features, adjoint;     // [place of a chunk][lm][channel], of the last layer
  Array<double> by_density;       // [owned], adjoint of the density
  Timers& timers;

  // Charges the time since the last charge to a kernel; waits for it if times are taken.
  void charge(Stopwatch& watch, mace::Kernel kernel) const {
    if (watch.on()) device.finish();
    watch.charge(kernel);
  }
};

template <class T>
class Layer {
 public:
  Layer(Common<T>& common, const std::string& source, const Weights& weights, std::size_t t);

  int in_size() const { return static_cast<int>(in_.size); }  // values of a row of `source`

  // Makes room. The last layer's chunks are reversed at once: it keeps the values of one only. Others keep their basis
  // if told to, else the reverse pass makes it anew.
  void resize(bool last, bool keep_basis);

  // What owned places send, from the features of the layer before.
  void send(Layer& before);
  // before: none before the first layer
  void forward(const Chunk& chunk, Layer* before);
  void reverse(const Chunk& chunk, Layer* before);
  // From the adjoint of what owned places sent to that of the features before.
  void receive(Layer& before);

  Array<T> source, source_adjoint;  // [total][in row][channel]; in the first layer [element][channel]

  double bytes() const;

 private:
  // Where the rows of a chunk are: among those of all places, or alone.
  Rows<T> basis(const Chunk& chunk) { return keeps_ ? Rows<T>{basis_} : Rows<T>{common_.basis, chunk.first}; }
  Rows<T> features(const Chunk& chunk) { return last_ ? Rows<T>{common_.features, chunk.first} : Rows<T>{features_}; }
  Rows<T> adjoint(const Chunk& chunk) { return last_ ? Rows<T>{common_.adjoint, chunk.first} : Rows<T>{adjoint_}; }
  void make_basis(const Chunk& chunk);

  Common<T>& common_;
  const std::size_t t_;
  const bool density_, skip_;
  const Layout in_, out_, basis_layout_, message_;
  LinearMap<T> up_, mix_, update_, skip_map_;
  Array<T> radial_, coefficients_, skip_of_element_, linear_, hidden_;
  Array<double> density_table_, output_, share_;  // share: [owned], 1 / (1 + density)
  Array<T> basis_, features_, adjoint_;           // [owned][lm][channel]; adjoint: of the features
  Kernel interact_, interact_reverse_, product_, product_reverse_, read_out_;
  std::unique_ptr<Kernel> interact_sources_, find_share_, reverse_density_;  // where the layer has them
  bool last_ = false, keeps_ = false;
};

}  // namespace mace::gpu
