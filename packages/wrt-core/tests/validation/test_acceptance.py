"""What is accepted at a glance is what the rules, one by one, accept too."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from wrt_core.testing import Kind, ModuleBuilder, random_program
from wrt_core.validation import function, validate
from wrt_core.validation.acceptance import accepts
from wrt_foundation.binary import decode
from wrt_foundation.errors import WrtError
from wrt_foundation.features import ALL
from wrt_foundation.module import Code, Module
from wrt_foundation.types import I32


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Callable[[Module], tuple[list[bool], WrtError | None]]:
    """Say of each body whether it is accepted at a glance, and what the rules alone find wrong with the module."""
    answers: list[bool] = []

    def asked(*arguments) -> bool:
        answers.append(accepts(*arguments))
        return False

    monkeypatch.setattr(function, "accepts", asked)

    def judge(module: Module) -> tuple[list[bool], WrtError | None]:
        answers.clear()
        try:
            validate(module, features=ALL)
        except WrtError as error:
            return list(answers), error
        return list(answers), None

    return judge


def programs(count: int) -> list[Module]:
    return [decode(random_program(Random(seed), kind).module) for seed in range(count) for kind in Kind]


def test_programs_are_accepted(judge):
    for module in programs(10):
        answers, error = judge(module)
        assert error is None
        assert all(answers), "a quick way that is never taken is none"


def test_nothing_is_accepted_that_is_not_valid(judge):
    random = Random(7)
    refused = 0
    for module in programs(12):
        codes = list(module.codes)
        for _ in range(60):
            victim = random.randrange(len(codes))
            damaged = bytearray(codes[victim].code)
            for _ in range(random.choice((1, 1, 2))):
                at = random.randrange(len(damaged))
                damaged[at] = random.choice((random.randrange(256), damaged[at] ^ 1, 0x0B, 0x20, 0x6A, 0x80))
            module.codes = [*codes]
            module.codes[victim] = Code(codes[victim].locals, bytes(damaged), codes[victim].offset)
            answers, error = judge(module)
            if error is not None:
                assert not answers or not answers[-1], (error, damaged.hex())
                refused += 1
    assert refused > 500


def body(judge, code: bytes) -> tuple[bool, bool]:
    """Whether a body is accepted, and whether it is valid, with an i32, an i64, 200 locals, and itself to call."""
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("g", "i32", "i32.const 0")
    builder.function("f", "i32 i64 ->", "")
    builder.module.codes = [Code(((200, I32),), code)]
    answers, error = judge(builder.module)
    return answers == [True], error is None


@pytest.mark.parametrize(
    ("code", "accepted"),
    [
        ("20 00 1a 0b", True),
        ("20 80 01 1a 0b", True),  # local 128
        ("20 80 80 01 1a 0b", False),  # local 16384 is none
        ("20 ca 01 1a 0b", False),  # local 202 neither
        ("21 00 0b", False),  # nothing to set it to
        ("42 00 21 00 0b", False),  # the wrong type
        ("41 ff ff ff ff 07 1a 0b", True),  # the largest number
        ("41 ff ff ff ff 08 1a 0b", False),  # and one that is too large
        ("41 80 80 80 80 80 00 1a 0b", False),  # six bytes are too many
        ("41 80 80 80 80 00 1a 0b", True),
        ("42 80 80 80 80 80 80 80 80 80 00 1a 0b", True),
        ("42 80 80 80 80 80 80 80 80 80 80 00 1a 0b", False),
        ("20 00 28 02 80 80 80 80 00 1a 0b", True),
        ("20 00 28 02 ff ff ff ff 0f 1a 0b", True),
        ("20 00 28 02 80 80 80 80 10 1a 0b", False),  # an offset of 2**32
        ("20 00 28 03 00 1a 0b", False),  # alignment larger than natural
        ("20 00 28 42 00 00 1a 0b", True),  # memory 0, named
        ("20 00 28 42 01 00 1a 0b", False),  # memory 1 is none
        ("20 01 28 02 00 1a 0b", False),  # an address of the wrong type
        ("20 00 20 01 36 02 00 0b", False),  # a value of the wrong type
        ("20 00 20 00 36 02 00 0b", True),
        ("20 00 20 00 36 03 00 0b", False),
        ("20 00 20 01 10 00 0b", True),
        ("20 00 20 01 10 80 80 80 80 00 0b", True),  # as linkers write it
        ("20 00 20 01 10 80 80 80 80 80 00 0b", False),
        ("20 00 20 01 10 80 80 80 80 10 0b", False),
        ("20 01 20 00 10 00 0b", False),
        ("20 01 10 00 0b", False),
        ("20 00 20 01 10 01 0b", False),
        ("02 40 0b 0b", True),
        ("02 40 0b", False),
        ("02 40 0b 0b 0b", False),
        ("02 40 20 00 0b 0b", False),  # something is left on the block
        ("20 00 0b", False),
        ("02 7f 41 00 0b 1a 0b", True),
        ("02 7f 0b 1a 0b", False),
        ("03 40 20 00 0d 00 0b 0b", True),
        ("02 40 20 00 0d 02 0b 0b", False),  # no such label
        ("02 40 20 01 0d 00 0b 0b", False),
        ("02 7f 41 00 20 00 0d 00 0b 1a 0b", True),
        ("02 7f 20 01 20 00 0d 00 1a 41 00 0b 1a 0b", False),
        ("20 00 04 7f 41 00 0b 1a 0b", False),  # an if without else that gives something
        ("00 6a 1a 0b", True),  # after unreachable, operands are of any type
        ("00 42 00 6a 1a 0b", False),  # but for those that are there
        ("00 28 02 00 1a 0b", True),
        ("00 36 02 00 0b", True),
        ("00 10 00 0b", True),
        ("00 20 01 10 00 0b", True),
        ("00 20 00 10 00 0b", False),
        ("23 00 1a 0b", True),
        ("23 01 1a 0b", False),
        ("45 0b", False),
        ("20 00 45 1a 0b", True),
        ("20 01 45 1a 0b", False),
        ("ff 0b", False),
        ("fc ff 7f 0b", False),
        ("20", False),
        ("44 00 00 00 0b", False),
    ],
)
def test_body(judge, code, accepted):
    assert body(judge, bytes.fromhex(code)) == (accepted, accepted)


def test_a_large_body_is_read_without_a_list_of_its_bytes(judge):
    code = bytes.fromhex("20 00 1a") * 400_000 + b"\x0b"
    assert body(judge, code) == (True, True)
    assert body(judge, code[:-1]) == (False, False)
