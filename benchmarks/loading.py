"""How fast are modules decoded and validated? `python benchmarks/loading.py [--scale N] [MODULE.wasm…]`

Without modules, those of real programs that tests fetched into ~/.cache/realwasm are taken, or one is made. For each:
megabytes of the module a second for decoding, megabytes of code and millions of instructions a second for validating,
and how many times as long it would take to check each body by the rules alone, without the quick way (`acceptance`).
--scale repeats each module's functions so many times, to see what a big one takes.

The least of five rounds counts, in seconds of this process: a machine that does other things meanwhile changes little.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from time import process_time
from unittest.mock import patch

from cold_start import generate

from wrt_core import validate
from wrt_core.validation import function
from wrt_foundation.binary import decode, encode, read_instructions
from wrt_foundation.features import ALL
from wrt_foundation.module import Module

FETCHED = Path.home() / ".cache" / "realwasm" / "wasm"
NAMES = ("es-module-lexer", "argon2-simd", "micropython", "sqljs", "graphviz", "oxc-transform")


def least(work: Callable[[], object], rounds: int = 5) -> float:
    """Return the seconds that `work` takes."""
    times = []
    for _ in range(rounds):
        started = process_time()
        work()
        times.append(process_time() - started)
    return min(times)


def scaled(module: Module, times: int) -> Module:
    """Return a module with each function so many times, all but the first never called."""
    return decode(encode(dataclasses.replace(module, functions=module.functions * times, codes=module.codes * times)))


def by_rules(module: Module) -> None:
    """Validate without the quick way."""
    with patch.object(function, "accepts", lambda *_: False):
        validate(module, features=ALL)


def measure(name: str, binary: bytes, scale: int) -> None:
    """Print a row for one module."""
    module = decode(binary)
    if scale > 1:
        module = scaled(module, scale)
        binary = module.binary
    code = sum(len(each.code) for each in module.codes)
    instructions = sum(1 for each in module.codes for _ in read_instructions(each.code))
    decoding = least(lambda: decode(binary))
    validating = least(lambda: validate(module, features=ALL))
    slowly = least(lambda: by_rules(module), 1)
    print(
        f"{name[:24]:24}{len(binary) / 1e6:8.2f}{len(module.codes):11,}{decoding * 1e3:9.1f}"
        f"{len(binary) / decoding / 1e6:8.1f}{validating * 1e3:10.1f}{code / validating / 1e6:8.2f}"
        f"{instructions / validating / 1e6:8.2f}{slowly / validating:11.2f}×",
        flush=True,
    )


def main() -> None:
    """Print a row for each module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("modules", nargs="*", type=Path)
    parser.add_argument("--scale", type=int, default=1)
    options = parser.parse_args()
    chosen = options.modules or [path for name in NAMES if (path := FETCHED / f"{name}.wasm").is_file()]
    print(f"{'':24}{'':8}{'':11}{'decode':>9}{'':8}{'validate':>10}{'':8}{'':8}{'by rules':>12}")
    print(f"{'':24}{'MB':>8}{'functions':>11}{'ms':>9}{'MB/s':>8}{'ms':>10}{'MB/s':>8}{'Mi/s':>8}{'takes':>12}")
    for path in chosen:
        measure(path.stem, path.read_bytes(), options.scale)
    if not chosen:
        measure("made", generate(3_000), options.scale)


if __name__ == "__main__":
    main()
