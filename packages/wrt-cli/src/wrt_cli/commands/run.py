"""`wrt run`: run a WASI command, or call one exported function."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from wrt_cli.engines import engine_for
from wrt_cli.options.directories import directories
from wrt_cli.options.engine import CACHE, ENGINE
from wrt_cli.options.families import families_of_wasi
from wrt_cli.options.module_first import ModuleFirst
from wrt_cli.options.quantities import DURATION, SIZE
from wrt_cli.options.variables import variables
from wrt_cli.output import printable
from wrt_cli.patience import Patience
from wrt_foundation.errors import did_you_mean
from wrt_foundation.plugins import PluginManager, hookimpl

if TYPE_CHECKING:
    from wrt_core import Engine, Func
    from wrt_core.execution import LimitedCalls
    from wrt_core.host_modules import GrantedDirectory, Grants, HostModule
    from wrt_core.runtime.store import Store
    from wrt_core.validation import ValidatedModule

__all__ = ["run", "wrt_register_command"]

EXAMPLES = """\b
Examples:
  wrt run program.wasm --verbose input.txt     a WASI command; all that follows is its own
  wrt run --env LANG=C program.wasm            with a variable in its environment
  wrt run --dir ./data::/data:ro program.wasm  and a directory that it can look at
  wrt run --timeout 5s --max-memory 64MiB program.wasm   within limits; --fuel 1000000 bounds what it computes
  wrt run --seed 1 program.wasm                with the same time and random numbers each time
  wrt run add.wasm --invoke add 19 23          prints 42
  wrt run add.wasm --invoke add -1 0x10        numbers may be negative, or hexadecimal
  wrt run --unknown-imports trap program.wasm  without what nobody offers, while it is not called
  wrt run - < program.wasm                     from the standard input
  wrt run --timings program.wasm               and tell where the time went
  wrt run --policy sandbox program.wasm        held to a policy: a file, or a preset
  wrt run --learn policy.toml program.wasm     with everything allowed, and a policy written for what it used
  wrt run --record run.journal program.wasm    keep what passes between it and its host, for wrt replay

\b
Behind MODULE, options of wrt end with the first word that is none of them, or with --.
Exit status: the program's own; 134 if it traps or a limit ends it; 1 for a module that can't be run; 2 wrong usage.
"""


@click.command(cls=ModuleFirst, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("module")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--invoke", metavar="NAME", help="Call this exported function with ARGUMENTS and print what it returns.")
@ENGINE
@click.option(
    "--unknown-imports",
    type=click.Choice(["error", "trap"]),
    default="error",
    show_default=True,
    help="What becomes of functions that nobody offers.",
)
@click.option(
    "--env",
    "environment",
    metavar="NAME=VALUE",
    multiple=True,
    callback=variables,
    help="Give the program a variable; NAME alone hands on the host's. Repeatable.",
)
@click.option(
    "--dir",
    "granted_directories",
    metavar="HOST[::GUEST][:ro]",
    multiple=True,
    callback=directories,
    help="Give the program a directory, which it finds at GUEST; with :ro, to look at only. Repeatable.",
)
@click.option("--stdin", metavar="FILE", type=click.File("rb"), help="What the program reads, not wrt's own input.")
@click.option("--fuel", metavar="N", type=click.IntRange(min=0), help="How much the program may compute.")
@click.option("--timeout", metavar="TIME", type=DURATION, help="How long it may take, such as 5s, 500ms or 2m.")
@click.option("--max-memory", metavar="SIZE", type=SIZE, help="How much memory it may have, such as 64MiB.")
@click.option("--seed", metavar="N", type=int, help="Simulate clocks and random numbers: the same in each run.")
@click.option(
    "--host-module",
    "host_modules",
    metavar="NAME",
    multiple=True,
    help="Link this host module, where several share a name or the program does not ask by name. Repeatable.",
)
@click.option(
    "--wasi",
    "families",
    metavar="FAMILY=PLUGIN",
    multiple=True,
    callback=families_of_wasi,
    help="Have this plugin serve a family of WASI's functions, or none; wrt plugins lists them. Repeatable.",
)
@CACHE
@click.option(
    "--record",
    metavar="JOURNAL",
    type=click.Path(dir_okay=False),
    help="Write each call of the host to this file, with what passes in it; see wrt replay.",
)
@click.option("--policy", metavar="POLICY", help="Hold the program to this policy, a file or a preset; see wrt policy.")
@click.option(
    "--learn",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Allow everything, and write the policy that allows what was used to this file.",
)
@click.option("--tenant", metavar="NAME", help="Run it for this tenant of the policy.")
@click.option(
    "--audit",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Record what it is allowed and denied in this log, or in this database if it ends in .db; see wrt audit.",
)
@click.option("--timings", is_flag=True, help="Tell how long it took to decode, validate, translate and run.")
@click.pass_context
def run(
    ctx: click.Context,
    module: str,
    arguments: tuple[str, ...],
    invoke: str | None,
    engine: str,
    unknown_imports: str,
    environment: dict[str, str],
    granted_directories: tuple[GrantedDirectory, ...],
    stdin: BinaryIO | None,
    fuel: int | None,
    timeout: float | None,
    max_memory: int | None,
    seed: int | None,
    host_modules: tuple[str, ...],
    families: dict[str, str | None],
    cache: bool,
    record: str | None,
    policy: str | None,
    learn: str | None,
    tenant: str | None,
    audit: str | None,
    timings: bool,
) -> None:
    """Run a module.

    MODULE is a file, or - for the standard input. Without --invoke it is run as a WASI command: ARGUMENTS are its
    arguments, the standard streams are its own, and its exit status becomes that of wrt. With --invoke they are the
    function's, read by its types; what is left of them is the program's. Host modules that are installed are linked
    where MODULE imports from their names.
    """
    # What is heavy is imported when it is needed: `wrt --help` imports this module too.
    from wrt_cli.values import show
    from wrt_core.execution import LimitedCalls
    from wrt_core.host_modules import Grants

    # A path, not a text: engines take a string that begins with a parenthesis for a module.
    source = sys.stdin.buffer.read() if module == "-" else Path(module)
    plugins: PluginManager = ctx.obj.plugins
    waiting = Patience(f"loading {printable(module)}")
    waiting.watch(plugins)
    if timings:
        _tell_timings(ctx, plugins)
    confined = {"policy": policy, "learn": learn, "tenant": tenant}
    chosen = engine_for(ctx, engine, cache=cache, record=record, audit=audit, confined=confined)
    with waiting:
        loaded = _loaded(chosen, source, module)
    values, rest = _values(loaded, invoke or "_start", arguments if invoke else ())
    grants = Grants(
        arguments=(Path(module).name, *(rest if invoke else arguments)),
        environment=environment,
        directories=granted_directories,
        stdin=sys.stdin.buffer if stdin is None else stdin,
        stdout=sys.stdout.buffer,
        stderr=sys.stderr.buffer,
        seed=seed,
        suspend=timeout is not None,
        families=families,
    )
    calls = LimitedCalls(fuel, timeout)
    hosts = _hosts(loaded, chosen.permitted(loaded, grants), host_modules, plugins)
    for host in hosts:
        ctx.call_on_close(host.close)
    imports = _imports(loaded, hosts, trapping=unknown_imports == "trap")
    instance = chosen.instantiate(loaded, imports, store=_store(chosen, calls, max_memory))
    for host in hosts:
        host.attach(instance)
    if invoke is None:
        calls.call(instance.exports["_start"])
        return
    if "_initialize" in instance.exports:
        calls.call(
            instance.exports["_initialize"]
        )  # a WASI reactor's, which wants to be called before its other functions
    function: Func = instance.exports[invoke]
    results = calls.call(function, *values)
    types = function.function_type.results
    for value, type_ in zip(results if len(types) > 1 else (results,), types, strict=False):
        click.echo(show(value, type_))


def _loaded(engine: Engine, source: bytes | Path, name: str) -> ValidatedModule:
    from wrt_foundation.errors import DecodeError, ValidationError

    try:
        return engine.load(source)
    except (DecodeError, ValidationError) as error:
        raise click.ClickException(f"{printable(name)} is no valid module: {error}") from error


def _store(engine: Engine, calls: LimitedCalls, memory: int | None) -> Store | None:
    if memory is None and not calls.limited:
        return None
    from wrt_core.runtime.store import Store
    from wrt_foundation.memory import Budget, process_budget

    account = getattr(engine, "account", None)  # what a policy's engine charges: of two limits the stricter holds
    above = process_budget() if account is None else account.budget()
    return Store(
        memory_provider=getattr(getattr(engine, "core", engine), "memory_provider", None),
        owner="anonymous" if memory is None else Budget("--max-memory", memory, above),
        start=calls.call if calls.limited else None,
    )


def _tell_timings(ctx: click.Context, plugins: PluginManager) -> None:
    from wrt_cli.timings import Timings

    stopwatch = Timings()
    plugins.registry("wrt.observers").register("wrt run --timings", stopwatch)
    ctx.call_on_close(stopwatch.show)


def _values(module: ValidatedModule, name: str, arguments: tuple[str, ...]) -> tuple[list[Any], tuple[str, ...]]:
    """Return the arguments for the export `name` by its types, and the rest, which a program may ask WASI for.

    What does not fit is wrong usage.
    """
    from wrt_cli.values import parse
    from wrt_foundation.types import ExternKind

    functions = {export.name: export.index for export in module.exports if export.kind is ExternKind.FUNC}
    if name not in functions:
        hint = did_you_mean(name, functions) or ("" if name != "_start" else ", so it is no command; say --invoke NAME")
        raise click.UsageError(f"the module exports no function {name!r}{hint}; it exports {_listed(functions)}")
    params = module.function_types[functions[name]].params
    asks = any(each.name in ("args_get", "args_sizes_get") for each in module.imports)
    if len(arguments) < len(params) or (len(arguments) > len(params) and not asks):
        wanted = " ".join(map(str, params)) or "none"
        raise click.UsageError(f"{name!r} takes {len(params)} arguments, not {len(arguments)}: {wanted}")
    try:
        return [parse(text, type_) for text, type_ in zip(arguments, params, strict=False)], arguments[len(params) :]
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _listed(names: Collection[str], most: int = 12) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(printable, list(names)[:most])) + more


def _hosts(
    module: ValidatedModule, grants: Grants, chosen: tuple[str, ...], plugins: PluginManager
) -> list[HostModule]:
    """Return the host modules that were chosen, and those that the module asks for by name besides."""
    from wrt_core.host_modules import create_host_module, host_modules_for

    hosts = [create_host_module(name, grants, plugins) for name in chosen]
    served = [name for host in hosts for name in host.imports()]
    return [*hosts, *host_modules_for(module, grants, manager=plugins, besides=served).values()]


def _imports(module: ValidatedModule, hosts: list[HostModule], *, trapping: bool) -> Mapping[str, Any]:
    from wrt_core.runtime.unknown_imports import trap_unknown_imports

    imports: dict[str, Any] = {}
    for host in hosts:
        imports |= host.imports()
    return trap_unknown_imports(module, imports) if trapping else imports


@hookimpl
def wrt_register_command() -> click.Command:
    """Hand over the command."""
    return run
