#include "mace/gpu/interaction_source.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>

#include "mace/gpu/number.h"

namespace mace::gpu {

namespace {

using std::to_string;

// A path with the row of its message at m3 = 0 and the distance to the next m3.
struct Lane {
  const Path& path;
  int number, row, stride;

  std::string radial() const { return "radial[" + to_string(number) + "]"; }
  std::string slope() const { return "slope[" + to_string(number) + "]"; }
  std::string h(int m1) const { return "h[" + to_string(path.l1 * path.l1 + m1) + "]"; }
  std::string y(int m2) const { return "y[" + to_string(path.l2 * path.l2 + m2) + "]"; }
  std::string message(const std::string& array, int m3) const {
    return array + "[" + to_string(row + m3 * stride) + "]";
  }
};

std::vector<Lane> lanes(const std::vector<Path>& paths, int l_max) {
  const Layout rows = message_layout(paths, l_max, 1);
  std::array<std::size_t, max_l + 1> slot{};  // of the next path among those that end in l3
  std::vector<Lane> result;
  for (const Path& path : paths) {
    const std::size_t l3 = static_cast<std::size_t>(path.l3);
    result.push_back({path, static_cast<int>(result.size()), static_cast<int>(rows.begin[l3] + slot[l3]++),
                      static_cast<int>(rows.stride[l3])});
  }
  return result;
}

// The sum of those terms that have a coupling; empty if none has.
std::string sum(const Path& path, const std::function<bool(const Path::Coupling&)>& taken,
                const std::function<std::string(const Path::Coupling&)>& factor) {
  std::string text;
  for (const Path::Coupling& q : path.couplings)
    if (taken(q)) text += (text.empty() ? "" : " + ") + number(q.value) + " * " + factor(q);
  return text;
}

// sum over m2 of coupling x harmonic
std::string scale(const Lane& lane, int m1, int m3) {
  return sum(
      lane.path, [&](const Path::Coupling& q) { return q.m1 == m1 && q.m3 == m3; },
      [&](const Path::Coupling& q) { return lane.y(q.m2); });
}

void add_message(const Lane& lane, std::string& text) {
  for (int m1 = 0; m1 <= 2 * lane.path.l1; ++m1) {
    text += "  {\n    const real x = " + lane.radial() + " * " + lane.h(m1) + ";\n";
    for (int m3 = 0; m3 <= 2 * lane.path.l3; ++m3) {
      const std::string s = scale(lane, m1, m3);
      if (!s.empty()) text += "    " + lane.message("message", m3) + " += (" + s + ") * x;\n";
    }
    text += "  }\n";
  }
}

// Every sum over m1 and m3 of coupling x h x adjoint serves the harmonic and, weighted with it, the radial function.
void reverse_message(const Lane& lane, std::string& text) {
  text += "  {\n    real all = 0;\n";
  for (int m2 = 0; m2 <= 2 * lane.path.l2; ++m2) {
    const std::string t = sum(
        lane.path, [&](const Path::Coupling& q) { return q.m2 == m2; },
        [&](const Path::Coupling& q) { return "(" + lane.h(q.m1) + " * " + lane.message("adjoint", q.m3) + ")"; });
    if (t.empty()) continue;
    text += "    {\n      const real t = " + t + ";\n";
    text += "      all += " + lane.y(m2) + " * t;\n";
    if (lane.path.l2 > 0)  // the first harmonic is constant
      text += "      by_harmonic[" + to_string(lane.path.l2 * lane.path.l2 + m2) + "] += " + lane.radial() + " * t;\n";
    text += "    }\n";
  }
  text += "    *by_r += " + lane.slope() + " * all;\n  }\n";
}

void reverse_source(const Lane& lane, std::string& text) {
  for (int m1 = 0; m1 <= 2 * lane.path.l1; ++m1) {
    std::string total;
    for (int m3 = 0; m3 <= 2 * lane.path.l3; ++m3) {
      const std::string s = scale(lane, m1, m3);
      if (!s.empty()) total += (total.empty() ? "(" : " + (") + s + ") * " + lane.message("adjoint", m3);
    }
    if (total.empty()) continue;
    text += "  by_source[" + to_string(lane.path.l1 * lane.path.l1 + m1) + "] += " + lane.radial() + " * (" + total +
            ");\n";
  }
}

}  // namespace

Layout message_layout(const std::vector<Path>& paths, int l_max, int channels) {
  Layout layout;
  for (int l = 0; l <= l_max; ++l) {
    const auto ends_there = [l](const Path& path) { return path.l3 == l; };
    const auto count = static_cast<std::size_t>(std::count_if(paths.begin(), paths.end(), ends_there));
    const std::size_t of_l = static_cast<std::size_t>(l);
    layout.begin[of_l] = layout.size;
    layout.stride[of_l] = count * static_cast<std::size_t>(channels);
    layout.size += static_cast<std::size_t>(2 * l + 1) * layout.stride[of_l];
  }
  return layout;
}

std::string interaction_source(const std::vector<Path>& paths, int l_max) {
  const std::vector<Lane> all = lanes(paths, l_max);
  std::string text =
      "DEVICE void add_message(const real* radial, LOCAL const real* y, const real* h, real* message) {\n";
  for (const Lane& lane : all) add_message(lane, text);
  text +=
      "}\nDEVICE void reverse_message(const real* radial, const real* slope, LOCAL const real* y, const real* h, "
      "const real* adjoint, real* by_harmonic, real* by_r) {\n";
  for (const Lane& lane : all) reverse_message(lane, text);
  text +=
      "}\nDEVICE void reverse_source(const real* radial, LOCAL const real* y, const real* adjoint, real* by_source) "
      "{\n";
  for (const Lane& lane : all) reverse_source(lane, text);
  return text + "}\n";
}

}  // namespace mace::gpu
