"""The findings in sentences, each computed from the scores and written only where they carry it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from decant.report.cells import outcome
from decant.report.learning_curves import families, frames_of, scratch_of, zero_shot_of
from decant.report.page import Listing, Section
from decant.report.records import TARGET, Results, RunRecord, unfinished
from decant.report.scores import gained, is_sure, scored, sign, signed, together, with_error
from decant.report.transfer import compared
from decant.scoring.predictors import Predictor
from decant.study.cells import ZERO
from decant.study.simulation import CHANGES

UNDECIDED = "not decided"
HOW = (
    "± is one standard error over seeds and replicas (Student's t for few of them). A difference is stated plainly "
    "where its 95 % interval leaves out zero, called likely where it is beyond its standard error, and "
    f"{UNDECIDED} otherwise."
)


def section(results: Results, judged: Sequence[Predictor]) -> Section:
    """Return the section.

    Parameters
    ----------
    results
        The study.
    judged
        What each error on the fixed set says of the score; empty where that is not known.
    """
    lines = [*_progress(results)]
    for find in (_best_sets, _corrections, _collected, _more_frames, _pretrained, _unseen):
        lines += find(results)
    lines += _predicting(judged)
    return Section("findings", "Findings", [Listing(lines), HOW])


def claim(found: Mapping[str, Any] | None, better: str, worse: str) -> str:
    """Return what a comparison says, with its numbers.

    Parameters
    ----------
    found
        What `decant.scoring.score.gain` returns; None where nothing compares.
    better, worse
        Verbs for a gain and for a loss.
    """
    if found is None:
        return f"{UNDECIDED}, no scores to compare"
    size = signed(found["gain"], found["uncertainty"])
    if sign(found) == 0:
        return "no difference" if found["gain"] == found["uncertainty"] == 0 else f"{UNDECIDED} ({size})"
    return f"{'' if is_sure(found) else 'likely '}{better if sign(found) > 0 else worse} ({size})"


def _score(runs: Sequence[RunRecord], part: str | None = None) -> str:
    done = together(runs, part)
    return with_error(done["score"], done["uncertainty"]) if done else "no score"


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _quoted(name: str) -> str:
    return f"“{name}”"


def _progress(results: Results) -> list[str]:
    """Say how much of the study there is."""
    ended = [run for run in results.runs if run.score]
    ends = Counter(run.score["parts"]["stability"]["ended_by"] for run in ended)
    lasted, count = ends.pop("completed", 0), len(scored(ended))
    text = f"{count} of {len(results.runs)} runs have a score"
    if count < len(ended):
        text += f", {len(ended) - count} more have no density to be judged by"
    text += f"; {lasted} of the {len(ended)} stayed physical to their end."
    if ends:
        text += f" The others were ended by: {', '.join(f'{what} ({number})' for what, number in ends.most_common())}."
    left = len(list(unfinished(results)))
    failures = Counter(outcome(run.failure) for run in results.runs if run.failure)
    counts = [f"{count} {kind}" for kind, count in failures.items()] + ([f"{left} not finished yet"] if left else [])
    return [f"{text} Without a score: {_listed(counts)}." if counts else text]


def _best_sets(results: Results) -> list[str]:
    """Say which data set serves each algorithm that trains from scratch best."""
    lines = []
    for algorithm in results.scratch():
        runs = {data: results.runs_of((data, algorithm), results.is_target) for data in results.data_names()}
        done = {data: found for data, one in runs.items() if (found := together(one))}
        if len(done) < 2:
            continue
        first, *others = sorted(done, key=lambda data: -done[data]["score"])
        against = {data: gained(runs[first], runs[data]) for data in others}
        level = [data for data in others if sign(against[data]) <= 0]
        start = f"{algorithm}: {_quoted(first)} scores highest, {_score(runs[first])}"
        if level:
            names = _listed([f"{_quoted(data)} ({_score(runs[data])})" for data in level])
            lines.append(f"{start}; whether it serves better than {names} is {UNDECIDED}.")
        else:
            second = against[others[0]] or {}
            sure = "" if all(found and is_sure(found) for found in against.values()) else " likely"
            ahead = signed(second["gain"], second["uncertainty"])
            lines.append(f"{start}, and{sure} serves best: {ahead} over {_quoted(others[0])}, the next.")
    return lines


def _gains(results: Results, data: str, base: str, algorithms: Sequence[str]) -> dict[str, Any]:
    """Return what a set gains over another one for each algorithm."""
    sides: Callable[[str, str], list[RunRecord]] = lambda name, one: results.runs_of((name, one), results.is_target)  # noqa: E731
    return {one: gained(sides(data, one), sides(base, one)) for one in algorithms}


def _corrections(results: Results) -> list[str]:
    """Say whether human-designed corrections help every algorithm."""
    algorithms = results.scratch()
    sets = {data: base for data, base in compared(results).items() if "human" in results.study.data[data].kind.lower()}
    gains = {data: _gains(results, data, base, algorithms) for data, base in sets.items()}
    gains = {data: found for data, found in gains.items() if all(found.values())}
    if not gains or len(algorithms) < 2:
        return []
    helped = [data for data, found in gains.items() if all(sign(one) > 0 for one in found.values())]
    harmed = [data for data, found in gains.items() if any(sign(one) < 0 for one in found.values())]
    both = "both algorithms" if len(algorithms) == 2 else f"all {len(algorithms)} algorithms"
    text = f"Human-designed corrections: {len(helped)} of {len(gains)} help {both}, {len(harmed)} harm one of them"
    is_open = len(helped) + len(harmed) < len(gains)
    lines = [f"{text}; for the rest it is {UNDECIDED}." if is_open else f"{text}."]
    for data, found in gains.items():
        told = "; ".join(f"{name} {claim(one, 'gains', 'loses')}" for name, one in found.items())
        lines.append(f"{_quoted(data)} over {_quoted(sets[data])}: {told}.")
    return lines


def collector(results: Results, data: str) -> str | None:
    """Return the kind of algorithm whose active learning collected frames of a set; None if none did."""
    choice = results.study.data.get(data)
    if choice is None:
        return None
    if choice.collector is not None:
        return choice.collector
    return next((found for name in choice.needs if (found := collector(results, name))), None)


def _collected(results: Results) -> list[str]:
    """Say whether frames that one algorithm collected help it, and the other."""
    algorithms = results.scratch()
    lines = []
    for data, base in compared(results).items():
        kind = collector(results, data)
        if kind is None:
            continue
        found = {name: one for name, one in _gains(results, data, base, algorithms).items() if one}
        own = [name for name in found if results.study.algorithms[name].algorithm == kind]
        others = [name for name in found if name not in own]
        if not own or not others:
            continue
        told = [f"{name} itself {claim(found[name], 'gains', 'loses')}" for name in own]
        told += [f"{name} {claim(found[name], 'gains', 'loses')}" for name in others]
        lines.append(f"Frames that {kind} collected ({_quoted(data)} over {_quoted(base)}): {'; '.join(told)}.")
    return lines


def _more_frames(results: Results) -> list[str]:
    """Say what more frames of a set bring."""
    lines = []
    for whole, members in families(results).items():
        told = []
        for algorithm in results.scratch():
            counts = {
                data: frames
                for data in members
                if (frames := frames_of(results, data, algorithm))
                and together(results.runs_of((data, algorithm), results.is_target))
            }
            if len(counts) < 2:
                continue
            least, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
            found = _gains(results, most, least, [algorithm])[algorithm]
            told.append(f"{algorithm} {claim(found, 'gains', 'loses')} from {counts[least]} to {counts[most]} frames")
        if told:
            lines.append(f"More frames of {_quoted(whole)}: {'; '.join(told)}.")
    return lines


def _pretrained(results: Results) -> list[str]:
    """Say how pretrained models compare as they are, fine-tuned, and with training from scratch."""
    lines = []
    for algorithm, choice in results.study.algorithms.items():
        if choice.pretrained is None or choice.strategy == "zero-shot":
            continue
        own = [data for data, name in results.pairs() if name == algorithm]
        sizes = {data: frames for data in own if (frames := frames_of(results, data, algorithm))}
        chosen = dict.fromkeys([min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)]) if sizes else {}
        for data in chosen:
            lines += _fine_tuned(results, algorithm, data, sizes[data])
    return lines


def _fine_tuned(results: Results, algorithm: str, data: str, frames: int) -> list[str]:
    """Hold a fine-tuned model against the same model as it is, and against training from scratch."""
    tuned = results.runs_of((data, algorithm), results.is_target)
    others = {
        "the same model as it is": (ZERO, zero_shot_of(results, algorithm)),
        "training from scratch on the same frames": (data, scratch_of(results, algorithm, data)),
    }
    told = []
    for name, (source, other) in others.items():
        runs = results.runs_of((source, other), results.is_target) if other else []
        if found := gained(tuned, runs):
            told.append(f"against {name} ({_score(runs)}) {claim(found, 'better', 'worse')}")
    if not told:
        return []
    return [
        f"{algorithm}, fine-tuned to {_quoted(data)} ({frames} training frames): {_score(tuned)}; {'; '.join(told)}."
    ]


def _unseen(results: Results) -> list[str]:
    """Say how stability changes with the shape and with the chemistry of the molecules."""
    lines = []
    for algorithm in results.study.algorithms:
        own = [run for run in results.runs if run.cell.fit.algorithm == algorithm]
        groups = _by_change(results, own)
        if TARGET not in groups or len(groups) < 2:
            continue
        told = [f"{_score(groups[TARGET], 'stability')} on the data's own liquids"]
        for change in [one for one in groups if one != TARGET]:
            text = f"{_score(groups[change], 'stability')} on changed {change}, {_lower(groups, change, TARGET)}"
            if change == "chemistry" and "shape" in groups:
                text += f", and against changed shape {_lower(groups, change, 'shape')}"
            told.append(text)
        refused = sum(run.failure.is_refusal for run in own if run.failure)
        told += [f"{refused} runs refused for an element never seen"] if refused else []
        lines.append(f"Stability of {algorithm}: {'; '.join(told)}.")
    return lines


def _by_change(results: Results, runs: Sequence[RunRecord]) -> dict[str, list[RunRecord]]:
    """Return runs by what changed, in the order of `CHANGES`: of those potentials that have scores of every kind."""
    ended = [run for run in runs if run.score]
    kinds = {change: [run for run in ended if results.change_of(run) == change] for change in CHANGES}
    kinds = {change: some for change, some in kinds.items() if some}
    shared = set.intersection(*({run.cell.fit for run in some} for some in kinds.values())) if kinds else set()
    return {change: [run for run in some if run.cell.fit in shared] for change, some in kinds.items() if shared}


def _lower(groups: Mapping[str, Sequence[RunRecord]], change: str, than: str) -> str:
    return claim(gained(groups[change], groups[than], "stability", same=False), "higher", "lower")


def _predicting(judged: Sequence[Predictor]) -> list[str]:
    """Say which error on the fixed set predicts the score."""
    known = [one for one in judged if one.correlation is not None and one.interval is not None]
    if not judged:
        return []
    if not known:
        cells = max(one.cells for one in judged)
        return [f"Which error on the fixed test set predicts the score is {UNDECIDED}: {cells} potentials are too few."]
    known.sort(key=lambda one: one.correlation or 0.0)
    good = [one for one in known if one.verdict == "predicts"]
    bad = [one for one in known if one.verdict != "predicts"]
    if not good:
        return [f"No error on the fixed test set predicts the score; nearest comes {_correlation(known[0])}."]
    text = f"The score is predicted best by the error of {_correlation(good[0])}"
    text += f", then by {_listed([_correlation(one) for one in good[1:3]])}" if good[1:] else ""
    text += f"; it is not predicted by {_listed([_correlation(one) for one in bad[-3:]])}" if bad else ""
    return [f"{text}."]


def _correlation(one: Predictor) -> str:
    low, high = one.interval or (0.0, 0.0)
    numbers = f"rank correlation {one.correlation:.2f}, 95 % {low:.2f} to {high:.2f}, {one.cells} potentials"
    return f"{one.error} ({numbers.replace('-', '−')})"
