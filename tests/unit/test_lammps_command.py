"""The environment in which `lmp` runs."""

from decant.lammps.command import environment
from decant.lammps.plugin import mace_directory


def test_each_plugin_gets_its_libraries_whichever_is_asked_for_first():
    everything, deepmd, mace = environment(), environment("deepmd"), environment("mace")
    assert deepmd["LD_LIBRARY_PATH"] == everything["LD_LIBRARY_PATH"]
    assert "torch" in deepmd["LD_LIBRARY_PATH"] and "torch" not in mace.get("LD_PRELOAD", "")
    assert mace["LAMMPS_PLUGIN_PATH"].split(":")[0] == mace_directory()
    assert mace_directory() not in deepmd["LAMMPS_PLUGIN_PATH"].split(":")
    assert mace_directory() in everything["LAMMPS_PLUGIN_PATH"].split(":")


def test_torch_multiplies_matrices_with_its_own_library_inside_deep_potential():
    assert environment("deepmd")["LD_PRELOAD"].split(":")[0].endswith("libtorch_cpu.so")
