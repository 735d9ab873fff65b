"""A CP2K output is a label only if its electrons converged. The text is made here, as CP2K 2023 lays it out."""

import gzip

import numpy as np
import pytest

from decant.data.import_ import import_frames
from decant.foundation.errors import InputError

HEAD = """ CP2K| version string:                                          CP2K version 2023.1
 DBCSR| Multiplication driver                                               BLAS
 CELL| Vector a [angstrom]:      10.000     0.000     0.000   |a| =    10.000000
 CELL| Vector b [angstrom]:       0.000    10.000     0.000   |b| =    10.000000
 CELL| Vector c [angstrom]:       0.000     0.000    10.000   |c| =    10.000000
  1. Atomic kind: O                                     Number of atoms:       1
  2. Atomic kind: H                                     Number of atoms:       2

 MODULE QUICKSTEP: ATOMIC COORDINATES IN ANGSTROM

   Atom Kind Element         X             Y             Z       Z(eff)     Mass

      1    1 O     8      1.000000      1.000000      1.000000     6.0000   15.9994
      2    2 H     1      1.960000      1.000000      1.000000     1.0000    1.0079
      3    2 H     1      0.760000      1.930000      1.000000     1.0000    1.0079

"""
CONVERGED = "  *** SCF run converged in    12 steps ***\n"
NOT_CONVERGED = " *** WARNING in qs_scf.F:598 :: SCF run NOT converged ***\n"
TAIL = """
 ENERGY| Total FORCE_EVAL ( QS ) energy [a.u.]:              -17.220000000000001

 ATOMIC FORCES in [a.u.]

 # Atom   Kind   Element          X              Y              Z
      1      1      O           0.01000000     0.00000000     0.00000000
      2      2      H          -0.01000000     0.00500000     0.00000000
      3      2      H           0.00000000    -0.00500000     0.00000000
 SUM OF ATOMIC FORCES           0.00000000     0.00000000     0.00000000     0.00000000
"""


@pytest.fixture
def taken(tmp_path):
    def take(*parts):
        (tmp_path / "cp2k.out").write_text("".join(parts))
        return import_frames(tmp_path / "cp2k.out")

    return take


def test_a_converged_output_is_taken_in_electronvolt(taken):
    (atoms,) = taken(HEAD, CONVERGED, TAIL).frames
    assert atoms.info["REF_energy"] == pytest.approx(-17.22 * 27.211386, rel=1e-6)
    assert np.allclose(atoms.arrays["REF_forces"][0], [0.5142207, 0, 0], rtol=1e-5)


@pytest.mark.parametrize(
    ("scf", "said"),
    [
        (NOT_CONVERGED, "SCF run NOT converged"),
        (CONVERGED + NOT_CONVERGED, "SCF run NOT converged"),
        (
            NOT_CONVERGED + "  *** WARNING :: outer SCF loop FAILED to converge after 20 iterations ***\n",
            "outer SCF loop FAILED",
        ),
    ],
)
def test_an_output_that_did_not_converge_is_refused_by_what_it_says(taken, scf, said):
    with pytest.raises(InputError, match=f"no frame can be read; frame 0: unconverged: {said}"):
        taken(HEAD, scf, TAIL)


def test_an_outer_loop_that_converges_has_the_last_word(taken):
    assert (
        len(taken(HEAD, NOT_CONVERGED, CONVERGED, "  outer SCF loop converged in   2 iterations\n", TAIL).frames) == 1
    )


def test_an_output_cut_short_and_one_of_several_geometries_are_refused(taken):
    with pytest.raises(InputError, match="incomplete: the output ends before its energy"):
        taken(HEAD, CONVERGED)
    with pytest.raises(InputError, match="a CP2K output of 2 geometries; give one of a single geometry"):
        taken(HEAD, CONVERGED, TAIL, CONVERGED, TAIL)


CELL = " CELL| Periodicity{:>72}\n"
POISSON = " POISSON| Solver        Martyna-Tuckerman (MT)\n POISSON| Periodicity{:>69}\n"


@pytest.mark.parametrize(
    ("said", "periodic"),
    [
        ("", "XYZ"),
        (CELL.format("XYZ") + POISSON.format("XYZ"), "XYZ"),
        (CELL.format("NONE") + POISSON.format("NONE"), ""),
        (POISSON.format("NONE"), ""),
        (CELL.format("XY") + POISSON.format("XYZ"), "XY"),
    ],
)
def test_a_frame_is_periodic_where_its_cell_and_its_electrons_are(taken, said, periodic):
    (atoms,) = taken(HEAD, said, CONVERGED, TAIL).frames
    assert "".join(axis for axis, there in zip("XYZ", atoms.pbc, strict=True) if there) == periodic
    assert ("density_g_cm3" in atoms.info) == (periodic == "XYZ")


def test_kinds_of_atoms_under_other_names_are_their_elements(taken):
    (atoms,) = taken(HEAD.replace("kind: O ", "kind: OW").replace("kind: H ", "kind: HW"), CONVERGED, TAIL).frames
    assert atoms.get_chemical_symbols() == ["O", "H", "H"]


STRESS = """
 STRESS| Analytical stress tensor [{}]
 STRESS|                        x                   y                   z
 STRESS|      x        {:18.11E}   1.00000000000E-03   0.00000000000E+00
 STRESS|      y        1.00000000000E-03   4.98124910370E-01   0.00000000000E+00
 STRESS|      z        0.00000000000E+00   0.00000000000E+00   4.76314052662E+00
 STRESS| 1/3 Trace                                             5.22229790621E+00
 STRESS| Determinant                                           2.46887989384E+01
"""
LATER = """
 ENERGY| Total FORCE_EVAL ( QS ) energy [hartree]            -17.220000000000001

 FORCES| Atomic forces [{}]
 FORCES|   Atom     x               y               z               |f|
 FORCES|      1  1.00000000E-02  0.00000000E+00  0.00000000E+00   1.00000000E-02
 FORCES|      2 -1.00000000E-02  5.00000000E-03  0.00000000E+00   1.11803399E-02
 FORCES|      3  0.00000000E+00 -5.00000000E-03  0.00000000E+00   5.00000000E-03
 FORCES| Sum     0.00000000E+00  0.00000000E+00  0.00000000E+00   0.00000000E+00
"""
"""As CP2K 2025 lays it out."""


@pytest.mark.parametrize(("unit", "in_bar"), [("GPa", 1e4), ("bar", 1.0), ("kbar", 1e3), ("atm", 1.01325)])
def test_the_stress_becomes_a_virial_whatever_its_unit(taken, unit, in_bar):
    (atoms,) = taken(HEAD, CONVERGED, TAIL, STRESS.format(unit, 10.405)).frames
    # 10 x 10 x 10 angstrom^3; 1 bar is 6.241509e-7 eV/angstrom^3
    expected = np.array([[10.405, 0.001, 0], [0.001, 0.49812491037, 0], [0, 0, 4.76314052662]]) * in_bar * 6.241509e-4
    assert np.allclose(atoms.info["REF_virial"], expected, rtol=1e-5)


def test_a_molecule_has_no_virial(taken):
    (atoms,) = taken(HEAD, CELL.format("NONE"), CONVERGED, TAIL, STRESS.format("GPa", 1.0)).frames
    assert "REF_virial" not in atoms.info


@pytest.mark.parametrize(("unit", "factor"), [("hartree/bohr", 51.42207), ("eV/angstrom", 1.0)])
def test_an_output_of_2025_is_taken_like_earlier_ones(taken, unit, factor):
    (atoms,) = taken(HEAD, CONVERGED, LATER.format(unit), STRESS.format("bar", 1.0)).frames
    assert atoms.info["REF_energy"] == pytest.approx(-17.22 * 27.211386, rel=1e-6)
    assert np.allclose(atoms.arrays["REF_forces"][1], [-0.01 * factor, 0.005 * factor, 0], rtol=1e-5)


def test_units_that_are_not_known_are_refused_by_name(taken):
    with pytest.raises(InputError, match=r"cp2k.out: forces in \[mN\]; expected hartree/bohr, ev/angstrom"):
        taken(HEAD, CONVERGED, LATER.format("mN"))
    with pytest.raises(InputError, match=r"cp2k.out: stress in \[Mbar\]; expected gpa, bar"):
        taken(HEAD, CONVERGED, TAIL, STRESS.format("Mbar", 1.0))


def test_an_output_is_read_compressed_and_with_names_in_any_encoding(tmp_path):
    text = HEAD.replace("Number of atoms", "Numb\xe9r of atoms") + CONVERGED + TAIL
    (tmp_path / "cp2k.out").write_bytes(text.encode("latin-1"))
    (tmp_path / "cp2k.out.gz").write_bytes(gzip.compress(text.encode("latin-1")))
    for name in ("cp2k.out", "cp2k.out.gz"):
        (atoms,) = import_frames(tmp_path / name).frames
        assert atoms.get_chemical_symbols() == ["O", "H", "H"]


@pytest.mark.parametrize(
    ("name", "charge", "told"),
    [
        ("H_ghost", "0.0000", "kind H_ghost: ghost atoms"),
        ("Ghost1", "1.0000", "kind Ghost1: ghost atoms"),
        ("H2", "0.0000", "kind H2: ghost atoms"),
        ("H", "0.7500", "kind H: pseudo-atoms with a nuclear charge of 0.75, which are no element"),
    ],
)
def test_atoms_without_the_nucleus_of_their_element_are_told(taken, name, charge, told):
    head = HEAD.replace("kind: H ", f"kind: {name} ").replace("1.0000    1.0079", f"{charge}    1.0079")
    with pytest.raises(InputError, match=f"frame 0: {told}"):
        taken(head, CONVERGED, TAIL)


def test_an_outer_loop_that_converges_needs_no_inner_one_that_does(taken):
    inner = "  Leaving inner SCF loop after reaching    20 steps.\n"
    assert len(taken(HEAD, inner, "  outer SCF loop converged in   3 iterations or   51 steps\n", TAIL).frames) == 1


def test_an_energy_without_an_scf_run_is_told(taken):
    with pytest.raises(InputError, match=r"frame 0: no SCF run is told of: the energy \(FIST\) is not of electrons"):
        taken(HEAD, TAIL.replace("( QS )", "( FIST )"))


def test_a_stress_of_cp2k_7_and_earlier_becomes_a_virial(taken):
    rows = ["  X  10.40500000  0.00100000  0.0", "  Y  0.00100000  0.49812491  0.0", "  Z  0.0  0.0  4.76314053"]
    stress = "\n STRESS TENSOR [GPa]\n\n            X               Y               Z\n" + "\n".join([*rows, "", ""])
    (atoms,) = taken(HEAD, CONVERGED, TAIL, stress).frames
    # 10 x 10 x 10 angstrom^3; 1 GPa is 1/160.21766 eV/angstrom^3
    expected = np.array([[10.405, 0.001, 0], [0.001, 0.49812491, 0], [0, 0, 4.76314053]]) / 0.16021766
    assert np.allclose(atoms.info["REF_virial"], expected, rtol=1e-5)


def test_what_an_output_lacks_is_told(taken):
    with pytest.raises(InputError, match=r"cp2k.out: no cell in the CP2K output: give one that prints its cell"):
        taken(HEAD.replace("CELL| Vector", "CELL| vector"), CONVERGED, TAIL)
    with pytest.raises(InputError, match=r"cp2k.out: no coordinates in the CP2K output"):
        taken(HEAD.replace("      1    1 O     8", "").replace(" 2 H     1", ""), CONVERGED, TAIL)
    with pytest.raises(InputError, match="no forces"):
        taken(HEAD, CONVERGED, TAIL.partition(" ATOMIC FORCES")[0])
    with pytest.raises(InputError, match=r"cp2k.out: coordinates in \[PM\]; expected angstrom, bohr"):
        taken(HEAD.replace("IN ANGSTROM", "IN PM"), CONVERGED, TAIL)
