// From the gradients of edges to forces and virials, in the caller's order of rows.

// A thread a place: what its own edges and those that it is the source of do to it. Owned places have rows of their
// own, in whatever order; borrowed ones are where their row is.
KERNEL(64) sum_forces(int owned, int places, GLOBAL const int* row, GLOBAL const int* list_first,
                      GLOBAL const int* edge_count, GLOBAL const int* back_first, GLOBAL const int* back_count,
                      GLOBAL const int* back_edge, GLOBAL const real* gradient, GLOBAL double* force) {
  const int place = GLOBAL_ID;
  if (place >= places) return;
  double f[3] = {0, 0, 0};
  const int first = place < owned ? list_first[place] : 0, end = place < owned ? first + edge_count[place] : 0;
  for (int e = first; e < end; ++e)
    for (int k = 0; k < 3; ++k) f[k] -= gradient[3 * (size_t)e + k];
  const int back = back_first[place];
  for (int n = back; n < back + back_count[place]; ++n)
    for (int k = 0; k < 3; ++k) f[k] += gradient[3 * (size_t)back_edge[n] + k];
  const size_t to = place < owned ? row[place] : place;
  for (int k = 0; k < 3; ++k) force[3 * to + k] = f[k];
}

DEVICE void add_virial(const Edge edge, GLOBAL const real* gradient, double* virial) {
  const double d[3] = {edge.r * edge.x, edge.r * edge.y, edge.r * edge.z};
  UNROLL
  for (int a = 0; a < 3; ++a)
    UNROLL
    for (int b = 0; b < 3; ++b) virial[3 * a + b] -= d[a] * gradient[b];
}

// A thread a place: the virial of its own edges, and if of_atoms, half of that of all edges it has a part in.
KERNEL(64) sum_virials(int owned, int places, int of_atoms, GLOBAL const int* row, GLOBAL const int* list_first,
                       GLOBAL const int* edge_count, GLOBAL const int* back_first, GLOBAL const int* back_count,
                       GLOBAL const int* back_edge, GLOBAL const Edge* edges, GLOBAL const real* gradient,
                       GLOBAL double* virial, GLOBAL double* atom_virial) {
  const int place = GLOBAL_ID;
  if (place >= places) return;
  double sum[9] = {0, 0, 0, 0, 0, 0, 0, 0, 0};
  const int first = place < owned ? list_first[place] : 0, end = place < owned ? first + edge_count[place] : 0;
  for (int e = first; e < end; ++e) add_virial(edges[e], gradient + 3 * (size_t)e, sum);
  for (int k = 0; k < 9 && place < owned; ++k) virial[9 * (size_t)place + k] = sum[k];
  if (!of_atoms) return;
  const int back = back_first[place];
  for (int n = back; n < back + back_count[place]; ++n)
    add_virial(edges[back_edge[n]], gradient + 3 * (size_t)back_edge[n], sum);
  const size_t to = place < owned ? row[place] : place;
  for (int k = 0; k < 9; ++k) atom_virial[9 * to + k] = 0.5 * sum[k];
}

// A group a component: the sum of the virials of all owned places.
KERNEL(256) add_virials(int owned, GLOBAL const double* virial, GLOBAL double* total) {
  LOCAL_ARRAY(double, sums, 256);
  double sum = 0;
  for (int place = LOCAL_ID; place < owned; place += 256) sum += virial[9 * (size_t)place + GROUP_ID];
  sums[LOCAL_ID] = sum;
  for (int n = 128; n > 0; n /= 2) {
    SYNC;
    if (LOCAL_ID < n) sums[LOCAL_ID] += sums[LOCAL_ID + n];
  }
  if (LOCAL_ID == 0) total[GROUP_ID] = sums[0];
}

// A thread a place.
KERNEL(64) give_energies(int owned, GLOBAL const int* row, GLOBAL const double* energy, GLOBAL double* answer) {
  if (GLOBAL_ID < owned) answer[row[GLOBAL_ID]] = energy[GLOBAL_ID];
}
