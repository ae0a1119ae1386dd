"""A filter over n samples of 32-bit floats, which an array rounds to."""

from array import array


def run(n: int) -> int:
    """Return sixteen times the power of the result."""
    rounded = array("f", (0.1, 0.5, 0.3, 0.2))
    gain, half, third, fifth = rounded
    samples = array("f", (i % 37 * 0.125 - 2.0 for i in range(n)))
    out = array("f", bytes(4 * n))
    cell = array("f", (0.0,))
    low = 0.0

    def f32(x: float) -> float:
        cell[0] = x
        return cell[0]

    for i in range(2, n):
        low = f32(low + f32(gain * f32(samples[i] - low)))
        out[i] = f32(f32(low * half) + f32(samples[i - 1] * third)) + f32(samples[i - 2] * fifth)
    total = 0.0
    for x in out:
        total = f32(total + f32(x * x))
    return int(f32(total * 16.0))
