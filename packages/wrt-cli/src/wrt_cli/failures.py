"""Failures: what each error that ends a command says, and the status that the command then exits with.

=======  ==========================================================================
status   meaning
=======  ==========================================================================
the own  a guest exited with a status of its own
1        a module that is malformed, invalid or can't be linked, or another failure
2        wrong usage
130      interrupted with Ctrl-C
134      a guest trapped, or threw an exception that nobody caught
=======  ==========================================================================
"""

from __future__ import annotations

import sys

import click

from wrt_cli import output
from wrt_foundation.errors import CapabilityDenied, Exit, LinkError, UnknownPlugin, WrtError
from wrt_foundation.traps import Trap, WasmException

__all__ = ["report"]

FAILED, USAGE, INTERRUPTED, TRAPPED = 1, 2, 130, 134


def report(error: WrtError | OSError | KeyboardInterrupt) -> int:
    """Tell the user about an error, and return the exit status."""
    match error:
        case Exit():
            return _status(error.status)
        case Trap():
            output.error("\n".join(filter(None, (str(error), error.backtrace()))), label="Trap")
            return TRAPPED
        case WasmException():
            output.error(str(error), label="Trap")
            return TRAPPED
        case KeyboardInterrupt():
            if sys.stderr.isatty():
                click.echo(err=True)  # what comes next begins behind the ^C that the terminal has shown
            return INTERRUPTED
        case UnknownPlugin():
            output.error(str(error))
            return USAGE
        case LinkError():
            output.error(str(error) + _mending(error))
            return FAILED
        case WrtError():
            output.error(str(error))
            return FAILED
    name = f"{error.filename}: " if error.filename is not None else ""
    output.error(f"{name}{error.strerror or error}")
    return FAILED


def _status(status: int) -> int:
    # A system keeps eight bits of a status: no failure may become a success by that.
    return status & 0xFF or (1 if status else 0)


def _mending(error: LinkError) -> str:
    if isinstance(error, CapabilityDenied):
        return "\nto have a policy written for what it uses: wrt run --learn policy.toml …"
    if not error.message.startswith("unknown import"):
        return ""
    if error.module == "wasi_snapshot_preview1":
        return "\nto mend it: pip install wrt-wasi"
    return "\nto run without it as long as it is not called: wrt run --unknown-imports trap …"
