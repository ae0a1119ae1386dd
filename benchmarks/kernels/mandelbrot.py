"""Iterations until points of a square leave the Mandelbrot set, 50 at most."""


def run(n: int) -> int:
    """Return the sum for n times n points."""
    total = 0
    for y in range(n):
        for x in range(n):
            ci, cr = 2.0 * y / n - 1.0, 3.0 * x / n - 2.0
            zr = zi = 0.0
            i = 0
            while i < 50 and zr * zr + zi * zi <= 4.0:
                zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
                i += 1
            total += i
    return total
