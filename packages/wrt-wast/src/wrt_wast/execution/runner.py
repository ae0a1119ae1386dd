"""`Runner`: what a script has set up so far, and how each directive is carried out."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from wrt_core.engine import Engine
from wrt_core.runtime.instance import Instance
from wrt_core.validation import ValidatedModule
from wrt_foundation.binary import check_bodies, encode
from wrt_foundation.errors import DecodeError, UnsupportedFeature, WrtError, did_you_mean
from wrt_foundation.features import ALL, MVP, Features
from wrt_foundation.traps import Trap
from wrt_wast.dialect import Dialect
from wrt_wast.execution.actions import perform
from wrt_wast.execution.custom_sections import validate_custom_sections
from wrt_wast.execution.deadline import TimedOut, deadline
from wrt_wast.execution.failures import Kind, ScriptError, described, kind_of
from wrt_wast.execution.matching import matches, shown_result, shown_value
from wrt_wast.execution.messages import message_matches, trap_matches
from wrt_wast.execution.outcome import Cause, Failure, ScriptOutcome, Step, Timing
from wrt_wast.script.directives import (
    Action,
    AssertException,
    AssertExhaustion,
    AssertInvalid,
    AssertMalformed,
    AssertReturn,
    AssertSuspension,
    AssertTrap,
    AssertUnlinkable,
    DefineModule,
    Directive,
    Get,
    Invoke,
    ModuleForm,
    ModuleSource,
    NewInstance,
    Perform,
    Register,
    Thread,
    Unreadable,
    Wait,
    keyword_of,
)
from wrt_wast.script.parser import Script
from wrt_wast.spectest import Print, spectest

__all__ = ["Runner"]


class _Failed(Exception):
    """A directive did not do what it should."""

    def __init__(self, cause: Cause, expected: str, actual: str) -> None:
        super().__init__(actual)
        self.cause = cause
        self.expected = expected
        self.actual = actual


class Runner:
    """Runs the directives of one script, one after another, on an engine.

    `make_engine` gives an engine for each thread of the script. `features` are those that the script may
    use: what needs another is invalid to it. With `match_messages`, errors must also say what the script
    expects. `printed` is told what the guest prints through `spectest`. A directive may take `timeout` seconds
    (see `deadline`). One runner serves one thread.
    """

    def __init__(
        self,
        make_engine: Callable[[], Engine],
        script: Script,
        *,
        features: Features = ALL,
        match_messages: bool = False,
        dialect: Dialect = Dialect.STANDARD,
        printed: Print = lambda *_: None,
        only: Callable[[Directive], bool] = lambda _: True,
        record: bool = False,
        timeout: float | None = None,
    ) -> None:
        self.make_engine = make_engine
        self.engine = make_engine()
        self.script = script
        self.features = features
        self.match_messages = match_messages
        self.dialect = dialect
        self.printed = printed
        self.only = only
        self.record = record
        self.timeout = timeout
        self.outcome = ScriptOutcome(script.filename or "<script>")
        self._imports: dict[str, Any] = {"spectest": spectest(printed)}
        if dialect is Dialect.WASMTIME:
            self._imports["wasmtime"] = {"gc": gc.collect}
        self._instances: dict[str, Instance] = {}
        self._current: Instance | None = None
        self._definitions: dict[str, ValidatedModule] = {}
        self._latest: ValidatedModule | None = None
        self._threads: dict[str, tuple[threading.Thread, Runner]] = {}

    def run(self, directives: Iterable[Directive] | None = None) -> ScriptOutcome:
        """Run all directives, by default the script's, and return what came of them."""
        started = perf_counter()
        for directive in self.script.directives if directives is None else directives:
            self._step(directive)
        for name in list(self._threads):
            self._join(name)
        self.outcome.seconds = perf_counter() - started
        return self.outcome

    def _step(self, directive: Directive) -> None:
        keyword = keyword_of(directive)
        if not self.only(directive):
            self.outcome.skipped(keyword)
            return
        failure: Failure | None = None
        started = perf_counter()
        try:
            with deadline(self.timeout):
                self._run(directive)
        except TimedOut:
            actual = f"it took longer than {self.timeout:g} seconds"
            failure = self._failure(directive, keyword, Cause.TIMEOUT, _expectation(directive), actual)
        except _Failed as failed:
            failure = self._failure(directive, keyword, failed.cause, failed.expected, failed.actual)
        except Exception as error:  # noqa: BLE001 - whatever an engine breaks with is this directive's failure alone
            kind = kind_of(error)
            cause = {
                Kind.CRASH: Cause.CRASH,
                Kind.SCRIPT: Cause.SCRIPT,
                Kind.UNSUPPORTED: Cause.UNSUPPORTED,
            }.get(kind, Cause.UNEXPECTED_FAILURE)
            failure = self._failure(directive, keyword, cause, _expectation(directive), described(error))
        seconds = perf_counter() - started
        if failure is None:
            self.outcome.passed(keyword)
        else:
            self.outcome.failed(failure)
        self.outcome.timed(Timing(seconds, directive.place, keyword))
        if self.record:
            self.outcome.steps.append(Step(directive.place, keyword, seconds, failure))

    def _failure(self, directive: Directive, keyword: str, cause: Cause, expected: str, actual: str) -> Failure:
        place = directive.place
        return Failure(place, keyword, expected, actual, cause, self.script.line(place.line).strip())

    def _run(self, directive: Directive) -> None:
        match directive:
            case AssertReturn():
                self._assert_return(directive)
            case DefineModule():
                self._define(directive)
            case NewInstance():
                self._instantiate(directive.name, self._definition(directive.definition))
            case Register():
                self._imports[directive.name] = self._instance(directive.module).exports
            case Perform():
                self._perform(directive.action)
            case AssertTrap(action=ModuleSource() as source):
                module = self._load(source)
                error = self._failing(Kind.TRAP, directive.message, lambda: self._new_instance(module))
                self._check_trap(error, directive.message)
            case AssertTrap(action=(Invoke() | Get()) as action):
                error = self._failing(Kind.TRAP, directive.message, lambda: self._perform(action))
                self._check_trap(error, directive.message)
            case AssertExhaustion():
                error = self._failing(Kind.EXHAUSTION, directive.message, lambda: self._perform(directive.action))
                self._check_trap(error, directive.message)
            case AssertException():
                self._failing(Kind.EXCEPTION, "", lambda: self._perform(directive.action))
            case AssertSuspension():
                error = self._failing(Kind.SUSPENSION, directive.message, lambda: self._perform(directive.action))
                self._check_message(error, directive.message)
            case AssertMalformed():
                kind = Kind.MALFORMED_CUSTOM if directive.custom else Kind.MALFORMED
                error = self._failing(kind, directive.message, lambda: _read_whole(directive.source))
                self._check_message(error, directive.message)
            case AssertInvalid():
                self._assert_invalid(directive)
            case AssertUnlinkable():
                module = self._load(directive.source)
                error = self._failing(Kind.UNLINKABLE, directive.message, lambda: self._new_instance(module))
                self._check_message(error, directive.message)
            case Thread():
                self._start(directive)
            case Wait():
                self._join(directive.name)
            case Unreadable():
                raise _Failed(Cause.SCRIPT, "a directive", described(directive.error))

    # Modules and instances

    def _load(self, source: ModuleSource) -> ValidatedModule:
        """Return the module that a script writes down, by way of its binary form: there is one way in."""
        binary = source.data if source.form is ModuleForm.BINARY else encode(source.read())
        try:
            module = self.engine.load(binary)
        except UnsupportedFeature as error:
            self.outcome.features.add(error.feature)
            raise
        self.outcome.features |= {feature.value for feature in module.features_used - MVP}
        return module

    def _define(self, directive: DefineModule) -> None:
        name = directive.source.name
        # What comes next is about this module: if it fails, that must not be about the one before.
        self._latest = None
        if name is not None:
            self._definitions.pop(name, None)
        if not directive.definition:
            self._forget(name)
        module = self._latest = self._load(directive.source)
        if name is not None:
            self._definitions[name] = module
        if not directive.definition:
            self._instantiate(name, module)

    def _definition(self, name: str | None) -> ValidatedModule:
        if name is None:
            if self._latest is None:
                raise ScriptError("no module has been defined")
            return self._latest
        if name not in self._definitions:
            raise ScriptError(f"unknown module definition {name}{did_you_mean(name, self._definitions)}")
        return self._definitions[name]

    def _forget(self, name: str | None) -> None:
        self._current = None
        if name is not None:
            self._instances.pop(name, None)

    def _instantiate(self, name: str | None, module: ValidatedModule) -> None:
        self._forget(name)
        instance = self._current = self._new_instance(module)
        if name is not None:
            self._instances[name] = instance
            if self.dialect is Dialect.WASMTIME:
                self._imports[name[1:]] = instance.exports

    def _new_instance(self, module: ValidatedModule) -> Instance:
        return self.engine.instantiate(module, self._imports)

    def _instance(self, name: str | None) -> Instance:
        if name is None:
            if self._current is None:
                raise ScriptError("there is no instance to act on")
            return self._current
        if name not in self._instances:
            raise ScriptError(f"unknown module {name}{did_you_mean(name, self._instances)}")
        return self._instances[name]

    def _perform(self, action: Action) -> list[tuple[Any, Any]]:
        return perform(action, self._instance(action.module))

    # Assertions

    def _assert_return(self, directive: AssertReturn) -> None:
        results = self._perform(directive.action)
        expected = directive.results
        if len(results) == len(expected):
            for wanted, (type_, value) in zip(expected, results, strict=True):
                if not matches(wanted, type_, value):
                    break
            else:
                return
        actual = " ".join(shown_value(type_, value) for type_, value in results) or "nothing"
        raise _Failed(Cause.WRONG_RESULT, _expectation(directive), actual)

    def _assert_invalid(self, directive: AssertInvalid) -> None:
        source = directive.source
        if directive.custom:
            error = self._failing(Kind.INVALID, directive.message, lambda: validate_custom_sections(source.read()))
        else:
            error = self._failing(Kind.INVALID, directive.message, lambda: self._load(source))
        self._check_message(error, directive.message)

    def _failing(self, wanted: Kind, message: str, run: Callable[[], Any]) -> WrtError:
        """Run what must fail in the wanted way, and return how it did."""
        expected = f"{wanted.value}: {message}" if message else wanted.value
        try:
            result = run()
        except Exception as error:  # noqa: BLE001 - an engine that breaks has not failed as it should
            kind = kind_of(error)
            if kind is Kind.UNSUPPORTED and isinstance(error, UnsupportedFeature):
                # Not to have a feature at all is to refuse it; to lack one that the script is about is not.
                unknown = error.feature not in {feature.value for feature in self.features}
                kind = Kind.INVALID if unknown else kind
            if kind is wanted and isinstance(error, WrtError):
                return error
            if isinstance(error, Trap) and (
                (kind is Kind.SUSPENSION and wanted is Kind.TRAP)
                or (wanted is Kind.UNLINKABLE and self.dialect is Dialect.WASMTIME)
            ):
                return error
            if isinstance(error, DecodeError) and wanted is Kind.INVALID and self.dialect is Dialect.WASMTIME:
                return error
            cause = {
                Kind.CRASH: Cause.CRASH,
                Kind.SCRIPT: Cause.SCRIPT,
                Kind.UNSUPPORTED: Cause.UNSUPPORTED,
            }.get(kind, Cause.WRONG_FAILURE)
            raise _Failed(cause, expected, described(error)) from None
        raise _Failed(Cause.SUCCEEDED, expected, _success(result))

    def _check_trap(self, error: WrtError, expected: str) -> None:
        if isinstance(error, Trap) and not trap_matches(error, expected):
            raise _Failed(Cause.WRONG_FAILURE, f"trap: {expected}", described(error))
        self._check_message(error, expected)

    def _check_message(self, error: WrtError, expected: str) -> None:
        if self.match_messages and not message_matches(error, expected):
            raise _Failed(Cause.WRONG_MESSAGE, expected, described(error))

    # Threads

    def _start(self, directive: Thread) -> None:
        if directive.name in self._threads:
            raise ScriptError(f"there is already a thread {directive.name}")
        runner = Runner(
            self.make_engine,
            self.script,
            features=self.features,
            match_messages=self.match_messages,
            dialect=self.dialect,
            printed=self.printed,
            only=self.only,
            record=self.record,
            timeout=self.timeout,
        )
        for name in directive.shared:
            runner._instances[name] = self._instance(name)
        thread = threading.Thread(
            target=runner.run, args=(directive.directives,), name=f"script {directive.name}", daemon=True
        )
        self._threads[directive.name] = thread, runner
        thread.start()

    def _join(self, name: str) -> None:
        if name not in self._threads:
            raise ScriptError(f"unknown thread {name}{did_you_mean(name, self._threads)}")
        thread, runner = self._threads.pop(name)
        thread.join()
        self.outcome.merge(runner.outcome)


def _read_whole(source: ModuleSource) -> None:
    """Read a module to its last instruction, as far as that is possible without validating it."""
    module = source.read()
    if source.form is ModuleForm.BINARY:
        check_bodies(module)


def _success(result: Any) -> str:
    if isinstance(result, list):
        return "it returned " + (" ".join(shown_value(type_, value) for type_, value in result) or "nothing")
    return "it succeeded"


def _expectation(directive: Directive) -> str:
    if isinstance(directive, AssertReturn):
        return " ".join(map(shown_result, directive.results)) or "nothing"
    return "success"
