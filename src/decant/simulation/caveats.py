"""What to know of a potential before a liquid is run with it: molecules that it has not seen, its maker's word."""

from __future__ import annotations

from collections.abc import Sequence

from decant.molecules.functional_groups import functional_groups
from decant.molecules.liquid import parse_liquid
from decant.molecules.molecule import Molecule
from decant.potentials.potential import Potential
from decant.potentials.training_data import TrainingData


def caveats(potential: Potential, liquid: str) -> list[str]:
    """Return sentences on why a potential may be wrong for a liquid: new molecules, and what its card warns of.

    Parameters
    ----------
    potential
        The potential.
    liquid
        Composition, for example ``"EC:4,EMC:8"``.

    Raises
    ------
    InputError
        If there is no such solvent.
    """
    told = []
    training = TrainingData.of(potential.card)
    if new := training.new([kind for kind, _ in parse_liquid(liquid)]):
        seen = ", ".join([*(one.name for one in training.molecules or ()), *training.formulas])
        told.append(
            f"`liquid`: {potential.path} was not trained on {', '.join(one.name for one in new)}, only on {seen}"
            f"{new_groups_in_words(new, training)}; 'decant trust' tells how far to trust it"
        )
    told += [f"{potential.path} is not for: {sentence}" for sentence in not_for(potential)]
    return told


def not_for(potential: Potential) -> list[str]:
    """Return what the card of a potential says that it must not be trusted with."""
    return list((potential.card.get("use") or {}).get("not_for") or ())


def new_groups(molecules: Sequence[Molecule], training: TrainingData) -> list[str]:
    """Return the functional groups of molecules that none of the training has; none where that is not known."""
    if training.molecules is None:
        return []
    known = frozenset().union(*map(functional_groups, training.molecules))
    return sorted(frozenset().union(*map(functional_groups, molecules)) - known)


def new_groups_in_words(molecules: Sequence[Molecule], training: TrainingData) -> str:
    """Return a clause on the functional groups of molecules that none of the training has; empty if there are none."""
    groups = new_groups(molecules, training)
    return f", which have no {' and no '.join(groups)}" if groups else ""
