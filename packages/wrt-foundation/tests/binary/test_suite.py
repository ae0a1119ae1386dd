"""The binary modules of the suites: the malformed are refused with the specification's words, the others come back."""

from __future__ import annotations

from collections import Counter
from typing import Any

from wrt_foundation.binary import check_bodies, decode, encode
from wrt_foundation.errors import DecodeError

OTHERWISE = {
    # Well-formed up to there with custom page sizes, which the script does without.
    ("official/binary.wast", "malformed limits flags"): "unexpected end of section or function",
    ("official/proposals/custom-descriptors/binary.wast", "malformed limits flags"): "unexpected end",
    # The index of an exact type is unsigned, so 0x62 is a number there and not a second prefix.
    ("official/proposals/custom-descriptors/exact.wast", "malformed storage type"): "section size mismatch",
}
"""Where the specification's own scripts expect a wording that ours is not, and which is ours."""


def _verdict(binary: bytes) -> DecodeError | None:
    try:
        check_bodies(decode(binary))
    except DecodeError as error:
        return error
    return None


def test_every_malformed_module_is_refused(suite_binaries: list[Any], suite: Any) -> None:
    malformed = [each for each in suite_binaries if each.malformed is not None]
    assert len(malformed) > 900
    accepted = [f"{each.script}:{each.line}" for each in malformed if _verdict(each.binary) is None]
    assert accepted == []


def test_the_official_suites_messages_are_ours(suite_binaries: list[Any], suite: Any) -> None:
    differing = Counter[tuple[str, str]]()
    agreeing = 0
    for each in suite_binaries:
        script = each.script.removeprefix(f"{suite}/")
        if each.malformed is None or not script.startswith("official/"):
            continue
        error = _verdict(each.binary)
        assert error is not None
        if error.message.startswith(each.malformed):
            agreeing += 1
        else:
            assert error.message.startswith(OTHERWISE[script, each.malformed]), f"{script}:{each.line}: {error}"
            differing[script, each.malformed] += 1
    assert agreeing > 900
    assert differing == dict.fromkeys(OTHERWISE, 1)


def test_errors_say_where(suite_binaries: list[Any]) -> None:
    for each in suite_binaries:
        error = _verdict(each.binary)
        if error is not None:
            assert error.offset is not None, each
            assert 0 <= error.offset <= len(each.binary), each


def test_well_formed_modules_are_read_and_come_back(suite_binaries: list[Any]) -> None:
    read = 0
    for each in suite_binaries:
        if each.malformed is not None:
            continue
        error = _verdict(each.binary)
        if error is not None:
            # A tool's suite has this one as invalid; the specification has it as malformed.
            assert error.message == "data count section required", each
            continue
        module = decode(each.binary)
        shortest = encode(module)
        assert len(shortest) <= len(each.binary)
        assert decode(shortest) == module
        assert encode(decode(shortest)) == shortest
        read += 1
    assert read > 700
