"""The text of a small vasprun.xml, made here: a head, and ionic steps of a water molecule in a box."""

from __future__ import annotations

VASPRUN = """<?xml version="1.0" encoding="ISO-8859-1"?>
<modeling>
 <generator><i name="program" type="string">vasp </i></generator>
 <parameters><separator name="electronic"><separator name="electronic convergence">
  <i type="int" name="NELM">{nelm}</i><i name="EDIFF">0.00010000</i></separator></separator></parameters>
 <atominfo><atoms>3</atoms><types>2</types>
  <array name="atoms"><dimension dim="1">ion</dimension><field type="string">element</field>
   <field type="int">atomtype</field>
   <set><rc><c>O </c><c>1</c></rc><rc><c>H </c><c>2</c></rc><rc><c>H </c><c>2</c></rc></set></array>
 </atominfo>
 <kpoints><varray name="kpointlist"><v>0 0 0</v></varray><varray name="weights"><v>1</v></varray></kpoints>
 <structure name="initialpos">
  <crystal><varray name="basis"><v>10 0 0</v><v>0 10 0</v><v>0 0 10</v></varray></crystal>
  <varray name="positions"><v>0.1 0.1 0.1</v><v>0.196 0.1 0.1</v><v>0.076 0.193 0.1</v></varray>
 </structure>
"""


def scstep(energy):
    return f"""  <scstep><energy><i name="e_fr_energy">{energy}</i>
   <i name="e_wo_entrp">{energy}</i><i name="e_0_energy">{energy}</i></energy></scstep>
"""


def calculation(step, energies, stress=""):
    """Return an ionic step of three atoms with its electronic ones; stress is a further element, in kB."""
    x = 0.1 + 0.0001 * step
    steps = "".join(map(scstep, energies))
    return f""" <calculation>
{steps}  <structure>
   <crystal><varray name="basis"><v>10 0 0</v><v>0 10 0</v><v>0 0 10</v></varray></crystal>
   <varray name="positions"><v>{x} 0.1 0.1</v><v>{x + 0.096} 0.1 0.1</v><v>{x - 0.024} 0.193 0.1</v></varray>
  </structure>
  <varray name="forces"><v>0.5 0 0</v><v>-0.5 0.25 0</v><v>0 -0.25 0</v></varray>
{stress}  <energy><i name="e_fr_energy">{energies[-1]}</i><i name="e_wo_entrp">{energies[-1]}</i>
   <i name="e_0_energy">{energies[-1]}</i></energy>
 </calculation>
"""
