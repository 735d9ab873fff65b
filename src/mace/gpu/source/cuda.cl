// The words of the kernels in CUDA C++.
#define KERNEL(threads) extern "C" __global__ void __launch_bounds__(threads)
#define DEVICE static __device__ __forceinline__
#define GLOBAL
#define LOCAL
#define LOCAL_ARRAY(type, name, size) __shared__ type name[size]
#define RESTRICT __restrict__
#define GROUP_ID ((int)blockIdx.x)
#define LOCAL_ID ((int)threadIdx.x)
#define GLOBAL_ID ((int)(blockIdx.x * blockDim.x + threadIdx.x))
#define SYNC __syncthreads()
#define COUNT_UP(counter) atomicAdd(counter, 1)
#define UNROLL _Pragma("unroll")

// Threads that add up without local memory: a warp.
DEVICE real sum_over_lanes(real value) {
  for (int distance = LANES / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffffu, value, distance);
  return value;
}
