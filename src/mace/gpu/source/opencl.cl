// The words of the kernels in OpenCL C.
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define KERNEL(threads) __kernel __attribute__((reqd_work_group_size(threads, 1, 1))) void
#define DEVICE static __attribute__((always_inline))
#define GLOBAL __global
#define LOCAL __local
#define LOCAL_ARRAY(type, name, size) __local type name[size]
#define RESTRICT restrict
#define GROUP_ID ((int)get_group_id(0))
#define LOCAL_ID ((int)get_local_id(0))
#define GLOBAL_ID ((int)get_global_id(0))
#define SYNC barrier(CLK_LOCAL_MEM_FENCE)
#define COUNT_UP(counter) atomic_inc(counter)
#define UNROLL _Pragma("unroll")

// Threads that add up without local memory: each thread stands alone here.
DEVICE real sum_over_lanes(real value) { return value; }
