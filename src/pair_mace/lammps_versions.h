// What differs between versions of LAMMPS: the old names of 2021 still work, found by the compiler itself.

#ifndef DECANT_LAMMPS_VERSIONS_H
#define DECANT_LAMMPS_VERSIONS_H

#include "comm.h"
#include "compute.h"
#include "neighbor.h"
#include "pair.h"
#if __has_include("neigh_request.h")
#include "neigh_request.h"  // only the old way looks into it; the wheel leaves it out
#endif

namespace decant {

struct Older {};
struct Newer : Older {};  // preferred where both overloads compile

// since 4 May 2022 what is sent has one name for all that send
template <class Comm, class Pair>
auto forward(Comm& comm, Pair* pair, Newer) -> decltype(comm.forward_comm(pair)) {
  comm.forward_comm(pair);
}
template <class Comm, class Pair>
auto forward(Comm& comm, Pair* pair, Older) -> decltype(comm.forward_comm_pair(pair)) {
  comm.forward_comm_pair(pair);
}

// since 22 Dec 2022 a request is made whole
template <class Neighbor, class Pair>
auto request_full_list(Neighbor& neighbor, Pair* pair, Newer) -> decltype(neighbor.add_request(pair), void()) {
  neighbor.add_request(pair, 1 << 0);  // NeighConst::REQ_FULL
}
template <class Neighbor, class Pair>
auto request_full_list(Neighbor& neighbor, Pair* pair, Older) -> decltype(neighbor.request(pair, 0), void()) {
  auto* const request = neighbor.requests[neighbor.request(pair, 0)];
  request->half = 0;
  request->full = 1;
}

template <class Neighbor, class Compute>
auto request_occasional_half_list(Neighbor& neighbor, Compute* compute, Newer)
    -> decltype(neighbor.add_request(compute), void()) {
  neighbor.add_request(compute, 1 << 4);  // NeighConst::REQ_OCCASIONAL
}
template <class Neighbor, class Compute>
auto request_occasional_half_list(Neighbor& neighbor, Compute* compute, Older)
    -> decltype(neighbor.request(compute, 0), void()) {
  auto* const request = neighbor.requests[neighbor.request(compute, 0)];
  request->pair = 0;
  request->compute = 1;
  request->occasional = 1;
}

}  // namespace decant

#endif
