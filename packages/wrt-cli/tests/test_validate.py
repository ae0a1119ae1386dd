"""`wrt validate`: a line a file, or records, and a status that scripts can trust."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_valid_files(invoke, modules):
    result = invoke("validate", modules("arithmetic"), modules("counting"))
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ok", "ok"]


def test_one_bad_file_fails_and_the_others_are_still_told(invoke, modules, tmp_path):
    result = invoke("validate", modules("arithmetic"), modules("invalid"), str(tmp_path / "none"), modules("counting"))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ok", "error", "error", "ok"]
    assert "type mismatch" in lines[1]
    assert "at offset 0x" in lines[1]
    assert "No such file" in lines[2]


def test_records(invoke, modules):
    result = invoke("validate", "--json", modules("vectors"), modules("invalid"))
    assert result.exit_code == 1
    good, bad = json.loads(result.stdout)
    assert good["valid"]
    assert good["features"] == ["mvp", "simd"]
    assert not bad["valid"]
    assert bad["error"]["kind"] == "ValidationError"
    assert bad["error"]["message"].startswith("type mismatch")
    assert bad["error"]["function"] == 0
    assert isinstance(bad["error"]["offset"], int)


@pytest.mark.parametrize(("features", "status"), [("mvp", 1), ("mvp,simd", 0), ("wasm-2.0", 0), ("all", 0)])
def test_features(invoke, modules, features, status):
    result = invoke("validate", "--features", features, modules("vectors"))
    assert result.exit_code == status
    assert ("simd" in result.stdout.replace(modules("vectors"), "")) == bool(status)


def test_an_unknown_feature_is_wrong_usage(invoke, modules):
    result = invoke("validate", "--features", "sind", modules("vectors"))
    assert result.exit_code == 2
    assert "did you mean 'simd'?" in result.stderr


def test_the_standard_input(invoke, modules):
    source = Path(modules("counting")).read_bytes()
    assert invoke("validate", "-", stdin=source).stdout == "ok     -\n"


def test_names_can_not_command_the_terminal(invoke, tmp_path):
    result = invoke("validate", str(tmp_path / "\x1b[2J"))
    assert "\x1b" not in result.stdout
    assert r"\x1b[2J" in result.stdout
