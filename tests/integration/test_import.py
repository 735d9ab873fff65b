"""What `decant import` tells a user of labels that are not as it takes them."""

import numpy as np

from decant.data.frames import read_frames
from tests import springs
from tests.integration.conftest import run_decant


def test_a_stress_in_kilobar_is_refused_by_the_options_that_mend_it(tmp_path):
    frames = springs.liquid(3)
    virials = [atoms.info.pop("virial") for atoms in frames]
    for atoms, virial in zip(frames, virials, strict=True):
        atoms.info["stress"] = virial / atoms.get_volume() * 1602.1766  # VASP's unit and sign
    source, output = springs.write(tmp_path / "kbar.extxyz", frames), tmp_path / "all.extxyz"
    said = run_decant("import", source, "-o", output, expect=2).stderr
    assert "stress looks like kbar (factor 1602) and the other sign; give --stress-unit and --stress-sign" in said
    assert not output.exists()
    told = run_decant("import", source, "-o", output, "--stress-unit", "kbar", "--stress-sign", "-1").stdout
    (line,) = [line for line in told.splitlines() if line.startswith("pressure_GPa:")]
    low, high = (float(word) for word in line.split()[1::2])
    pressures = [np.trace(virial) / 3 / 1000 * 160.21766 for virial in virials]
    assert np.allclose([low, high], [min(pressures), max(pressures)], rtol=1e-4)
    assert np.allclose(read_frames(output)[0].info["REF_virial"], virials[0], rtol=1e-6, atol=1e-6)


def test_what_is_left_out_is_counted_by_its_reason(tmp_path):
    frames = springs.liquid(5)
    for atoms in frames[1:4]:
        atoms.info["converged"] = False
    source = springs.write(tmp_path / "some.extxyz", frames)
    told = run_decant("import", source, "-o", tmp_path / "all.extxyz").stdout
    assert "left out: 3 frames" in told and "  frame 1 (line 51) and 2 more: not converged (converged=F)" in told


def test_options_of_units_stand_in_a_recipe_as_well(tmp_path):
    frames = springs.liquid(2)
    source = springs.write(tmp_path / "some.extxyz", frames)
    recipes, output = tmp_path / "recipes.yaml", tmp_path / "built.extxyz"
    entry = "- {{recipe: import, count: 2, parameters: {{file: {}, labels: true, energy_unit: {}}}}}\n"
    recipes.write_text(entry.format(source, "meV"))
    run_decant("build", recipes, "-o", output)
    assert np.isclose(read_frames(output)[0].info["REF_energy"], frames[0].info["energy"] / 1000)
    recipes.write_text(entry.format(source, "GPa"))
    assert (
        "no unit of energy; expected for example eV, Hartree"
        in run_decant("build", recipes, "-o", tmp_path / "none.extxyz", expect=2).stderr
    )
