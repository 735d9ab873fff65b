"""The two other forms in which LAMMPS runs a MACE: ML-IAP and TorchScript, written by mace-torch's own converters.

Both need a LAMMPS that is built for them (with Kokkos, Python and ML-IAP, or with libtorch) and are for its users; the
form of ``pair_style mace`` that comes with decant stands beside them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from decant.algorithms.mace.export.heads import chosen_head, head_names
from decant.algorithms.training import quiet
from decant.foundation.errors import InputError, nearest
from decant.foundation.files import write_beside

if TYPE_CHECKING:
    import torch


def write_form(
    form: str, model: torch.nn.Module, directory: Path, elements: list[str], precision: str, head: str | None
) -> list[str]:
    """Write a model in another form than ours into the directory of a potential.

    Parameters
    ----------
    form
        ``"mliap"`` or ``"libtorch"``.
    model
        Of mace-torch, in double precision.
    directory
        Where ``model-FORM.pt`` is written.
    elements
        Chemical symbols in the order of the LAMMPS atom types.
    precision
        ``"double"`` or ``"single"``.
    head
        Name of the head to export; None for the only one.

    Returns
    -------
    list of str
        The LAMMPS lines that load it, by the LAMMPS variable ``potential``.

    Raises
    ------
    InputError
        If there is no such form, or none of this model.
    """
    if form not in _FORMS:
        raise InputError(f"`format` {form}: no such form{nearest(form, _FORMS)}; expected {' or '.join(_FORMS)}")
    if hasattr(model, "joint_embedding"):
        raise InputError(
            f"`format` {form}: not of a model with total charge and spin, which mace-torch does not pass on"
        )
    write, lines = _FORMS[form]
    copied = copy.deepcopy(model)
    copied = copied.float() if precision == "single" else copied.double()
    name = f"model-{form}.pt"
    with quiet(), write_beside(directory / name) as temporary:
        write(copied, head_names(model)[chosen_head(model, head)], temporary)
    return [line.format(file=f"${{potential}}/{name}", elements=" ".join(elements)) for line in lines]


def _write_mliap(model: torch.nn.Module, head: str, path: Path) -> None:
    """Write the Python object that ``pair_style mliap unified`` unpickles."""
    import torch
    from mace.calculators.lammps_mliap_mace import LAMMPS_MLIAP_MACE

    model.heads = getattr(model, "heads", None) or [head]
    model.lammps_mliap = True
    torch.save(LAMMPS_MLIAP_MACE(model, head=head), path)


def _write_libtorch(model: torch.nn.Module, head: str, path: Path) -> None:
    """Write the TorchScript that the ``pair_style mace`` of LAMMPS's libtorch patch loads."""
    import torch
    from e3nn.util import jit
    from mace.calculators import LAMMPS_MACE

    model.heads = getattr(model, "heads", None) or [head]
    torch.jit.save(jit.compile(LAMMPS_MACE(model, head=head)), str(path))


_FORMS: dict[str, tuple[Callable[[torch.nn.Module, str, Path], None], list[str]]] = {
    "mliap": (_write_mliap, ["pair_style mliap unified {file} 0", "pair_coeff * * {elements}"]),
    "libtorch": (_write_libtorch, ["pair_style mace no_domain_decomposition", "pair_coeff * * {file} {elements}"]),
}
