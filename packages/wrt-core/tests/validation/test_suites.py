"""The validator on every module of the suites: valid ones pass, all others are refused, in the suites' own words."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wrt_core.validation import validate
from wrt_foundation.binary import decode, encode
from wrt_foundation.errors import DecodeError, TextError, ValidationError, WrtError
from wrt_foundation.features import ALL, WASM_2_0, WASM_3_0, Feature, Features

script = pytest.importorskip("wrt_wast.script", reason="the suites are text, which wrt-wast reads")
directives = pytest.importorskip("wrt_wast.script.directives")

_STANDARD = ALL - {Feature.CUSTOM_DESCRIPTORS, Feature.STACK_SWITCHING}
"""The two proposals left out relax rules that the standard's own tests check."""

NOT_OURS = {
    "shared-everything-threads": "a proposal that is not ours",
    "stack-switching-and-gc.wast": "a restriction of wasmtime's own",
}
"""What the peers' tests hold and this is not about."""


@pytest.fixture(scope="module")
def suites() -> Path:
    root = Path(__file__).parents[4]
    path = Path(os.environ.get("WRT_SUITES", root.parent / "shared" / "suites"))
    if not path.is_dir():
        pytest.skip(f"no test suites at {path}; set WRT_SUITES to the folder that holds official/, peers/ …")
    return path


def _features(path: Path, message: str) -> Features:
    parts = path.parts
    if "disabled" in path.stem:
        return WASM_3_0
    if any("custom-descriptors" in part for part in parts):
        return ALL - {Feature.STACK_SWITCHING}
    if any("stack-switching" in part for part in parts):
        return ALL - {Feature.CUSTOM_DESCRIPTORS}
    if "proposals" in parts and "threads" in parts:
        # The proposal was made when a module had one table at most.
        return (WASM_2_0 | {Feature.THREADS}) - ({Feature.REFERENCE_TYPES} if message == "multiple tables" else set())
    return _STANDARD


def _modules(path: Path) -> Iterator[tuple[Any, Any, str, type[WrtError] | None]]:
    """Yield the script's modules: directive, source, the expected message, the expected kind of error.

    Malformed text is the parser's business; malformed binaries may be found out by the validator alone.
    """
    for directive in script.parse_script(path.read_bytes(), str(path)).directives:
        match directive:
            case directives.AssertInvalid(custom=False):
                yield directive, directive.source, directive.message, ValidationError
            case directives.AssertMalformed(source=directives.ModuleSource(form=directives.ModuleForm.BINARY)):
                yield directive, directive.source, directive.message, DecodeError
            case directives.DefineModule() | directives.AssertUnlinkable():
                yield directive, directive.source, "", None
            case directives.AssertTrap(action=directives.ModuleSource() as source):
                yield directive, source, "", None


def _run(folder: Path) -> tuple[Counter[str], list[str], list[tuple[str, str]]]:
    """Validate every module: how many there are of each kind, the wrong verdicts, and the pairs of unlike messages."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    unlike: list[tuple[str, str]] = []
    for path in sorted(folder.rglob("*.wast")):
        if any(part in NOT_OURS for part in path.parts):
            continue
        for directive, source, message, expected in _modules(path):
            error: WrtError | None = None
            try:
                module = source.read()
                # What is text goes through the binary format, as it does when it is loaded.
                data = module.binary or encode(module)
                validate(decode(data), features=_features(path, message))
            except TextError:
                counts["unread"] += 1
                continue
            except WrtError as caught:
                error = caught
            counts["valid" if expected is None else expected.__name__] += 1
            if not isinstance(error, expected or type(None)):
                wrong.append(f"{path}:{directive.place}: {message!r}: {error!r}")
            elif error is not None and not error.message.startswith(message):
                unlike.append((message, error.message))
    return counts, wrong, unlike


@pytest.mark.slow
def test_official(suites: Path) -> None:
    counts, wrong, unlike = _run(suites / "official")
    assert not wrong, "\n".join(wrong)
    assert counts["valid"] > 2800
    assert counts["ValidationError"] > 3000
    assert counts["DecodeError"] > 900
    assert not counts["unread"]
    # Where our words are others, they name the instruction that the suite's leave out.
    bodies = [(theirs, ours) for theirs, ours in unlike if theirs.startswith("type mismatch: ")]
    assert all(ours.startswith("type mismatch: ") for _, ours in bodies)
    assert len(bodies) <= 9
    assert len(unlike) - len(bodies) <= 6, unlike


@pytest.mark.parametrize(("folder", "least"), [("spec-main", 10), ("proposal-repos", 200)])
def test_newer(suites: Path, folder: str, least: int) -> None:
    counts, wrong, unlike = _run(suites / folder)
    assert not wrong, "\n".join(wrong)
    assert not unlike
    assert counts.total() >= least


@pytest.mark.parametrize(("folder", "least"), [("peers", 1300), ("peers-proposals", 600)])
def test_peers(suites: Path, folder: str, least: int) -> None:
    counts, wrong, _ = _run(suites / folder)
    # One calls an absent data count section invalid, which the specification calls malformed.
    assert [line for line in wrong if "data count section required" not in line] == []
    assert counts.total() >= least
    assert counts["unread"] <= 10
