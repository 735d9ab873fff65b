// The edge pass of a layer, a group a place, a thread a channel. Each edge is worked on in registers; what all channels
// need of its geometry is made once, for EDGES edges at a time. add_message(), reverse_message() and
// reverse_source() were written for the model's paths (interaction_source.cpp).

typedef struct {
  real harmonic[BASIS_ROWS];
  real value[6], slope[6];  // weights of the radial table's rows
  real x, y, z, inverse_r;
  int row;                  // of the radial table
  int source;               // where its features are: of a place, in the first layer of an element
  int owner;
#if DENSITY
  real density_slope;
#endif
} Neighbor;

#if DENSITY
// What an edge adds to the density of its owner, and its slope.
DEVICE double density_of(GLOBAL const double* density_table, int table, double r, double* slope) {
  double value[6], slopes[6], sum = 0;
  const int row = 3 * (table * (DENSITY_INTERVALS + 1) + spline_weights(r, DENSITY_INTERVALS, value, slopes));
  *slope = 0;
  for (int k = 0; k < 6; ++k) {
    sum += value[k] * density_table[row + k];
    *slope += slopes[k] * density_table[row + k];
  }
  return sum;
}

// A thread a place: 1 / (1 + density).
KERNEL(64) find_share(int first, int end, GLOBAL const int* list_first, GLOBAL const int* edge_count,
                      GLOBAL const Edge* edges, GLOBAL const int* element, GLOBAL const int* tables,
                      GLOBAL const double* density_table, GLOBAL double* share) {
  const int place = first + GLOBAL_ID;
  if (place >= end) return;
  double density = 0, unused;
  for (int e = list_first[place]; e < list_first[place] + edge_count[place]; ++e)
    density += density_of(density_table, tables[element[place] * ELEMENTS + edges[e].element], edges[e].r, &unused);
  share[place] = 1 / (1 + density);
}
#endif

DEVICE void prepare(const Edge edge, int owner_element, GLOBAL const int* tables, LOCAL Neighbor* neighbor) {
  double value[6], slope[6];
  const int table = tables[owner_element * ELEMENTS + edge.element];
  neighbor->row = 3 * (table * (INTERVALS + 1) + spline_weights(edge.r, INTERVALS, value, slope));
  for (int k = 0; k < 6; ++k) {
    neighbor->value[k] = (real)value[k];
    neighbor->slope[k] = (real)slope[k];
  }
  harmonics(edge.x, edge.y, edge.z, neighbor->harmonic);
  neighbor->x = edge.x;
  neighbor->y = edge.y;
  neighbor->z = edge.z;
  neighbor->inverse_r = (real)(1 / edge.r);
  neighbor->owner = edge.owner;
  neighbor->source = FIRST_LAYER ? edge.element : edge.source;
}

// Radial functions [path] of this thread's channel.
DEVICE void radial_functions(GLOBAL const real* RESTRICT table, int row, LOCAL const real* weight, real* radial) {
  GLOBAL const real* from = table + (size_t)row * (PATHS * CHANNELS) + LOCAL_ID;
  UNROLL
  for (int p = 0; p < PATHS; ++p) radial[p] = 0;
  UNROLL
  for (int k = 0; k < 6; ++k) {
    const real w = weight[k];
    UNROLL
    for (int p = 0; p < PATHS; ++p) radial[p] += w * from[(k * PATHS + p) * CHANNELS];
  }
}

DEVICE void radial_functions_and_slopes(GLOBAL const real* RESTRICT table, LOCAL const Neighbor* neighbor, real* radial,
                                        real* slope) {
  GLOBAL const real* from = table + (size_t)neighbor->row * (PATHS * CHANNELS) + LOCAL_ID;
  UNROLL
  for (int p = 0; p < PATHS; ++p) radial[p] = slope[p] = 0;
  UNROLL
  for (int k = 0; k < 6; ++k) {
    const real w = neighbor->value[k], s = neighbor->slope[k];
    UNROLL
    for (int p = 0; p < PATHS; ++p) {
      const real value = from[(k * PATHS + p) * CHANNELS];
      radial[p] += w * value;
      slope[p] += s * value;
    }
  }
}

// message: [place of the chunk][message row][channel]
KERNEL(CHANNELS) interact(int first, GLOBAL const int* list_first, GLOBAL const int* edge_count,
                          GLOBAL const Edge* RESTRICT edges, GLOBAL const int* element, GLOBAL const int* tables,
                          GLOBAL const real* RESTRICT source, GLOBAL const real* RESTRICT radial_table,
                          GLOBAL const double* share, GLOBAL real* RESTRICT message) {
  LOCAL_ARRAY(Neighbor, neighbors, EDGES);
  const int place = first + GROUP_ID, begin = list_first[place], end = begin + edge_count[place];
  real sum[MESSAGE_ROWS] = {0};
  for (int at = begin; at < end; at += EDGES) {
    const int count = min(EDGES, end - at);
    SYNC;
    for (int n = LOCAL_ID; n < count; n += CHANNELS)
      prepare(edges[at + n], element[place], tables, neighbors + n);
    SYNC;
    for (int n = 0; n < count; ++n) {
      LOCAL const Neighbor* neighbor = neighbors + n;
      real radial[PATHS], h[IN_ROWS];
      radial_functions(radial_table, neighbor->row, neighbor->value, radial);
      UNROLL
      for (int m = 0; m < IN_ROWS; ++m) h[m] = source[((size_t)neighbor->source * IN_ROWS + m) * CHANNELS + LOCAL_ID];
      add_message(radial, neighbor->harmonic, h, sum);
    }
  }
#if DENSITY
  const real scale = (real)share[place];
#else
  const real scale = 1;
#endif
  UNROLL
  for (int q = 0; q < MESSAGE_ROWS; ++q)
    message[((size_t)GROUP_ID * MESSAGE_ROWS + q) * CHANNELS + LOCAL_ID] = scale * sum[q];
}

// The adjoint of this thread's message, [message row].
DEVICE void fetch_adjoint(GLOBAL const real* RESTRICT message_adjoint, int in_chunk, GLOBAL const double* share,
                          int place, real* adjoint) {
#if DENSITY
  const real scale = (real)share[place];
#else
  const real scale = 1;
#endif
  UNROLL
  for (int q = 0; q < MESSAGE_ROWS; ++q)
    adjoint[q] = scale * message_adjoint[((size_t)in_chunk * MESSAGE_ROWS + q) * CHANNELS + LOCAL_ID];
}

// Adds to the gradients of the edges of each place. by_density: [place], adjoint of the density.
KERNEL(CHANNELS) interact_reverse(int first, GLOBAL const int* list_first, GLOBAL const int* edge_count,
                                  GLOBAL const Edge* RESTRICT edges, GLOBAL const int* element,
                                  GLOBAL const int* tables, GLOBAL const real* RESTRICT source,
                                  GLOBAL const real* RESTRICT radial_table, GLOBAL const double* density_table,
                                  GLOBAL const double* share, GLOBAL const double* by_density,
                                  GLOBAL const real* RESTRICT message_adjoint, GLOBAL real* RESTRICT gradient) {
  LOCAL_ARRAY(Neighbor, neighbors, EDGES);
  LOCAL_ARRAY(real, parts, EDGES * 3 * (CHANNELS / LANES + 1));  // [edge][xyz][lane's part]
  const int place = first + GROUP_ID, begin = list_first[place], end = begin + edge_count[place];
  real adjoint[MESSAGE_ROWS];
  fetch_adjoint(message_adjoint, GROUP_ID, share, place, adjoint);
  for (int at = begin; at < end; at += EDGES) {
    const int count = min(EDGES, end - at);
    SYNC;
    for (int n = LOCAL_ID; n < count; n += CHANNELS) {
      const Edge edge = edges[at + n];
      prepare(edge, element[place], tables, neighbors + n);
#if DENSITY
      double density_slope;
      density_of(density_table, tables[element[place] * ELEMENTS + edge.element], edge.r, &density_slope);
      neighbors[n].density_slope = (real)density_slope;
#endif
    }
    SYNC;
    for (int n = 0; n < count; ++n) {
      LOCAL const Neighbor* neighbor = neighbors + n;
      real radial[PATHS], slope[PATHS], h[IN_ROWS], by_harmonic[BASIS_ROWS] = {0}, by_r = 0, turn[3];
      radial_functions_and_slopes(radial_table, neighbor, radial, slope);
      UNROLL
      for (int m = 0; m < IN_ROWS; ++m) h[m] = source[((size_t)neighbor->source * IN_ROWS + m) * CHANNELS + LOCAL_ID];
      reverse_message(radial, slope, neighbor->harmonic, h, adjoint, by_harmonic, &by_r);
      // the three components need fewer sums over channels than all harmonics would
      harmonics_gradient(neighbor->x, neighbor->y, neighbor->z, neighbor->inverse_r, by_harmonic, turn);
      const real g[3] = {by_r * neighbor->x + turn[0], by_r * neighbor->y + turn[1], by_r * neighbor->z + turn[2]};
      UNROLL
      for (int k = 0; k < 3; ++k) {
        const real part = sum_over_lanes(g[k]);
        if (LOCAL_ID % LANES == 0) parts[(n * 3 + k) * (CHANNELS / LANES + 1) + LOCAL_ID / LANES] = part;
      }
    }
    SYNC;
    for (int n = LOCAL_ID; n < 3 * count; n += CHANNELS) {
      real sum = 0;
      for (int lane = 0; lane < CHANNELS / LANES; ++lane) sum += parts[n * (CHANNELS / LANES + 1) + lane];
#if DENSITY
      LOCAL const Neighbor* neighbor = neighbors + n / 3;
      const real direction = n % 3 == 0 ? neighbor->x : n % 3 == 1 ? neighbor->y : neighbor->z;
      sum += (real)by_density[place] * neighbor->density_slope * direction;
#endif
      gradient[3 * (size_t)at + n] += sum;
    }
  }
}

#if !FIRST_LAYER
// Adds to the adjoints of what each place sent, from the edges that it is the source of and that end on a place of the
// chunk, `first` to `end` - 1. A group a place, of borrowed rows too.
KERNEL(CHANNELS) interact_sources(int first, int end, GLOBAL const int* back_first, GLOBAL const int* back_count,
                                  GLOBAL const int* back_edge, GLOBAL const Edge* RESTRICT edges,
                                  GLOBAL const int* element, GLOBAL const int* tables,
                                  GLOBAL const real* RESTRICT radial_table, GLOBAL const double* share,
                                  GLOBAL const real* RESTRICT message_adjoint, GLOBAL real* RESTRICT source_adjoint) {
  LOCAL_ARRAY(Neighbor, neighbors, EDGES);
  const int begin = back_first[GROUP_ID], stop = begin + back_count[GROUP_ID];
  real sum[IN_ROWS] = {0};
  for (int at = begin; at < stop; at += EDGES) {
    const int count = min(EDGES, stop - at);
    SYNC;
    for (int n = LOCAL_ID; n < count; n += CHANNELS) {
      const Edge edge = edges[back_edge[at + n]];
      if (edge.owner >= first && edge.owner < end)
        prepare(edge, element[edge.owner], tables, neighbors + n);
      else
        neighbors[n].owner = -1;
    }
    SYNC;
    for (int n = 0; n < count; ++n) {
      LOCAL const Neighbor* neighbor = neighbors + n;
      if (neighbor->owner < 0) continue;
      real radial[PATHS], adjoint[MESSAGE_ROWS];
      radial_functions(radial_table, neighbor->row, neighbor->value, radial);
      fetch_adjoint(message_adjoint, neighbor->owner - first, share, neighbor->owner, adjoint);
      reverse_source(radial, neighbor->harmonic, adjoint, sum);
    }
  }
  UNROLL
  for (int m = 0; m < IN_ROWS; ++m)
    source_adjoint[((size_t)GROUP_ID * IN_ROWS + m) * CHANNELS + LOCAL_ID] += sum[m];
}
#endif
