"""ANI-1x and ANI-1ccx as published: LAMMPS runs them through torchani's ASE calculator.

Smith et al., J. Chem. Phys. 2018, 148, 241733 (ANI-1x); Nature Communications 2019, 10, 2903 (ANI-1ccx).
"""

from pathlib import Path

from decant.algorithms.base import WHOLE, Algorithm, Exported
from decant.data.prediction import require_known
from decant.foundation.errors import InputError

MODELS = ("ANI1x", "ANI1ccx")
ELEMENTS = ["H", "C", "N", "O"]
CUTOFF_A = 5.2
MODEL = "model.ani"
PUBLISHED = Path(__file__).with_name("published")


class Ani(Algorithm):
    """A model is the name of one of torchani's; its weights lie in torchani's wheel."""

    name = "ani"
    suffixes = (".ani",)
    packages = ("torchani", "torch")
    published = ("ani-1x", "ani-1ccx")
    licences = dict.fromkeys(published, "MIT license")
    in_python = True  # no pair style

    def fetch(self, name):
        """Return the file that stands for a published model."""
        return PUBLISHED / f"{name}.ani"

    def export(self, source, directory, precision, part=WHOLE):
        """Write the name of the model; all of its elements are kept."""
        self.require_whole(source, part)
        name = named(source)
        (directory / MODEL).write_text(f"{name}\n")
        return Exported(
            model=MODEL,
            pair_style=f"zero {CUTOFF_A}",
            pair_coeff="* *",
            elements=ELEMENTS,
            cutoff=CUTOFF_A,
            settings={"model": name, "networks": 8},
            precision=precision or "double",
        )

    def calculator(self, directory):
        """Return torchani's calculator, in the precision of the export."""
        from decant import Potential

        return calculator(directory / MODEL, Potential.open(directory).precision)

    def reference_calculator(self, directory):
        """Return torchani's calculator, in double precision."""
        return calculator(directory / MODEL, "double")


def named(path):
    """Return the name of a model that a file holds; nothing but a name of the table is ever looked up in torchani."""
    name = Path(path).read_text(errors="replace").strip()
    if name not in MODELS:
        raise InputError(f"{path}: is no ANI model; expected one of {', '.join(MODELS)}")
    return name


def calculator(path, precision):
    """Return torchani's calculator of a model."""
    import torchani

    class Calculator(torchani.ase.Calculator):
        """Refuses in decant's words what the model does not know."""

        def calculate(self, atoms=None, properties=("energy",), system_changes=()):
            require_known(atoms, ELEMENTS)
            super().calculate(atoms, list(properties), system_changes)

    model = getattr(torchani.models, named(path))(periodic_table_index=True)
    model = model.double() if precision == "double" else model.float()
    return Calculator(model.species, model)
