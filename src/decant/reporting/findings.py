"""The findings in sentences, each computed from the scores and written only where they carry it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from decant.foundation.page import Block, Listing, Section
from decant.reporting.cells import outcome
from decant.reporting.finding import UNDECIDED, Finding, Standing, claim, lines, standing
from decant.reporting.learning_curves import families, frames_of, scratch_of, zero_shot_of
from decant.reporting.records import TARGET, Results, RunRecord, unfinished
from decant.reporting.scores import gained, has_score, is_sure, scored, sign, signed, together, with_error
from decant.reporting.transfer import compared
from decant.reporting.words import counted, listed, quoted
from decant.scoring.lifetime import COMPLETED, kind_of_end
from decant.scoring.predictors import Predictor
from decant.study.cells import ZERO
from decant.study.simulation import CHANGES

TITLES = {
    Standing.DECIDED: "Decided",
    Standing.LIKELY: "Likely, not decided",
    Standing.OPEN: "Not decided",
}
HOW = (
    "± is one standard error over seeds and replicas (Student's t for few of them). A difference is decided "
    "where its 95 % interval leaves out zero, called likely where it is beyond its standard error, and "
    f"{UNDECIDED} otherwise."
)


def section(results: Results, findings: Sequence[Finding]) -> Section:
    """Return the section: what is decided first.

    Parameters
    ----------
    results
        The study.
    findings
        What `find_all` returns of it.
    """
    blocks: list[Block] = [progress(results)]
    for state in sorted(Standing, reverse=True):
        if alike := [one for one in findings if one.standing is state]:
            blocks.append(Listing(lines(alike), TITLES[state]))
    return Section("findings", "Findings", [*blocks, HOW])


def find_all(results: Results, judged: Sequence[Predictor]) -> list[Finding]:
    """Return the findings, those that matter most first.

    Parameters
    ----------
    results
        The study.
    judged
        What each error on the fixed set says of the score; empty where that is not known.
    """
    finders = (_best_sets, _refused, _corrections, _collected, _more_frames, _variants, _pretrained, _unseen)
    return [*(one for find in finders for one in find(results)), *_predicting(judged)]


def _score(runs: Sequence[RunRecord], part: str | None = None) -> str:
    done = together(runs, part)
    return with_error(done["score"], done["uncertainty"]) if done else "no score"


def progress(results: Results) -> str:
    """Say how much of the study there is."""
    ended = [run for run in results.runs if run.score]
    ends = Counter(kind_of_end(run.score["parts"]["stability"]["ended_by"]) for run in ended)
    lasted, count = ends.pop(COMPLETED, 0), len(scored(ended))
    text = f"{count} of {counted(len(results.runs), 'run')} have a score"
    if count < len(ended):
        more = len(ended) - count
        text += f", {more} more {'has' if more == 1 else 'have'} no density to be judged by"
    text += f"; {lasted} of the {len(ended)} stayed physical to their end."
    if ends:
        text += f" The others were ended by: {', '.join(f'{what} ({number})' for what, number in ends.most_common())}."
    left = len(list(unfinished(results)))
    failures = Counter(outcome(run.failure) for run in results.runs if run.failure)
    counts = [f"{count} {kind}" for kind, count in failures.items()] + ([f"{left} not finished yet"] if left else [])
    return f"{text} Without a score: {listed(counts)}." if counts else text


def _best_sets(results: Results) -> list[Finding]:
    """Say which data set serves each algorithm that trains from scratch best, of those that serve every liquid."""
    found = []
    for algorithm in results.scratch():
        targets = {data: one for data, one in _targets(results, algorithm).items() if not _refusals(one)}
        runs = _at_shared(targets)
        done = {data: one for data, its in runs.items() if (one := together(its))}
        if len(done) < 2:
            continue
        first, *others = sorted(done, key=lambda data: -done[data]["score"])
        against = {data: gained(runs[first], runs[data]) for data in others}
        level = [data for data in others if sign(against[data]) <= 0]
        start = f"{quoted(first)} scores highest{_where(runs[first], targets[first])}, {_score(runs[first])}"
        if level:
            names = listed([f"{quoted(data)} ({_score(runs[data])})" for data in level])
            told = f"{start}; whether it serves better than {names} is {UNDECIDED}"
            brief = f"{quoted(first)} serves {algorithm} better than {listed([quoted(data) for data in level])}"
            sides = runs[first], runs[level[0]]
            found.append(Finding(algorithm, told, Standing.OPEN, brief, sides, against[level[0]]))
            continue
        second = against[others[0]] or {}
        sure = all(one and is_sure(one) for one in against.values())
        ahead = signed(second["gain"], second["uncertainty"])
        told = f"{start}, and{'' if sure else ' likely'} serves best: {ahead} over {quoted(others[0])}, the next"
        brief = f"{quoted(first)} serves {algorithm} best ({ahead} over {quoted(others[0])}, the next)"
        state = Standing.DECIDED if sure else Standing.LIKELY
        weakest = next((data for data in others if not is_sure(against[data] or {"verdict": ""})), others[0])
        found.append(Finding(algorithm, told, state, brief, (runs[first], runs[weakest]), against[weakest]))
    return found


def _targets(results: Results, algorithm: str) -> dict[str, list[RunRecord]]:
    """Return the runs of the liquids that the data are about, by data set."""
    return {data: results.runs_of((data, algorithm), results.is_target) for data in results.data_names()}


def _at_shared(runs: Mapping[str, list[RunRecord]]) -> dict[str, list[RunRecord]]:
    """Return the runs with a score at the liquids and temperatures of which all sets with any score have one."""
    known = {data: [run for run in its if has_score(run)] for data, its in runs.items()}
    reached = [{run.condition for run in its} for its in known.values() if its]
    shared = set.intersection(*reached) if reached else set()
    return {data: [run for run in its if run.condition in shared] for data, its in known.items()}


def _where(runs: Sequence[RunRecord], targets: Sequence[RunRecord]) -> str:
    """Return words that say where scores are compared if that is not everywhere."""
    shared, every = ({run.condition for run in some if has_score(run)} for some in (runs, targets))
    return "" if shared == every else f" on the {len(shared)} of {len(every)} liquids and temperatures shared by all"


def _refusals(runs: Sequence[RunRecord]) -> set[str]:
    """Return the liquids that a potential refuses, since it does not know an element of theirs."""
    return {run.cell.simulation for run in runs if run.failure and run.failure.is_refusal}


def _refused(results: Results) -> list[Finding]:
    """Say which data sets make potentials that refuse some of the liquids: these cannot be the best of all."""
    found = []
    for algorithm in results.scratch():
        for data, runs in _targets(results, algorithm).items():
            if refused := _refusals(runs):
                of = f"{len(refused)} of {counted(len({run.cell.simulation for run in runs}), 'liquid')}"
                told = f"{quoted(data)} is no data for {of}, whose elements its potentials do not know"
                brief = f"{quoted(data)} is no data for {algorithm} on {of}, whose elements it does not know"
                found.append(Finding(algorithm, told, Standing.DECIDED, brief))
    return found


def _compared(
    subject: str, name: str, brief: str, sides: tuple[list[RunRecord], list[RunRecord]], verbs: tuple[str, str]
) -> Finding:
    """Return what two sides say: of `name`, by the verbs for a gain and for a loss; `brief` comes after either."""
    one = gained(*sides)
    state, size = standing(one), ""
    if one is not None and state is not Standing.OPEN:
        size = f" ({signed(one['gain'], one['uncertainty'])})"
    verb = verbs[1] if sign(one) < 0 else verbs[0]
    if state is Standing.OPEN:
        verb = f"{verbs[0]} or {verbs[1]}"
    elif sign(one) == 0:
        verb = f"neither {verbs[0]} nor {verbs[1]}"
    return Finding(subject, f"{name} {claim(one, *verbs)}", state, f"{name} {verb} {brief}{size}", sides, one)


def _gains(results: Results, data: str, base: str, algorithms: Sequence[str]) -> dict[str, Any]:
    """Return what a set gains over another one for each algorithm."""
    sides: Callable[[str, str], list[RunRecord]] = lambda name, one: results.runs_of((name, one), results.is_target)  # noqa: E731
    return {one: gained(sides(data, one), sides(base, one)) for one in algorithms}


def _sides(results: Results, data: str, base: str, algorithm: str) -> tuple[list[RunRecord], list[RunRecord]]:
    one, other = (results.runs_of((name, algorithm), results.is_target) for name in (data, base))
    return one, other


def _corrections(results: Results) -> list[Finding]:
    """Say what human-designed corrections bring, and whether they help every algorithm that is fitted to them."""
    sets = {data: base for data, base in compared(results).items() if "human" in results.study.data[data].kind.lower()}
    gains = {
        data: {name: one for name, one in _gains(results, data, base, results.scratch()).items() if one}
        for data, base in sets.items()
    }
    found = _for_all({data: several for data, several in gains.items() if len(several) > 1})
    for data, several in gains.items():
        for name in several:
            subject = f"{quoted(data)} over {quoted(sets[data])}"
            brief = f"with {quoted(data)} over {quoted(sets[data])}"
            found.append(_compared(subject, name, brief, _sides(results, data, sets[data], name), ("gains", "loses")))
    return found


def _for_all(gains: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """Say whether corrections help every algorithm, by the gains of sets to which several are fitted."""
    if not gains:
        return []
    helped = [data for data, several in gains.items() if all(sign(one) > 0 for one in several.values())]
    harmed = [data for data, several in gains.items() if any(sign(one) < 0 for one in several.values())]
    count = len({name for several in gains.values() for name in several})
    both = "both algorithms" if count == 2 else f"all {count} algorithms"
    text = f"{len(helped)} of {len(gains)} help {both}, {len(harmed)} harm one of them"
    is_open = len(helped) + len(harmed) < len(gains)
    text += f"; for the rest it is {UNDECIDED}" if is_open else ""
    sure = min(standing(one) for several in gains.values() for one in several.values())
    brief = f"human-designed corrections help {both}"
    if not is_open:
        brief += f" in {len(helped)} of {len(gains)} cases and harm one of them in {len(harmed)}"
    return [Finding("Human-designed corrections", text, sure, brief)]


def _variants(results: Results) -> list[Finding]:
    """Say what another setting of an algorithm brings: its cutoff, for example, or its preset."""
    choices = {
        name: choice
        for name, choice in results.study.algorithms.items()
        if choice.pretrained is None and not choice.is_method
    }
    found = []
    for name, choice in choices.items():
        first = next(other for other, one in choices.items() if one.algorithm == choice.algorithm)
        for data in results.data_names() if name != first else ():
            sides = results.runs_of((data, name), results.is_target), results.runs_of((data, first), results.is_target)
            if gained(*sides):
                subject, brief = f"{name} beside {first}, {quoted(data)}", f"on {first} with {quoted(data)}"
                found.append(_compared(subject, name, brief, sides, ("gains", "loses")))
    return found


def collector(results: Results, data: str) -> str | None:
    """Return the kind of algorithm whose active learning collected frames of a set; None if none did."""
    choice = results.study.data.get(data)
    if choice is None:
        return None
    if choice.collector is not None:
        return choice.collector
    return next((found for name in choice.needs if (found := collector(results, name))), None)


def _collected(results: Results) -> list[Finding]:
    """Say whether frames that one algorithm collected help it, and the other."""
    found = []
    for data, base in compared(results).items():
        kind = collector(results, data)
        gains = {name: one for name, one in _gains(results, data, base, results.scratch()).items() if one}
        own = [name for name in gains if results.study.algorithms[name].algorithm == kind]
        others = [name for name in gains if name not in own]
        if kind is None or not own or not others:
            continue
        for name in [*own, *others]:
            subject = f"Frames that {kind} collected ({quoted(data)} over {quoted(base)})"
            brief = f"by the frames that {kind} collected ({quoted(data)} over {quoted(base)})"
            shown, sides = f"{name} itself" if name in own else name, _sides(results, data, base, name)
            found.append(_compared(subject, shown, brief, sides, ("gains", "loses")))
    return found


def _more_frames(results: Results) -> list[Finding]:
    """Say what more frames of a set bring."""
    found = []
    for whole, members in families(results).items():
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
            span = f"from {counts[least]} to {counts[most]} frames"
            sides = _sides(results, most, least, algorithm)
            one = _compared(
                f"More frames of {quoted(whole)}", algorithm, f"{span} of {quoted(whole)}", sides, ("gains", "loses")
            )
            found.append(replace(one, told=f"{one.told} {span}"))
    return found


def _pretrained(results: Results) -> list[Finding]:
    """Say how pretrained models compare as they are, fine-tuned, and with training from scratch."""
    found = []
    for algorithm, choice in results.study.algorithms.items():
        if choice.pretrained is None or choice.strategy == "zero-shot":
            continue
        own = [data for data, name in results.pairs() if name == algorithm]
        sizes = {data: frames for data in own if (frames := frames_of(results, data, algorithm))}
        chosen = dict.fromkeys([min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)]) if sizes else {}
        for data in chosen:
            found += _fine_tuned(results, algorithm, data, sizes[data])
    return found


def _fine_tuned(results: Results, algorithm: str, data: str, frames: int) -> list[Finding]:
    """Hold a fine-tuned model against the same model as it is, and against training from scratch."""
    tuned = results.runs_of((data, algorithm), results.is_target)
    others = {
        "the same model as it is": (ZERO, zero_shot_of(results, algorithm)),
        "training from scratch on the same frames": (data, scratch_of(results, algorithm, data)),
    }
    found = []
    for name, (source, other) in others.items():
        runs = results.runs_of((source, other), results.is_target) if other else []
        if not gained(tuned, runs):
            continue
        subject = f"{algorithm}, fine-tuned to {quoted(data)} ({frames} training frames), {_score(tuned)}"
        brief = f"{algorithm}, fine-tuned to {quoted(data)}"
        one = _compared(subject, brief, f"than {name}", (tuned, runs), ("better", "worse"))
        told = f"against {name} ({_score(runs)}) {claim(one.found, 'better', 'worse')}"
        found.append(replace(one, told=told, brief=one.brief.replace(brief, f"{brief}, is", 1)))
    return found


def _unseen(results: Results) -> list[Finding]:
    """Say how stability changes with the shape and with the chemistry of the molecules."""
    found = []
    for algorithm, choice in results.study.algorithms.items():
        if choice.is_method:  # the truth, to which nothing is new
            continue
        groups = _by_change(results, [run for run in results.runs if run.cell.fit.algorithm == algorithm])
        if TARGET not in groups:
            continue
        for change in [one for one in groups if one != TARGET]:
            found.append(_stability(groups, algorithm, change, TARGET))
            if change == "chemistry" and "shape" in groups:
                found.append(_stability(groups, algorithm, change, "shape"))
    return found


def _stability(groups: Mapping[str, list[RunRecord]], algorithm: str, change: str, than: str) -> Finding:
    """Hold the stability on liquids of one kind of change against that on those of another."""
    one = gained(groups[change], groups[than], "stability", same=False)
    base = "the data's own liquids" if than == TARGET else f"changed {than}"
    told = f"{_score(groups[change], 'stability')} on changed {change}, {claim(one, 'higher', 'lower')}"
    if than != TARGET:
        told = f"changed {change} against {base} {claim(one, 'higher', 'lower')}"
    words = {1: "more stable", -1: "less stable"}.get(sign(one), "as stable")
    if standing(one) is Standing.OPEN:
        words = "more or less stable"
    brief = f"{algorithm} is {words} on changed {change} {'as' if words == 'as stable' else 'than'} on {base}"
    subject = f"Stability of {algorithm}, {_score(groups[TARGET], 'stability')} on the data's own liquids"
    return Finding(subject, told, standing(one), brief, (groups[change], groups[than]), one)


def _by_change(results: Results, runs: Sequence[RunRecord]) -> dict[str, list[RunRecord]]:
    """Return runs by what changed, in the order of `CHANGES`: of those potentials that have scores of every kind."""
    ended = [run for run in runs if run.score]
    kinds = {change: [run for run in ended if results.change_of(run) == change] for change in CHANGES}
    kinds = {change: some for change, some in kinds.items() if some}
    shared = set.intersection(*({run.cell.fit for run in some} for some in kinds.values())) if kinds else set()
    return {change: [run for run in some if run.cell.fit in shared] for change, some in kinds.items() if shared}


def _predicting(judged: Sequence[Predictor]) -> list[Finding]:
    """Say which error on the fixed set predicts the score."""
    known = [one for one in judged if one.correlation is not None and one.interval is not None]
    if not judged:
        return []
    which = "an error on the fixed test set predicts the score"
    if not known:
        cells = counted(max(one.cells for one in judged), "potential")
        text = f"Which error on the fixed test set predicts the score is {UNDECIDED}: {cells} are too few"
        return [Finding("", text.replace("1 potential are", "1 potential is"), Standing.OPEN, which)]
    known.sort(key=lambda one: one.correlation or 0.0)
    good = [one for one in known if one.verdict == "predicts"]
    bad = [one for one in known if one.verdict != "predicts"]
    if not good:
        text = f"No error on the fixed test set predicts the score; nearest comes {_correlation(known[0])}"
        return [Finding("", text, Standing.OPEN, which)]
    text = f"The score is predicted best by the error of {_correlation(good[0])}"
    text += f", then by {listed([_correlation(one) for one in good[1:3]])}" if good[1:] else ""
    text += f"; it is not predicted by {listed([_correlation(one) for one in bad[-3:]])}" if bad else ""
    brief = f"the error of {good[0].error} predicts the score ({_number(good[0])})"
    return [Finding("", text, Standing.DECIDED, brief)]


def _number(one: Predictor) -> str:
    return f"rank correlation {one.correlation:.2f}".replace("-", "−")


def _correlation(one: Predictor) -> str:
    low, high = one.interval or (0.0, 0.0)
    numbers = f"rank correlation {one.correlation:.2f}, 95 % {low:.2f} to {high:.2f}, {one.cells} potentials"
    return f"{one.error} ({numbers.replace('-', '−')})"
