#include "mace/cpu/forces.h"

#include <cstddef>

namespace mace {

namespace {

// Owned atoms `first` to `end` - 1, added to the sums.
template <class T, Virials virials>
void add_edges(const Neighborhood<T>& atoms, const std::vector<double>& gradient, int first, int end, Answer& sums) {
  for (int i = first; i < end; ++i)
    for (int e = atoms.first_edge[i]; e < atoms.first_edge[i + 1]; ++e) {
      const Edge<T>& edge = atoms.edges[e];
      const std::size_t owner = static_cast<std::size_t>(i), source = static_cast<std::size_t>(edge.source);
      const double* g = gradient.data() + 3 * static_cast<std::size_t>(e);
      for (int b = 0; b < 3; ++b) {
        sums.force[3 * owner + b] -= g[b];
        sums.force[3 * source + b] += g[b];
      }
      if constexpr (virials != Virials::none)
        for (int a = 0; a < 3; ++a)
          for (int b = 0; b < 3; ++b) {
            const double w = -edge.r * static_cast<double>(edge.direction[a]) * g[b];
            sums.virial[3 * a + b] += w;
            if constexpr (virials == Virials::atomic) {
              sums.atom_virial[9 * owner + 3 * a + b] += 0.5 * w;
              sums.atom_virial[9 * source + 3 * a + b] += 0.5 * w;
            }
          }
    }
}

void clear(std::size_t atoms, Virials virials, Answer& sums) {
  sums.force.assign(3 * atoms, 0.0);
  sums.virial.fill(0.0);
  sums.atom_virial.assign(virials == Virials::atomic ? 9 * atoms : 0, 0.0);
}

template <class Values>
void add(const Values& part, Values& sum) {
  for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += part[k];
}

}  // namespace

template <class T>
void sum_forces(const Neighborhood<T>& atoms, const std::vector<double>& gradient, Virials virials, int threads,
                Answer& answer) {
  // an edge adds to two atoms, of which only one is in the thread's own range: each thread has sums of its own
  std::vector<Answer> parts(static_cast<std::size_t>(threads) - 1);
  const auto add_share = [&](int k) {
    Answer& own = k == 0 ? answer : parts[static_cast<std::size_t>(k) - 1];
    clear(static_cast<std::size_t>(atoms.total), virials, own);
    const auto bound = [&](int part) { return static_cast<int>(static_cast<long>(atoms.owned) * part / threads); };
    if (virials == Virials::atomic)
      add_edges<T, Virials::atomic>(atoms, gradient, bound(k), bound(k + 1), own);
    else if (virials == Virials::total)
      add_edges<T, Virials::total>(atoms, gradient, bound(k), bound(k + 1), own);
    else
      add_edges<T, Virials::none>(atoms, gradient, bound(k), bound(k + 1), own);
  };
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int k = 0; k < threads; ++k) add_share(k);
  for (const Answer& part : parts) {
    add(part.force, answer.force);
    add(part.virial, answer.virial);
    add(part.atom_virial, answer.atom_virial);
  }
}

template void sum_forces<float>(const Neighborhood<float>&, const std::vector<double>&, Virials, int, Answer&);
template void sum_forces<double>(const Neighborhood<double>&, const std::vector<double>&, Virials, int, Answer&);

}  // namespace mace
