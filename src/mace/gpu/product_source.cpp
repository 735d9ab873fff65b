#include "mace/gpu/product_source.h"

#include <cstddef>

namespace mace::gpu {

namespace {

using std::to_string;

std::string weight(std::size_t term) { return "w[" + to_string(term) + " * CHANNELS]"; }

std::vector<std::string> factors(const Term& term) {
  std::vector<std::string> result;
  for (const int factor : term.factor)
    if (factor >= 0) result.push_back("[" + to_string(factor) + "]");
  return result;
}

// The product of all factors but one; -1: of all. Empty if there is none.
std::string product(const std::vector<std::string>& factors, int but) {
  std::string text;
  for (int k = 0; k < static_cast<int>(factors.size()); ++k)
    if (k != but) text += (text.empty() ? "b" : " * b") + factors[static_cast<std::size_t>(k)];
  return text;
}

}  // namespace

std::string product_source(const std::vector<Term>& terms) {
  std::string forward = "DEVICE void contract(GLOBAL const real* w, const real* b, real* output) {\n";
  std::string reverse =
      "DEVICE void reverse_contract(GLOBAL const real* w, const real* b, const real* adjoint, real* by_b) {\n";
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const std::string target = "[" + to_string(terms[t].target) + "]";
    const auto all = factors(terms[t]);
    forward += "  output" + target + " += " + weight(t) + " * (" + product(all, -1) + ");\n";
    reverse += "  {\n    const real g = " + weight(t) + " * adjoint" + target + ";\n";
    for (std::size_t k = 0; k < all.size(); ++k) {
      const std::string others = product(all, static_cast<int>(k));
      reverse += "    by_b" + all[k] + " += g" + (others.empty() ? "" : " * (" + others + ")") + ";\n";
    }
    reverse += "  }\n";
  }
  return forward + "}\n" + reverse + "}\n";
}

}  // namespace mace::gpu
