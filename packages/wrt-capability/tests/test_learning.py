"""Learning: the policy that is written allows the run again, and each of its patterns is needed for that."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from wrt_capability.engine import CapabilityAwareEngine
from wrt_capability.learning import LearningEngine, everything
from wrt_capability.policy import Policy
from wrt_core import EngineFactory
from wrt_core.host_modules import Grants
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import CapabilityDenied
from wrt_foundation.plugins import get_plugin_manager

RANDOM = "wasi_snapshot_preview1"


def program(name: str | None = "shop") -> bytes:
    builder = ModuleBuilder(name)
    log = builder.import_function("env", "lo*g", "i32 ->")
    builder.import_function(RANDOM, "random_get", "i32 i32 -> i32")
    builder.function("main", "->", f"i32.const 5  call {log}")
    builder.function("other", "->", f"i32.const 6  call {log}")
    return builder.bytes()


def run(engine, source, *names) -> list[object]:
    """Run a program, and fail as it fails."""
    found: list[object] = []
    module = engine.load(source)
    streams = engine.permitted(module, Grants(stdout=io.BytesIO(), stderr=io.BytesIO(), environment={"LANG": "C"}))

    def log(value):
        if streams.stdout is None or "LANG" not in streams.environment:
            raise CapabilityDenied("what the program needs was taken away")
        streams.stdout.write(b"%d" % value)
        found.append(value)

    instance = engine.instantiate(module, {"env": {"lo*g": log}, RANDOM: {"random_get": lambda *_: 0}})
    for name in names:
        instance.exports[name]()
    return found


def runs(engine, source, *names) -> bool:
    try:
        run(engine, source, *names)
    except CapabilityDenied:
        return False
    return True


def learned(path: Path, source: bytes, *names: str, **options: object) -> str:
    with EngineFactory.create("capability-aware", learn=path, **options) as engine:
        run(engine, source, *names)
    return path.read_text()


@pytest.mark.parametrize("name", ["shop", None])
@pytest.mark.parametrize("names", [("main",), ("main", "other")])
def test_the_policy_allows_the_run_again_and_no_less_does(tmp_path, name, names):
    path, source = tmp_path / "policy.toml", program(name)
    text = learned(path, source, *names, tenant="acme*")
    with CapabilityAwareEngine(policy=path, tenant="acme*") as engine:
        assert run(engine, source, *names) == [5, 6][: len(names)]
    lines = text.splitlines()
    grants = [number for number, line in enumerate(lines) if re.match(r'allow\S* = "|  "', line)]
    assert len(grants) == 6 + len(names)
    for number in grants:
        less = Policy.parse("\n".join(lines[:number] + lines[number + 1 :]))
        with CapabilityAwareEngine(policy=less, tenant="acme*") as engine:
            assert not runs(engine, source, *names), f"it runs without {lines[number]}"


def test_nothing_else_is_allowed(tmp_path):
    path = tmp_path / "policy.toml"
    learned(path, program(), "main", tenant="acme")
    with CapabilityAwareEngine(policy=path, tenant="acme") as engine, pytest.raises(CapabilityDenied):
        run(engine, program(), "other")
    for tenant, source in (("other", program()), ("acme", program("twin"))):
        with CapabilityAwareEngine(policy=path, tenant=tenant) as engine, pytest.raises(CapabilityDenied):
            run(engine, source, "main")


def test_streams_count_when_they_are_used(tmp_path):
    text = learned(tmp_path / "policy.toml", program(), "main")
    assert 'allow.stdio.write = "stdout"' in text
    assert "stderr" not in text


def test_a_run_that_fails_is_learned_from_too(tmp_path):
    path = tmp_path / "policy.toml"
    builder = ModuleBuilder()
    builder.function("fail", "->", "unreachable")
    with pytest.raises(Exception, match="unreachable"):  # noqa: SIM117 - the engine is closed inside
        with LearningEngine(learn=path) as engine:
            engine.instantiate(engine.load(builder.bytes())).exports.fail()
    assert 'allow.call.call = "fail"' in path.read_text()


def test_a_policy_is_kept_or_learned(tmp_path):
    with pytest.raises(TypeError, match="not both"):
        EngineFactory.create("capability-aware", learn=tmp_path / "p.toml", policy="sandbox")


def test_everything_is_every_kind_that_is_installed():
    policy = everything(get_plugin_manager())
    kinds = {entry.kind for rule in policy.rules for entry in rule.entries}
    assert {"import", "call", "module", "delegate", "filesystem", "environment", "stdio", "clocks", "random"} <= kinds


def test_without_learning_it_keeps_a_policy():
    engine = EngineFactory.create("capability-aware", policy="asil-d")
    assert type(engine) is CapabilityAwareEngine
    engine.close()


def test_quotas_are_suggested_from_what_was_held_and_hold_once_uncommented(tmp_path):
    builder = ModuleBuilder("grower")
    builder.memory(1)
    builder.table(5)
    builder.function("main", "->", "i32.const 2 memory.grow drop")
    builder.function("more", "-> i32", "i32.const 60 memory.grow")
    path = tmp_path / "policy.toml"
    with EngineFactory.create("capability-aware", learn=path) as engine:
        exports = engine.instantiate(engine.load(builder.bytes())).exports
        exports.main()
        engine.instantiate(engine.load(builder.bytes()))
    text = path.read_text()
    assert "quota" not in re.sub(r"(?m)^#.*$", "", text)  # nothing is bounded unless somebody says so
    lines = [line for line in text.splitlines() if line.startswith("# quota") or line == "# [[rule]]"]
    policy = Policy.parse(text + "\n".join(line.removeprefix("# ") for line in lines))
    quota = {name: limit.value for name, limit in policy.quota("anybody").items()}
    assert quota == {"memory": 8 * 65536, "table": 32, "instances": 4}
