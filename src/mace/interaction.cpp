#include "interaction.h"

#include <algorithm>
#include <utility>

namespace mace {

namespace {

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
};

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

template <class T>
using Forward = void (*)(const PathArguments<T>&, T*);
template <class T>
using Reverse = void (*)(const PathArguments<T>&, const T*, double*);

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
PathArguments<T> arguments(const Path& path, std::size_t index, int channels, const EdgeView<T>& view, int first,
                           int count, std::size_t radial_stride, std::size_t message_stride, std::size_t scale_stride,
                           typename Interaction<T>::Workspace& work) {
  PathArguments<T> a;
  a.channels = channels;
  a.edges = count;
  a.radial_offset = index * channels;
  a.radial_stride = radial_stride;
  a.source_offset = static_cast<std::size_t>(path.l1 * path.l1) * channels;
  a.message_stride = message_stride;
  a.scale_stride = scale_stride;
  a.scale = work.scale.data() + path.scale_offset;
  a.dot = work.dot.data() + path.scale_offset;
  a.rows = work.rows;
  a.value_weight = work.value_weight;
  a.slope_weight = work.slope_weight;
  a.sources = view.sources + first;
  a.source_adjoints = view.source_adjoints ? view.source_adjoints + first : nullptr;
  return a;
}

}  // namespace

template <class T>
Interaction<T>::Interaction(int channels, int l_max, std::vector<Path> paths, std::vector<RadialTable<T>> radial)
    : channels_(channels),
      l_max_(l_max),
      paths_(std::move(paths)),
      path_count_(l_max + 1, 0),
      message_offset_(l_max + 1, 0),
      radial_(std::move(radial)) {
  for (Path& path : paths_) {
    path.slot = path_count_[path.l3]++;
    path.scale_offset = scale_size_;
    scale_size_ += (2 * path.l1 + 1) * (2 * path.l3 + 1);
  }
  for (int l = 0; l <= l_max; ++l) {
    message_offset_[l] = static_cast<std::size_t>(message_size_);
    message_size_ += (2 * l + 1) * path_count_[l] * channels;
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
    for (const Path& path : paths_)
      for (const Path::Coupling& q : path.couplings)
        scale[path.scale_offset + q.m1 * (2 * path.l3 + 1) + q.m3] +=
            static_cast<T>(q.value) * y[path.l2 * path.l2 + q.m2];
  }
}

template <class T>
void Interaction<T>::forward(const EdgeView<T>& view, T* message, Workspace& work) const {
  for (int first = 0; first < view.count; first += batch) {
    const int count = std::min(batch, view.count - first);
    prepare(view, first, count, work);
    for (std::size_t p = 0; p < paths_.size(); ++p) {
      const Path& path = paths_[p];
      const auto a = arguments<T>(path, p, channels_, view, first, count, radial_.front().functions(),
                                  static_cast<std::size_t>(path_count_[path.l3]) * channels_, scale_size_, work);
      forward_paths<T>[path.l1][path.l3](a, message + message_offset(path.l3, 0) + path.slot* channels_);
    }
  }
}

template <class T>
void Interaction<T>::reverse(const EdgeView<T>& view, const T* message_adjoint, double* gradient,
                             Workspace& work) const {
  for (int first = 0; first < view.count; first += batch) {
    const int count = std::min(batch, view.count - first);
    prepare(view, first, count, work);
    double slope[batch] = {};  // dE/dr at fixed direction
    for (std::size_t p = 0; p < paths_.size(); ++p) {
      const Path& path = paths_[p];
      const auto a = arguments<T>(path, p, channels_, view, first, count, radial_.front().functions(),
                                  static_cast<std::size_t>(path_count_[path.l3]) * channels_, scale_size_, work);
      reverse_paths<T>[path.l1][path.l3](a, message_adjoint + message_offset(path.l3, 0) + path.slot* channels_, slope);
    }
    for (int e = 0; e < count; ++e) {
      const Edge<T>& edge = view.edges[first + e];
      const T* dot = work.dot.data() + static_cast<std::size_t>(e) * scale_size_;
      T harmonics_adjoint[harmonics_count(max_l)] = {}, turn[3];
      for (const Path& path : paths_)
        for (const Path::Coupling& q : path.couplings)
          harmonics_adjoint[path.l2 * path.l2 + q.m2] +=
              static_cast<T>(q.value) * dot[path.scale_offset + q.m1 * (2 * path.l3 + 1) + q.m3];
      spherical_harmonics_gradient(l_max_, edge.direction[0], edge.direction[1], edge.direction[2],
                                   static_cast<T>(edge.r), harmonics_adjoint, turn);
      for (int k = 0; k < 3; ++k)
        gradient[3 * static_cast<std::size_t>(first + e) + k] += slope[e] * edge.direction[k] + turn[k];
    }
  }
}

template <class T>
void Interaction<T>::forward_reference(const Edge<T>& edge, int table, const T* source, T* message) const {
  T harmonics[harmonics_count(max_l)];
  spherical_harmonics(l_max_, edge.direction[0], edge.direction[1], edge.direction[2], harmonics);
  Array<T> radial(static_cast<std::size_t>(radial_[table].functions()));
  radial_[table].evaluate(edge.r, radial.data());
  for (std::size_t p = 0; p < paths_.size(); ++p)
    for (const Path::Coupling& coupling : paths_[p].couplings)
      for (int c = 0; c < channels_; ++c)
        message[message_offset(paths_[p].l3, coupling.m3) + paths_[p].slot * channels_ + c] +=
            static_cast<T>(coupling.value) * harmonics[paths_[p].l2 * paths_[p].l2 + coupling.m2] *
            radial[p * channels_ + c] * source[(paths_[p].l1 * paths_[p].l1 + coupling.m1) * channels_ + c];
}

template class Interaction<float>;
template class Interaction<double>;

}  // namespace mace
