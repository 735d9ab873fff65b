"""Reading and writing files so that nothing is ever seen half-written."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from decant.foundation.errors import InputError

LONGEST_STEM = 48
"""Characters of a name that its temporary name has: longer names may be as long as the file system allows."""


@contextmanager
def write_beside(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds, remove it if not.

    The temporary name keeps the suffix of `path`, since many writers choose their format by it. Where `path` is a link,
    what it leads to is written; a pipe or a device is written to and never replaced.

    Raises
    ------
    InputError
        If `path` cannot be a file, or the disk is full.
    """
    path = output_file(path)
    if path.exists() and not path.is_file():
        with TemporaryDirectory() as folder:
            yield Path(folder) / path.name
            path.write_bytes((Path(folder) / path.name).read_bytes())
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem[:LONGEST_STEM]}.{os.getpid()}.part{path.suffix}")
    try:
        with space_left(path):
            yield temporary
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


COMPRESSED = (".gz", ".bz2", ".xz")
"""Ends of the names of compressed files, which are read, and never written."""


def output_file(path: str | os.PathLike[str], read: Iterable[str | os.PathLike[str]] = ()) -> Path:
    """Return the file that a path leads to, to be written.

    Long work asks before it begins.

    Parameters
    ----------
    path
        As a caller gives it.
    read
        What the work reads, which it must not write over.

    Raises
    ------
    InputError
        If it is a folder, one of the files that are read, or has the name of a compressed file.
    OSError
        If there is no place for it.
    """
    path = Path(path)
    if path.is_symlink() and (path.is_file() or not path.exists()):  # not one to a pipe, which has no name of its own
        path = Path(os.path.realpath(path))
    if path.name in ("", "..") or path.is_dir():
        raise InputError(f"{path}: is a folder where a file is needed; give the name of a file")
    if path.name.endswith(COMPRESSED):
        raise InputError(f"{path}: decant writes plain files; give a name without {path.suffix}")
    if path.is_file() and any(Path(one).exists() and path.samefile(one) for one in read):
        raise InputError(f"{path}: is what is read, and would be written over; give the output another name")
    if path.is_file() or not path.exists():
        _require_folder(path)
    return path


def _require_folder(path: Path) -> None:
    """Raise the error that writing would end with if there is no folder for a file, nor one in which that can be."""
    above = next(one for one in path.absolute().parents if one.exists())
    wrong = 0
    if not os.access(above, os.W_OK):
        wrong = errno.EROFS if os.statvfs(above).f_flag & os.ST_RDONLY else errno.EACCES
    if not above.is_dir():
        wrong = errno.EEXIST if above == path.absolute().parent else errno.ENOTDIR
    if wrong:
        raise OSError(wrong, os.strerror(wrong), str(path.parent))  # told by `refusal`


@contextmanager
def space_left(path: Path) -> Iterator[None]:
    """Turn the error of a full disk (or quota) while `path` is written into an `InputError`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(f"{path}: the disk is full; free some space and run the same command again") from error


_REFUSALS = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the quota is used up; free some space and run the same command again",
    errno.EROFS: "the file system is read-only; give another place",
    errno.EACCES: "no permission; change it, or give another place",
    errno.EPERM: "no permission; change it, or give another place",
    errno.EEXIST: "is a file where a folder is needed; give another place",
    errno.ENOTDIR: "a part of this path is a file where a folder is needed; give another place",
    errno.EISDIR: "is a folder where a file is needed; give another place",
}


def refusal(error: OSError) -> str | None:
    """Return one line for an error of the file system that its user can mend, or None for one of another kind."""
    place = error.filename2 or error.filename or "writing"  # of a renaming its aim, not the temporary name
    return f"{place}: {_REFUSALS[error.errno]}" if error.errno in _REFUSALS else None


@contextmanager
def unpacking(path: Path) -> Iterator[None]:
    """Turn what readers of compressed files say of one that is cut off or damaged into one line.

    Raises
    ------
    InputError
        If the file that is read meanwhile cannot be unpacked.
    """
    try:
        yield
    except (EOFError, OSError, LZMAError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno:  # of the system, not of what the file holds
            raise
        raise InputError(f"{path}: cannot be unpacked ({error}): is it cut off, or damaged?") from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def require_file(path: Path, what: str) -> Path:
    """Return `path`, or raise `InputError` saying that `what` was expected there."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a directory; expected {what}")
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected {what}")
    return path


def located(value: Any, base: Path, prefixes: Sequence[str] = ("",)) -> Any:
    """Return a value that names a file or a folder by its absolute path; anything else, such as a word, as it is.

    Parameters
    ----------
    value
        Of a file of settings.
    base
        Folder that relative paths count from, absolute.
    prefixes
        What stands before the path, such as ``potential:``; a value without any of them names no file.
    """
    prefix = next((one for one in prefixes if isinstance(value, str) and value.startswith(one)), None)
    if prefix is None or value == prefix or not (base / value.removeprefix(prefix)).exists():
        return value
    return f"{prefix}{base / value.removeprefix(prefix)}"


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping.

    Raises
    ------
    InputError
        If the file is missing, is not YAML, or is not a mapping.
    """
    content = parse_yaml(require_file(path, "a YAML file"))
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a mapping of keys to values at the top level")
    return content


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the fast one where it is built
    """YAML's safe loader, for which every number that a person writes is one: YAML 1.1 takes ``1e-3`` for text."""


class _Dumper(yaml.SafeDumper):
    """The same the other way: a text that looks like a number is quoted."""


for _kind in (_Loader, _Dumper):
    _kind.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
    )


def parse_yaml(source: Path | str) -> Any:
    """Return what YAML says, in a file or as a text.

    Raises
    ------
    InputError
        If it is not YAML, or gives a key twice, of which YAML takes the last.
    """
    try:
        text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            if root is None:
                return None
            _require_single_keys(root, source)
            return loader.construct_document(root)
        finally:
            loader.dispose()
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from error


def _require_single_keys(root: yaml.Node, source: Path | str) -> None:
    """Raise `InputError` if a mapping gives a key twice; what is merged into it (``<<``) may be given anew."""
    nodes, seen = [root], set()
    while nodes:
        node = nodes.pop()
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
            continue
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode) and not key.tag.endswith(":merge")]
        nodes += [value for _, value in node.value]
        names = [(key.tag, key.value) for key in keys]
        if len(set(names)) < len(names):
            twice = next(key for place, key in enumerate(keys) if names[place] in names[:place])
            where = f"{source}: " if isinstance(source, Path) else ""
            raise InputError(f"{where}line {twice.start_mark.line + 1}: key '{twice.value}' is given twice")


def write_yaml(path: Path, content: dict[str, Any] | list[Any]) -> None:
    """Write a mapping or a list as YAML, keys in the given order."""
    with write_beside(path) as temporary:
        temporary.write_text(as_yaml(content), encoding="utf-8")


def as_yaml(content: dict[str, Any] | list[Any]) -> str:
    """Return a mapping or a list as the text of a YAML file, keys in the given order."""
    return str(yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def is_current(product: Path, sources: Iterable[Path]) -> bool:
    """Return whether a file exists and is younger than all that it was made of."""
    return product.is_file() and all(source.stat().st_mtime < product.stat().st_mtime for source in sources)
