"""The parser on every script of the suites: well-formed text parses, malformed text fails with the expected words."""

from __future__ import annotations

import pytest

from wrt_foundation.binary import decode, encode
from wrt_foundation.errors import TextError
from wrt_foundation.features import ALL, Feature
from wrt_wast.script import parse_script
from wrt_wast.script.directives import (
    AssertInvalid,
    AssertMalformed,
    AssertTrap,
    AssertUnlinkable,
    DefineModule,
    ModuleForm,
    ModuleSource,
    Unreadable,
)


def sources(directives):
    for directive in directives:
        match directive:
            case AssertMalformed(source=source):
                yield directive, source, directive.message
            case DefineModule(source=source) | AssertInvalid(source=source) | AssertUnlinkable(source=source):
                yield directive, source, None
            case AssertTrap(action=ModuleSource() as source):
                yield directive, source, None


def faithful(module) -> bool:
    """Encoding loses nothing: the module comes back, with its names in a section of their own."""
    binary = encode(module)
    back = decode(binary)
    if back.names != module.names or encode(back) != binary:
        return False
    customs = [(custom.name, custom.data) for custom in back.customs if custom.name != "name"]
    # A section that a custom one was put behind may be absent, and then it is found behind another.
    back.customs, expected = module.customs, [(custom.name, custom.data) for custom in module.customs]
    return back == module and sorted(customs) == sorted(expected)


def check(path, features=ALL) -> int:
    script = parse_script(path.read_bytes(), str(path), features)
    checked = 0
    assert not [d.error for d in script.directives if isinstance(d, Unreadable)]
    for directive, source, message in sources(script.directives):
        if source.form is ModuleForm.BINARY:
            continue
        where = f"{path}:{directive.place}"
        checked += 1
        if message is None:
            module = source.read()
            assert faithful(module), where
        else:
            with pytest.raises(TextError) as caught:
                source.read()
            assert caught.value.message.startswith(message), where
    return checked


def test_the_official_suite(suites):
    old = ALL - {Feature.MEMORY64}
    checked = 0
    for path in sorted((suites / "official").rglob("*.wast")):
        checked += check(path, old if "threads" in path.parts else ALL)
    assert checked > 6000


@pytest.mark.parametrize("folder", ["spec-main", "proposal-repos"])
def test_newer_suites(suites, folder):
    assert sum(check(path) for path in sorted((suites / folder).rglob("*.wast"))) > 50
