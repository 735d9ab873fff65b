#!/usr/bin/env bash
# Makes the ready potentials of models/ from the folder of the demonstration study, examples/studies/ec-emc.yaml, and
# holds each against its own Python calculator, on one and on two ranks:
#   bash scripts/ready_potentials.sh ec-emc
set -euo pipefail
study=$(realpath "${1:?folder of the study}")
cd "$(dirname "$0")/../models"

ready() { # name, cell of the study
    decant evaluate "$study/models/$2" "$study/test/labelled.extxyz"
    decant export "$study/models/$2" -o "$1" --config "$1.yaml"
    decant check "$1" "$study/test/labelled.extxyz" --ranks 1,2 --limit 6
}
ready ec-emc-mace everything/reference/1
ready ec-emc-deepmd liquid+scan/deepmd/1
