#!/usr/bin/env bash
# Makes the ready potentials of models/ and holds each against its own Python calculator, on one and on two ranks.
# From the folder of the demonstration study, examples/studies/ec-emc.yaml:
#   bash scripts/ready_potentials.sh ec-emc
# A MACE of 12 solvents at the level of a force field, to start from, some 70 minutes on two cores:
#   bash scripts/ready_potentials.sh --solvents
# From labelled boxes of EC/EMC, of any level, an hour on two cores, then a run at 1 bar:
#   bash scripts/ready_potentials.sh --dft ec-emc-dft.extxyz
set -euo pipefail
models=$(realpath "$(dirname "$0")/../models")

ready() { # name, fit, test set
    decant evaluate "$2" "$3"
    decant export "$2" -o "$models/$1" --config "$models/$1.yaml"
    decant check "$models/$1" "$3" --ranks 1,2 --limit 6
}
if [ "${1:-}" = --solvents ]; then
    work=solvents-work
    mkdir -p $work
    decant build "$models/solvents-recipes.yaml" -o $work/solvents.extxyz --seed 1
    decant label $work/solvents.extxyz -o $work/labelled.extxyz --method openff
    decant split $work/labelled.extxyz -o $work/data
    decant fit mace $work/data -o $work/model --preset medium --max-time 50min --set hold_lone_atoms=false
    ready solvents $work/model $work/data/test.extxyz
elif [ "${1:-}" = --dft ]; then
    work=ec-emc-dft-work
    decant import "${2:?file of labelled boxes}" -o $work/all.extxyz
    decant split $work/all.extxyz -o $work/data
    decant fit mace $work/data -o $work/model --preset medium
    ready ec-emc-dft $work/model $work/data/test.extxyz
    decant simulate "$models/ec-emc-dft" --liquid EC:6,EMC:14 --copies 1 --equilibration 10ps --length 40ps --ranks 2 -o $work/run
    decant analyze $work/run
else
    study=$(realpath "${1:?folder of the study}")
    ready ec-emc-mace "$study/models/everything/reference/1" "$study/test/labelled.extxyz"
    ready ec-emc-deepmd "$study/models/liquid+scan/deepmd/1" "$study/test/labelled.extxyz"
fi
