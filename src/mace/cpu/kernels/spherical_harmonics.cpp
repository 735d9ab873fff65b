#include "mace/cpu/kernels/spherical_harmonics.h"

namespace mace {

namespace {

constexpr double sqrt3 = 1.7320508075688772935;
constexpr double sqrt5 = 2.2360679774997896964;
constexpr double sqrt7 = 2.6457513110645905905;
constexpr double sqrt15 = 3.8729833462074168852;
constexpr double sqrt42_over_4 = 1.6201851746019650;
constexpr double sqrt70_over_4 = 2.0916500663351889;
constexpr double sqrt105 = 10.246950765959598;

}  // namespace

template <class T>
void spherical_harmonics(int l_max, T x, T y, T z, T* values) {
  values[0] = T(1);
  if (l_max < 1) return;
  values[1] = T(sqrt3) * x;
  values[2] = T(sqrt3) * y;
  values[3] = T(sqrt3) * z;
  if (l_max < 2) return;
  const T xx = x * x, yy = y * y, zz = z * z;
  values[4] = T(sqrt15) * x * z;
  values[5] = T(sqrt15) * x * y;
  values[6] = T(sqrt5) * (yy - T(0.5) * (xx + zz));
  values[7] = T(sqrt15) * y * z;
  values[8] = T(0.5 * sqrt15) * (zz - xx);
  if (l_max < 3) return;
  values[9] = T(sqrt70_over_4) * x * (T(3) * zz - xx);
  values[10] = T(sqrt105) * x * y * z;
  values[11] = T(sqrt42_over_4) * x * (T(4) * yy - xx - zz);
  values[12] = T(0.5 * sqrt7) * y * (T(2) * yy - T(3) * (xx + zz));
  values[13] = T(sqrt42_over_4) * z * (T(4) * yy - xx - zz);
  values[14] = T(0.5 * sqrt105) * y * (zz - xx);
  values[15] = T(sqrt70_over_4) * z * (zz - T(3) * xx);
}

template <class T>
void spherical_harmonics_gradient(int l_max, T x, T y, T z, T r, const T* weight, T* gradient) {
  // gradient of the polynomials above, then projected perpendicular to the direction and divided by the length
  T gx = 0, gy = 0, gz = 0;
  if (l_max >= 1) {
    gx += T(sqrt3) * weight[1];
    gy += T(sqrt3) * weight[2];
    gz += T(sqrt3) * weight[3];
  }
  if (l_max >= 2) {
    const T a = T(sqrt15) * weight[4], b = T(sqrt15) * weight[5], c = T(sqrt5) * weight[6];
    const T d = T(sqrt15) * weight[7], e = T(sqrt15) * weight[8];
    gx += a * z + b * y - c * x - e * x;
    gy += b * x + T(2) * c * y + d * z;
    gz += a * x - c * z + d * y + e * z;
  }
  if (l_max >= 3) {
    const T xx = x * x, yy = y * y, zz = z * z;
    const T a = T(sqrt70_over_4) * weight[9], b = T(sqrt105) * weight[10], c = T(sqrt42_over_4) * weight[11];
    const T d = T(0.5 * sqrt7) * weight[12], e = T(sqrt42_over_4) * weight[13];
    const T f = T(0.5 * sqrt105) * weight[14], g = T(sqrt70_over_4) * weight[15];
    gx += a * T(3) * (zz - xx) + b * y * z + c * (T(4) * yy - T(3) * xx - zz) - d * T(6) * x * y - e * T(2) * x * z -
          f * T(2) * x * y - g * T(6) * x * z;
    gy += b * x * z + c * T(8) * x * y + d * (T(6) * yy - T(3) * (xx + zz)) + e * T(8) * y * z + f * (zz - xx);
    gz += a * T(6) * x * z + b * x * y - c * T(2) * x * z - d * T(6) * y * z + e * (T(4) * yy - xx - T(3) * zz) +
          f * T(2) * y * z + g * T(3) * (zz - xx);
  }
  const T along = gx * x + gy * y + gz * z;
  gradient[0] = (gx - along * x) / r;
  gradient[1] = (gy - along * y) / r;
  gradient[2] = (gz - along * z) / r;
}

template void spherical_harmonics<float>(int, float, float, float, float*);
template void spherical_harmonics<double>(int, double, double, double, double*);
template void spherical_harmonics_gradient<float>(int, float, float, float, float, const float*, float*);
template void spherical_harmonics_gradient<double>(int, double, double, double, double, const double*, double*);

}  // namespace mace
