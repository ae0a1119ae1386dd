"""`wrt policy`: what its verbs say, to people and to programs, and with which exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from wrt_capability.commands.policy import policy
from wrt_capability.policy import Policy
from wrt_capability.policy.reading import PRESETS
from wrt_capability.policy.section import resource_limits
from wrt_core.testing import ModuleBuilder
from wrt_foundation.plugins import get_plugin_manager

POLICY = """\
extends = "sandbox"

[[rule]]
allow.import = "env.*"
deny.import = "env.secret*"

[[rule]]
tenant = "acme"
allow.import.link = "env.secret"
limits.memory = "1 MiB"
"""


@pytest.fixture
def wrt(tmp_path, monkeypatch):
    """Run `wrt policy` in an empty folder, with a policy in it."""
    monkeypatch.chdir(tmp_path)
    Path("policy.toml").write_text(POLICY)
    plugins = SimpleNamespace(plugins=get_plugin_manager())

    def run(*arguments: str, status: int = 0) -> Result:
        result = CliRunner().invoke(policy, arguments, obj=plugins, standalone_mode=True)
        assert result.exit_code == status, result.output
        return result

    return run


@pytest.fixture
def module(tmp_path) -> Path:
    builder = ModuleBuilder("shop")
    builder.import_function("env", "lo*g", "i32 ->")
    builder.import_function("wasi_snapshot_preview1", "random_get", "i32 i32 -> i32")
    builder.function("main", "->", "")
    builder.module.customs.append(resource_limits({"memory": 65536, "stack": 9}))
    path = tmp_path / "app.wasm"
    path.write_bytes(builder.bytes())
    return path


@pytest.mark.parametrize("verb", [(), ("check",), ("explain",), ("diff",), ("init",)])
def test_help_teaches_by_example(wrt, verb):
    output = wrt(*verb, "-h").output
    assert "Examples:" in output
    assert f"wrt policy {' '.join(verb)}" in output


def test_an_unknown_verb_is_refused(wrt):
    assert "No such command" in wrt("chek", status=2).output


# --- check -------------------------------------------------------------------------------------------------


def test_policies_that_make_sense(wrt):
    assert wrt("check", "policy.toml", *PRESETS).output.startswith("policy.toml: ok: 3 rules, 12 patterns, 8 limits\n")


def test_an_error_has_its_line_its_key_and_the_nearest_word(wrt):
    Path("bad.toml").write_text('[[rule]]\ntenant = "a"\nallow.imprt = "x"\n')
    result = wrt("check", "bad.toml", "policy.toml", status=1)
    bad, good = result.output.splitlines()
    assert bad.startswith("bad.toml:3: rule[0].allow.imprt: there is no kind of access")
    assert "did you mean 'import'" in bad
    assert good.startswith("policy.toml: ok")


def test_errors_for_programs(wrt):
    Path("bad.toml").write_text("\n[[rul]]\n")
    found = json.loads(wrt("check", "bad.toml", "absent.toml", "qm", "--json", status=1).output)
    assert [each["ok"] for each in found] == [False, False, True]
    assert (found[0]["file"], found[0]["line"], found[0]["key"]) == ("bad.toml", 2, "rul")
    assert "did you mean 'rule'" in found[0]["message"]
    assert found[1]["message"] == "No such file or directory"


def test_what_a_policy_says_commands_no_terminal(wrt):
    Path("bad.toml").write_text('[[rule]]\nallow."\\u001b[2J" = "x"\n')
    assert "\x1b" not in wrt("check", "bad.toml", status=1).output


# --- explain -----------------------------------------------------------------------------------------------


def test_the_rule_that_decides_and_those_it_overrides(wrt):
    lines = wrt("explain", "policy.toml", "import", "env.secret", "link", "--tenant", "acme").output.splitlines()
    assert lines == [
        "allowed: acme: link import 'env.secret'",
        "  by policy.toml:9: allow.import.link \"env.secret\" for tenant 'acme'",
        '  which overrides policy.toml:5: deny.import "env.secret*"',
        '  which overrides policy.toml:4: allow.import "env.*"',
    ]


def test_each_operation_is_answered_and_a_denial_is_the_status(wrt):
    output = wrt("explain", "policy.toml", "import", "env.secret", "--tenant", "acme", status=1).output
    assert "allowed: acme: link" in output
    assert "denied: acme: call" in output


def test_what_no_rule_is_about_is_denied(wrt):
    assert "by nothing allows it" in wrt("explain", "policy.toml", "import", "x.y", "link", status=1).output
    # A kind that the policy does not speak of is known all the same.
    assert "by nothing allows it" in wrt("explain", "asil-d", "filesystem", "/x", "read", status=1).output


def test_an_import_is_explained_with_what_it_amounts_to(wrt):
    Path("p.toml").write_text('[[rule]]\nallow.import = "*"\ndeny.random = "*"\n')
    arguments = "explain", "p.toml", "import", "wasi_snapshot_preview1.random_get", "link"
    (answer,) = json.loads(wrt(*arguments, "--json", status=1).output)
    assert answer["allowed"] is False
    assert answer["rule"] == 'p.toml:2: allow.import "*"'
    (amount,) = answer["amounts_to"]
    assert (amount["kind"], amount["object"], amount["operation"]) == ("random", "bytes", "read")
    assert amount["rule"] == 'p.toml:3: deny.random "*"'
    assert "and it amounts to\n    denied: default: read random" in wrt(*arguments, status=1).output


def test_plugins_have_their_say(wrt):
    rules = '[[rule]]\nallow.import = "*"\n[capabilities.firewall]\nrules = ["deny env.*"]\n'
    Path("p.toml").write_text(rules)
    assert "firewall: deny env.*" in wrt("explain", "p.toml", "import", "env.log", "link", status=1).output


def test_a_module_is_known_by_its_file_its_name_and_its_hash(wrt, module):
    explained = wrt("explain", "qm", "import", "a.b", "--module", str(module), "--json").output
    found = json.loads(explained)[0]
    assert found["module"] == "shop"
    assert len(found["hash"]) == 64
    Path("p.toml").write_text(f'[[rule]]\nmodule = "sha256:{found["hash"]}"\nallow.call = "*"\n')
    for text, status in ((str(module), 0), (f"sha256:{found['hash']}", 0), ("shop", 1)):
        wrt("explain", "p.toml", "call", "main", "--module", text, status=status)


def test_paths_are_resolved_before_they_are_compared(wrt, tmp_path):
    Path("p.toml").write_text(f'[[rule]]\nallow.filesystem = "{tmp_path}/data/**"\n')
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to("/etc")
    wrt("explain", "p.toml", "filesystem", f"{tmp_path}/data/x", "read")
    for path in ("data/../secret", "dataevil/x", "data/link/passwd"):
        wrt("explain", "p.toml", "filesystem", f"{tmp_path}/{path}", "read", status=1)


def test_limits_are_shown_with_the_rule_that_sets_them(wrt, module):
    output = wrt("explain", "policy.toml", "--tenant", "acme", "--module", str(module)).output
    assert 'limits.memory = "64 KiB"\n  by the module\'s section wrt.resource_limits' in output
    assert "limits.stack = 9\n" in output
    assert 'quota.memory = "256 MiB"\n  by sandbox:' in output
    limits = json.loads(wrt("explain", "policy.toml", "--tenant", "acme", "--json").output)["limits"]
    assert limits["memory"] == {"value": 1 << 20, "rule": "policy.toml:7: memory = \"1 MiB\" for tenant 'acme'"}
    assert wrt("explain", "trusted").output == "nothing is limited\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("improt", "x"), "did you mean 'import'"),
        (("import", "x", "lnk"), "did you mean 'link'"),
        (("import",), "say which import"),
        (("filesystem", "a\0b"), "is not among absolute paths"),
    ],
)
def test_questions_that_make_no_sense_are_wrong_usage(wrt, arguments, said):
    assert said in wrt("explain", "policy.toml", *arguments, status=2).output


# --- diff --------------------------------------------------------------------------------------------------


def test_what_is_newly_allowed_and_denied(wrt):
    lines = wrt("diff", "sandbox", "policy.toml", status=1).output.splitlines()
    assert [line for line in lines if line[0] in "+-"] == [
        '+ allowed: import "env.*" link, call',
        '+ allowed: import "env.secret" link for tenant "acme"',
        '- tighter: limits.memory: "64 MiB" -> "1 MiB" for tenant "acme"',
    ]
    back = wrt("diff", "policy.toml", "sandbox", status=1).output
    assert '- denied: import "env.*" link, call' in back
    assert '+ wider: limits.memory: "1 MiB" -> "64 MiB" for tenant "acme"' in back


def test_policies_that_come_to_the_same(wrt):
    Path("other.toml").write_text(POLICY.replace('"env.*"', '["env.*", "env.log"]'))
    assert wrt("diff", "policy.toml", "other.toml").output == ""


def test_differences_for_programs(wrt):
    Path("p.toml").write_text('extends = "asil-a"\ndenied-imports = "trap"\n[capabilities.statistics]\n')
    found = json.loads(wrt("diff", "asil-b", "p.toml", "--json", status=1).output)
    assert found["accesses"] == []
    assert {each["quantity"]: each["looser"] for each in found["limits"]} == dict.fromkeys(
        ("fuel", "memory", "stack"), True
    )
    assert [each["setting"] for each in found["settings"]] == ["denied-imports", "capabilities.statistics"]


# --- init --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_to_begin_with(wrt, preset):
    wrt("init", "--preset", preset, "-o", "new.toml")
    assert wrt("diff", preset, "new.toml").output == ""


def test_nothing_is_overwritten(wrt):
    assert "exists already" in wrt("init", "-o", "policy.toml", status=2).output
    assert Path("policy.toml").read_text() == POLICY


def test_a_module_is_granted_nothing_until_it_is_uncommented(wrt, module):
    wrt("init", str(module), "-o", "new.toml")
    text = Path("new.toml").read_text()
    assert '"env.lo\\\\*g",  # func' in text
    assert 'limits.memory = "64 KiB"' in text
    assert 'module = "shop"' in text
    wrt("explain", "new.toml", "call", "main", "--module", str(module))
    wrt("explain", "new.toml", "import", "env.lo*g", "--module", str(module), status=1)
    Path("new.toml").write_text(text.replace('  # "', '  "'))
    wrt("explain", "new.toml", "import", "env.lo*g", "--module", str(module))
    wrt("explain", "new.toml", "import", "env.loog", "--module", str(module), status=1)
    wrt("explain", "new.toml", "import", "wasi_snapshot_preview1.random_get", "--module", str(module))
    wrt("explain", "new.toml", "import", "env.lo*g", "--module", "shop", status=1)


def test_a_module_on_top_of_a_preset(wrt, module):
    wrt("init", str(module), "--preset", "asil-d", "-o", "new.toml")
    assert Policy.load("new.toml").rules[0].place.filename == "asil-d"


def test_the_command_is_there_for_users():
    command = [sys.executable, "-m", "wrt_cli", "policy", "explain", "sandbox", "stdio", "stdout", "write"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout.startswith("allowed: default: write stdio 'stdout'")
