"""Training a potential."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from decant.foundation.errors import InputError
from decant.foundation.settings import options
from decant.foundation.shown import Facts
from decant.foundation.units import duration
from decant.potentials.fit import FitRequest
from decant.potentials.fit import fit as trained
from decant.verbs.arguments import Location, checked, path, texts


class Fitted(Facts):
    """A trained model: the content of ``fit.yaml``; `path` is its folder."""

    @property
    def model(self) -> Path:
        """The file of the model."""
        return self.path / str(self["model"])

    @property
    def epochs(self) -> float:
        """Passes over the training set, all calls together."""
        return float(self["epochs"])

    @property
    def is_new(self) -> bool:
        """Whether this call had anything to do."""
        return bool(self["new"])

    def text(self) -> str:
        """Return what `decant fit` prints."""
        counts = self["data"]
        alone = counts["isolated_atoms"]
        lone = f" and {alone} isolated atom{'s' * (alone > 1)}" if alone else ""
        done = f"{self.model}: {self.epochs:g} epochs over {counts['frames']['train']} frames{lone}"
        told = done if self.is_new else f"{self.path}: this fit is finished ({self.epochs:g} epochs); nothing to do"
        return "\n".join([told, *(f"note: {note}" for note in self["notes"])])


@checked()
def fit(
    algorithm: str,
    data: Location,
    output: Location,
    *,
    preset: str | None = None,
    seed: int = 1,
    settings: Mapping[str, object] | str | Sequence[str] = (),
    max_time: str | None = None,
    max_epochs: int | None = None,
    pretrained: str | None = None,
    strategy: str = "naive",
    replay: Location | None = None,
    head: str | None = None,
) -> Fitted:
    """Train a potential on a data set; the same call continues an interrupted fit.

    Parameters
    ----------
    algorithm
        ``mace``, ``deepmd``, or one that an installed package adds.
    data, output
        Folder of `split`, and the folder of the model.
    preset
        ``quick``, ``small``, ``medium`` (MACE), ``paper`` or ``finetune``, or a YAML file; by default ``small``, or
        ``finetune`` with `pretrained`.
    seed
        Random seed.
    settings
        On top of the preset: a mapping, or one or several texts ``KEY=VALUE``; dots in a key reach into groups.
    max_time, max_epochs
        Wall time such as ``"30min"``, and passes over the training set; they replace the preset's limits.
    pretrained, strategy, replay
        What to start from, how, and the frames that are replayed (docs/pretrained.md).
    head
        Which head of a pretrained model of several to start from; of a Deep Potential also ``"RANDOM"``, a new one.

    Raises
    ------
    InputError
        If data, preset, a setting or the model to start from is wrong, or the folder holds a fit of something else.
    ProgramFailed
        If the training failed.
    """
    if not pretrained and (replay or head or strategy != "naive"):
        raise InputError("`strategy`, `replay` and `head` go with `pretrained`: say which model to start from")
    overrides = options(settings) if isinstance(settings, Mapping) else texts(settings)
    request = FitRequest(
        algorithm, Path(data), Path(output), preset or ("finetune" if pretrained else "small"), seed,
        [*overrides], None if max_time is None else duration(max_time), max_epochs, pretrained, strategy, path(replay),
        head,
    )  # fmt: skip
    return Fitted(trained(request), request.output)
