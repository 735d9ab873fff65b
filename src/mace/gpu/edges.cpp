#include "mace/gpu/edges.h"

#include <cstddef>

namespace mace::gpu {

namespace {

std::size_t size(int n) { return static_cast<std::size_t>(n); }

std::vector<double> element_energies(const Weights& weights) {
  std::vector<double> energies = weights.atomic_energies;
  for (double& energy : energies) energy += weights.shift;
  return energies;
}

std::vector<double> pairs(const RepulsionWeights& repulsion) {
  std::vector<double> values;
  for (const auto& pair : repulsion.pairs) values.insert(values.end(), {pair.strength, pair.length, pair.end});
  return values;
}

}  // namespace

template <class T>
Edges<T>::Edges(Device& device, const std::string& source, const Weights& weights)
    : edges(device),
      count(device),
      back_edge(device),
      back_count(device),
      slot_edge(device),
      energy(device),
      gradient(device),
      find_edges_(device, source, "find_edges", 64),
      turn_edges_(device, source, "turn_edges", 64),
      start_(device, source, "start", 64),
      sum_forces_(device, source, "sum_forces", 64),
      sum_virials_(device, source, "sum_virials", 64),
      add_virials_(device, source, "add_virials", 256),
      give_energies_(device, source, "give_energies", 64),
      element_energy_(device, element_energies(weights)),
      pairs_(device, pairs(weights.repulsion)),
      screening_(device, weights.repulsion.screening),
      positions_(device),
      answer_energy_(device),
      force_(device),
      virial_(device),
      atom_virial_(device),
      total_(device),
      crowded_(device) {
  total_.resize(9);
  crowded_.resize(1);
}

template <class T>
void Edges<T>::resize(const Places& places) {
  const std::size_t owned = size(places.owned()), total = size(places.total()), slots = size(places.slots());
  edges.resize(slots);
  count.resize(owned);
  back_edge.resize(slots);
  back_count.resize(total);
  energy.resize(owned);
  gradient.resize(3 * slots);
  positions_.resize(3 * size(places.sites()));
  answer_energy_.resize(owned);
  force_.resize(3 * total);
  slot_edge.resize(slots);
}

template <class T>
void Edges<T>::find(const Places& places, const double* positions) {
  positions_.upload(positions, 0, 3 * size(places.sites()));
  crowded_.clear();
  find_edges_.on_each(places.owned(), places.owned(), places.row, places.list_first, places.list_count, places.site,
                      places.site_place, places.element, positions_, edges, count, slot_edge, crowded_);
  turn_edges_.on_each(places.total(), places.total(), places.back_first, places.back_slot, slot_edge, back_edge,
                      back_count);
  start_.on_each(places.owned(), places.owned(), places.list_first, count, edges, places.element, element_energy_,
                 pairs_, screening_, energy, gradient);
}

template <class T>
void Edges<T>::sum(const Places& places, Virials wanted, Answer& answer) {
  const int owned = places.owned(), total = places.total();
  sum_forces_.on_each(total, owned, total, places.row, places.list_first, count, places.back_first, back_count,
                      back_edge, gradient, force_);
  give_energies_.on_each(owned, owned, places.row, energy, answer_energy_);
  answer.energy.resize(size(owned));
  answer.force.resize(3 * size(total));
  crowded_.begin_download(0, 1, &found_crowded_);
  answer_energy_.begin_download(0, answer.energy.size(), answer.energy.data());
  force_.begin_download(0, answer.force.size(), answer.force.data());
  answer.virial.fill(0);
  answer.atom_virial.clear();
  if (wanted != Virials::none) sum_virials(places, wanted == Virials::atomic, answer);
}

template <class T>
void Edges<T>::sum_virials(const Places& places, bool of_atoms, Answer& answer) {
  const int owned = places.owned(), total = places.total();
  answer.atom_virial.resize(of_atoms ? 9 * size(total) : 0);
  virial_.resize(9 * size(owned));
  atom_virial_.resize(answer.atom_virial.size());
  sum_virials_.on_each(total, owned, total, int{of_atoms}, places.row, places.list_first, count, places.back_first,
                       back_count, back_edge, edges, gradient, virial_, atom_virial_);
  add_virials_(9, owned, virial_, total_);
  total_.begin_download(0, 9, answer.virial.data());
  atom_virial_.begin_download(0, answer.atom_virial.size(), answer.atom_virial.data());
}

template <class T>
double Edges<T>::bytes() const {
  return edges.bytes() + count.bytes() + back_edge.bytes() + back_count.bytes() + energy.bytes() + gradient.bytes() +
         positions_.bytes() + answer_energy_.bytes() + force_.bytes() + virial_.bytes() + atom_virial_.bytes() +
         slot_edge.bytes();
}

template class Edges<float>;
template class Edges<double>;

}  // namespace mace::gpu
