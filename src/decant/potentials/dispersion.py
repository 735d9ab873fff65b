"""Grimme's D3 dispersion beside a potential: ``pair_style dispersion/d3`` in LAMMPS, simple-dftd3 in Python.

The two agree to 1e-7 eV/angstrom: the same parameters of each functional, two-body terms without those of three bodies
(Axilrod-Teller-Muto), which LAMMPS has not, and pairs counted up to the same cutoffs, where they end abruptly.

References
----------
Grimme et al., J. Chem. Phys. 2010, 132, 154104 (D3, zero damping); Grimme, Ehrlich, Goerigk, J. Comput. Chem. 2011, 32,
1456 (Becke-Johnson damping); Smith et al., J. Phys. Chem. Lett. 2016, 7, 2197 (revised parameters of both).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ase.calculators.calculator import Calculator, all_changes
from ase.data import atomic_numbers

from decant.foundation.errors import InputError, nearest
from decant.molecules.periodicity import right_handed, with_gap

if TYPE_CHECKING:
    from ase import Atoms

D3 = "d3:"
"""What the name of a dispersion begins with."""
DAMPING, CUTOFF_A, COORDINATION_A = "bj", 12.0, 9.0
"""Damping function, and cutoffs of pairs and of coordination numbers, where a name does not say them."""
LARGEST_A = 50.0
"""Cutoff of pairs at most: LAMMPS holds every pair of atoms nearer than that."""
LAST_ELEMENT = 94
"""Atomic number of plutonium, the last element with parameters."""
_DAMPINGS = {
    "zero": ("original", "d3zero"),
    "bj": ("bj", "d3bj"),
    "zerom": ("zerom", "d3mzero"),
    "bjm": ("bjm", "d3mbj"),
}
"""Damping functions, each with its names in LAMMPS and in simple-dftd3."""
_REVISED = "b2-plyp b3-lyp b97-d b-lyp b-p pbe pbe0 lc-wpbe"
_FUNCTIONALS = {
    "zero": "b-lyp b-p b97-d revpbe pbe pbesol rpw86-pbe rpbe tpss b3-lyp pbe0 hse06 revpbe38 pw6b95 tpss0 b2-plyp"
    " pwpb95 b2gp-plyp ptpss hf mpwlyp bpbe bh-lyp tpssh pwb6k b1b95 bop o-lyp o-pbe ssb revssb otpss b3pw91 revpbe0"
    " pbe38 mpw1b95 mpwb1k bmk cam-b3lyp lc-wpbe m05 m052x m06l m06 m062x m06hf hcth120",
    "bj": "b-p b-lyp revpbe rpbe b97-d pbe rpw86-pbe b3-lyp tpss hf tpss0 pbe0 hse06 revpbe38 pw6b95 b2-plyp dsd-blyp"
    " bop mpwlyp o-lyp pbesol bpbe opbe ssb revssb otpss b3pw91 bh-lyp revpbe0 tpssh mpw1b95 pwb6k b1b95 bmk cam-b3lyp"
    " lc-wpbe b2gp-plyp ptpss pwpb95 hcth120 pw1pw pwgga hsesol hf3c hf3cv pbeh3c",
    "zerom": _REVISED,
    "bjm": _REVISED,
}
"""Functionals in LAMMPS's words that both programs have the same parameters of, by damping function."""
_OTHER_NAMES = {"bp86": "bp"}


@dataclass(frozen=True)
class Dispersion:
    """D3 for one functional.

    Attributes
    ----------
    functional
        Its name without hyphens, as in ``b3lyp``.
    damping
        ``"zero"`` as D3 came first, ``"bj"`` (Becke-Johnson), or those with revised parameters, ``"zerom"``, ``"bjm"``.
    cutoff
        Distance up to which pairs count, angstrom.
    coordination
        Distance up to which an atom counts for the coordination number of another, angstrom.
    """

    functional: str
    damping: str = DAMPING
    cutoff: float = CUTOFF_A
    coordination: float = COORDINATION_A

    @property
    def name(self) -> str:
        """The whole name, such as ``d3:pbe:bj:12:9``."""
        return f"{D3}{self.functional}:{self.damping}:{self.cutoff:g}:{self.coordination:g}"

    @property
    def pair_style(self) -> str:
        """LAMMPS's pair style with its arguments."""
        damping, functional = _DAMPINGS[self.damping][0], _known(self.damping)[self.functional]
        return f"dispersion/d3 {damping} {functional} {self.cutoff:g} {self.coordination:g}"

    def pair_coeffs(self, elements: Sequence[str]) -> list[str]:
        """Return the arguments of its ``pair_coeff`` lines for these atom types, without the name of the style.

        Raises
        ------
        InputError
            If D3 has no parameters of an element.
        """
        self._require_parameters(elements)
        return [f"* * {' '.join(elements)}"]

    def calculator(self, elements: Sequence[str]) -> Calculator:
        """Return an ASE calculator of it alone; it needs the package ``dftd3``.

        Raises
        ------
        InputError
            If D3 has no parameters of an element.
        ModuleNotFoundError
            If the package is not installed.
        """
        self._require_parameters(elements)
        return DispersionCalculator(self)

    def _require_parameters(self, elements: Sequence[str]) -> None:
        if unknown := [symbol for symbol in elements if atomic_numbers[symbol] > LAST_ELEMENT]:
            raise InputError(f"{self.name}: D3 has no parameters of {', '.join(unknown)}; they end with Pu")


def dispersion(name: str) -> Dispersion:
    """Return the dispersion of a name, ``d3:FUNCTIONAL[:DAMPING[:CUTOFF[:COORDINATION]]]``.

    Raises
    ------
    InputError
        If there is no such functional or damping function, or a cutoff makes no sense.
    """
    functional, *rest = name.removeprefix(D3).lower().split(":")
    form = f"expected {D3}FUNCTIONAL[:DAMPING[:CUTOFF[:COORDINATION]]], for example d3:pbe or d3:pbe:zero:15:10"
    if len(rest) > 3:
        raise InputError(f"{name}: {form}")
    damping = rest[0] if rest else DAMPING
    if damping not in _DAMPINGS:
        raise InputError(
            f"{name}: no damping function '{damping}'{nearest(damping, _DAMPINGS)}; expected {', '.join(_DAMPINGS)}"
        )
    known, plain = _known(damping), _plain(functional)
    plain = _OTHER_NAMES.get(plain, plain)
    if plain not in known:
        raise InputError(
            f"{name}: no parameters of a functional '{functional}' with damping {damping}{nearest(plain, known)}; "
            f"there are {', '.join(known)}"
        )
    try:
        cutoffs = [float(word) for word in rest[1:]]
    except ValueError:
        raise InputError(f"{name}: {form}") from None
    found = Dispersion(plain, damping, *cutoffs) if cutoffs else Dispersion(plain, damping)
    if len(cutoffs) == 1:
        found = Dispersion(plain, damping, found.cutoff, min(COORDINATION_A, found.cutoff))
    if not 0 < found.coordination <= found.cutoff <= LARGEST_A:
        raise InputError(
            f"{name}: expected cutoffs of pairs up to {LARGEST_A:g} A, and of coordination numbers up to that of pairs"
        )
    return found


def _known(damping: str) -> dict[str, str]:
    """Return LAMMPS's words for the functionals of a damping function, by their plain names."""
    return {_plain(word): word for word in _FUNCTIONALS[damping].split()}


def _plain(functional: str) -> str:
    return functional.replace("-", "").replace("_", "").replace("(", "").replace(")", "")


class DispersionCalculator(Calculator):
    """The ASE calculator of simple-dftd3, given what it knows: whole cells or none, atoms inside of them.

    Parameters
    ----------
    kind
        Which dispersion.
    """

    implemented_properties = ("energy", "forces", "stress")

    def __init__(self, kind: Dispersion):
        from dftd3.ase import DFTD3

        super().__init__()
        self.kind = kind
        self._made: Any = DFTD3(
            damping=_DAMPINGS[kind.damping][1],
            params_tweaks={"method": kind.functional, "atm": False},
            # the third is of terms that are left out, and must not be far
            realspace_cutoff={"disp2": kind.cutoff, "cn": kind.coordination, "disp3": kind.coordination},
        )

    def calculate(self, atoms: Atoms, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        """Compute energy, forces and, in a cell, stress; called by ASE.

        Raises
        ------
        InputError
            If D3 has no parameters of an element.
        """
        super().calculate(atoms, properties, system_changes)
        self.kind._require_parameters(sorted(set(atoms.get_chemical_symbols())))
        frame = right_handed(with_gap(atoms, self.kind.cutoff))
        if frame.pbc.all():
            frame = frame.copy()
            frame.wrap()
        self._made.calculate(frame, list(self.implemented_properties), all_changes)
        wanted = self.implemented_properties if atoms.pbc.all() else ("energy", "forces")
        self.results = {name: self._made.results[name] for name in wanted}
