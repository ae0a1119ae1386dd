"""Five bodies that attract one another, for n steps."""

from math import sqrt


class Body:
    """A place, a velocity and a mass."""

    __slots__ = ("mass", "vx", "vy", "vz", "x", "y", "z")

    def __init__(self, i: int) -> None:
        self.x, self.y, self.z = i * 1.5, i * i * 0.5, 3.0 - i
        self.vx, self.vy, self.vz = 0.1 * i, 0.2 - 0.05 * i, 0.01 * i * i
        self.mass = 1.0 / (1 + i)


def run(n: int) -> int:
    """Return a sum of places and velocities, times a million."""
    bodies = [Body(i) for i in range(5)]
    pairs = [(a, b) for i, a in enumerate(bodies) for b in bodies[i + 1 :]]
    for _ in range(n):
        for a, b in pairs:
            dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
            square = dx * dx + dy * dy + dz * dz
            magnitude = 0.001 / (square * sqrt(square))
            a.vx -= dx * b.mass * magnitude
            a.vy -= dy * b.mass * magnitude
            a.vz -= dz * b.mass * magnitude
            b.vx += dx * a.mass * magnitude
            b.vy += dy * a.mass * magnitude
            b.vz += dz * a.mass * magnitude
        for b in bodies:
            b.x += 0.001 * b.vx
            b.y += 0.001 * b.vy
            b.z += 0.001 * b.vz
    total = 0.0
    for b in bodies:
        total += b.x + b.vy
    return int(total * 1000000)
