"""Steps of VASP whose electrons did not converge, and last steps cut short, are no labels. The texts are made here."""

import gzip

import numpy as np
import pytest

from decant.data.import_ import import_frames
from decant.data.keys import LabelKeys
from decant.data.vasp import INCOMPLETE, LEARNED
from decant.foundation.errors import InputError
from tests.vasprun import VASPRUN, calculation, scstep

WATER = np.array([[1.0, 1.0, 1.0], [1.96, 1.0, 1.0], [0.76, 1.93, 1.0]])
FORCES = np.array([[0.5, 0.0, 0.0], [-0.5, 0.25, 0.0], [0.0, -0.25, 0.0]])
REACHED = "------------------------ aborting loop because EDIFF is reached ----------------------------------------\n"
MISSED = "------------------------ aborting loop EDIFF was not reached (unconverged)  ----------------------------\n"


def outcar_head(nelm=60):
    return f""" vasp.6.4.2
 POTCAR:    PAW_PBE O 08Apr2002
 POTCAR:    PAW_PBE H 15Jun2001
 POTCAR:    PAW_PBE O 08Apr2002
 POTCAR:    PAW_PBE H 15Jun2001
   ions per type =               1   2
   ISPIN  =      1    spin polarized calculation?
   NELM   = {nelm:6d};   NELMIN=  2; NELMDL= -5     # of ELM steps
"""


def iterations(step, count):
    return "".join(
        f"--------------------------------------- Iteration {step:6d}({number:4d})  ----------------------------\n"
        "  Free energy of the ion-electron system (eV)\n"
        for number in range(1, count + 1)
    )


def outcar_step(step, count=8, end=REACHED, energy=-14.5, free=None):
    rows = "\n".join(
        " ".join(f"{number:12.5f}" for number in (*position, *force))
        for position, force in zip(WATER + 0.001 * step, FORCES, strict=True)
    )
    free = energy if free is None else free
    head = iterations(step, count) + end
    return f"""{head}  in kB       10.00000     0.00000     0.00000     0.00000     0.00000     0.00000
      direct lattice vectors                 reciprocal lattice vectors
    10.000000000  0.000000000  0.000000000     0.100000000  0.000000000  0.000000000
     0.000000000 10.000000000  0.000000000     0.000000000  0.100000000  0.000000000
     0.000000000  0.000000000 10.000000000     0.000000000  0.000000000  0.100000000

 POSITION                                       TOTAL-FORCE (eV/Angst)
 -----------------------------------------------------------------------------------
{rows}
 -----------------------------------------------------------------------------------
  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)
  ---------------------------------------------------
  free  energy   TOTEN  =       {free:.8f} eV

  energy  without entropy=      {energy:.8f}  energy(sigma->0) =      {energy:.8f}
"""


@pytest.fixture
def outcar(tmp_path):
    def write(*parts, nelm=60):
        (tmp_path / "OUTCAR").write_text(outcar_head(nelm) + "".join(parts))
        return tmp_path / "OUTCAR"

    return write


def reasons(result):
    return [(reject.index, reject.reason) for reject in result.rejects]


def test_a_step_that_vasp_says_has_not_converged_is_left_out(outcar):
    path = outcar(outcar_step(1), outcar_step(2, 60, MISSED), outcar_step(3, 60, REACHED))
    result = import_frames(path)
    assert len(result.frames) == 2 and result.indices == [0, 2]
    assert reasons(result) == [(1, "unconverged: the electrons did not reach EDIFF (NELM = 60)")]
    atoms = result.frames[0]
    assert atoms.info["REF_energy"] == -14.5 and np.allclose(atoms.arrays["REF_forces"], FORCES)
    assert atoms.info["REF_virial"][0, 0] == pytest.approx(1000 / 160.21766)  # 10 kB of pressure are 1 GPa


def test_before_version_six_the_number_of_iterations_tells(outcar):
    result = import_frames(outcar(outcar_step(1, 12), outcar_step(2, 40, ""), outcar_step(3, 39), nelm=40))
    assert reasons(result) == [(1, "unconverged: the electrons did not reach EDIFF (NELM = 40)")]


def test_a_last_step_cut_short_is_told(outcar):
    result = import_frames(outcar(outcar_step(1), iterations(2, 5)))
    assert len(result.frames) == 1 and reasons(result) == [(1, INCOMPLETE)]


def test_a_compressed_outcar_is_read_as_well(outcar):
    path = outcar(outcar_step(1), outcar_step(2, 60, MISSED))
    packed = path.with_suffix(".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert len(import_frames(packed).frames) == 1 and reasons(import_frames(packed))[0][0] == 1


def test_nothing_but_unconverged_steps_is_an_input_error(outcar):
    with pytest.raises(
        InputError, match=r"no frame can be read; frame 0: unconverged: the electrons did not reach EDIFF"
    ):
        import_frames(outcar(outcar_step(1, 60, MISSED)))


def test_smeared_electrons_ask_which_energy(outcar):
    path = outcar(outcar_step(1, energy=-14.5, free=-14.6))
    with pytest.raises(InputError, match=r"energy and free_energy differ by 0.03333 eV per atom"):
        import_frames(path)
    assert import_frames(path, LabelKeys("free_energy")).frames[0].info["REF_energy"] == -14.6
    assert import_frames(path, LabelKeys("energy")).frames[0].info["REF_energy"] == -14.5


CONVERGED = [-14.0, -14.49, -14.5, -14.50001]
MISSING = [-14.0, -14.9, -14.1, -14.8, -14.2]


@pytest.mark.parametrize(
    "end", ["</modeling>\n", "", " <calculation>\n" + scstep(-14.0), " <calculation>\n  <scstep><ener"]
)
def test_steps_of_a_vasprun_that_did_not_converge_or_end_are_left_out(tmp_path, end):
    path = tmp_path / "vasprun.xml"
    steps = [calculation(0, CONVERGED), calculation(1, MISSING), calculation(2, [*CONVERGED, -14.50002])]
    path.write_text(VASPRUN.format(nelm=5) + "".join(steps) + end)
    result = import_frames(path)
    assert result.indices == [0, 2]  # the last took NELM iterations, too, but its energy stood still
    cut = [(3, INCOMPLETE)] if "calculation" in end else []
    assert reasons(result) == [(1, "unconverged: the electrons did not reach EDIFF (NELM = 5)"), *cut]


def learned(step):
    """A step of the force field that VASP learns on the way, as VASP 6.4 lays it out."""
    text = (
        outcar_step(step, 0, "").replace("(eV/Angst)", "(eV/Angst) (ML)").replace("energy   TOTEN", "energy ML TOTEN")
    )
    return text.replace("energy  without", "ML energy  without").replace("energy(sigma", "ML energy(sigma")


@pytest.mark.parametrize("name", ["OUTCAR", "run-7.outcar", "OUTCAR.gz"])
def test_steps_of_a_force_field_that_vasp_learned_are_no_labels(tmp_path, name):
    text = (outcar_head() + outcar_step(1) + learned(2) + learned(3) + outcar_step(4)).encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    result = import_frames(tmp_path / name)
    assert result.indices == [0, 3] and reasons(result) == [(1, LEARNED), (2, LEARNED)]
    assert np.allclose(result.frames[1].arrays["REF_forces"], FORCES)


def test_a_compressed_vasprun_is_read_as_well(tmp_path):
    text = VASPRUN.format(nelm=5) + calculation(0, CONVERGED) + calculation(1, MISSING) + "</modeling>\n"
    (tmp_path / "vasprun.xml.gz").write_bytes(gzip.compress(text.encode()))
    result = import_frames(tmp_path / "vasprun.xml.gz")
    assert result.indices == [0] and reasons(result)[0][1].startswith("unconverged")


OTHER_ORDER = {"   1   2": "   2   1", "PBE O ": "PBE Q ", "PBE H ": "PBE O ", "PBE Q ": "PBE H "}


def replaced(text, changes):
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (OTHER_ORDER, r"\(O1 H2 with 8.0000 electrons; H2 O1 with 8.0000 electrons\)"),
        ({"   1   2": "   2   4"}, r"\(O1 H2 .*; O2 H4 .*\)"),
        ({"8.0000": "9.0000"}, r"\(O1 H2 with 8.0000 electrons; O1 H2 with 9.0000 electrons\)"),
    ],
)
def test_runs_of_other_atoms_or_charges_in_one_outcar_are_refused(outcar, changes, told):
    electrons = "   NELECT =       8.0000    total number of electrons\n"
    path = outcar(electrons, outcar_step(1), replaced(outcar_head() + electrons, changes), outcar_step(2))
    with pytest.raises(InputError, match=f"OUTCAR: several runs, of other atoms or charges {told}: import the OUTCAR"):
        import_frames(path)


@pytest.mark.parametrize("left", ["", iterations(2, 60) + MISSED])
def test_a_run_that_goes_on_with_another_may_be_appended_to_it(outcar, left):
    result = import_frames(outcar(outcar_step(1), left, outcar_head(40), outcar_step(2), outcar_step(3, 40, "")))
    assert result.indices == [0, 1] and np.allclose(result.frames[1].positions, WATER + 0.002)
    assert reasons(result) == [(2, "unconverged: the electrons did not reach EDIFF (NELM = 40)")]


def test_an_outcar_without_a_step_says_so(outcar):
    with pytest.raises(InputError, match="OUTCAR: an OUTCAR that ends before its first ionic step"):
        import_frames(outcar())


def test_an_outcar_without_a_head_says_so(outcar):
    path = outcar(outcar_step(1))
    path.write_text(outcar_step(1))
    with pytest.raises(InputError, match="no 'ions per type' before the first ionic step: the head of the file is"):
        import_frames(path)


ZVAL = "   ZVAL   =   6.00{}\n"


@pytest.mark.parametrize(
    ("changes", "more", "told"),
    [
        ({"PAW_PBE H ": "PAW_PBE H.75 "}, "", "H.75 is a pseudo-hydrogen, which is no element"),
        ({"PAW_PBE H ": "PAW_PBE H1.25 "}, "", "H1.25 is a pseudo-hydrogen, which is no element"),
        ({}, ZVAL.format("  0.75"), "an atom has 0.75 electrons of valence: a pseudo-atom, which is no element"),
    ],
)
def test_atoms_of_fractional_charge_are_no_elements(outcar, changes, more, told):
    path = outcar(more, outcar_step(1))
    path.write_text(replaced(path.read_text(), changes))
    with pytest.raises(InputError, match=f"frame 0: {told}"):
        import_frames(path)


def test_whole_valences_are_those_of_elements(outcar):
    assert len(import_frames(outcar(ZVAL.format("  1.00"), outcar_step(1))).frames) == 1


TYPES = """<array name="atomtypes"><set>
<rc><c>   1</c><c>O </c><c> 15.99900000</c><c>  6.00000000</c><c>  PAW_PBE O 08Apr2002 </c></rc>
<rc><c>   2</c><c>H </c><c>  1.00000000</c><c>  {}</c><c>  PAW_PBE {} 15Jun2001 </c></rc></set></array></atominfo>"""


@pytest.mark.parametrize(
    ("valence", "title", "told"),
    [("1.00000000", "H1.25", "H1.25 is a pseudo-hydrogen"), ("0.50000000", "H", "an atom has 0.5 electrons")],
)
def test_atoms_of_fractional_charge_are_no_elements_in_a_vasprun_either(tmp_path, valence, title, told):
    head = VASPRUN.format(nelm=60).replace("</atominfo>", TYPES)
    (tmp_path / "vasprun.xml").write_text(head.format(valence, title) + calculation(0, CONVERGED) + "</modeling>\n")
    with pytest.raises(InputError, match=f"frame 0: {told}"):
        import_frames(tmp_path / "vasprun.xml")
    (tmp_path / "vasprun.xml").write_text(head.format("1.00000000", "H") + calculation(0, CONVERGED) + "</modeling>\n")
    assert len(import_frames(tmp_path / "vasprun.xml").frames) == 1


def test_names_and_comments_may_be_in_any_encoding(outcar, tmp_path):
    path = outcar("   SYSTEM =  caf\xe9\n", outcar_step(1))
    path.write_bytes(path.read_text().encode("latin-1"))
    assert len(import_frames(path).frames) == 1
    text = VASPRUN.format(nelm=5).replace("vasp </i>", "vasp caf\xe9</i>") + calculation(0, CONVERGED) + "</modeling>\n"
    for encoding in ("ISO-8859-1", "UTF-8"):  # one that says what it is not is read as well
        (tmp_path / "vasprun.xml").write_bytes(text.replace("ISO-8859-1", encoding).encode("latin-1"))
        assert len(import_frames(tmp_path / "vasprun.xml").frames) == 1


@pytest.mark.parametrize("beside", ["garbage\n", "caf\xe9\n1.0\n"])
def test_what_lies_beside_an_outcar_does_not_matter(outcar, tmp_path, beside):
    path = outcar(outcar_step(1))
    for name in ("CONTCAR", "POSCAR"):
        (tmp_path / name).write_bytes(beside.encode("latin-1"))
    assert len(import_frames(path).frames) == 1


STARS = "*" * 12


@pytest.mark.parametrize("number", ["    -0.50000", "    10.00000", "     1.96200", "-14.50000000"])
def test_a_step_with_a_number_too_large_for_its_field_is_left_out(outcar, number):
    result = import_frames(outcar(outcar_step(1), outcar_step(2).replace(number, STARS, 1), outcar_step(3)))
    assert result.indices == [0, 2]
    assert reasons(result)[0][0] == 1 and reasons(result)[0][1].startswith("the ionic step cannot be read: ")
    assert "stress" in reasons(result)[0][1] or STARS in reasons(result)[0][1]


@pytest.mark.parametrize(
    ("number", "told"), [("-0.5", "forces of atom 1"), ("0.193", "positions"), ("-14.5", "energy"), ("10 0 0", "")]
)
def test_a_step_with_a_number_too_large_is_left_out_of_a_vasprun(tmp_path, number, told):
    steps = [calculation(place, [-14.5]) for place in range(3)]
    steps[1] = steps[1].replace(number, " ".join([STARS] * len(number.split())))
    (tmp_path / "vasprun.xml").write_text(VASPRUN.format(nelm=5) + "".join(steps) + "</modeling>\n")
    result = import_frames(tmp_path / "vasprun.xml")
    assert result.indices == [0, 2] and told in reasons(result)[0][1]


def test_a_step_cut_short_in_its_energy_is_told(outcar):
    result = import_frames(outcar(outcar_step(1), outcar_step(2).partition("  free  energy")[0]))
    assert result.indices == [0] and reasons(result) == [(1, INCOMPLETE)]


def test_several_runs_in_one_vasprun_are_refused(tmp_path):
    run = VASPRUN.format(nelm=5) + calculation(0, CONVERGED) + "</modeling>\n"
    (tmp_path / "vasprun.xml").write_text(run + run)
    with pytest.raises(
        InputError, match=r"several runs, one after the other: import the vasprun.xml of each by itself"
    ):
        import_frames(tmp_path / "vasprun.xml")
