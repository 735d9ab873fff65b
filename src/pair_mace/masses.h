// Whether the mass of an atom type is that of its element: the order of types on a pair_coeff line is easily confused.
#pragma once

#include <string>

namespace decant {

// Returns what is wrong with a mass, g/mol, for an element: beyond any of its isotopes, or that of another element
// and of no isotope of its own that is found in nature (or carbon-14).
// Empty if nothing is, or if the element is not in the table. Hydrogens made heavier for longer time steps, up to four
// times their mass, pass, and so do atoms that lack what `hydrogen`, the largest mass of a hydrogen or 0, has of them.
std::string mass_problem(const std::string& symbol, double mass, double hydrogen);

}  // namespace decant
