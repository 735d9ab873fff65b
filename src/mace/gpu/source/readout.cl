// The energy that a layer adds to an atom. A group a place, a thread a channel.

// Every thread gets the sum over the channels.
DEVICE double sum_over_channels(double value, LOCAL double* sums) {
  SYNC;
  sums[LOCAL_ID] = value;
  for (int n = CHANNELS; n > 1;) {
    const int rest = (n + 1) / 2;
    SYNC;
    if (LOCAL_ID + rest < n) sums[LOCAL_ID] += sums[LOCAL_ID + rest];
    n = rest;
  }
  SYNC;
  return sums[0];
}

// Adds the residual connection of the first layer to the features and the readout to the energies, and begins the
// adjoint of the features with the readout's part. features_first: place of the first row of both.
KERNEL(CHANNELS) read_out(int first, int features_first, GLOBAL const int* element, GLOBAL const real* skip_of_element,
                          GLOBAL const real* linear, GLOBAL const real* hidden, GLOBAL const double* output,
                          GLOBAL real* features, GLOBAL real* adjoint, GLOBAL double* energy) {
  LOCAL_ARRAY(double, sums, CHANNELS);
  const int place = first + GROUP_ID;
  const size_t scalar = (size_t)(place - features_first) * (OUT_ROWS * CHANNELS) + LOCAL_ID;
  real value = features[scalar];
#if SKIP_OF_ELEMENT
  value += skip_of_element[element[place] * CHANNELS + LOCAL_ID];
  features[scalar] = value;
#endif
  double sum = 0;
  real slope = 0;
#if UNITS == 0
  sum = sum_over_channels((double)linear[LOCAL_ID] * value, sums);
  slope = (real)(SCALE * linear[LOCAL_ID]);
#else
  for (int u = 0; u < UNITS; ++u) {
    const real weight = hidden[u * CHANNELS + LOCAL_ID];
    const double x = sum_over_channels((double)weight * value, sums), s = 1 / (1 + exp(-x));
    sum += output[u] * x * s;
    slope += (real)(SCALE * output[u] * s * (1 + x * (1 - s))) * weight;
  }
#endif
  adjoint[scalar] = slope;
  for (int k = 1; k < OUT_ROWS; ++k) adjoint[scalar + k * CHANNELS] = 0;
  if (LOCAL_ID == 0) energy[place] += SCALE * sum;
}

#if DENSITY
// The adjoint of the density of each place, whose basis was divided by it.
KERNEL(CHANNELS) reverse_density(int first, int basis_first, GLOBAL const double* share, GLOBAL const real* basis,
                                 GLOBAL const real* basis_adjoint, GLOBAL double* by_density) {
  LOCAL_ARRAY(double, sums, CHANNELS);
  const int place = first + GROUP_ID;
  double sum = 0;
  for (int k = 0; k < BASIS_ROWS; ++k)
    sum += (double)basis[((size_t)(place - basis_first) * BASIS_ROWS + k) * CHANNELS + LOCAL_ID] *
           basis_adjoint[((size_t)GROUP_ID * BASIS_ROWS + k) * CHANNELS + LOCAL_ID];
  sum = sum_over_channels(sum, sums);
  if (LOCAL_ID == 0) by_density[place] = -share[place] * sum;
}
#endif
