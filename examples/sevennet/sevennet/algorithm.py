"""SevenNet as published: LAMMPS runs it through its ASE calculator.

Park et al., J. Chem. Theory Comput. 2024, 20, 4857. SevenNet has a pair style of its own, for a LAMMPS built with it.
"""

from pathlib import Path

from decant.algorithms.base import WHOLE, Algorithm, Exported
from decant.data.prediction import require_known
from decant.foundation.errors import InputError

MODELS = ("7net-0", "7net-l3i5")
CUTOFF_A = 5.0
MODEL = "model.7net"
PUBLISHED = Path(__file__).with_name("published")


class SevenNet(Algorithm):
    """A model is the name of one of SevenNet's; its weights lie in the wheel."""

    name = "sevennet"
    suffixes = (".7net",)
    packages = ("sevenn", "torch")
    published = ("sevennet-0", "sevennet-l3i5")
    licences = dict.fromkeys(published, "MIT license")
    in_python = True  # no pair style of a stock LAMMPS

    def fetch(self, name):
        """Return the file that stands for a published model."""
        return PUBLISHED / f"{name}.7net"

    def export(self, source, directory, precision, part=WHOLE):
        """Write the name of the model; of its 89 elements those that are asked for are kept."""
        if part.head or part.charge is not None or part.spin is not None:
            raise InputError(f"{source}: has no head, charge or spin: leave them out")
        if precision == "double":
            raise InputError(f"{source}: SevenNet computes in single precision; leave out `precision`")
        name = named(source)
        known = elements_of(name)
        chosen = list(part.elements or known)
        if unknown := [element for element in chosen if element not in known]:
            raise InputError(f"{source}: `elements`: knows no {', '.join(unknown)}")
        (directory / MODEL).write_text(f"{name}\n")
        return Exported(
            model=MODEL,
            pair_style=f"zero {CUTOFF_A}",
            pair_coeff="* *",
            elements=chosen,
            cutoff=CUTOFF_A,
            settings={"model": name},
            precision="single",
        )

    def calculator(self, directory):
        """Return SevenNet's calculator."""
        from decant import Potential

        return calculator(named(directory / MODEL), Potential.open(directory).elements)

    def model_calculator(self, source):
        """Return SevenNet's calculator of a model file."""
        name = named(source)
        return calculator(name, elements_of(name))

    def elements(self, source):
        """Return the elements that a model file knows."""
        return elements_of(named(source))


def named(path):
    """Return the name of a model that a file holds; nothing but a name of the table is ever looked up in SevenNet."""
    name = Path(path).read_text(errors="replace").strip()
    if name not in MODELS:
        raise InputError(f"{path}: is no SevenNet model; expected one of {', '.join(MODELS)}")
    return name


def elements_of(name):
    """Return the elements that a model knows, by atomic number; its network is not built for it."""
    from ase.data import chemical_symbols
    from sevenn import _keys, util

    return [chemical_symbols[number] for number in sorted(util.load_checkpoint(name).config[_keys.TYPE_MAP])]


def calculator(name, elements):
    """Return SevenNet's calculator of a model, which refuses in decant's words what the potential does not know."""
    from sevenn.calculator import SevenNetCalculator

    class Calculator(SevenNetCalculator):
        def set_atoms(self, atoms):
            """Leave it to `calculate` to refuse an element."""

        def calculate(self, atoms=None, properties=("energy",), system_changes=()):
            require_known(atoms, elements)
            super().calculate(atoms, list(properties), list(system_changes))
            if not atoms.pbc.all():
                self.results.pop("stress", None)

    return Calculator(name, device="cpu")
