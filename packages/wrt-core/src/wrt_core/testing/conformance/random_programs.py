"""Random programs: the engine does what the reference interpreter does, to the last byte."""

from __future__ import annotations

from random import Random

from wrt_core.engine import Engine
from wrt_core.testing.differential import disagreement
from wrt_core.testing.programs import Kind, random_program
from wrt_foundation.features import Feature

__all__ = ["RandomProgramsConformance"]


class RandomProgramsConformance:
    """A few hundred programs; raise `programs` to look harder, or change `first_seed` to look elsewhere."""

    programs = 60
    """Programs of each kind."""

    first_seed = 0

    def test_random_programs(self, engine: Engine) -> None:
        self._compare(engine, Kind.MIXED)

    def test_random_programs_of_integers(self, engine: Engine) -> None:
        self._compare(engine, Kind.INTEGERS)

    def test_random_programs_of_straight_code(self, engine: Engine) -> None:
        self._compare(engine, Kind.STRAIGHT)

    def test_random_programs_of_control(self, engine: Engine) -> None:
        self._compare(engine, Kind.CONTROL)

    def _compare(self, engine: Engine, kind: Kind) -> None:
        exceptions = Feature.EXCEPTIONS in engine.features
        for seed in range(self.first_seed, self.first_seed + self.programs):
            program = random_program(Random(seed), kind, exceptions=exceptions, size=10 + seed % 5 * 15)
            complaint = disagreement(program, engine, seed)
            assert complaint is None, f"seed {seed}: {complaint}\n{program}"
