// The symmetric contraction, a group a place, a thread a channel. contract() and reverse_contract() were written for
// the model's monomials (product_source.cpp). basis_first: place of the first row of the basis.

KERNEL(CHANNELS) product(int first, int basis_first, GLOBAL const int* element,
                         GLOBAL const real* RESTRICT coefficients, GLOBAL const real* RESTRICT basis,
                         GLOBAL real* RESTRICT output) {
  const int place = first + GROUP_ID;
  real b[BASIS_ROWS], sum[OUT_ROWS] = {0};
  UNROLL
  for (int k = 0; k < BASIS_ROWS; ++k)
    b[k] = basis[((size_t)(place - basis_first) * BASIS_ROWS + k) * CHANNELS + LOCAL_ID];
  contract(coefficients + (size_t)element[place] * (TERMS * CHANNELS) + LOCAL_ID, b, sum);
  UNROLL
  for (int k = 0; k < OUT_ROWS; ++k) output[((size_t)GROUP_ID * OUT_ROWS + k) * CHANNELS + LOCAL_ID] = sum[k];
}

KERNEL(CHANNELS) product_reverse(int first, int basis_first, GLOBAL const int* element,
                                 GLOBAL const real* RESTRICT coefficients, GLOBAL const real* RESTRICT basis,
                                 GLOBAL const real* RESTRICT output_adjoint, GLOBAL real* RESTRICT basis_adjoint) {
  const int place = first + GROUP_ID;
  real b[BASIS_ROWS], adjoint[OUT_ROWS], sum[BASIS_ROWS] = {0};
  UNROLL
  for (int k = 0; k < BASIS_ROWS; ++k)
    b[k] = basis[((size_t)(place - basis_first) * BASIS_ROWS + k) * CHANNELS + LOCAL_ID];
  UNROLL
  for (int k = 0; k < OUT_ROWS; ++k)
    adjoint[k] = output_adjoint[((size_t)GROUP_ID * OUT_ROWS + k) * CHANNELS + LOCAL_ID];
  reverse_contract(coefficients + (size_t)element[place] * (TERMS * CHANNELS) + LOCAL_ID, b, adjoint, sum);
  UNROLL
  for (int k = 0; k < BASIS_ROWS; ++k)
    basis_adjoint[((size_t)GROUP_ID * BASIS_ROWS + k) * CHANNELS + LOCAL_ID] = sum[k];
}
