"""Damaged modules and texts give a typed error or load: none crashes, hangs, recurses or asks for the world.

The default is a sample for every run; `WRT_MUTATIONS=100000 pytest tests/robustness` is the whole measure.
"""

from __future__ import annotations

import faulthandler
import random
import resource
from collections.abc import Callable

import pytest

from wrt_core import EngineFactory
from wrt_core.engines.stackless.translation.function import translate
from wrt_foundation.errors import WrtError
from wrt_wast.script import parse_script
from wrt_wast.text.parser import parse_module

SECONDS = 20
"""For one source: what takes longer hangs."""
ADDRESS_SPACE = 8 << 30
"""Bytes beyond what the process has already: a source of some kilobytes must do with less."""

INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x40, 0x60, 0x5E, 0x5F, 0x63, 0x64, 0xFB, 0xFC, 0xFD, 0xFE, 0x0B)


def mutate_bytes(data: bytes, chance: random.Random) -> bytes:
    """Change one to eight places: bytes flipped, set, inserted, deleted, or a stretch copied elsewhere."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(8, len(out) + 1) if len(out) > 8 else len(out)
        match chance.randrange(6):
            case 0 if at < len(out):
                out[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(out):
                out[at] = chance.choice(INTERESTING)
            case 2:
                out[at:at] = bytes(chance.choices(INTERESTING, k=chance.randint(1, 4)))
            case 3:
                del out[at : at + chance.randint(1, 4)]
            case 4:
                out[at:at] = b"\xff\xff\xff\xff\x0f"  # the largest count that an u32 can say
            case 5:
                start = chance.randrange(len(out) + 1)
                out[at:at] = out[start : start + chance.randint(1, 40)]
    return bytes(out)


TOKENS = (
    *(b"(", b")", b'"', b";;", b"(;", b"$", b"$x", b"-", b"0x", b"1e", b"nan:0x", b"i32.add", b"block", b"end", b"if"),
    *(b"(module", b"(type", b"(func", b"(param", b"(ref null", b"(rec", b"(import", b"(then", b"else", b"(@custom"),
    *(b"99999999999999999999", b"\xff", b"\x00", b'"\\u{110000}"', b"(;;)", b"offset=", b"align=3", b"(item", b"any"),
)


def mutate_text(text: bytes, chance: random.Random) -> bytes:
    """Change one to six places: characters deleted or doubled, tokens inserted, a stretch moved."""
    out = bytearray(text)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(out) + 1)
        match chance.randrange(4):
            case 0:
                del out[at : at + chance.randint(1, 12)]
            case 1:
                out[at:at] = b" " + chance.choice(TOKENS) + b" "
            case 2:
                start = chance.randrange(len(out) + 1)
                out[at:at] = out[start : start + chance.randint(1, 60)]
            case 3 if at < len(out):
                out[at] = chance.randrange(256)
    return bytes(out)


@pytest.fixture(autouse=True)
def bounded() -> object:
    """Bound the address space: what allocates without bound fails here, instead of taking the machine along."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as statm:  # noqa: PTH123
        used = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ADDRESS_SPACE, hard))
    yield None
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def survive(count: int, sources: list[bytes], mutate: Callable[..., bytes], use: Callable[[bytes], object]) -> None:
    """Use `count` mutated sources; whatever is not a typed error is a failure that names how to repeat it."""
    refused = 0
    for number in range(count):
        chance = random.Random(number)
        source = mutate(chance.choice(sources), chance)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        try:
            use(source)
        except WrtError:
            refused += 1
        except BaseException as error:
            raise AssertionError(f"mutation {number} raised {type(error).__name__}: {error}\n{source!r}") from error
        finally:
            faulthandler.cancel_dump_traceback_later()
    # A harness that no longer damages anything, or nothing but, would test nothing.
    assert count // 20 < refused <= count


def test_binaries(mutations: int, binaries: list[bytes]) -> None:
    """What loads is translated too, function by function: what is valid must not upset the translator."""
    engine = EngineFactory.create("stackless")

    def use(source: bytes) -> None:
        module = engine.load(source)
        imported = len(module.functions) - len(module.module.codes)
        for index in range(imported, len(module.functions)):
            translate(module, index)

    survive(mutations, binaries, mutate_bytes, use)


def test_module_texts(mutations: int, scripts: list[bytes]) -> None:
    modules = [text for script in scripts for text in modules_of(script)]
    survive(mutations, modules, mutate_text, parse_module)


def test_scripts(mutations: int, scripts: list[bytes]) -> None:
    short = [script for script in scripts if len(script) < 4000]

    def use(source: bytes) -> None:
        for directive in parse_script(source).directives:
            error = getattr(directive, "error", None)
            if isinstance(error, WrtError):
                raise error

    survive(mutations, short, mutate_text, use)


def modules_of(script: bytes) -> list[bytes]:
    """The text of a script's modules, told by their parentheses' standing at the beginning of a line."""
    return [
        b"(module" + part.split(b"\n)", 1)[0] + b"\n)"
        for part in script.split(b"\n(module")[1:]
        if b"\n)" in part and len(part.split(b"\n)", 1)[0]) < 4000
    ]
