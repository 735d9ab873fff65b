import bz2
import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest

from decant.data.extxyz import FrameError
from decant.data.stated_charge import spins_from_zero, stated, stated_by_program


def said(arrays=None, from_zero=False, **info):
    found = stated(info, arrays or {}, 3, from_zero)
    return found.charge, found.spin


@pytest.mark.parametrize(
    ("info", "charge", "spin"),
    [
        ({"charge": 1}, 1, None),
        ({"total_charge": -1.0, "multiplicity": 2}, -1, 2),
        ({"REF_charge": 2, "REF_spin": 1}, 2, 1),
        ({"Total Charge": "+1", "Mult": "1"}, 1, 1),
        ({"net_charge": np.int64(0), "uhf": 2}, 0, 3),
        ({"charge": 1, "total_charge": 1.0, "spin": 3, "unpaired_electrons": 2}, 1, 3),
        ({"key_value_pairs": {"total_charge": 1}, "data": {"spin": 2}}, 1, 2),
        ({"charge": None, "charges": [0.1, 0.2, 0.3], "charge_density": 3.0}, None, None),
        ({"charge": np.array([-0.6, 0.3, 0.3])}, None, None),
    ],
)
def test_charge_and_multiplicity_are_found_under_the_names_that_others_give_them(info, charge, spin):
    assert said(**info) == (charge, spin)


def test_formal_and_initial_charges_of_the_atoms_add_up():
    assert said({"formal_charges": np.array([0, 0, 0])}) == (0, None)
    assert said({"initial_charges": np.array([0.5, 0.25, 0.25])}) == (1, None)
    assert said({"initial_charges": np.zeros(3)}) == (None, None)
    assert said({"initial_charges": np.array([0.5, 0.2503, 0.25])}) == (1, None)
    with pytest.raises(FrameError, match=r"sum of formal_charges '0.02' is no whole number"):
        said({"formal_charges": np.array([0.02, 0, 0])})


def test_partial_charges_of_the_atoms_say_nothing_of_the_frame():
    assert said({"initial_charges": np.array([-0.78, 0.4, 0.4])}) == (None, None)
    assert said({"initial_charges": np.array([np.nan, 0.4, 0.4])}) == (None, None)
    assert said({"initial_charges": np.array([-0.78, 0.4, 0.4])}, total_charge=1) == (1, None)
    assert said({"mulliken_charges": np.array([1.0, 0, 0])}) == (None, None)


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        ({"charge": 1, "total_charge": 0}, r"statements of the charge disagree: 1 \('charge'\) and 0 \('total_ch"),
        ({"spin": 1, "uhf": 2}, r"disagree: 1 \('spin'\) and 3 \('uhf'\)"),
        ({"charge": 0.5}, "charge '0.5' is no whole number"),
        ({"charge": "1+"}, r"charge '1\+' is no whole number"),
        ({"multiplicity": 0}, r"multiplicity 0 \(key 'multiplicity'\)"),
    ],
)  # fmt: skip
def test_statements_that_disagree_or_make_no_sense_are_refused_by_name(info, reason):
    with pytest.raises(FrameError, match=reason):
        said(**info)


def test_a_spin_is_a_multiplicity_unless_the_file_counts_from_zero():
    assert said(spin=1)[1] == 1 and said(spin=2)[1] == 2
    assert said(spin=0)[1] == 1 and said(spin=0.5)[1] == 2
    assert spins_from_zero([{"spin": 1}, {"spin": 0}]) and spins_from_zero([{"data": {"spin": 0.5}}])
    for key in ("Spin", "REF_spin", "dft_spin", "Total Spin"):
        assert spins_from_zero([{key: 1}, {key: 0}]) and not spins_from_zero([{key: 1}, {key: 2}])
        with pytest.raises(FrameError, match=f"other frames have {key} 0"):
            said(from_zero=True, **{key: 1})
    assert not spins_from_zero([{"spin": 1}, {"spin": 2}, {"multiplicity": 0}])
    with pytest.raises(FrameError, match="other frames have spin 0"):
        said(spin=1, from_zero=True)
    assert said(multiplicity=3, from_zero=True)[1] == 3


OUTCAR = """\
   ions per type =               2   1
   NELECT = {:12.4f}    total number of electrons
  Ionic Valenz
   ZVAL   =   1.00  6.00
"""
VASPRUN = """\
   <i name="NELECT">{:16.8f}</i>
    <rc><c>   2</c><c>H </c><c>      1.00000000</c><c>      1.00000000</c><c> PAW_PBE H 15Jun2001  </c></rc>
    <rc><c>   1</c><c>O </c><c>     16.00000000</c><c>      6.00000000</c><c> PAW_PBE O 08Apr2002  </c></rc>
"""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (" DFT| Multiplicity                            1\n DFT| Charge                                  1\n", (1, 1)),
        ("    Charge density = 3\n", None),
        (OUTCAR.format(8.0), (0,)),
        (OUTCAR.format(9.0), (-1,)),
        (VASPRUN.format(7.0), (1,)),
    ],
)  # fmt: skip
def test_outputs_of_programs_say_the_charge_of_the_calculation(tmp_path: Path, lines, expected):
    text = f"something before\n{lines}something behind\n"
    path = tmp_path / "output"
    path.write_text(text)
    said = stated_by_program(path)
    for name, module in (("OUTCAR.gz", gzip), ("output.bz2", bz2), ("vasprun.xml.xz", lzma)):
        (tmp_path / name).write_bytes(module.compress(text.encode()))
        assert stated_by_program(tmp_path / name) == said
    assert list(said) == ["charge", "multiplicity"][: len(said)]
    assert tuple(said.values()) == (expected or ())
    assert stated_by_program(tmp_path) == {}
