// y[row] (+)= x[row] W: products of the channels of rows with the matrix of their element, tile by tile.
#define TILE_ROWS 32
#define TILE_INNER 16
#define MICRO 4  // rows and columns of a thread
#define TILE_THREADS (TILE_ROWS * TILE_COLUMNS / (MICRO * MICRO))

// A group multiplies the rows of one tile by TILE_COLUMNS columns of one matrix, which a job names.
// tiles: [tile][3], element, first place, places. jobs: [job][5], where its x begins in a row, how long that is,
// where its weights begin, how far their rows are apart, where its y begins in a row.
// x_first, y_first: place of the first row there.
KERNEL(TILE_THREADS) multiply(int first_tile, int job_count, int accumulate, int element_size,
                              GLOBAL const int* tiles, GLOBAL const int* jobs, GLOBAL const real* RESTRICT weights,
                              int x_first, int x_size, GLOBAL const real* RESTRICT x, int y_first, int y_size,
                              GLOBAL real* RESTRICT y) {
  LOCAL_ARRAY(real, some_x, TILE_INNER * TILE_ROWS);
  LOCAL_ARRAY(real, some_w, TILE_INNER * TILE_COLUMNS);
  GLOBAL const int* tile = tiles + 3 * (first_tile + GROUP_ID / job_count);
  GLOBAL const int* job = jobs + 5 * (GROUP_ID % job_count);
  const int rows = tile[2], inner = job[1], w_stride = job[3];
  x += (size_t)(tile[1] - x_first) * x_size + job[0];
  y += (size_t)(tile[1] - y_first) * y_size + job[4];
  weights += (size_t)tile[0] * element_size + job[2];
  const int columns = TILE_COLUMNS / MICRO;
  const int row = LOCAL_ID / columns * MICRO, column = LOCAL_ID % columns;  // columns apart, for the sake of banks
  real sum[MICRO][MICRO] = {{0}};
  for (int k0 = 0; k0 < inner; k0 += TILE_INNER) {
    for (int n = LOCAL_ID; n < TILE_ROWS * TILE_INNER; n += TILE_THREADS) {
      const int r = n / TILE_INNER, k = n % TILE_INNER;
      some_x[k * TILE_ROWS + r] = r < rows ? x[(size_t)r * x_size + k0 + k] : 0;
    }
    for (int n = LOCAL_ID; n < TILE_INNER * TILE_COLUMNS; n += TILE_THREADS)
      some_w[n] = weights[(size_t)(k0 + n / TILE_COLUMNS) * w_stride + n % TILE_COLUMNS];
    SYNC;
    UNROLL
    for (int k = 0; k < TILE_INNER; ++k) {
      real a[MICRO], b[MICRO];
      UNROLL
      for (int i = 0; i < MICRO; ++i) a[i] = some_x[k * TILE_ROWS + row + i];
      UNROLL
      for (int j = 0; j < MICRO; ++j) b[j] = some_w[k * TILE_COLUMNS + column + j * columns];
      UNROLL
      for (int i = 0; i < MICRO; ++i)
        UNROLL
        for (int j = 0; j < MICRO; ++j) sum[i][j] += a[i] * b[j];
    }
    SYNC;
  }
  for (int i = 0; i < MICRO && row + i < rows; ++i)
    for (int j = 0; j < MICRO; ++j) {
      GLOBAL real* to = y + (size_t)(row + i) * y_size + column + j * columns;
      *to = accumulate ? *to + sum[i][j] : sum[i][j];
    }
}
