#!/bin/bash
# From molecules to a liquid's density and diffusion on one machine: methanol, GFN2-xTB labels, a small MACE.
# About half an hour on 2 cores. Interrupted, the same command continues: every step keeps what it has.
#   scripts/laptop.sh [FOLDER]
set -euo pipefail
mkdir -p "${1:-methanol}" && cd "${1:-methanol}"
cores=$(nproc)

cat > recipes.yaml <<'END'
- {recipe: atom, parameters: {elements: "H,C,O"}}
- {recipe: monomer, count: 20, parameters: {molecule: MEOH, temperature: [200, 600]}}
- {recipe: cluster, count: 40, parameters: {molecules: MEOH, size: [2, 4], temperature: [200, 500]}}
- {recipe: liquid, count: 60, parameters: {liquid: "MEOH:8", density: [0.6, 1.0], temperature: [200, 500]}}
END
# data: what is made, what a reference method says of it, what is kept for validation and for the test
[ -e configurations.extxyz ] || decant build recipes.yaml -o configurations.extxyz --seed 1
decant label configurations.extxyz -o labelled.extxyz --method gfn2-xtb --jobs "$cores"
[ -e split/train.extxyz ] || decant split labelled.extxyz -o split --seed 1

# a potential: trained, exported to LAMMPS, and the same numbers there as in Python, on one rank and on several
decant fit mace split -o model --preset quick --max-time 10min --seed 1
[ -e potential/card.yaml ] || decant export model -o potential
decant check potential split/test.extxyz --ranks "1,$cores" --limit 5

# a liquid of 384 atoms; the trajectory is analysed as far as it came
decant simulate potential --liquid MEOH:64 --temperature 298 --pressure 1 --length 10ps --ranks "$cores" -o run
decant analyze run

# several data sets, algorithms and liquids at once are a study: decant init -o study.yaml; decant run study.yaml -o study
