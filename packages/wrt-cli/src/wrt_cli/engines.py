"""The engine that runs a guest: the one that the user names, in what is to be around it: a recorder, a policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from wrt_core import Engine
    from wrt_foundation.plugins import PluginManager

__all__ = ["engine_for"]


def engine_for(
    ctx: click.Context,
    name: str,
    *,
    cache: bool,
    record: str | None = None,
    audit: str | None = None,
    confined: Mapping[str, str | None] | None = None,
) -> Engine:
    """Return an engine, which is closed with `ctx`.

    It records to the journal `record`, and holds guests to a policy, or learns one, if one of the options in `confined`
    or an `audit` log is given. Recorded is what guests and host do to one another once the policy has had its say.
    """
    from wrt_core import EngineFactory

    plugins: PluginManager = ctx.obj.plugins
    if record is None:
        # By its name, for what is around it may want several of it.
        chosen = _confining(ctx, name, audit, confined or {}) or EngineFactory.create(name, manager=plugins)
        _use_cache(getattr(chosen, "core", chosen), cache)
        return chosen
    from wrt_core.recording import RecordingEngine

    inner = EngineFactory.create(name, manager=plugins)
    _use_cache(inner, cache)
    recording = RecordingEngine(inner, record)
    chosen = _confining(ctx, recording, audit, confined or {}) or recording
    ctx.call_on_close(recording.close)  # before what is around it, which takes the guest's memory away
    return chosen


def _use_cache(engine: Engine, cache: bool) -> None:
    from wrt_core.cache import open_cache
    from wrt_core.engines.core import CoreEngine

    if isinstance(engine, CoreEngine):
        engine.cache = open_cache("default") if cache else None


def _confining(
    ctx: click.Context, inner: str | Engine, audit: str | None, options: Mapping[str, str | None]
) -> Engine | None:
    """Return the engine that holds guests of another to a policy, or learns one; None if nobody asks for that."""
    from wrt_core import EngineFactory

    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if not given and audit is None:
        return None
    if ("policy" in given) == ("learn" in given):
        raise click.UsageError("say either --policy, which is kept, or --learn, where one is written")
    plugins: PluginManager = ctx.obj.plugins
    if audit is not None:
        make = plugins.registry("wrt.audit_sinks").get("sqlite" if audit.endswith(".db") else "file")
        sink = make(path=audit)
        ctx.call_on_close(sink.close)
        given["audit"] = [sink]
    confining: Any = EngineFactory.create("capability-aware", manager=plugins, inner=inner, **given)
    ctx.call_on_close(confining.close)
    engine: Engine = confining
    return engine
