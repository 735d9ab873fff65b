// Highest rate of single-precision multiply-adds of one core: as many independent chains as hide their latency, in
// registers alone. Prints Gflop/s (a multiply-add counts two), the best of ten rounds.
#include <algorithm>
#include <chrono>
#include <cstdio>

#ifdef __AVX512F__
constexpr int bytes = 64;
#else
constexpr int bytes = 32;
#endif
typedef float Vector __attribute__((vector_size(bytes)));

int main() {
  constexpr int chains = bytes == 64 ? 24 : 12, width = bytes / 4;
  constexpr long steps = 20000000;
  Vector sum[chains], factor = Vector{} + 0.999f, term = Vector{} + 0.001f;
  for (int k = 0; k < chains; ++k) sum[k] = Vector{} + static_cast<float>(k);
  double best = 0;
  for (int round = 0; round < 10; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (long step = 0; step < steps; ++step)
      for (int k = 0; k < chains; ++k) sum[k] = sum[k] * factor + term;
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    best = std::max(best, 2e-9 * width * chains * static_cast<double>(steps) / time.count());
  }
  float total = 0;  // so that nothing is left out as unused
  for (const Vector& chain : sum)
    for (int c = 0; c < width; ++c) total += chain[c];
  std::printf("%.6g\n", best);
  return total > 0 ? 0 : 1;
}
