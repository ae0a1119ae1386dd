"""The sink "logging": Python's logging, for who has its records collected already."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from wrt_capability.audit.sinks.sink import AuditSink

__all__ = ["LoggingSink"]


class LoggingSink(AuditSink):
    """Hands records to a logger: what was denied or trapped as warnings, the rest as information.

    The message is one line of `key=value`; the record itself is the attribute `audit` of the `LogRecord`, for
    formatters that write JSON. Python's handlers tell of their own failures on stderr and nobody else, so this sink
    can't fail closed: where no record may be lost, have another one beside it. It refuses a logger that drops records.
    """

    name = "logging"

    def __init__(self, logger: logging.Logger | str = "wrt.audit") -> None:
        self.logger = logging.getLogger(logger) if isinstance(logger, str) else logger

    def write(self, record: Mapping[str, Any]) -> None:
        """Log a record. Raises `RuntimeError` if the logger is switched off, or has no handler to go to."""
        bad = record.get("allowed") is False or record.get("event") in ("trap", "quota")
        level = logging.WARNING if bad else logging.INFO
        if not (self.logger.isEnabledFor(level) and self.logger.hasHandlers()):
            raise RuntimeError(f"the logger {self.logger.name!r} drops records of level {logging.getLevelName(level)}")
        self.logger.log(level, "%s", _line(record), extra={"audit": dict(record)})


def _line(record: Mapping[str, Any]) -> str:
    words = [str(record.get("event", ""))]
    words += [f"{key}={_shown(value)}" for key, value in record.items() if key not in ("event", "time")]
    return " ".join(words)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    # Quoted where a reader, or a terminal, could take it for something else.
    plain = text.isprintable() and not any(character in text for character in ' "=')
    return text if plain and text else ascii(text)
