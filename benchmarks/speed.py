"""How fast is the pure-Python engine? `python benchmarks/speed.py [--peer PYTHON]… [--json FILE] [KERNEL…]`

Each kernel is a program of a few lines, in C or text, with the same algorithm in idiomatic Python beside it, in
`kernels`. All runtimes are asked in turn, round after round, the least processor time of each counts, and all results
must be the same. Each has a process of its own, and another one each round: one process may be half as fast again as
the next, as long as it lives, for all that it does. Peers in pure Python get a smaller task, for which ours is timed
too. Rounds should be many: where few are asked, the slow ones, which are long at it, look slower than they are.

--peer names a Python in which pywasm, ppci or wasmtime are installed; may be repeated:

    python3 -m venv .peers && .peers/bin/pip install pywasm==2.2.3 ppci==0.5.8 wasmtime
    python benchmarks/speed.py --peer .peers/bin/python
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from math import prod
from pathlib import Path

HERE = Path(__file__).parent

KERNELS = {
    # name: (size, size for slow peers)
    "fib": (21, 19),
    "collatz": (2_000, 300),
    "indirect": (200_000, 20_000),
    "leaves": (100_000, 10_000),
    "dispatch": (6_000, 400),
    "sieve": (200_000, 20_000),
    "quicksort": (12_000, 1_200),
    "tree": (6_000, 1_000),
    "strings": (20_000, 4_000),
    "levenshtein": (180, 50),
    "sha256": (100, 10),
    "hash64": (80_000, 8_000),
    "matmul": (56, 20),
    "mandelbrot": (60, 18),
    "nbody": (1_500, 150),
    "floats32": (60_000, 3_000),
}
"""Each takes our engine some tens of milliseconds, and the slow peers, with the smaller one, about a second.

Of numbers as `floats32` has them, ppci does not round all as it should: of more than 3,000, its result is another.
"""

SLOW = ("pywasm", "ppci")
FAST = ("python", "wasmtime", "wrt_execution", "wrt_metered")
OURS = ("wrt", "wrt_execution", "wrt_metered", "python")
LIMIT = 120
"""Seconds that a runtime has for an answer."""


class Runtime:
    """A process that runs one kernel."""

    def __init__(self, name: str, kernel: str, interpreter: str) -> None:
        command = [interpreter, str(HERE / "runtime.py"), name, str(HERE / "kernels" / f"{kernel}.wasm")]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.works = self._line() == "ready"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def time(self, n: int, repeats: int) -> tuple[float, int] | None:
        """Return the least seconds, and the result; None if it failed."""
        assert self._process.stdin is not None
        try:
            print(n, repeats, file=self._process.stdin, flush=True)
            seconds, result = self._line().split()
        except (OSError, ValueError):
            self.works = False
            return None
        return float(seconds), int(result)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def installed(peers: list[str]) -> dict[str, str]:
    """Return where each runtime is."""
    found = dict.fromkeys(OURS, sys.executable)
    for interpreter in peers:
        for name in (*SLOW, "wasmtime"):
            check = [interpreter, "-c", f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is None)"]
            if name not in found and subprocess.run(check, check=False).returncode == 0:
                found[name] = interpreter
    return found


def measure(kernel: str, where: dict[str, str], rounds: int) -> dict[str, float]:
    """Return the seconds of each runtime; those for the small task under the names in `SLOW` and "wrt small"."""
    size, small = KERNELS[kernel]
    times: dict[str, float] = {}
    results: dict[int, dict[str, int]] = {size: {}, small: {}}

    def ask(runtime: Runtime, key: str, n: int, repeats: int) -> None:
        answer = runtime.time(n, repeats) if runtime.works else None
        if answer is not None:
            times[key] = min(answer[0], times.get(key, answer[0]))
            results[n][key] = answer[1]

    for _ in range(rounds):
        for name, interpreter in where.items():
            runtime = Runtime(name, kernel, interpreter)
            try:
                ask(runtime, name, small if name in SLOW else size, 2 if name in SLOW else 3)
                if name == "wrt":
                    ask(runtime, "wrt small", small, 20)
            finally:
                runtime.close()
    for n, found in results.items():
        assert len(set(found.values())) == 1, f"{kernel} of {n}: {found}"
    return times


def ratios(times: dict[str, float]) -> dict[str, float]:
    """Return how many times longer each takes than our engine; for Python, how many times longer our engine takes."""
    found = {name: times[name] / times["wrt small"] for name in SLOW if name in times}
    found |= {name: times[name] / times["wrt"] for name in ("wrt_execution", "wrt_metered")}
    found |= {f"of {name}": times["wrt"] / times[name] for name in ("python", "wasmtime") if name in times}
    return found


TITLES = {
    "pywasm": "pywasm / wrt",
    "ppci": "ppci / wrt",
    "of python": "wrt / Python",
    "of wasmtime": "wrt / wasmtime",
    "wrt_execution": "pausable / wrt",
    "wrt_metered": "metered / wrt",
}


def row(kernel: str, milliseconds: str, found: dict[str, float]) -> str:
    """Return a line of the table, in Markdown."""
    cells = [f"{found[key]:.{0 if found[key] >= 20 else 2}f}" if key in found else "–" for key in TITLES]
    return f"| {kernel} | {milliseconds} | " + " | ".join(cells) + " |"


def main() -> None:
    """Print a table, as it grows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kernels", nargs="*", default=list(KERNELS))
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    where = installed(options.peer)
    print(f"Python {platform.python_version()}, {platform.machine()}; best of {options.rounds} rounds\n")
    print(f"| kernel | wrt, ms | {' | '.join(TITLES.values())} |")
    print("|---|" + "---:|" * (len(TITLES) + 1), flush=True)
    report: dict[str, dict[str, dict[str, float]]] = {}
    for kernel in options.kernels:
        times = measure(kernel, where, options.rounds)
        found = ratios(times)
        report[kernel] = {"seconds": times, "ratios": found}
        print(row(kernel, f"{times['wrt'] * 1e3:.1f}", found), flush=True)
    means: dict[str, float] = {}
    for key in TITLES:
        each = [one["ratios"][key] for one in report.values() if key in one["ratios"]]
        if each:
            means[key] = prod(each) ** (1 / len(each))
    print(row("**geometric mean**", "", means))
    if options.json is not None:
        options.json.write_text(json.dumps({"kernels": report, "geometric means": means}, indent=1) + "\n")


if __name__ == "__main__":
    main()
