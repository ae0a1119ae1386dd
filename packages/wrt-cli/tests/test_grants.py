"""What a program is given: directories, an input, a seed; and nothing that was not asked for."""

from __future__ import annotations

import pytest

SUCCESS, BADF, NOSYS, ROFS = 0, 8, 52, 69


def test_no_directory_unless_asked(invoke, modules):
    assert invoke("run", modules("making")).exit_code == BADF
    assert invoke("run", modules("naming")).stdout == ""


@pytest.mark.parametrize("suffix", ["", ":rw"])
def test_a_directory_to_change(invoke, modules, tmp_path, suffix):
    given = tmp_path / "given"
    given.mkdir()
    assert invoke("run", "--dir", f"{given}::/data{suffix}", modules("making")).exit_code == SUCCESS
    assert (given / "made").is_dir()


def test_a_directory_to_look_at_only(invoke, modules, tmp_path):
    assert invoke("run", "--dir", f"{tmp_path}::/data:ro", modules("making")).exit_code == ROFS
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("option", "guest"),
    [("given::/data", "/data"), ("given::/data:ro", "/data"), ("given", "given"), ("given:ro", "given")],
)
def test_where_the_program_finds_it(invoke, modules, tmp_path, monkeypatch, option, guest):
    module = modules("naming")
    (tmp_path / "given").mkdir()
    monkeypatch.chdir(tmp_path)
    assert invoke("run", "--dir", option, module).stdout == guest


@pytest.mark.parametrize(
    "option", ["", "::", "::/data", "nowhere::/data", "nowhere", "given::", "given:::ro", ":ro", "file::/x"]
)
def test_what_is_no_directory_is_wrong_usage(invoke, modules, tmp_path, monkeypatch, option):
    module = modules("naming")
    (tmp_path / "given").mkdir()
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    result = invoke("run", "--dir", option, module)
    assert result.exit_code == 2
    assert "--dir" in result.stderr


def test_two_directories_at_one_path(invoke, modules, tmp_path):
    result = invoke("run", "--dir", f"{tmp_path}::/a", "--dir", f"{tmp_path}::/a:ro", modules("naming"))
    assert result.exit_code == 2
    assert "'/a'" in result.stderr


def test_an_input_from_a_file(invoke, modules, tmp_path):
    (tmp_path / "input").write_bytes(b"from a file\n")
    result = invoke("run", "--stdin", str(tmp_path / "input"), modules("echoing"), stdin=b"typed")
    assert result.stdout.startswith("from a file\n")
    assert "typed" not in result.stdout


def test_an_input_that_is_not_there(invoke, modules, tmp_path):
    result = invoke("run", "--stdin", str(tmp_path / "nothing"), modules("echoing"))
    assert result.exit_code == 2
    assert "--stdin" in result.stderr


def test_a_seed_is_the_same_run(invoke, modules):
    module = modules("drawing")
    runs = [invoke("run", "--seed", seed, module).stdout_bytes for seed in ("1", "1", "2")]
    assert len(runs[0]) == 16
    assert runs[0] == runs[1] != runs[2]
    assert runs[1][8:] == runs[2][8:]
    assert invoke("run", module).stdout_bytes != invoke("run", module).stdout_bytes


def test_grants_and_memory_go_with_a_recording(invoke, modules, tmp_path):
    journal, module = str(tmp_path / "journal"), modules("making")
    (tmp_path / "given").mkdir()
    options = ("--record", journal, "--dir", f"{tmp_path / 'given'}::/", "--max-memory", "1MiB")
    assert invoke("run", *options, module).exit_code == SUCCESS
    assert invoke("replay", journal, module).exit_code == 0


def test_functions_that_nobody_serves(invoke, modules):
    result = invoke("run", "--wasi", "random=none", modules("drawing"))
    assert result.exit_code == 1
    assert "'random_get': the WASI family 'random' is left out" in result.stderr


def test_functions_that_another_plugin_serves(invoke, modules):
    assert invoke("run", "--wasi", "filesystem=wasi-unsupported", modules("making")).exit_code == NOSYS
    result = invoke("run", "--wasi", "random=nobody", modules("making"))
    assert result.exit_code == 2
    assert "no WASI family is called 'nobody'" in result.stderr


@pytest.mark.parametrize("option", ["", "random", "random=", "=none"])
def test_who_serves_what_is_said_in_full(invoke, modules, option):
    result = invoke("run", "--wasi", option, modules("making"))
    assert result.exit_code == 2
    assert "FAMILY=PLUGIN" in result.stderr


def test_a_family_that_there_is_not(invoke, modules):
    result = invoke("run", "--wasi", "randon=none", modules("making"))
    assert result.exit_code == 1
    assert "did you mean 'random'" in result.stderr
