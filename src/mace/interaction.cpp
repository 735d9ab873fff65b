#include "interaction.h"

#include <algorithm>
#include <utility>

namespace mace {

namespace {

// target += scale * x
template <class T>
inline void add_scaled(int n, T scale, const T* x, T* target) {
#pragma omp simd
  for (int c = 0; c < n; ++c) target[c] += scale * x[c];
}

template <class T>
inline T dot(int n, const T* x, const T* y) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int c = 0; c < n; ++c) sum += x[c] * y[c];
  return sum;
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
    std::sort(path.couplings.begin(), path.couplings.end(),
              [](const auto& a, const auto& b) { return std::pair(a.m1, a.m3) < std::pair(b.m1, b.m3); });
    for (std::size_t q = 0; q < path.couplings.size(); ++q) {
      const bool same =
          q > 0 && path.couplings[q].m1 == path.couplings[q - 1].m1 && path.couplings[q].m3 == path.couplings[q - 1].m3;
      if (!same) path.pair_begin.push_back(static_cast<int>(q));
    }
    path.pair_begin.push_back(static_cast<int>(path.couplings.size()));
  }
  for (int l = 0; l <= l_max; ++l) {
    message_offset_[l] = static_cast<std::size_t>(message_size_);
    message_size_ += (2 * l + 1) * path_count_[l] * channels;
  }
}

template <class T>
typename Interaction<T>::Workspace Interaction<T>::workspace() const {
  const std::size_t functions = static_cast<std::size_t>(radial_.front().functions());
  return {Array<T>(functions), Array<T>(functions)};
}

template <class T>
void Interaction<T>::forward(const Edge<T>& edge, int table, const T* source, T* message, Workspace& work) const {
  const int n = channels_;
  T harmonics[harmonics_count(max_l)];
  spherical_harmonics(l_max_, edge.direction[0], edge.direction[1], edge.direction[2], harmonics);
  radial_[table].evaluate(edge.r, work.radial.data());
  Array<T>& weighted = work.slope;  // R h of the current m1: the slope is not needed here
  for (std::size_t p = 0; p < paths_.size(); ++p) {
    const Path& path = paths_[p];
    const T* radial = work.radial.data() + p * n;
    int current = -1;
    for (std::size_t pair = 0; pair + 1 < path.pair_begin.size(); ++pair) {
      const int begin = path.pair_begin[pair], end = path.pair_begin[pair + 1];
      const int m1 = path.couplings[begin].m1, m3 = path.couplings[begin].m3;
      if (m1 != current) {
        const T* h = source + static_cast<std::size_t>(path.l1 * path.l1 + m1) * n;
#pragma omp simd
        for (int c = 0; c < n; ++c) weighted[c] = radial[c] * h[c];
        current = m1;
      }
      T scale = 0;
      for (int q = begin; q < end; ++q)
        scale += static_cast<T>(path.couplings[q].value) * harmonics[path.l2 * path.l2 + path.couplings[q].m2];
      add_scaled(n, scale, weighted.data(), message + message_offset(path.l3, m3) + path.slot * n);
    }
  }
}

template <class T>
void Interaction<T>::reverse(const Edge<T>& edge, int table, const T* source, const T* message_adjoint,
                             T* source_adjoint, double* gradient, Workspace& work) const {
  const int n = channels_;
  T harmonics[harmonics_count(max_l)], harmonics_adjoint[harmonics_count(max_l)] = {};
  spherical_harmonics(l_max_, edge.direction[0], edge.direction[1], edge.direction[2], harmonics);
  radial_[table].evaluate(edge.r, work.radial.data(), work.slope.data());
  double slope = 0;    // dE/dr at fixed direction
  T gathered[2 * 64];  // one tile of channels: sum over m3 of scale * adjoint, and R h
  constexpr int tile = 64;
  for (std::size_t p = 0; p < paths_.size(); ++p) {
    const Path& path = paths_[p];
    const T* radial = work.radial.data() + p * n;
    const T* radial_slope = work.slope.data() + p * n;
    std::size_t pair = 0;
    while (pair + 1 < path.pair_begin.size()) {
      // all pairs that share m1 stand together
      const int m1 = path.couplings[path.pair_begin[pair]].m1;
      std::size_t last = pair;
      T scales[2 * max_l + 1];
      const T* adjoints[2 * max_l + 1];
      T dots[2 * max_l + 1] = {};
      int count = 0;
      for (; last + 1 < path.pair_begin.size() && path.couplings[path.pair_begin[last]].m1 == m1; ++last, ++count) {
        T scale = 0;
        for (int q = path.pair_begin[last]; q < path.pair_begin[last + 1]; ++q)
          scale += static_cast<T>(path.couplings[q].value) * harmonics[path.l2 * path.l2 + path.couplings[q].m2];
        scales[count] = scale;
        adjoints[count] =
            message_adjoint + message_offset(path.l3, path.couplings[path.pair_begin[last]].m3) + path.slot * n;
      }
      const std::size_t row = static_cast<std::size_t>(path.l1 * path.l1 + m1) * n;
      const T* h = source + row;
      T slope_part = 0;
      for (int c0 = 0; c0 < n; c0 += tile) {
        const int width = std::min(tile, n - c0);
        T* weighted = gathered + tile;
        T* total = gathered;
#pragma omp simd
        for (int c = 0; c < width; ++c) {
          weighted[c] = radial[c0 + c] * h[c0 + c];
          total[c] = 0;
        }
        for (int k = 0; k < count; ++k) {
          add_scaled(width, scales[k], adjoints[k] + c0, total);
          dots[k] += dot(width, weighted, adjoints[k] + c0);
        }
        T part = 0;
#pragma omp simd reduction(+ : part)
        for (int c = 0; c < width; ++c) part += total[c] * h[c0 + c] * radial_slope[c0 + c];
        slope_part += part;
        if (source_adjoint) {
          T* target = source_adjoint + row + c0;
#pragma omp simd
          for (int c = 0; c < width; ++c) target[c] += radial[c0 + c] * total[c];
        }
      }
      slope += slope_part;
      for (int k = 0; k < count; ++k)
        for (int q = path.pair_begin[pair + k]; q < path.pair_begin[pair + k + 1]; ++q)
          harmonics_adjoint[path.l2 * path.l2 + path.couplings[q].m2] +=
              static_cast<T>(path.couplings[q].value) * dots[k];
      pair = last;
    }
  }
  T turn[3];
  spherical_harmonics_gradient(l_max_, edge.direction[0], edge.direction[1], edge.direction[2], static_cast<T>(edge.r),
                               harmonics_adjoint, turn);
  for (int k = 0; k < 3; ++k) gradient[k] += slope * edge.direction[k] + turn[k];
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
