#include "mace/cpu/kernels/interaction.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mace/cpu/kernels/spherical_harmonics.h"

namespace mace {

// What a path's kernels need. Rows of six radial functions and the like are `stride` apart.
template <class T>
struct PathArguments {
  int channels, edges;
  std::size_t radial_offset, radial_stride;  // of this path in a row of the radial table; from row to row
  std::size_t source_offset;                 // of [m1][channel] of this path in the features of a source
  std::size_t message_stride;                // from m3 to m3
  std::size_t scale_stride;                  // from edge to edge
  const T* scale;                            // [edge][m1][m3]
  T* dot;
  const T* const* rows;
  const T (*value_weight)[6];
  const T (*slope_weight)[6];
  const T* const* sources;
  T* const* source_adjoints;
  T* const* row_gradients;
};

namespace {

// message[m3] += sum over edges and m1 of R scale[m1][m3] h[m1], in registers over all edges of the batch
template <class T, int M1, int M3>
void forward_path(const PathArguments<T>& a, T* message) {
  using V = typename Simd<T>::type;
  for (int c = 0; c < a.channels; c += Simd<T>::width) {
    V sum[M3];
    for (int m3 = 0; m3 < M3; ++m3) sum[m3] = load(message + m3 * a.message_stride + c);
    for (int e = 0; e < a.edges; ++e) {
      const T* row = a.rows[e] + a.radial_offset + c;
      const T* w = a.value_weight[e];
      V radial = w[0] * load(row);
      for (int k = 1; k < 6; ++k) radial += w[k] * load(row + k * a.radial_stride);
      const T* h = a.sources[e] + a.source_offset + c;
      const T* scale = a.scale + e * a.scale_stride;
      for (int m1 = 0; m1 < M1; ++m1) {
        const V weighted = radial * load(h + m1 * a.channels);
        for (int m3 = 0; m3 < M3; ++m3) sum[m3] += scale[m1 * M3 + m3] * weighted;
      }
    }
    for (int m3 = 0; m3 < M3; ++m3) store(message + m3 * a.message_stride + c, sum[m3]);
  }
}

template <class T>
inline T sum_of(const typename Simd<T>::type& v) {
  T sum = 0;
  for (int k = 0; k < Simd<T>::width; ++k) sum += v[k];
  return sum;
}

// The adjoints of what forward_path reads: of the scales (`dot`), of the distance (`slope`) and of the sources.
template <class T, int M1, int M3>
void reverse_path(const PathArguments<T>& a, const T* adjoint, double* slope) {
  using V = typename Simd<T>::type;
  for (int e = 0; e < a.edges; ++e) {
    const T* scale = a.scale + e * a.scale_stride;
    const T *w = a.value_weight[e], *s = a.slope_weight[e];
    V dot[M1][M3] = {}, slope_sum = {};
    for (int c = 0; c < a.channels; c += Simd<T>::width) {
      const T* row = a.rows[e] + a.radial_offset + c;
      V radial = {}, radial_slope = {};
      for (int k = 0; k < 6; ++k) {
        const V value = load(row + k * a.radial_stride);
        radial += w[k] * value;
        radial_slope += s[k] * value;
      }
      V from[M3];
      for (int m3 = 0; m3 < M3; ++m3) from[m3] = load(adjoint + m3 * a.message_stride + c);
      V by_radial = {};
      for (int m1 = 0; m1 < M1; ++m1) {
        const V h = load(a.sources[e] + a.source_offset + m1 * a.channels + c);
        const V weighted = radial * h;
        V total = {};
        for (int m3 = 0; m3 < M3; ++m3) {
          total += scale[m1 * M3 + m3] * from[m3];
          dot[m1][m3] += weighted * from[m3];
        }
        by_radial += total * h;
        if (a.source_adjoints) {
          T* target = a.source_adjoints[e] + a.source_offset + m1 * a.channels + c;
          store(target, V(load(target) + radial * total));
        }
      }
      slope_sum += by_radial * radial_slope;
    }
    slope[e] += sum_of<T>(slope_sum);
    for (int m1 = 0; m1 < M1; ++m1)
      for (int m3 = 0; m3 < M3; ++m3) a.dot[e * a.scale_stride + m1 * M3 + m3] = sum_of<T>(dot[m1][m3]);
  }
}

// What reverse_path does to the adjoints of the sources, and the gradient of the rows of the radial table.
template <class T, int M1, int M3>
void differentiate_path(const PathArguments<T>& a, const T* adjoint) {
  using V = typename Simd<T>::type;
  for (int e = 0; e < a.edges; ++e) {
    const T* scale = a.scale + e * a.scale_stride;
    const T* w = a.value_weight[e];
    for (int c = 0; c < a.channels; c += Simd<T>::width) {
      const T* row = a.rows[e] + a.radial_offset + c;
      V radial = w[0] * load(row);
      for (int k = 1; k < 6; ++k) radial += w[k] * load(row + k * a.radial_stride);
      V from[M3];
      for (int m3 = 0; m3 < M3; ++m3) from[m3] = load(adjoint + m3 * a.message_stride + c);
      V by_radial = {};
      for (int m1 = 0; m1 < M1; ++m1) {
        V total = {};
        for (int m3 = 0; m3 < M3; ++m3) total += scale[m1 * M3 + m3] * from[m3];
        by_radial += total * load(a.sources[e] + a.source_offset + m1 * a.channels + c);
        T* target = a.source_adjoints[e] + a.source_offset + m1 * a.channels + c;
        store(target, V(load(target) + radial * total));
      }
      T* gradient = a.row_gradients[e] + a.radial_offset + c;
      for (int k = 0; k < 6; ++k) {
        T* target = gradient + k * a.radial_stride;
        store(target, V(load(target) + w[k] * by_radial));
      }
    }
  }
}

template <class T>
using Forward = void (*)(const PathArguments<T>&, T*);
template <class T>
using Reverse = void (*)(const PathArguments<T>&, const T*, double*);

template <class T>
using Differentiate = void (*)(const PathArguments<T>&, const T*);

// kernels by l1 and l3, with the loops over m1 and m3 unrolled
template <class T>
constexpr Forward<T> forward_paths[max_l + 1][max_l + 1] = {
    {forward_path<T, 1, 1>, forward_path<T, 1, 3>, forward_path<T, 1, 5>, forward_path<T, 1, 7>},
    {forward_path<T, 3, 1>, forward_path<T, 3, 3>, forward_path<T, 3, 5>, forward_path<T, 3, 7>},
    {forward_path<T, 5, 1>, forward_path<T, 5, 3>, forward_path<T, 5, 5>, forward_path<T, 5, 7>},
    {forward_path<T, 7, 1>, forward_path<T, 7, 3>, forward_path<T, 7, 5>, forward_path<T, 7, 7>}};
template <class T>
constexpr Reverse<T> reverse_paths[max_l + 1][max_l + 1] = {
    {reverse_path<T, 1, 1>, reverse_path<T, 1, 3>, reverse_path<T, 1, 5>, reverse_path<T, 1, 7>},
    {reverse_path<T, 3, 1>, reverse_path<T, 3, 3>, reverse_path<T, 3, 5>, reverse_path<T, 3, 7>},
    {reverse_path<T, 5, 1>, reverse_path<T, 5, 3>, reverse_path<T, 5, 5>, reverse_path<T, 5, 7>},
    {reverse_path<T, 7, 1>, reverse_path<T, 7, 3>, reverse_path<T, 7, 5>, reverse_path<T, 7, 7>}};
template <class T>
constexpr Differentiate<T> differentiate_paths[max_l + 1][max_l + 1] = {
    {differentiate_path<T, 1, 1>, differentiate_path<T, 1, 3>, differentiate_path<T, 1, 5>,
     differentiate_path<T, 1, 7>},
    {differentiate_path<T, 3, 1>, differentiate_path<T, 3, 3>, differentiate_path<T, 3, 5>,
     differentiate_path<T, 3, 7>},
    {differentiate_path<T, 5, 1>, differentiate_path<T, 5, 3>, differentiate_path<T, 5, 5>,
     differentiate_path<T, 5, 7>},
    {differentiate_path<T, 7, 1>, differentiate_path<T, 7, 3>, differentiate_path<T, 7, 5>,
     differentiate_path<T, 7, 7>}};

}  // namespace

template <class T>
Interaction<T>::Interaction(int channels, int l_max, std::vector<Path> paths, std::vector<RadialTable<T>> radial)
    : channels_(channels), l_max_(l_max), radial_(std::move(radial)) {
  const std::size_t n = static_cast<std::size_t>(channels);
  for (int l = 0; l <= l_max; ++l) {
    const auto ends_there = [l](const Path& path) { return path.l3 == l; };
    const auto count = static_cast<std::size_t>(std::count_if(paths.begin(), paths.end(), ends_there));
    messages_.begin[l] = messages_.size;
    messages_.stride[l] = count * n;
    messages_.size += static_cast<std::size_t>(2 * l + 1) * messages_.stride[l];
  }
  std::array<std::size_t, max_l + 1> slot{};  // of the next path among those that end in l3
  for (Path& path : paths) {
    const int l3 = path.l3, scales = (2 * path.l1 + 1) * (2 * path.l3 + 1);
    lanes_.push_back({std::move(path), messages_.begin[l3] + slot[l3]++ * n, scale_size_});
    scale_size_ += scales;
  }
}

template <class T>
typename Interaction<T>::Workspace Interaction<T>::workspace() const {
  Workspace work = {};
  work.scale.resize(static_cast<std::size_t>(batch) * scale_size_);
  work.dot.resize(work.scale.size());
  return work;
}

template <class T>
void Interaction<T>::prepare(const EdgeView<T>& view, int first, int count, Workspace& work) const {
  std::fill(work.scale.begin(), work.scale.end(), T(0));
  for (int e = 0; e < count; ++e) {
    const Edge<T>& edge = view.edges[first + e];
    T* y = work.harmonics[e];
    spherical_harmonics(l_max_, edge.direction[0], edge.direction[1], edge.direction[2], y);
    work.rows[e] = radial_[view.tables[first + e]].locate(edge.r, work.value_weight[e], work.slope_weight[e]);
    T* scale = work.scale.data() + static_cast<std::size_t>(e) * scale_size_;
    for (const Lane& lane : lanes_)
      for (const Path::Coupling& q : lane.couplings)
        scale[lane.scale + q.m1 * (2 * lane.l3 + 1) + q.m3] += static_cast<T>(q.value) * y[lane.l2 * lane.l2 + q.m2];
  }
}

template <class T>
PathArguments<T> Interaction<T>::arguments(std::size_t index, const EdgeView<T>& view, int first, int count,
                                           Workspace& work) const {
  const Lane& lane = lanes_[index];
  PathArguments<T> a;
  a.channels = channels_;
  a.edges = count;
  a.radial_offset = index * channels_;
  a.radial_stride = radial_.front().functions();
  a.source_offset = static_cast<std::size_t>(lane.l1 * lane.l1) * channels_;
  a.message_stride = messages_.stride[lane.l3];
  a.scale_stride = scale_size_;
  a.scale = work.scale.data() + lane.scale;
  a.dot = work.dot.data() + lane.scale;
  a.rows = work.rows;
  a.value_weight = work.value_weight;
  a.slope_weight = work.slope_weight;
  a.sources = view.sources + first;
  a.source_adjoints = view.source_adjoints ? view.source_adjoints + first : nullptr;
  a.row_gradients = work.row_gradients;
  return a;
}

template <class T>
void Interaction<T>::forward(const EdgeView<T>& view, T* message, Workspace& work) const {
  for (int first = 0; first < view.count; first += batch) {
    const int count = std::min(batch, view.count - first);
    prepare(view, first, count, work);
    for (std::size_t p = 0; p < lanes_.size(); ++p)
      forward_paths<T>[lanes_[p].l1][lanes_[p].l3](arguments(p, view, first, count, work), message + lanes_[p].message);
  }
}

template <class T>
void Interaction<T>::reverse(const EdgeView<T>& view, const T* message_adjoint, double* gradient,
                             Workspace& work) const {
  for (int first = 0; first < view.count; first += batch) {
    const int count = std::min(batch, view.count - first);
    prepare(view, first, count, work);
    double slope[batch] = {};  // dE/dr at fixed direction
    for (std::size_t p = 0; p < lanes_.size(); ++p)
      reverse_paths<T>[lanes_[p].l1][lanes_[p].l3](arguments(p, view, first, count, work),
                                                   message_adjoint + lanes_[p].message, slope);
    for (int e = 0; e < count; ++e) {
      const Edge<T>& edge = view.edges[first + e];
      const T* dot = work.dot.data() + static_cast<std::size_t>(e) * scale_size_;
      T harmonics_adjoint[harmonics_count(max_l)] = {}, turn[3];
      for (const Lane& lane : lanes_)
        for (const Path::Coupling& q : lane.couplings)
          harmonics_adjoint[lane.l2 * lane.l2 + q.m2] +=
              static_cast<T>(q.value) * dot[lane.scale + q.m1 * (2 * lane.l3 + 1) + q.m3];
      spherical_harmonics_gradient(l_max_, edge.direction[0], edge.direction[1], edge.direction[2],
                                   static_cast<T>(edge.r), harmonics_adjoint, turn);
      for (int k = 0; k < 3; ++k)
        gradient[3 * static_cast<std::size_t>(first + e) + k] += slope[e] * edge.direction[k] + turn[k];
    }
  }
}

template <class T>
void Interaction<T>::differentiate(const EdgeView<T>& view, const T* message_adjoint, std::vector<Array<T>>& tables,
                                   Workspace& work) const {
  for (int first = 0; first < view.count; first += batch) {
    const int count = std::min(batch, view.count - first);
    prepare(view, first, count, work);
    for (int e = 0; e < count; ++e) {
      const std::size_t table = static_cast<std::size_t>(view.tables[first + e]);
      work.row_gradients[e] = tables[table].data() + (work.rows[e] - radial_[table].rows().data());
    }
    for (std::size_t p = 0; p < lanes_.size(); ++p)
      differentiate_paths<T>[lanes_[p].l1][lanes_[p].l3](arguments(p, view, first, count, work),
                                                         message_adjoint + lanes_[p].message);
  }
}

template <class T>
std::vector<Array<T>> Interaction<T>::zero_gradient() const {
  std::vector<Array<T>> zeros;
  for (const RadialTable<T>& table : radial_) zeros.emplace_back(table.rows().size(), T(0));
  return zeros;
}

template <class T>
void Interaction<T>::forward_reference(const Edge<T>& edge, int table, const T* source, T* message) const {
  T harmonics[harmonics_count(max_l)];
  spherical_harmonics(l_max_, edge.direction[0], edge.direction[1], edge.direction[2], harmonics);
  Array<T> radial(static_cast<std::size_t>(radial_[table].functions()));
  radial_[table].evaluate(edge.r, radial.data());
  for (std::size_t p = 0; p < lanes_.size(); ++p) {
    const Lane& lane = lanes_[p];
    for (const Path::Coupling& q : lane.couplings)
      for (int c = 0; c < channels_; ++c)
        message[lane.message + q.m3 * messages_.stride[lane.l3] + c] +=
            static_cast<T>(q.value) * harmonics[lane.l2 * lane.l2 + q.m2] * radial[p * channels_ + c] *
            source[(lane.l1 * lane.l1 + q.m1) * channels_ + c];
  }
}

template class Interaction<float>;
template class Interaction<double>;

}  // namespace mace
