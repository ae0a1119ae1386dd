"""Executions: calls as objects that are run, paused, looked at, forked, saved and resumed."""

from __future__ import annotations

from wrt_core.execution.activation import Activation, ActivationKind
from wrt_core.execution.execution import Execution, PausedFrame
from wrt_core.execution.interruption import Interruption, Reason
from wrt_core.execution.limited import LimitedCalls
from wrt_core.execution.pending import Pending
from wrt_core.execution.runner import Runner, Shape, Watch
from wrt_core.execution.state import State
from wrt_core.execution.synchronous import run_sync

__all__ = [
    "Activation",
    "ActivationKind",
    "Execution",
    "Interruption",
    "LimitedCalls",
    "PausedFrame",
    "Pending",
    "Reason",
    "Runner",
    "Shape",
    "State",
    "Watch",
    "run_sync",
]
