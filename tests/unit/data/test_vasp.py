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
