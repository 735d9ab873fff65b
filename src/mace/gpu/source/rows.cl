// Rows of `width` values on their way between ranks. A group a row.

KERNEL(64) pack_rows(int width, GLOBAL const int* place, GLOBAL const real* values, GLOBAL real* packed) {
  for (int k = LOCAL_ID; k < width; k += 64)
    packed[(size_t)GROUP_ID * width + k] = values[(size_t)place[GROUP_ID] * width + k];
}

// Of the packed rows, row `first[place]` and on to the next place's, numbered by `order`, are added to a place.
KERNEL(64) add_rows(int width, GLOBAL const int* first, GLOBAL const int* order, GLOBAL const real* packed,
                    GLOBAL real* values) {
  for (int k = LOCAL_ID; k < width; k += 64) {
    real sum = values[(size_t)GROUP_ID * width + k];
    for (int n = first[GROUP_ID]; n < first[GROUP_ID + 1]; ++n) sum += packed[(size_t)order[n] * width + k];
    values[(size_t)GROUP_ID * width + k] = sum;
  }
}
