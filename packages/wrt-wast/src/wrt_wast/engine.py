"""`WastEngine`: an engine that runs scripts, on any other engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

from wrt_core import Engine, EngineFactory, EngineWrapper
from wrt_foundation.features import Feature, Features
from wrt_foundation.features import features as features_named
from wrt_wast.dialect import Dialect, dialect_for
from wrt_wast.execution.features import features_for
from wrt_wast.execution.outcome import ScriptOutcome
from wrt_wast.execution.runner import Runner
from wrt_wast.script.directives import Directive
from wrt_wast.script.parser import Script, parse_script
from wrt_wast.spectest import Print

__all__ = ["WastEngine"]


class WastEngine(EngineWrapper):
    """Runs .wast scripts on an inner engine; as an engine itself, it is the inner one.

    `engine` is the inner engine's name, with `options` for it. `features`, a set or names, bound what modules
    and scripts may use, and `dialect` what scripts may take for granted beyond the specification; by default
    the place of a script's file decides (`features_for`, `dialect_for`). With `match_messages`, errors must
    say what scripts expect them to say, and not only be of the right kind and phase.
    """

    name: ClassVar[str] = "wast"

    def __init__(
        self,
        *,
        engine: str = "stackless",
        features: Features | Iterable[str] | None = None,
        match_messages: bool = False,
        dialect: Dialect | None = None,
        **options: Any,
    ) -> None:
        self.engine_name = str(engine)
        self.match_messages = match_messages
        self._chosen = None if features is None else _as_features(features)
        self._dialect = dialect
        self._options = options
        super().__init__(EngineFactory.create(self.engine_name, **options))
        self._supported = self.inner.features
        if self._chosen is not None and not self.inner.features <= self._chosen:
            self.inner = self._restricted(self._chosen)

    def run(
        self,
        source: Script | str | bytes | os.PathLike[str],
        *,
        printed: Print = lambda *_: None,
        only: Callable[[Directive], bool] = lambda _: True,
        record: bool = False,
        timeout: float | None = None,
    ) -> ScriptOutcome:
        """Run a script, given as such, as its text in bytes, or as a path; return what came of it.

        `printed` is told what the guest prints; directives that `only` says no to are skipped; `record` keeps
        every step and not the failures alone. A directive that takes longer than `timeout` seconds is stopped, if
        this is a process's main thread. Raises `TextError` for text that is not UTF-8, and `OSError` for
        a file that can't be read. What goes wrong in the script itself is in the outcome.
        """
        started = perf_counter()
        script = source if isinstance(source, Script) else self.read(source)
        features = self._features(script.filename)
        runner = Runner(
            lambda: self._restricted(features),
            script,
            features=features,
            match_messages=self.match_messages,
            dialect=self._dialect_of(script.filename),
            printed=printed,
            only=only,
            record=record,
            timeout=timeout,
        )
        outcome = runner.run()
        outcome.seconds = perf_counter() - started
        return outcome

    def _restricted(self, features: Features) -> Engine:
        """Return a new inner engine that runs no other features."""
        usable = features & self.inner.features
        # Not to be named where nothing is to be restricted: an engine need not have that option.
        restriction: dict[str, Any] = {} if usable == self._supported else {"features": usable}
        return EngineFactory.create(self.engine_name, **self._options, **restriction)

    def read(self, source: str | bytes | os.PathLike[str]) -> Script:
        """Return a script from its text in bytes, or from a path, as `run` would read it."""
        if isinstance(source, bytes):
            return parse_script(source, None, self._features(None), self._dialect_of(None))
        path = os.fspath(source)
        return parse_script(Path(path).read_bytes(), path, self._features(path), self._dialect_of(path))

    def _dialect_of(self, path: str | None) -> Dialect:
        return self._dialect if self._dialect is not None else dialect_for(path or "")

    def _features(self, path: str | None) -> Features:
        return self._chosen if self._chosen is not None else features_for(path or "")


def _as_features(chosen: Features | Iterable[str]) -> Features:
    return features_named(each.value if isinstance(each, Feature) else each for each in chosen)
