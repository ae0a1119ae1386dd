"""Is translation linear? `python benchmarks/translation.py [SHAPE…]`

Each shape of function is loaded and translated at sizes that double. Printed are microseconds for each unit of size,
so a row that stays level is linear, one that doubles is quadratic; `worst` is the largest growth from one size to the
next. A machine that does other things meanwhile shows up as noise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from time import perf_counter

from wrt_core import EngineFactory
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.testing import ModuleBuilder

SIZES = (1_250, 2_500, 5_000, 10_000, 20_000)

SHAPES: dict[str, Callable[[int], str]] = {
    "additions": lambda n: "local.get 0 " + "i32.const 1 i32.add " * n + "drop",
    "statements": lambda n: "local.get 0 i32.const 1 i32.add local.set 0 " * n,
    "loads and stores": lambda n: "local.get 0 local.get 0 i32.load i32.store " * n,
    "pending loads": lambda n: "local.get 0 i32.load " * n + "i32.xor " * (n - 1) + "drop",
    "blocks in one another": lambda n: "block " * n + "local.get 0 br_if 0 end " * n,
    "branches out of all": lambda n: "block " * n + " ".join(f"local.get 0 br_if {k} end" for k in reversed(range(n))),
    "ifs in one another": lambda n: "local.get 0 if " * n + "end " * n,
    "loops in one another": lambda n: "loop local.get 0 br_if 0 " * n + "local.get 0 br_if 1 end " * n,
    "handlers in one another": lambda n: "block try_table catch_all 0 " * n + "throw 0 " + "end end " * n,
    "block after block": lambda n: "block local.get 0 br_if 0 local.get 0 local.set 0 end " * n,
    "if after if": lambda n: "local.get 0 if local.get 0 local.set 0 else nop end " * n,
    "loop after loop": lambda n: "loop local.get 0 br_if 0 end " * n,
    "handler after handler": lambda n: "block try_table catch_all 0 local.get 0 br_if 0 end end " * n,
    "branches out of two blocks": lambda n: "block block " + "local.get 0 br_if 0 local.get 0 br_if 1 " * n + "end end",
    "a switch": lambda n: (
        "block " * n
        + "local.get 0 br_table "
        + " ".join(map(str, range(n)))
        + "".join(f" end i32.const {k} local.set 0 br {n - k - 2}" for k in range(n - 1))
        + " end"
    ),
    "a long table": lambda n: "block block local.get 0 br_table " + "0 1 " * (n // 2) + "end end",
}


def measure(code: str) -> float:
    """Return the seconds that translating a function takes."""
    builder = ModuleBuilder()
    builder.tag(None, "->")
    builder.memory(1)
    builder.function("f", "i32 ->", code)
    module = builder.load(EngineFactory.create("stackless"))
    started = perf_counter()
    translate(module, 0)
    return perf_counter() - started


def main() -> None:
    """Print a row for each shape."""
    print(f"{'µs for each of':28}{''.join(f'{size:>9,}' for size in SIZES)}    worst")
    for name in sys.argv[1:] or SHAPES:
        each = [min(measure(SHAPES[name](size)) for _ in range(2)) / size * 1e6 for size in SIZES]
        worst = max(after / before for before, after in pairwise(each))
        print(f"{name:28}{''.join(f'{one:9.1f}' for one in each)}    ×{worst:.2f}", flush=True)


if __name__ == "__main__":
    main()
