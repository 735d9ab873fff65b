"""What a set of frames holds: a row a frame, a row a recipe, what repeats and what leaks."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from decant.data.charges import charges_held
from decant.data.frames import density, isolated_energies, read_frames
from decant.data.inspection import QUANTITIES, Inspection
from decant.data.isolated import is_isolated
from decant.data.reactions import find_molecules
from decant.data.split import PARTS
from decant.foundation.errors import InputError
from decant.foundation.files import write_beside
from decant.foundation.page import Block, Listing, Section, text_table, write_page
from decant.foundation.progress import track
from decant.foundation.tables import format_table
from decant.molecules import geometry
from decant.molecules.neighbors import find_edges
from decant.molecules.species import composition, species_names

REACHES = (4.0, 12.0)
"""Distances up to which the nearest atom of another molecule is looked for, angstrom, one after the other."""


def read_parts(source: Path, against: Sequence[Path] = ()) -> dict[str, list[Atoms]]:
    """Read a file, or the parts in a folder of ``decant split``, and files to compare with.

    Raises
    ------
    InputError
        If there is no file, one is not in the house form, or holds nothing but isolated atoms.
    """
    paths = [Path(source)]
    if paths[0].is_dir():
        paths = [paths[0] / f"{name}.extxyz" for name in PARTS if (paths[0] / f"{name}.extxyz").is_file()]
        if not paths:
            raise InputError(
                f"{source}: no train, valid or test.extxyz in it; give a file, or a folder of decant split"
            )
    parts: dict[str, list[Atoms]] = {}
    for path in [*paths, *map(Path, against)]:
        name = path.stem if path.stem not in parts else str(path)
        parts[name] = read_frames(path, labelled=False)
        if all(is_isolated(atoms) for atoms in parts[name]):
            raise InputError(f"{path}: no frame other than isolated atoms")
    return parts


def inspect(parts: Mapping[str, Sequence[Atoms]]) -> Inspection:
    """Measure every frame and find what repeats within a part and across parts.

    Parameters
    ----------
    parts
        Frames in the house form under the name of their part; labels may be missing.
    """
    everything = [(name, atoms) for name, frames in parts.items() for atoms in frames]
    frames = [atoms for _, atoms in everything if not is_isolated(atoms)]
    part = [name for name, atoms in everything if not is_isolated(atoms)]
    isolated = _isolated([atoms for _, atoms in everything], frames)
    rows = [_measure(atoms, isolated) for atoms in track(frames, "inspect", len(frames), "frames")]
    pairs = geometry.duplicates(frames)
    groups = {
        (str(atoms.info["group"]), name) for atoms, name in zip(frames, part, strict=True) if "group" in atoms.info
    }
    return Inspection(
        frames,
        part,
        [str(atoms.info.get("recipe", "unknown")) for atoms in frames],
        _compositions(frames),
        {key: np.array([row[key] for row in rows]) for key in QUANTITIES},
        isolated,
        [(i, j) for i, j in pairs if part[i] == part[j]],
        _leaks(frames, part, pairs),
        sorted(group for group, parts_of_it in Counter(group for group, _ in groups).items() if parts_of_it > 1),
    )


def _leaks(frames: Sequence[Atoms], part: Sequence[str], same: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return pairs of different parts of one geometry, and frames that are steps of a trajectory of another part."""
    leaks = [(i, j) for i, j in same if part[i] != part[j]]
    known = {j for _, j in leaks}
    return sorted(leaks + [(i, j) for i, j in geometry.correlated_across(frames, part) if j not in known])


def _isolated(everything: Sequence[Atoms], frames: Sequence[Atoms]) -> dict[str, float]:
    """Return the energies of the isolated atoms if every element of the frames has one and no other."""
    try:
        known = isolated_energies(everything)
    except InputError:  # sets of two methods side by side
        return {}
    return known if {symbol for atoms in frames for symbol in atoms.get_chemical_symbols()} <= set(known) else {}


def _measure(atoms: Atoms, isolated: Mapping[str, float]) -> dict[str, float]:
    """Return the `QUANTITIES` of one frame."""
    energy = atoms.info.get("REF_energy", np.nan) - sum(isolated.get(symbol, 0.0) for symbol in atoms.symbols)
    sizes = np.linalg.norm(atoms.arrays.get("REF_forces", np.full((1, 3), np.nan)), axis=1)
    mass_density, temperature = density(atoms), atoms.info.get("temperature", np.nan)
    return {
        "atoms": len(atoms),
        "density_g_cm3": np.nan if mass_density is None else mass_density,
        "temperature_K": float(temperature) if isinstance(temperature, (int, float)) else np.nan,
        "energy_eV_per_atom": energy / len(atoms),
        "force_rms_eV_A": float(np.sqrt(np.mean(sizes**2) / 3)),  # of a Cartesian component
        "force_max_eV_A": float(sizes.max()),
        "nearest_A": nearest_distance(atoms),
    }


def nearest_distance(atoms: Atoms) -> float:
    """Return the least distance between atoms of different molecules, angstrom; NaN if none is within `REACHES`."""
    molecule = atoms.arrays["mol_id"]
    for reach in REACHES:
        edges = find_edges(atoms, reach)
        other = molecule[edges.owner] != molecule[edges.source]
        if other.any():
            return float(np.linalg.norm(edges.vector[other], axis=1).min())
    return float("nan")


def _compositions(frames: Sequence[Atoms]) -> list[str]:
    found = find_molecules(frames, [atoms.arrays["mol_id"] for atoms in frames])
    return [composition(species_names(atoms, one.mol_id, one.bonds)) for atoms, one in zip(frames, found, strict=True)]


def table(found: Inspection) -> list[list[str]]:
    """Return counts and ranges as text cells; two heading rows (names, units), then a row for each recipe of a part."""
    keys = list(dict.fromkeys(zip(found.part, found.recipe, strict=True)))
    rows = []
    for key in keys:
        inside = np.array([one == key for one in zip(found.part, found.recipe, strict=True)])
        ranges = [_range(values[inside]) for values in found.numbers.values()]
        rows.append([*key, str(int(inside.sum())), *ranges])
    names = ["atoms", "density", "temperature", "energy", "force rms", "force max", "nearest"]
    return [["part", "recipe", "frames", *names], ["", "", "", *QUANTITIES.values()], *rows]


def _range(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    if not len(known):
        return "–"
    low, high = (f"{value:.4g}" for value in (known.min(), known.max()))
    return low if low == high else f"{low} to {high}"


def remarks(found: Inspection) -> list[str]:
    """Return what a reader should know besides the table, a line each."""
    held = Counter(found.composition).most_common()
    shown = "; ".join(f"{name} ({count})" for name, count in held[:6])
    lines = [f"compositions: {shown}" + (f"; and {len(held) - 6} more" if len(held) > 6 else "")]
    lines.append(f"charges: {charges_held(found.frames)}")
    bare = int(np.isnan(found.numbers["energy_eV_per_atom"]).sum())
    if bare < len(found.frames):
        lines.append(
            "energies are relative to isolated atoms"
            if found.isolated
            else "energies are total energies by atoms: the set has "
            "not the isolated atom of every element, or several of one"
        )
    if bare:
        lines.append(f"{bare} of {len(found.frames)} frames have no energy")
    lines.append(_pairs_told("duplicates, of the geometry of another frame of their part", found, found.duplicates))
    if len(set(found.part)) > 1:
        same = {pair for pair in found.leaks if geometry.duplicates([found.frames[index] for index in pair])}
        near = [pair for pair in found.leaks if pair not in same]
        lines.append(_pairs_told("leaks, of the geometry of a frame of another part", found, sorted(same)))
        if near:
            lines.append(_pairs_told("leaks, a small step from a frame of another part", found, near, "~"))
        groups = found.shared_groups
        shown = f" ({', '.join(groups[:4])}{', ...' if len(groups) > 4 else ''})" if groups else ""
        lines.append(f"groups with frames in several parts: {len(groups)}{shown}")
    return lines


def _pairs_told(what: str, found: Inspection, pairs: Sequence[tuple[int, int]], sign: str = "=") -> str:
    """Say how many frames repeat another, and which the first of them are."""
    place = places(found)
    shown = ", ".join(f"{place(j)} {sign} {place(i)}" for i, j in pairs[:4]) + (", ..." if len(pairs) > 4 else "")
    count = len({j for _, j in pairs})
    return f"{what}: {count}" + (f" ({shown})" if shown else "")


def places(found: Inspection) -> Callable[[int], str]:
    """Return a function that names a frame by its part and its number there, isolated atoms not counted."""
    first: dict[str, int] = {}
    for index, name in enumerate(found.part):
        first.setdefault(name, index)
    return lambda index: f"{found.part[index]} {index - first[found.part[index]]}"


def as_text(found: Inspection) -> str:
    """Return the table and the remarks that `decant inspect` prints."""
    return "\n".join([format_table(table(found), heads=2), *remarks(found)])


def write_inspection(folder: Path, found: Inspection, rows: np.ndarray) -> None:
    """Write ``frames.csv``, ``inspect.png`` and ``inspect.html``.

    Parameters
    ----------
    folder
        Directory to write into.
    found
        What was found.
    rows
        Descriptors of the frames, shape (frames, features).
    """
    from decant.data.inspect_plot import coverage, groups  # matplotlib
    from decant.data.inspect_structures import structures
    from decant.foundation.sketches import figures, write_sheet

    folder = Path(folder)
    places_in_plane, shares = coverage(rows)
    with write_beside(folder / "frames.csv") as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["frame", "recipe", "composition", *QUANTITIES, "component_1", "component_2"])
        place = places(found)
        for index in range(len(found.frames)):
            numbers = [*(values[index] for values in found.numbers.values()), *places_in_plane[index]]
            cells = ["" if np.isnan(value) else f"{value:.8g}" for value in numbers]
            writer.writerow([place(index), found.recipe[index], found.composition[index], *cells])
    pictures = groups(found, places_in_plane, shares)
    write_sheet(folder / "inspect.png", pictures)
    text = table(found)
    blocks: list[Block] = [text_table(text, range(len(text[0])), 2, CAPTION), Listing(remarks(found))]
    sections = [Section("frames", "Frames", blocks), Section("pictures", "Pictures", figures(pictures))]
    if shown := structures(found, place):
        sections.append(Section("structures", "Worth a look", shown))
    write_page(folder / "inspect.html", "A set inspected", sections)


CAPTION = """Least to largest value over the frames. force rms: root mean square of a Cartesian component of one frame;
force max: length of its largest force; nearest: least distance between atoms of different molecules."""
