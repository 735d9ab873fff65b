"""Extended XYZ as programs and people write it: what is meant is read, what may be meant otherwise is refused."""

import bz2
import gzip
import lzma

import pytest
from ase import Atoms

from decant.data.extxyz import FrameError, format_frame, parse_comment, read_raw
from decant.data.import_ import import_frames
from decant.foundation.errors import InputError

COMMENT = 'Lattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3:forces:R:3 energy=-14.5'
ROWS = "O 0 0 0 0.1 0 0\nH 0.96 0 0 -0.1 0.2 0\nH -0.24 0.93 0 0 -0.2 0\n"


def text(comment=COMMENT):
    return f"3\n{comment}\n{ROWS}"


def read(tmp_path, content, name="a.xyz"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_raw(path)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ((text() * 2).replace("\n", "\r\n"), "windows.xyz"),
        ("\ufeff" + text() * 2, "mark.xyz"),
        (text() + "\n \n" + text() + "\n\n", "joined by hand.xyz"),
        (gzip.compress((text() * 2).encode()), "packed.xyz.gz"),
    ],
)
def test_line_ends_marks_blank_lines_and_compression_do_not_matter(tmp_path, content, name):
    frames = read(tmp_path, content, name)
    assert [frame.info["energy"] for frame in frames] == [-14.5, -14.5] and not any(frame.error for frame in frames)
    assert len(import_frames(tmp_path / name).frames) == 2


def test_a_damaged_archive_is_one_line(tmp_path):
    for name, pack in (("a.xyz.gz", gzip.compress), ("a.xyz.bz2", bz2.compress), ("a.xyz.xz", lzma.compress)):
        packed = pack(text().encode() * 20)
        damaged = bytes(byte ^ 255 if 30 < place < 60 else byte for place, byte in enumerate(packed))
        for content in (packed[:50], damaged, text().encode()):
            with pytest.raises(InputError, match=r"cannot be unpacked \(.*\): is it cut off, or damaged") as caught:
                read(tmp_path, content, name)
            assert "\n" not in str(caught.value)


def test_names_of_the_format_are_known_in_any_case(tmp_path):
    (frame,) = read(tmp_path, text(COMMENT.replace("Lattice", "lattice").replace("Properties", "properties")))
    assert frame.atoms.pbc.all() and frame.atoms.cell.volume == pytest.approx(729) and "forces" in frame.arrays


@pytest.mark.parametrize("key", ["cell", "Cell", "unit_cell", "box"])
def test_a_cell_under_another_name_does_not_become_a_cluster(tmp_path, key):
    other = COMMENT.replace("Lattice", key)
    (frame,) = read(tmp_path, text(other))
    assert frame.error.startswith(f"{key} may be the cell: write it as Lattice")
    (frame,) = read(tmp_path, text(f'{other} pbc="F F F"'))
    assert not frame.error and not frame.atoms.pbc.any()


@pytest.mark.parametrize(
    ("written", "periodic"),
    [
        ('"T T F"', "TTF"), ('"T,T,F"', "TTF"), ("[T,T,F]", "TTF"), ('"[True, True, False]"', "TTF"),
        ('"(True, True, False)"', "TTF"), ("(True, True, False)", "TTF"), ("{T T F}", "TTF"), ('"yes yes no"', "TTF"),
        ('".true. .true. .false."', "TTF"), ('"1 1 0"', "TTF"), ("[1,1,0]", "TTF"), ('"on Y off"', "TTF"),
        ("True", "TTT"), ("0", "FFF"),
    ],
)  # fmt: skip
def test_periodicity_is_read_however_it_is_written(tmp_path, written, periodic):
    (frame,) = read(tmp_path, text(f"{COMMENT} pbc={written}"))
    assert not frame.error and frame.atoms.pbc.tolist() == [letter == "T" for letter in periodic]


@pytest.mark.parametrize("written", ['"T T"', '"T T T T"', "xyz", '"T T maybe"', '"1 1 2"', '""'])
def test_a_periodicity_that_is_no_truth_leaves_its_frame_out(tmp_path, written):
    wrong, right = read(tmp_path, text(f"{COMMENT} pbc={written}") + text())
    assert wrong.error.startswith("pbc='") and 'write it as "T T F"' in wrong.error and not right.error


def test_one_key_with_two_values_is_no_statement(tmp_path):
    (frame,) = read(tmp_path, text(f"{COMMENT} energy=-5.0"))
    assert frame.error == "energy is given twice, with two values"
    assert parse_comment("energy=-5 energy=-5")["energy"] == -5
    (frame,) = read(tmp_path, text(COMMENT.replace("forces:R:3", "forces:R:2:forces:R:1")))
    assert "names a column twice" in frame.error
    with pytest.raises(FrameError, match="twice"):
        parse_comment('stress="1 0 0 0 0 0" stress="2 0 0 0 0 0"')


@pytest.mark.parametrize(
    ("written", "value"),
    [("-1.5D+01", -15.0), ("1d-3", 1e-3), ("-3", -3), (".5", 0.5), ("1_2", "1_2"), ("1_000.0", "1_000.0")],
)
def test_numbers_are_those_of_files_not_those_of_python(written, value):
    assert parse_comment(f"a={written}")["a"] == value


def test_groups_with_underscores_stay_apart(tmp_path):
    moved = text(f"{COMMENT} group=12_3").replace("0.93", "0.98")
    (tmp_path / "a.xyz").write_text(text(f"{COMMENT} group=1_23") + moved)
    assert {atoms.info["group"] for atoms in import_frames(tmp_path / "a.xyz").frames} == {"a:1_23", "a:12_3"}


def test_an_energy_with_its_unit_is_told_as_what_it_is(tmp_path):
    (tmp_path / "a.xyz").write_text(text(COMMENT.replace("-14.5", '"-14.5 eV"')))
    with pytest.raises(InputError, match=r"frame 0: energy='-14.5 eV' is no number"):
        import_frames(tmp_path / "a.xyz")


@pytest.mark.parametrize("mark", ["\x0c", "\u2028", "\x85", "\x1c"])
def test_only_the_ends_of_lines_end_a_line(tmp_path, mark):
    (frame,) = read(tmp_path, text(f'{COMMENT} note="a{mark}b"'))
    assert not frame.error and frame.info["energy"] == -14.5


def test_letters_of_an_old_encoding_in_a_comment_do_not_matter(tmp_path):
    (frame,) = read(tmp_path, text(f'{COMMENT} note="1 \xc5"').encode("latin-1"))
    assert frame.info["note"] == "1 \xc5"


def test_numbers_of_fortran_are_numbers_in_columns_too(tmp_path):
    (frame,) = read(tmp_path, text().replace("0.96", "9.6D-01").replace("0.93", "0.93d0"))
    assert frame.atoms.positions[1:, :2].tolist() == [[0.96, 0.0], [-0.24, 0.93]]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ("species:S:2:pos:R:3", "column 'species' must be one name of an element"),
        ("species:S:1:pos:S:3", "column 'pos' must have 3 numbers"),
    ],
)
def test_columns_of_another_kind_are_a_frame_that_cannot_be_read(tmp_path, columns, reason):
    (frame,) = read(tmp_path, "1\nProperties=" + columns + " energy=1\nO 0 0 0 0\n")
    assert reason in frame.error


def test_a_number_of_atoms_is_written_with_digits(tmp_path):
    with pytest.raises(InputError, match="line 1: expected the number of atoms"):
        read(tmp_path, text().replace("3", "\u00b2", 1))


@pytest.mark.parametrize("words", ["two\nlines", "C:\\runs\\new run\\", "a\ttab", 'a "quote"', "{brace}", "plain"])
def test_text_that_is_written_leaves_the_frame_readable(tmp_path, words):
    atoms = Atoms("O", positions=[[0, 0, 0]], info={"parent": words, "last": 7})
    (frame,) = read(tmp_path, format_frame(atoms))
    expected = words.replace("\n", " ").replace("\t", " ").replace("\\", "/").replace('"', "'")
    assert not frame.error and frame.info == {"parent": expected, "last": 7}
