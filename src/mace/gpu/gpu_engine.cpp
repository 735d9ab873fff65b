#include "mace/gpu/gpu_engine.h"

#include <cstddef>
#include <cstdio>
#include <type_traits>
#include <utility>
#include <vector>

#include "mace/gpu/device.h"
#include "mace/gpu/edges.h"
#include "mace/gpu/footprint.h"
#include "mace/gpu/kernel_cache.h"
#include "mace/gpu/kernel_source.h"
#include "mace/gpu/layer.h"
#include "mace/gpu/places.h"
#include "mace/gpu/row_exchange.h"
#include "mace/problems.h"

namespace mace {

namespace {

using gpu::Array;
using gpu::Chunk;
using gpu::KernelSource;
using gpu::Part;

template <class T>
constexpr const char* precision_of = std::is_same_v<T, float> ? "single" : "double";

template <class T>
class GpuEngine final : public Engine {
 public:
  GpuEngine(const Weights& weights, std::unique_ptr<gpu::Device> device, Sparing sparing)
      : Engine({weights.elements, precision_of<T>, weights.r_max, weights.r_min, device->name()}),
        device_(std::move(device)),
        source_(KernelSource(weights, precision_of<T>, device_->dialect()).common()),
        sparing_(sparing),
        footprint_(weights, sizeof(T), sparing.at_once),
        places_(*device_, source_, sparing.at_once),
        edges_(*device_, source_, weights),
        exchange_(*device_, source_),
        multiply_(*device_, source_, gpu::tile_columns(weights)),
        common_{*device_,
                places_,
                edges_,
                multiply_,
                Array<int>(*device_, weights.tables),
                Array<T>(*device_),
                Array<T>(*device_),
                Array<T>(*device_),
                Array<T>(*device_),
                Array<T>(*device_),
                Array<T>(*device_),
                Array<double>(*device_),
                timers_} {
    const KernelSource source(weights, precision_of<T>, device_->dialect());
    for (std::size_t t = 0; t < weights.layers.size(); ++t)
      layers_.push_back(std::make_unique<gpu::Layer<T>>(common_, source.layer(t), weights, t));
    // every start compiles anew
    if (const std::string why = gpu::cache_problem(); !why.empty()) model_.device += "; kernels are not kept: " + why;
    set_neighbors(std::make_shared<Neighbors>());
  }

  void set_threads(int) override {}  // of the CPU, which has nothing to do

  void set_neighbors(std::shared_ptr<const Neighbors> neighbors) override {
    neighbors_ = std::move(neighbors);
    const bool keep_bases = make_room() && sparing_.keep_bases;
    places_.set(*neighbors_, edges_.slot_edge);
    edges_.resize(places_);
    for (auto& layer : layers_) layer->resize(layer == layers_.back(), keep_bases);
  }

  std::optional<Problem> compute(const double* positions, Exchange& exchange, Virials wanted, Answer& answer) override {
    Stopwatch watch(timers_);
    edges_.find(places_, positions);
    common_.charge(watch, Kernel::edge_list);
    for (std::size_t t = 0; t + 1 < layers_.size(); ++t) forward(t, exchange);
    turn(layers_.size() - 1, exchange);
    for (std::size_t t = layers_.size() - 1; t-- > 0;) reverse(t, exchange);
    Stopwatch last(timers_);
    edges_.sum(places_, wanted, answer);
    device_->finish();
    last.charge(Kernel::forces);
    return problem(positions);
  }

  double bytes() const override {
    double sum = places_.bytes() + edges_.bytes() + exchange_.bytes() + common_.message.bytes() +
                 common_.product.bytes() + common_.basis.bytes() + common_.basis_adjoint.bytes() +
                 common_.features.bytes() + common_.adjoint.bytes() + common_.by_density.bytes();
    for (const auto& layer : layers_) sum += layer->bytes();
    return sum;
  }

 private:
  // Throws unless there is memory for the neighbors; returns whether there is plenty: half of what is left may go to
  // what could be computed again, since lists grow and other ranks and models may come.
  bool make_room() const {
    const gpu::Extent extent = {
        static_cast<double>(neighbors_->owned()), static_cast<double>(neighbors_->element.size()),
        static_cast<double>(neighbors_->site.size()), static_cast<double>(neighbors_->row.size())};
    const auto [free, all] = device_->memory_left();
    const double room = free + bytes();  // what is held is used again
    const double least = footprint_.bytes(extent, false), most = footprint_.bytes(extent, true);
    if (least > room) throw gpu::DeviceError(no_memory(extent, least, room, all));
    return 2 * (most - least) <= room - least;
  }

  std::string no_memory(const gpu::Extent& extent, double least, double room, double all) const {
    char text[300];
    std::snprintf(text, sizeof(text),
                  "no memory left on %s: %.0f atoms of one rank need %.0f MB, %.0f of %.0f MB are free, enough for "
                  "about %.0f atoms; take more cards, or fewer atoms",
                  device_->name().c_str(), extent.owned, 1e-6 * least, 1e-6 * room, 1e-6 * all,
                  footprint_.atoms(extent, room));
    return text;
  }

  gpu::Layer<T>* before(std::size_t t) const { return t > 0 ? layers_[t - 1].get() : nullptr; }

  // Rows move between ranks while the device works on places that need none of them.
  void forward(std::size_t t, Exchange& exchange) {
    lend(t, exchange);
    for (const Part part : {Part::early, Part::late}) forward(t, part);
    borrow(t, exchange);
    forward(t, Part::border);
  }

  // The last layer, both ways: what a chunk's forward pass keeps is gone when the next one comes.
  void turn(std::size_t t, Exchange& exchange) {
    lend(t, exchange);
    turn(t, Part::early);
    borrow(t, exchange);
    turn(t, Part::border);
    give_back(t, exchange);
    turn(t, Part::late);
    take_back(t, exchange);
  }

  void reverse(std::size_t t, Exchange& exchange) {
    reverse(t, Part::border);
    give_back(t, exchange);
    for (const Part part : {Part::early, Part::late}) reverse(t, part);
    take_back(t, exchange);
  }

  void forward(std::size_t t, Part part) {
    for (const Chunk& chunk : places_.chunks(part)) layers_[t]->forward(chunk, before(t));
  }
  void turn(std::size_t t, Part part) {
    for (const Chunk& chunk : places_.chunks(part)) {
      layers_[t]->forward(chunk, before(t));
      layers_[t]->reverse(chunk, before(t));
    }
  }
  void reverse(std::size_t t, Part part) {
    for (const Chunk& chunk : places_.chunks(part)) layers_[t]->reverse(chunk, before(t));
  }

  void lend(std::size_t t, const Exchange& exchange) {
    if (t == 0) return;
    layers_[t]->send(*before(t));
    Stopwatch watch(timers_, t);
    exchange_.lend(places_, exchange, layers_[t]->in_size(), layers_[t]->source);
    watch.charge(Kernel::exchange);
  }
  void borrow(std::size_t t, Exchange& exchange) {
    if (t == 0) return;
    Stopwatch watch(timers_, t);
    if (watch.on()) exchange.wait();
    watch.charge(Kernel::wait);
    exchange_.borrow(places_, exchange, layers_[t]->in_size(), layers_[t]->source);
    common_.charge(watch, Kernel::exchange);
  }
  void give_back(std::size_t t, const Exchange& exchange) {
    if (t == 0) return;
    Stopwatch watch(timers_, t);
    exchange_.give_back(places_, exchange, layers_[t]->in_size(), layers_[t]->source_adjoint);
    watch.charge(Kernel::exchange);
  }
  void take_back(std::size_t t, Exchange& exchange) {
    if (t == 0) return;
    Stopwatch watch(timers_, t);
    if (watch.on()) exchange.wait();
    watch.charge(Kernel::wait);
    exchange_.take_back(places_, exchange, layers_[t]->in_size(), layers_[t]->source_adjoint);
    common_.charge(watch, Kernel::exchange);
    layers_[t]->receive(*before(t));
  }

  // The device knows only that there is one.
  std::optional<Problem> problem(const double* positions) const {
    if (const auto nowhere = find_nowhere(*neighbors_, positions)) return nowhere;
    if (!edges_.crowded()) return std::nullopt;
    for (int row = 0; row < neighbors_->owned(); ++row)
      if (const auto contact = find_contact(*neighbors_, positions, row, model_.shortest_distance)) return contact;
    return std::nullopt;
  }

  std::unique_ptr<gpu::Device> device_;
  const std::string source_;  // of the kernels that all layers share
  const Sparing sparing_;
  const gpu::Footprint footprint_;
  std::shared_ptr<const Neighbors> neighbors_;
  gpu::Places places_;
  gpu::Edges<T> edges_;
  gpu::RowExchange<T> exchange_;
  gpu::Multiply multiply_;
  gpu::Common<T> common_;
  std::vector<std::unique_ptr<gpu::Layer<T>>> layers_;
};

}  // namespace

template <class T>
std::unique_ptr<Engine> make_gpu_engine(const Weights& weights, const std::string& device, int local_rank,
                                        Sparing sparing) {
  if (const std::string what = beyond_plain_layers(weights); !what.empty())
    throw gpu::DeviceError("this model has " + what + ", which only the CPU computes: choose the cpu");
  if (gpu::padded_channels(weights) > gpu::most_channels)
    throw gpu::DeviceError("a GPU takes models of up to " + std::to_string(gpu::most_channels) +
                           " channels, this one has " + std::to_string(weights.channels) + ": choose the cpu");
  return make_gpu_engine<T>(weights, gpu::open_device(device, local_rank), sparing);
}

template <class T>
std::unique_ptr<Engine> make_gpu_engine(const Weights& weights, std::unique_ptr<gpu::Device> device, Sparing sparing) {
  return std::make_unique<GpuEngine<T>>(weights, std::move(device), sparing);
}

template std::unique_ptr<Engine> make_gpu_engine<float>(const Weights&, const std::string&, int, Sparing);
template std::unique_ptr<Engine> make_gpu_engine<double>(const Weights&, const std::string&, int, Sparing);
template std::unique_ptr<Engine> make_gpu_engine<float>(const Weights&, std::unique_ptr<gpu::Device>, Sparing);
template std::unique_ptr<Engine> make_gpu_engine<double>(const Weights&, std::unique_ptr<gpu::Device>, Sparing);

}  // namespace mace
