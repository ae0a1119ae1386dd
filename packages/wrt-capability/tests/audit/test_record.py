"""Records: plain, bounded, known keys first, and no arguments in them."""

from __future__ import annotations

import pytest

from wrt_capability.audit.digest import Digester
from wrt_capability.audit.record import MAX_ITEMS, MAX_TEXT, bounded, timestamp
from wrt_capability.decision import ANONYMOUS


def test_known_keys_come_first_and_in_order():
    record = bounded({"path": "/x", "tenant": "a", "event": "decision", "allowed": False, "kind": "fs"})
    assert list(record) == ["event", "tenant", "kind", "allowed", "path"]


def test_values_stay_what_they_are():
    event = {"event": "quota", "requested": 2**40, "account": None, "backtrace": ["f @ 0x1", "g"], "tenant": ANONYMOUS}
    assert bounded(event) == event


@pytest.mark.parametrize("value", [1.5, b"bytes", object(), {"a": 1}, [b"x"], [["nested"]]])
def test_what_is_not_plain_is_refused(value):
    with pytest.raises(TypeError, match="'thing'"):
        bounded({"event": "call", "thing": value})


@pytest.mark.parametrize("key", ["seq", "previous", "seal", "clipped"])
def test_keys_of_the_log_are_refused(key):
    with pytest.raises(ValueError, match=key):
        bounded({"event": "call", key: "forged"})


@pytest.mark.parametrize("event", [{}, {"event": 3}, {"tenant": "a"}])
def test_an_event_says_what_happened(event):
    with pytest.raises(ValueError, match="'event'"):
        bounded(event)


def test_there_are_not_more_keys_than_a_reader_can_bear():
    with pytest.raises(ValueError, match="64 keys"):
        bounded({"event": "call", **{f"k{n}": n for n in range(64)}})


def test_long_values_are_cut_and_the_record_says_so():
    record = bounded({"event": "trap", "object": "x" * 100_000, "backtrace": [f"f{n}" for n in range(1000)]})
    assert record["object"] == "x" * MAX_TEXT + "… (100000 characters)"
    assert record["backtrace"] == [f"f{n}" for n in range(MAX_ITEMS)]
    assert record["clipped"] is True


def test_a_record_is_bounded_as_a_whole():
    event = {"event": "trap", "backtrace": ["y" * 4000] * 100, "object": "z" * 4000, "stranger": ["w" * 4000] * 100}
    record = bounded(event)
    assert len(repr(record)) < 10_000
    assert record["clipped"] is True
    assert "stranger" not in record


def test_a_number_that_is_no_number_of_anything_is_not_spelled_out():
    assert bounded({"event": "call", "n": 1 << 100_000})["n"] == "an int of 100001 bits"


def test_time_is_utc_and_sorts():
    assert timestamp(0) == "1970-01-01T00:00:00.000000Z"
    assert timestamp(1_795_516_200_123_456_789) == "2026-11-24T10:30:00.123456Z"
    assert timestamp(999_999_999) < timestamp(1_000_000_000)


# --- digests -----------------------------------------------------------------------------------------------


def test_same_arguments_same_digest():
    digester = Digester(b"k" * 32)
    assert digester.digest((1, "a", b"b", 2.5, None)) == digester.digest([1, "a", b"b", 2.5, None])
    assert Digester.is_digest(digester.digest(()))


@pytest.mark.parametrize(
    ("one", "other"),
    [((1,), (2,)), ((1,), (1.0,)), (("1",), (1,)), (("ab", "c"), ("a", "bc")), ((b"a",), ("a",)), ((), (None,))],
)
def test_different_arguments_different_digests(one, other):
    digester = Digester()
    assert digester.digest(one) != digester.digest(other)


def test_without_the_key_a_short_secret_cannot_be_tried_out():
    secret = Digester().digest((1234,))
    stranger = Digester()
    assert secret not in {stranger.digest((pin,)) for pin in range(10_000)}


def test_the_key_is_long_enough_and_is_not_shown():
    with pytest.raises(ValueError, match="16 to 64"):
        Digester(b"short")
    assert "kkk" not in repr(Digester(b"k" * 32))


def test_an_argument_that_is_an_object_is_not_asked_anything():
    class Hostile:
        def __repr__(self):
            raise AssertionError("asked")

        __str__ = __hash__ = __repr__

    assert Digester.is_digest(Digester().digest((Hostile(),)))
