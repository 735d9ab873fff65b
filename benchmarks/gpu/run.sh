#!/usr/bin/env bash
# What a device does with the models A, B and C of benchmarks/mace_table.py: agreement with the CPU, two ranks on one
# device, a trajectory of 100 steps, speed and memory from small to large, seconds by kernel. On a GPU it takes a few
# minutes.
#
#     benchmarks/gpu/run.sh [DEVICE [ATOMS,...  [MODEL...]]]      by default cuda 160,1280,20000
#
# Models are exported here if decant is installed; a bare machine takes those that lie in $FOLDER (/tmp/decant-gpu)
# together with the program and, in kernels/, what it was compiled to for a card:
#
#     benchmarks/gpu/run.sh compile 90
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${FOLDER:-/tmp/decant-gpu}
device=${1:-cuda} atoms=${2:-160,1280,20000}
mkdir -p "$folder"
export DECANT_KERNEL_CACHE=${DECANT_KERNEL_CACHE:-$folder/kernels}
if [ $# -gt 2 ]; then models=("${@:3}"); else
  models=("$folder"/A.safetensors "$folder"/B.safetensors "$folder"/C.safetensors)
fi
for model in "${models[@]}"; do
  [ -f "$model" ] || python benchmarks/gpu/models.py "$model"
done
if [ ! -x "$folder/build/benchmarks/gpu/mace_gpu_bench" ] || [ -z "${BUILT:-}" ]; then
  cmake -S . -B "$folder/build" -DDECANT_BENCHMARKS=ON -DDECANT_LEVELS="${DECANT_LEVELS:-native}" > "$folder/cmake.log"
  cmake --build "$folder/build" -j 2 --target mace_gpu_bench > "$folder/build.log"
fi
exec "$folder/build/benchmarks/gpu/mace_gpu_bench" "$device" "$atoms" "${models[@]}"
