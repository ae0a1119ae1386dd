// The second unit of shapes.v5.wasm: names that are not C's, and code that is inlined from another file.
#include "shapes.h"

namespace geometry {
struct Circle {
  int radius;
  __attribute__((noinline)) int area(int divisor) const;
};

int Circle::area(int divisor) const {
  return 3 * twice(radius) / divisor;
}
} // namespace geometry

extern "C" __attribute__((export_name("circle"))) int circle(int radius, int divisor) {
  geometry::Circle circle{radius};
  return circle.area(divisor);
}
