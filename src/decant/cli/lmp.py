"""`decant lmp`: LAMMPS itself, with the plugins that its script asks for."""

from __future__ import annotations

import typer


def command(context: typer.Context) -> None:
    """Run LAMMPS with the same arguments as lmp, also under mpirun; it starts at once.

    Beside Deep Potential's packages, plain lmp loads torch at each start, on each rank, to find the plugin of
    pair_style deepmd. Here that is done only where the input script, a file that it includes, or the potential that
    a variable names has the word deepmd.

    \b
    For example:
      mpirun -np 8 decant lmp -in in.npt -var potential potentials/mace-a -var data system.data
    """
    import os

    from decant.lammps.command import environment, program
    from decant.lammps.wanted import wanted_plugin

    plugin = wanted_plugin(context.args)
    words = [*program(plugin), *context.args]
    os.execve(words[0], words, environment(plugin))
