"""The C++ evaluator of MACE models, compiled from ``src/mace`` and ``src/mace_python``."""

from collections.abc import Sequence

import numpy as np

def device_name(device: str) -> str:
    """Return what a device is, as users are told, if it can be opened here.

    Parameters
    ----------
    device
        As for `Evaluator`.

    Raises
    ------
    RuntimeError
        What is missing: a driver, a compiler, the device.
    """

def device_memory(path: str, precision: str, owned: float, rows: float, listed: float, sites: float) -> float:
    """Return the least bytes of a GPU's memory that a model takes for the atoms of one rank.

    Parameters
    ----------
    path
        Its ``model.safetensors``.
    precision
        ``"double"`` or ``"single"``; empty for the one chosen at export.
    owned, rows
        Atoms of the rank, and with those that it borrows.
    listed, sites
        Entries of all lists of neighbors; atoms and images of atoms.

    Raises
    ------
    RuntimeError
        If the file is no such model.
    """

class Evaluator:
    """A model of ``decant export``, ready for evaluation.

    Parameters
    ----------
    path
        Its ``model.safetensors``.
    elements
        Chemical symbols that the element indices of `evaluate` refer to; empty for all that the model knows.
    precision
        ``"double"`` or ``"single"``; empty for the one chosen at export.
    device
        ``"cpu"``, ``"cuda"`` or ``"opencl"``, the latter two with a number if they are to be a certain one
        (``"cuda:1"``); empty for that of the environment variable ``DECANT_DEVICE``, else the CPU.

    Raises
    ------
    RuntimeError
        If the file is no such model, is damaged, does not know an element, or holds an array that no part of the model
        needs; if the device cannot be had, or has no memory left.
    ValueError
        If the precision is neither.
    """

    def __init__(self, path: str, elements: Sequence[str] = [], precision: str = "", device: str = "") -> None: ...
    @property
    def elements(self) -> list[str]:
        """Chemical symbols in the order of the element indices."""
    @property
    def precision(self) -> str:
        """Arithmetic of the evaluation."""
    @property
    def device(self) -> str:
        """What computes, as users are told."""
    @property
    def r_max(self) -> float:
        """Cutoff, angstrom."""
    @property
    def shortest_distance(self) -> float:
        """Distance at which the radial tables begin, angstrom."""
    def evaluate(
        self, element: np.ndarray, owner: np.ndarray, source: np.ndarray, vector: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return energies and virials of atoms, eV, shapes (atoms,) and (atoms, 3, 3), and forces, eV/angstrom.

        Parameters
        ----------
        element
            Element index of each atom, int32, shape (atoms,).
        owner, source
            The atoms at both ends of each directed edge, int32, shape (edges,), sorted by owner. Every pair is given
            in both directions. Where the end is a periodic image, the index is that of the atom it stands for.
        vector
            From source to owner, angstrom, float64, shape (edges, 3). Edges of `r_max` or more are left out.

        Returns
        -------
        energies, forces, virials
            In this order, forces of shape (atoms, 3). The virial of an edge is divided evenly between its two ends;
            the sum over atoms is -stress * volume.

        Raises
        ------
        ValueError
            If an index is out of range or out of order, or an edge is shorter than `shortest_distance` or not a number.
        """
