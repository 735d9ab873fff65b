// From the lists of neighbors as callers have them, by rows, to those of places, and to their transpose: the slots of
// lists that each place stands in. Counters are counted up in whatever order threads come; what they lead to is put in
// order afterwards.

// A thread a row: whether a neighbor of it is borrowed.
KERNEL(64) find_borders(int owned, GLOBAL const int* row_first, GLOBAL const int* row_site, GLOBAL const int* site_row,
                        GLOBAL int* border) {
  const int row = GLOBAL_ID;
  if (row >= owned) return;
  const int end = row_first[row + 1];
  int found = 0;
  for (int slot = row_first[row]; slot < end && !found; ++slot) found = site_row[row_site[slot]] >= owned;
  border[row] = found;
}

// A group a place: its list is that of its row.
KERNEL(64) arrange_lists(GLOBAL const int* row, GLOBAL const int* row_first, GLOBAL const int* row_site,
                         GLOBAL const int* list_first, GLOBAL const int* list_count, GLOBAL int* site) {
  const int from = row_first[row[GROUP_ID]], to = list_first[GROUP_ID];
  for (int k = LOCAL_ID; k < list_count[GROUP_ID]; k += 64) site[to + k] = row_site[from + k];
}

// A group an owned place: in how many slots each place stands.
KERNEL(64) count_back(GLOBAL const int* list_first, GLOBAL const int* list_count, GLOBAL const int* site,
                      GLOBAL const int* site_place, GLOBAL int* count) {
  const int first = list_first[GROUP_ID], end = first + list_count[GROUP_ID];
  for (int slot = first + LOCAL_ID; slot < end; slot += 64) COUNT_UP(count + site_place[site[slot]]);
}

// One group: where the slots of each place begin, [places + 1], which takes the place of their number, too.
KERNEL(256) find_firsts(int places, GLOBAL int* count, GLOBAL int* first) {
  LOCAL_ARRAY(int, sums, 256);
  int before = 0;
  for (int begin = 0; begin < places; begin += 256) {
    const int place = begin + LOCAL_ID, own = place < places ? count[place] : 0;
    int sum = own;  // of this one and those before it
    sums[LOCAL_ID] = sum;
    for (int distance = 1; distance < 256; distance *= 2) {
      SYNC;
      if (LOCAL_ID >= distance) sum += sums[LOCAL_ID - distance];
      SYNC;
      sums[LOCAL_ID] = sum;
    }
    SYNC;
    if (place < places) count[place] = first[place] = before + sum - own;
    before += sums[255];
    SYNC;
  }
  if (LOCAL_ID == 0) first[places] = before;
}

// A group an owned place. next: [place], where its next slot goes.
KERNEL(64) turn_lists(GLOBAL const int* list_first, GLOBAL const int* list_count, GLOBAL const int* site,
                      GLOBAL const int* site_place, GLOBAL int* next, GLOBAL int* some_slot) {
  const int first = list_first[GROUP_ID], end = first + list_count[GROUP_ID];
  for (int slot = first + LOCAL_ID; slot < end; slot += 64) some_slot[COUNT_UP(next + site_place[site[slot]])] = slot;
}

// A group a place, of borrowed rows too: its slots by rising number, and so by rising owner.
KERNEL(64) order_back(GLOBAL const int* back_first, GLOBAL const int* some_slot, GLOBAL int* back_slot) {
  const int first = back_first[GROUP_ID], end = back_first[GROUP_ID + 1];
  for (int k = first + LOCAL_ID; k < end; k += 64) {
    const int slot = some_slot[k];
    int to = first;
    for (int other = first; other < end; ++other) to += some_slot[other] < slot;
    back_slot[to] = slot;
  }
}
