"""Files appear whole or not at all."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from decant.foundation.errors import InputError
from decant.foundation.files import (
    output_file,
    parse_yaml,
    read_yaml,
    refusal,
    require_file,
    sha256,
    write_beside,
    write_yaml,
)
from decant.foundation.progress import Progress, clock


def test_a_file_whose_writing_fails_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    write_yaml(path, {"elements": ["H", "C"]})
    with pytest.raises(RuntimeError), write_beside(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert read_yaml(path) == {"elements": ["H", "C"]}
    assert [file.name for file in tmp_path.iterdir()] == ["card.yaml"]


def test_a_checksum_changes_with_one_byte(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"abc")
    before = sha256(path)
    assert before == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, example B.1
    path.write_bytes(b"abd")
    assert sha256(path) != before


@pytest.mark.parametrize("content", ["a: [1", "- a list\n", "\xff"])
def test_a_file_that_is_no_mapping_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=r"broken\.yaml"):
        read_yaml(path)


def test_a_folder_is_not_taken_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        require_file(tmp_path, "a data file")


def test_progress_tells_stage_share_and_time_left_and_does_not_count_earlier_work_as_speed() -> None:
    stream = io.StringIO()
    with Progress("label", total=100, unit="frames", done=90, stream=stream) as progress:
        progress.start -= 10.0  # ten seconds ago
        progress.update(95)
    first = stream.getvalue().splitlines()[0]
    assert first.startswith("label: 95/100 frames  95%")
    assert "0.5 frames/s" in first
    assert "0:10 left" in first


def test_a_duration_is_read_like_a_clock() -> None:
    assert [clock(seconds) for seconds in (0, 59.6, 61, 3661)] == ["0:00", "1:00", "1:01", "1:01:01"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3), ("1E5", 1e5), (".5e2", 50.0), ("-2.e+1", -20.0), ("1.5e-3", 1.5e-3), ("0.001", 0.001),
        ("10", 10), ("1e3ps", "1e3ps"), ("e3", "e3"), ("12e", "12e"), ("'1e-3'", "1e-3"), ("H2e4x", "H2e4x"),
    ],
)  # fmt: skip
def test_every_number_that_a_person_writes_is_a_number(tmp_path: Path, text: str, value: object) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(f"lr: {text}\n")
    found = read_yaml(path)["lr"]
    assert found == value and type(found) is type(value)
    write_yaml(path, {"lr": found})
    assert read_yaml(path)["lr"] == value


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("a: [1, 2\n")
    with pytest.raises(InputError, match=r"settings\.yaml: not valid YAML"):
        read_yaml(path)


@pytest.mark.parametrize(
    "place, told",
    [
        ("file/inside", "file: is a file where a folder is needed"),
        ("file/far/inside", "file/far: a part of this path is a file where a folder is needed"),
    ],
)
def test_a_file_in_place_of_a_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("folder").mkdir()
    with pytest.raises(OSError) as error:
        write_yaml(Path(place), {})
    assert refusal(error.value) == f"{told}; give another place"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("name", ["", ".", "..", "/", "folder", "link to folder"])
def test_a_folder_is_refused_where_a_file_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link to folder").symlink_to("folder")
    with pytest.raises(InputError, match="is a folder where a file is needed"), write_beside(Path(name)):
        raise AssertionError("nothing is begun")


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    with write_beside(tmp_path / "link") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_text() == "new"


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with write_beside(tmp_path / "pipe") as temporary:
        temporary.write_text("told")
    assert os.read(reader, 100) == b"told" and (tmp_path / "pipe").is_fifo()
    os.close(reader)


def test_what_a_shell_gives_for_a_pipe_is_written_to(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    with write_beside(Path(f"/dev/fd/{writer}")) as temporary:
        temporary.write_text("told")
    assert os.read(reader, 100) == b"told"
    os.close(reader)
    os.close(writer)


def test_a_name_as_long_as_the_file_system_takes_is_written(tmp_path: Path) -> None:
    path = tmp_path / f"{'ü' * 123}.yaml"
    with write_beside(path) as temporary:
        temporary.write_text("there")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_key_given_twice_is_told_with_its_line_and_one_merged_may_be_given_anew() -> None:
    with pytest.raises(InputError, match="line 3: key 'count' is given twice"):
        parse_yaml("- recipe: atom\n  count: 1\n  count: 3\n")
    assert parse_yaml("a: &a {x: 1, y: 2}\nb: &b {<<: *a, x: 3}\nc: {<<: *b, x: 4}\n")["c"] == {"x": 4, "y": 2}
    assert parse_yaml("a: &a {x: 1}\nb: &b {y: 2}\nc:\n  <<: *a\n  <<: *b\n  1: one\n  '1': text\n")["c"]["y"] == 2


def test_what_is_read_is_not_written_over_and_no_plain_file_has_the_name_of_a_compressed_one(tmp_path):
    source, link = tmp_path / "a.extxyz", tmp_path / "link.extxyz"
    source.write_text("1")
    link.symlink_to(source)
    for output in (source, link, tmp_path / "none" / ".." / "a.extxyz"):
        (tmp_path / "none").mkdir(exist_ok=True)
        with pytest.raises(InputError, match="is what is read, and would be written over"):
            output_file(output, [tmp_path / "other", source])
    assert output_file(tmp_path / "b.extxyz", [source]) == tmp_path / "b.extxyz"
    with pytest.raises(NotADirectoryError) as error:
        output_file(source / "deep" / "b.extxyz")
    assert "a part of this path is a file where a folder is needed" in str(refusal(error.value))
    for name in ("a.xyz.gz", "a.xyz.bz2", "a.xyz.xz"):
        with pytest.raises(InputError, match=r"decant writes plain files; give a name without \."):
            output_file(tmp_path / name)
