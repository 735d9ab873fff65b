#!/bin/bash
# decant on a cluster without a network. On a connected machine with the same processor type and Python version:
#   scripts/offline_wheelhouse.sh download wheelhouse      # every package of the lock as a wheel, and decant itself: 3 GB
# then copy the folder (rsync -a wheelhouse cluster:), and on the cluster:
#   wheelhouse/offline_wheelhouse.sh install wheelhouse "$HOME/decant"
# LOCK=FILE takes another list of packages, for example one without CUDA's libraries (torch==2.11.0+cpu, with
# PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu).
set -euo pipefail
what=${1:?download or install} house=${2:?the folder of the wheels}
python=${PYTHON:-python3.11}
source=$(cd "$(dirname "$0")/.." && pwd)

case $what in
  download)
    mkdir -p "$house"
    # `pip wheel` also compiles the few packages that come as source alone, so that the cluster needs no compiler
    "$python" -m pip wheel --wheel-dir "$house" --requirement "${LOCK:-$source/requirements.lock}"
    "$python" -m pip wheel --wheel-dir "$house" --no-deps "${DECANT:-$source}"
    cp "${LOCK:-$source/requirements.lock}" "$house/requirements.lock"
    cp "$0" "$house/offline_wheelhouse.sh"
    (cd "$house" && sha256sum -- *.whl > SHA256SUMS)  # a copy that broke off is found before it is installed
    ;;
  install)
    environment=${3:?the folder of the new environment}
    (cd "$house" && sha256sum --check --quiet SHA256SUMS)
    "$python" -m venv "$environment"
    pip=("$environment/bin/python" -m pip install --no-index --find-links "$house")
    "${pip[@]}" --requirement "$house/requirements.lock"
    "${pip[@]}" --no-deps decant-mlip
    "$environment/bin/decant" --version
    ;;
  *)
    echo "expected download or install, not $what" >&2
    exit 2
    ;;
esac
