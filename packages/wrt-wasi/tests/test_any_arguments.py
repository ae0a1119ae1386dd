"""Whatever a guest passes, and whatever its memory holds, it gets an error code: no exception of the host's."""

from __future__ import annotations

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wrt_foundation.errors import Exit
from wrt_foundation.types import I32
from wrt_wasi.preview1.errno import Errno
from wrt_wasi.preview1.signatures import SIGNATURES

PAGE = 65536
EDGES = [0, 1, 2, 3, 4, 8, 47, 48, 1024, 1025, PAGE - 4, PAGE - 1, PAGE, 1 << 16, 1 << 31, (1 << 32) - 1]
CALLABLE = sorted(set(SIGNATURES) - {"proc_exit", "proc_raise"})


class Stepping:
    """Clocks that move only while somebody sleeps."""

    time = 0

    def now(self, clock):
        return self.time

    def resolution(self, clock):
        return 1

    def sleep(self, nanoseconds):
        self.time += nanoseconds


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, list[int]]:
    name = draw(st.sampled_from(CALLABLE))
    small, large = st.sampled_from(EDGES), st.integers(-(1 << 63), (1 << 64) - 1)
    bits = {True: (1 << 32) - 1, False: (1 << 64) - 1}
    return name, [draw(small | large) & bits[each is I32] for each in SIGNATURES[name].params]


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(calls(), min_size=1, max_size=5), st.binary(max_size=200), st.sampled_from([0, 8, PAGE - 200]))
def test_every_call_answers(guest, sequence, content, address):
    g = guest(
        arguments=["a", "bc"],
        environment={"A": "1"},
        stdin=b"some input",
        stdout=io.BytesIO(),
        stderr=io.BytesIO(),
        directories={"/": {"file": "text", "dir/inner": "more"}},
        clocks=Stepping(),
        random=bytes,
    )
    g.memory.write(address, content)
    for name, arguments in sequence:
        assert isinstance(g.call(name, *arguments), Errno)
    assert g.memory.byte_length == PAGE


@pytest.mark.parametrize("signal", EDGES)
def test_any_signal_is_an_exit_or_an_answer(guest, signal):
    status = None
    try:
        answer = guest().call("proc_raise", signal)
    except Exit as exit_:
        answer, status = None, exit_.status
    assert answer in (Errno.SUCCESS, Errno.INVAL) or status == 128 + signal


@pytest.mark.parametrize("status", EDGES)
def test_any_status_is_an_exit(guest, status):
    with pytest.raises(Exit) as raised:
        guest().call("proc_exit", status)
    assert raised.value.status == status
