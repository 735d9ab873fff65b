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
    def latent_charges(self) -> bool:
        """Whether `evaluate` needs to know where atoms are."""
    @property
    def r_max(self) -> float:
        """Cutoff, angstrom."""
    @property
    def shortest_distance(self) -> float:
        """Distance at which the radial tables begin, angstrom."""
    def evaluate(
        self,
        element: np.ndarray,
        owner: np.ndarray,
        source: np.ndarray,
        vector: np.ndarray,
        place: np.ndarray | None = None,
        cell: np.ndarray | None = None,
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
        place, cell
            For models with latent charges: positions, shape (atoms, 3), and vectors of a periodic box as rows, shape
            (3, 3), angstrom, float64; no cell: no box.

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

class Trainer:
    """A model in training: energies and their gradients, on the CPU in double precision.

    Parameters
    ----------
    model
        What `decant.algorithms.mace.export.weights.model_bytes` returns: where the training begins.

    Raises
    ------
    RuntimeError
        If it is no such model, or has what a training does not know; the message names it.
    """

    def __init__(self, model: bytes) -> None: ...
    @property
    def names(self) -> list[str]:
        """The arrays of weights, by the names of ``docs/mace_format.md``.

        ``coefficients`` of a layer are couplings times weights [element, term, channel], ``radial`` the rows of the
        radial tables [table, knot, 3, path, channel].
        """
    @property
    def weights(self) -> list[np.ndarray]:
        """The arrays as they are in `model`, flat."""
    def set_threads(self, threads: int) -> None:
        """Let so many threads share the work."""
    def set_weights(self, values: Sequence[np.ndarray]) -> None:
        """Take new values of all arrays, flat, float64, in the order of `names`.

        Raises
        ------
        ValueError
            If they are not as many.
        """
    def set_graph(self, element: np.ndarray, owner: np.ndarray, source: np.ndarray) -> None:
        """Take the atoms and edges of a batch, as `Evaluator.evaluate` does.

        Raises
        ------
        ValueError
            If an index is out of range or out of order.
        """
    def evaluate(self, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return energies of atoms, eV, shape (atoms,), and the gradient of their sum, eV/angstrom, shape (edges, 3).

        Parameters
        ----------
        vector
            From source to owner, angstrom, float64, shape (edges, 3).

        Raises
        ------
        ValueError
            If an edge is too short, or not a number.
        """
    def differentiate(
        self, first: np.ndarray, first_share: np.ndarray, second: np.ndarray, second_share: np.ndarray
    ) -> list[np.ndarray]:
        """Return the gradient of energies with respect to every array of weights, of two sets of vectors together.

        Parameters
        ----------
        first, second
            Vectors, as of `evaluate`.
        first_share, second_share
            What the energy of each atom counts, float64, shape (atoms,).
        """

def silu_rows(rows: np.ndarray, sigmoid: np.ndarray) -> np.ndarray:
    """Return value, slope and curvature of SiLU of functions, float64, shape (3, values).

    Parameters
    ----------
    rows
        Those of the functions, shape (3, values).
    sigmoid
        Of the values, shape (values,).

    Raises
    ------
    ValueError
        If they are not as many.
    """

def silu_rows_reverse(rows: np.ndarray, sigmoid: np.ndarray, by_silu: np.ndarray) -> np.ndarray:
    """Return the gradient with respect to `rows` of what has one with respect to what `silu_rows` returns.

    Raises
    ------
    ValueError
        If they are not as many.
    """
