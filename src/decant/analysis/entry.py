"""What a comparison takes of each run, and of references that stand beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from decant.analysis.observables import read_observables
from decant.analysis.reference_values import ERRORS, read_values
from decant.analysis.structures import BROKEN, COLLIDED, SHELLS, read_structures
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml
from decant.foundation.structure import Structure
from decant.foundation.tables import read_csv
from decant.potentials.potential import CARD
from decant.simulation.description import DESCRIPTION
from decant.simulation.protocol import potential_hash
from decant.simulation.run import POTENTIAL

FORCE_PARTS = {"total": "F", "translational": "F trans", "rotational": "F rot", "vibrational": "F vib"}


@dataclass
class Entry:
    """A run with what is known of it, or a reference with a few numbers.

    Attributes
    ----------
    name
        Name shown.
    summary
        Content of ``observables.yaml``.
    test_errors
        Test errors of its potential, as `decant.potentials.fit_errors.fit_errors` gives them; empty if not known.
    potential
        Name of the potential.
    thermo, rdf, msd
        Columns of the CSV files; empty where there is none.
    structures
        What of it is worth a look, by the name of the file.
    """

    name: str
    summary: dict[str, Any]
    test_errors: dict[str, Any] = field(default_factory=dict)
    potential: str = ""
    thermo: dict[str, np.ndarray] = field(default_factory=dict)
    rdf: dict[str, np.ndarray] = field(default_factory=dict)
    msd: dict[str, np.ndarray] = field(default_factory=dict)
    structures: dict[str, list[Structure]] = field(default_factory=dict)
    is_reference: bool = False

    def diffusion(self) -> dict[str, Any]:
        """Return the diffusion of each species that has one."""
        found = self.summary.get("diffusion", {})
        return {name: entry for name, entry in found.items() if isinstance(entry, Mapping)}

    def force_errors(self) -> dict[str, Any]:
        """Return the force errors by part; empty if not known."""
        return self.test_errors.get("force_meV_per_A") or {}


def read_entry(run: Path, potential: Path | None = None) -> Entry:
    """Read an analysed run and the card of its potential.

    Parameters
    ----------
    run
        Run directory.
    potential
        Directory of the potential; None takes the one that the run links to or names, if it is still there.

    Raises
    ------
    InputError
        If the run was not analysed, or a given potential has no card or is another than the one that ran.
    """
    run = Path(run)
    summary = read_observables(run)
    named = str(summary.get("conditions", {}).get("potential", ""))
    card: dict[str, Any] = {}
    if potential is not None:
        card = read_yaml(Path(potential) / CARD)
        if not _ran(run, Path(potential)):
            raise InputError(f"{run}: is a run of another potential ({named}) than {potential}")
    else:
        for folder in (run / POTENTIAL, Path(named)) if named else ():
            if (folder / CARD).is_file() and _ran(run, folder):
                card = read_yaml(folder / CARD)
                break
    entry = Entry(run.resolve().name, summary, card.get("test_errors") or {}, Path(potential or named).name)
    for name in ("thermo", "rdf", "msd"):
        if (run / f"{name}.csv").exists():
            setattr(entry, name, read_csv(run / f"{name}.csv"))
    entry.structures = {
        name: read_structures(run / name) for name in (SHELLS, BROKEN, COLLIDED) if (run / name).exists()
    }
    return entry


def _ran(run: Path, potential: Path) -> bool:
    """Say whether a potential is the one that ran, as far as the run says which that was."""
    said = read_yaml(run / DESCRIPTION).get("potential_sha256") if (run / DESCRIPTION).is_file() else None
    return said is None or ((potential / "pair.lammps").is_file() and said == potential_hash(potential))


def read_references(path: Path) -> list[Entry]:
    """Return the references of a file, as `decant.analysis.reference_values.read_values` reads it."""
    result = []
    for values in read_values(path):
        summary: dict[str, Any] = {"diffusion": {}}
        if (density := values.get("density_g_cm3")) is not None:
            summary["density"] = {"value": density, "uncertainty": values.get("density_uncertainty_g_cm3")}
        if (value := values.get("conductivity_mS_cm")) is not None:
            error = values.get(ERRORS["conductivity_mS_cm"])
            summary["conductivity"] = {"einstein": {"value": value, "uncertainty": error}}
        if (value := values.get("cation_transference")) is not None:
            error = values.get(ERRORS["cation_transference"])
            summary["onsager"] = {"cation_transference": {"solvent": {"value": value, "uncertainty": error}}}
        errors = values.get("diffusion_uncertainty_1e-5_cm2_s") or {}
        for name, value in (values.get("diffusion_1e-5_cm2_s") or {}).items():
            summary["diffusion"][name] = {"diffusion_1e-5_cm2_s": value, "uncertainty_1e-5_cm2_s": errors.get(name)}
        result.append(Entry(str(values["name"]), summary, is_reference=True))
    return result


def species_of(entries: Sequence[Entry]) -> list[str]:
    """Return every species whose diffusion is known in some entry."""
    return list(dict.fromkeys(name for entry in entries for name in entry.diffusion()))
