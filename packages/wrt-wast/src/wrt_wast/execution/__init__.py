"""Running scripts: each directive does what it says, or is a failure with its reason."""

from __future__ import annotations

from wrt_wast.execution.outcome import Cause, Failure, ScriptOutcome
from wrt_wast.execution.runner import Runner

__all__ = ["Cause", "Failure", "Runner", "ScriptOutcome"]
