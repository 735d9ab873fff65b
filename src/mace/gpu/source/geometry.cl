// What every kernel knows of an edge, and functions of its length and direction. As the CPU's kernels of the same names.
typedef struct {
  double r;              // length, angstrom
  int owner, source;     // places
  int element;           // of the source
  real x, y, z;          // unit vector from the source to the owner
} Edge;

#define SQRT3 REAL(1.7320508075688772935)
#define SQRT5 REAL(2.2360679774997896964)
#define SQRT7 REAL(2.6457513110645905905)
#define SQRT15 REAL(3.8729833462074168852)
#define SQRT42_OVER_4 REAL(1.6201851746019650)
#define SQRT70_OVER_4 REAL(2.0916500663351889)
#define SQRT105 REAL(10.246950765959598)

// Real spherical harmonics up to L_MAX, [lm].
DEVICE void harmonics(real x, real y, real z, LOCAL real* value) {
  value[0] = REAL(1);
#if L_MAX >= 1
  value[1] = SQRT3 * x;
  value[2] = SQRT3 * y;
  value[3] = SQRT3 * z;
#endif
#if L_MAX >= 2
  const real xx = x * x, yy = y * y, zz = z * z;
  value[4] = SQRT15 * x * z;
  value[5] = SQRT15 * x * y;
  value[6] = SQRT5 * (yy - REAL(0.5) * (xx + zz));
  value[7] = SQRT15 * y * z;
  value[8] = REAL(0.5) * SQRT15 * (zz - xx);
#endif
#if L_MAX >= 3
  value[9] = SQRT70_OVER_4 * x * (REAL(3) * zz - xx);
  value[10] = SQRT105 * x * y * z;
  value[11] = SQRT42_OVER_4 * x * (REAL(4) * yy - xx - zz);
  value[12] = REAL(0.5) * SQRT7 * y * (REAL(2) * yy - REAL(3) * (xx + zz));
  value[13] = SQRT42_OVER_4 * z * (REAL(4) * yy - xx - zz);
  value[14] = REAL(0.5) * SQRT105 * y * (zz - xx);
  value[15] = SQRT70_OVER_4 * z * (zz - REAL(3) * xx);
#endif
}

// The gradient of sum_lm weight[lm] harmonic[lm] with respect to the edge vector: of the polynomials above, projected
// perpendicular to the direction and divided by the length.
DEVICE void harmonics_gradient(real x, real y, real z, real inverse_r, const real* weight, real* gradient) {
  real gx = 0, gy = 0, gz = 0;
#if L_MAX >= 1
  gx += SQRT3 * weight[1];
  gy += SQRT3 * weight[2];
  gz += SQRT3 * weight[3];
#endif
#if L_MAX >= 2
  {
    const real a = SQRT15 * weight[4], b = SQRT15 * weight[5], c = SQRT5 * weight[6];
    const real d = SQRT15 * weight[7], e = SQRT15 * weight[8];
    gx += a * z + b * y - c * x - e * x;
    gy += b * x + REAL(2) * c * y + d * z;
    gz += a * x - c * z + d * y + e * z;
  }
#endif
#if L_MAX >= 3
  {
    const real xx = x * x, yy = y * y, zz = z * z;
    const real a = SQRT70_OVER_4 * weight[9], b = SQRT105 * weight[10], c = SQRT42_OVER_4 * weight[11];
    const real d = REAL(0.5) * SQRT7 * weight[12], e = SQRT42_OVER_4 * weight[13];
    const real f = REAL(0.5) * SQRT105 * weight[14], g = SQRT70_OVER_4 * weight[15];
    gx += a * REAL(3) * (zz - xx) + b * y * z + c * (REAL(4) * yy - REAL(3) * xx - zz) - d * REAL(6) * x * y -
          e * REAL(2) * x * z - f * REAL(2) * x * y - g * REAL(6) * x * z;
    gy += b * x * z + c * REAL(8) * x * y + d * (REAL(6) * yy - REAL(3) * (xx + zz)) + e * REAL(8) * y * z +
          f * (zz - xx);
    gz += a * REAL(6) * x * z + b * x * y - c * REAL(2) * x * z - d * REAL(6) * y * z +
          e * (REAL(4) * yy - xx - REAL(3) * zz) + f * REAL(2) * y * z + g * REAL(3) * (zz - xx);
  }
#endif
  const real along = gx * x + gy * y + gz * z;
  gradient[0] = (gx - along * x) * inverse_r;
  gradient[1] = (gy - along * y) * inverse_r;
  gradient[2] = (gz - along * z) * inverse_r;
}

// Of quintic Hermite splines with `intervals` between R_MIN and R_MAX: the weights of the six rows (value, slope and
// curvature of the left and of the right knot) of the interval that holds r, which is returned.
DEVICE int spline_weights(double r, int intervals, double* value, double* slope) {
  const double step = (R_MAX - R_MIN) / intervals, position = (r - R_MIN) / step;
  const int interval = min(max((int)position, 0), intervals - 1);
  const double t = position - interval, t2 = t * t, t3 = t2 * t, u = 1 - t;
  value[0] = u * u * u * (1 + 3 * t + 6 * t2);
  value[1] = t * u * u * u * (1 + 3 * t);
  value[2] = 0.5 * t2 * u * u * u;
  value[3] = t3 * (10 - 15 * t + 6 * t2);
  value[4] = -t3 * u * (4 - 3 * t);
  value[5] = 0.5 * t3 * u * u;
  slope[0] = -30 * t2 * u * u / step;
  slope[1] = u * u * (1 + 2 * t - 15 * t2) / step;
  slope[2] = 0.5 * t * u * u * (2 - 5 * t) / step;
  slope[3] = 30 * t2 * u * u / step;
  slope[4] = t2 * (-12 + 28 * t - 15 * t2) / step;
  slope[5] = 0.5 * t2 * u * (3 - 5 * t) / step;
  return interval;
}
