// From lists of neighbors and positions to the edges within the cutoff, in both orders. Lists reach beyond the cutoff;
// the edges of a place stand where its list does, the first edge_count of them in use.

// A thread a place. slot_edge tells where the neighbor of each slot of a list went, -1 if beyond the cutoff.
KERNEL(64) find_edges(int owned, GLOBAL const int* row, GLOBAL const int* list_first, GLOBAL const int* list_count,
                      GLOBAL const int* site, GLOBAL const int* site_place, GLOBAL const int* element,
                      GLOBAL const double* position, GLOBAL Edge* edges, GLOBAL int* edge_count, GLOBAL int* slot_edge,
                      GLOBAL int* crowded) {
  const int place = GLOBAL_ID;
  if (place >= owned) return;
  GLOBAL const double* own = position + 3 * (size_t)row[place];
  const int first = list_first[place], end = first + list_count[place];
  int to = first;
  for (int slot = first; slot < end; ++slot) {
    GLOBAL const double* other = position + 3 * (size_t)site[slot];
    const double dx = own[0] - other[0], dy = own[1] - other[1], dz = own[2] - other[2];
    const double squared = dx * dx + dy * dy + dz * dz;
    slot_edge[slot] = -1;
    if (!(squared < R_MAX * R_MAX)) continue;
    if (squared < R_MIN * R_MIN) *crowded = 1;  // whoever writes last says the same
    const double r = sqrt(squared);
    Edge edge;
    edge.r = r;
    edge.owner = place;
    edge.source = site_place[site[slot]];
    edge.element = element[edge.source];
    edge.x = (real)(dx / r);
    edge.y = (real)(dy / r);
    edge.z = (real)(dz / r);
    edges[to] = edge;
    slot_edge[slot] = to++;
  }
  edge_count[place] = to - first;
}

// A thread a place, of borrowed rows too: the edges that it is the source of, by rising owner.
KERNEL(64) turn_edges(int places, GLOBAL const int* back_first, GLOBAL const int* back_slot,
                      GLOBAL const int* slot_edge, GLOBAL int* back_edge, GLOBAL int* back_count) {
  const int place = GLOBAL_ID;
  if (place >= places) return;
  const int first = back_first[place], end = back_first[place + 1];
  int to = first;
  for (int k = first; k < end; ++k) {
    const int edge = slot_edge[back_slot[k]];
    if (edge >= 0) back_edge[to++] = edge;
  }
  back_count[place] = to - first;
}

#if REPULSION
// The energy of one edge, eV, and its slope, eV/angstrom; pair: strength, length and end.
DEVICE double repulsion(GLOBAL const double* pair, GLOBAL const double* screening, double r, double* slope) {
  *slope = 0;
  if (r >= pair[2]) return 0;
  double sum = 0, sum_slope = 0;
  for (int k = 0; k < SCREENING_TERMS; ++k) {
    const double rate = screening[SCREENING_TERMS + k] / pair[1];
    const double part = screening[k] * exp(-rate * r);
    sum += part;
    sum_slope -= rate * part;
  }
  const double bare = pair[0] / r, value = bare * sum, value_slope = bare * (sum_slope - sum / r);
  const double p = REPULSION_POWER, x = r / pair[2], xp = pow(x, p - 1);
  const double envelope = 1 - xp * x * ((p + 1) * (p + 2) / 2 - p * x * (p + 2 - (p + 1) / 2 * x));
  const double envelope_slope = -p * (p + 1) * (p + 2) / 2 * xp * (1 - x) * (1 - x) / pair[2];
  *slope = value_slope * envelope + value * envelope_slope;
  return value * envelope;
}
#endif

// A thread a place: the energies and the gradients of edges that the layers add to.
KERNEL(64) start(int owned, GLOBAL const int* list_first, GLOBAL const int* edge_count, GLOBAL const Edge* edges,
                 GLOBAL const int* element, GLOBAL const double* element_energy, GLOBAL const double* pairs,
                 GLOBAL const double* screening, GLOBAL double* energy, GLOBAL real* gradient) {
  const int place = GLOBAL_ID;
  if (place >= owned) return;
  double sum = element[place] < 0 ? 0.0 : element_energy[element[place]];
  const int first = list_first[place], end = first + edge_count[place];
  for (int e = first; e < end; ++e) {
    GLOBAL real* to = gradient + 3 * (size_t)e;
#if REPULSION
    const Edge edge = edges[e];
    double slope;
    sum += SCALE * repulsion(pairs + 3 * (element[place] * ELEMENTS + edge.element), screening, edge.r, &slope);
    to[0] = (real)(SCALE * slope) * edge.x;
    to[1] = (real)(SCALE * slope) * edge.y;
    to[2] = (real)(SCALE * slope) * edge.z;
#else
    to[0] = to[1] = to[2] = 0;
#endif
  }
  energy[place] = sum;
}
