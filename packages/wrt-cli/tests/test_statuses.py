"""Exit statuses: no failure of a guest looks like a success, and an interrupt is one."""

from __future__ import annotations

import pytest

from wrt_cli import failures
from wrt_core import Tag
from wrt_foundation.errors import Exit, WrtError
from wrt_foundation.traps import Trap, TrapCode, WasmException
from wrt_foundation.types import FuncType


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Exit(0), 0),
        (Exit(3), 3),
        (Exit(255), 255),
        (Exit(256), 1),
        (Exit(259), 3),
        (Exit(0xFFFF_FFFF), 255),
        (Trap(TrapCode.UNREACHABLE), 134),
        (WasmException(Tag(FuncType())), 134),
        (WrtError("no"), 1),
        (OSError(13, "Permission denied", "file"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_status(error, status, capsys):
    assert failures.report(error) == status
    assert bool(capsys.readouterr().err) == (not isinstance(error, (Exit, KeyboardInterrupt)))
