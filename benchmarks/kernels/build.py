"""Builds the kernels' modules: `python benchmarks/kernels/build.py [NAME…]`

What is in C takes clang and lld (Debian: `apt-get install clang lld`), what is in text takes wrt-wast. The modules are
committed, so this is only for who changes a kernel.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from wrt_foundation.binary import encode
from wrt_wast.text import parse_module

HERE = Path(__file__).parent

CLANG = [
    *("clang", "--target=wasm32", "-mcpu=mvp", "-O2", "-ffreestanding", "-fno-builtin", "-nostdlib"),
    *("-Wl,--no-entry", "-Wl,--export=run", "-Wl,--strip-debug"),
]
"""MVP, since that is what all peers run."""


def build(source: Path) -> None:
    """Write the module of one source beside it."""
    target = source.with_suffix(".wasm")
    if source.suffix == ".c":
        subprocess.run([*CLANG, "-o", str(target), str(source)], check=True)
    else:
        target.write_bytes(encode(parse_module(source.read_text())))
    print(f"{target.name:20}{target.stat().st_size:>8,} bytes")


if __name__ == "__main__":
    for path in sorted([*HERE.glob("*.c"), *HERE.glob("*.wat")]):
        if not sys.argv[1:] or path.stem in sys.argv[1:]:
            build(path)
