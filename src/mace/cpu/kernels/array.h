// Cache-line aligned arrays and the vector type of the hot loops.
//
// Data layout, stated once. Every array of features is channel-innermost:
//   features  [atom][lm][channel]            lm = l*l + l + m
//   messages  [atom][lm][path of l][channel] paths that end in the same l stand side by side, so that the linear map
//                                            that mixes them is one matrix product per lm
//   radial    [path][channel]                per edge, evaluated where it is needed and never stored for all edges
// Channels are padded with zeros to a multiple of `channel_padding`, so no loop over channels has a remainder.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

namespace mace {

// Bytes of channels that one register holds: of SVE as many as was compiled for, which must be those of the CPU.
#if defined(__ARM_FEATURE_SVE_BITS) && __ARM_FEATURE_SVE_BITS > 0
constexpr int simd_bytes = __ARM_FEATURE_SVE_BITS / 8;
#elif defined(__AVX512F__)
constexpr int simd_bytes = 64;
#elif defined(__aarch64__)
constexpr int simd_bytes = 16;
#else
constexpr int simd_bytes = 32;
#endif

constexpr int channel_padding = simd_bytes / static_cast<int>(sizeof(float));

constexpr int padded(int channels) { return (channels + channel_padding - 1) / channel_padding * channel_padding; }

template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  explicit AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64))); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t(64)); }
  template <class U>
  bool operator==(const AlignedAllocator<U>&) const {
    return true;
  }
  template <class U>
  bool operator!=(const AlignedAllocator<U>&) const {
    return false;
  }
};

template <class T>
using Array = std::vector<T, AlignedAllocator<T>>;

// One register of channels. The type may alias and carries the alignment of its element, so a pointer into any row of
// channels can be read through it.
template <class T>
struct Simd;
template <>
struct Simd<float> {
  typedef float type __attribute__((vector_size(simd_bytes), aligned(4), may_alias));
  static constexpr int width = simd_bytes / 4;
};
template <>
struct Simd<double> {
  typedef double type __attribute__((vector_size(simd_bytes), aligned(8), may_alias));
  static constexpr int width = simd_bytes / 8;
};

template <class T>
inline typename Simd<T>::type load(const T* row) {
  return *reinterpret_cast<const typename Simd<T>::type*>(row);
}
template <class T>
inline void store(T* row, const typename Simd<T>::type& value) {
  *reinterpret_cast<typename Simd<T>::type*>(row) = value;
}

}  // namespace mace
