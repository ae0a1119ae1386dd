"""A stranger's distribution, built and installed as users do, where there is nothing of ours but foundation and core.

What it has for the capability layer is tried in a second environment, which has that too.

`examples/plugins` is no member of the workspace. Its wheel and ours are built here and installed by pip without an
index; what they need of others is copied from the environment that runs this test, so nothing is downloaded.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "plugins"
OURS = ["wrt-foundation", "wrt-core"]
# What ours depend on, and what the conformance kits are run with.
OUTSIDE = ["importlib-metadata", "pluggy", "pytest"]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the example installed; Python runs there in isolated mode, in an empty folder."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))

    def run(self, *arguments: str, warnings: str = "error") -> subprocess.CompletedProcess[str]:
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        command = [self.python, "-I", "-W", warnings, *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd=empty)

    def evaluate(self, expression: str, imports: str) -> object:
        outcome = self.run("-c", f"import json\n{imports}\nprint(json.dumps({expression}))")
        assert outcome.returncode == 0, outcome.stderr
        return json.loads(outcome.stdout)


def required(names: list[str]) -> Iterator[importlib.metadata.Distribution]:
    """Yield the installed distributions of these names and all that they require here."""
    wanted, seen = list(names), set()
    while wanted:
        distribution = importlib.metadata.distribution(wanted.pop())
        if distribution.name in seen:
            continue
        seen.add(distribution.name)
        yield distribution
        for requirement in distribution.requires or ():
            name = re.match(r"[A-Za-z0-9._-]+", requirement)
            if name is not None and "extra" not in requirement and is_installed(name[0]):
                wanted.append(name[0])


def is_installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def lend(distribution: importlib.metadata.Distribution, site_packages: Path) -> None:
    """Copy a distribution's files, but for its scripts."""
    for file in distribution.files or ():
        if ".." not in file.parts and file.suffix != ".pyc":
            target = site_packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), target)


def build(distribution: Path, wheels: Path) -> Path:
    """Build a wheel, without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    before = set(wheels.iterdir())
    outcome = subprocess.run(command, check=False, capture_output=True, text=True, cwd=distribution)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    (wheel,) = set(wheels.iterdir()) - before
    return wheel


def make(tmp_path_factory: pytest.TempPathFactory, ours: list[str], outside: list[str]) -> Environment:
    """Make an environment with some of our distributions, what they depend on, and the example."""
    missing = [name for name in ["hatchling", *outside] if not is_installed(name)]
    if missing:
        pytest.skip(f"THE EXAMPLE IS NOT TESTED: this environment lacks {', '.join(missing)}")
    wheels = tmp_path_factory.mktemp("wheels")
    built = [str(build(each, wheels)) for each in [*(ROOT / "packages" / name for name in ours), EXAMPLE]]
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    made = Environment(folder)
    site_packages = sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)})
    for distribution in required(outside):
        lend(distribution, Path(site_packages))
    # pip's own warnings are not ours to mend.
    outcome = made.run("-m", "pip", "install", "--quiet", "--no-index", *built, warnings="default")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return made


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The environment, made once."""
    return make(tmp_path_factory, OURS, OUTSIDE)


@pytest.fixture(scope="session")
def with_capability(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """One that has the capability layer besides, as the example's extra asks for, and what its commands need."""
    return make(tmp_path_factory, [*OURS, "wrt-capability"], [*OUTSIDE, "click", "structlog"])


def test_nothing_else_of_ours_is_there(environment):
    imports = "import importlib.metadata as metadata"
    names = environment.evaluate("sorted(d.name for d in metadata.distributions())", imports)
    assert [name for name in names if name.startswith("wrt-")] == sorted([*OURS, "wrt-example-plugins"])


def test_the_example_is_a_stranger():
    assert importlib.util.find_spec("wrt_example_plugins") is None, "it got into the workspace's environment"


def test_its_plugins_are_listed_with_their_origin_and_not_imported(environment):
    listed = environment.evaluate(
        "[[entry.kind, entry.name, entry.version, entry.state.value] for entry in list_plugins()"
        " if entry.distribution == 'wrt-example-plugins'] + ['wrt_example_plugins' in sys.modules]",
        "import sys\nfrom wrt_foundation.plugins import list_plugins",
    )
    assert listed == [
        ["wrt.engines", "counting", "1.0", "available"],
        ["wrt.memory_providers", "scrubbing", "1.0", "available"],
        ["wrt.capabilities", "keyvalue", "1.0", "available"],
        ["wrt.host_modules", "emscripten", "1.0", "available"],
        ["wrt.host_modules", "micropython_wasm", "1.0", "available"],
        ["wrt.observers", "loading-times", "1.0", "available"],
        False,
    ]


BROKEN = "[[entry.name, entry.reason] for entry in list_plugins(load=True) if entry.state is not State.LOADED]"


def test_all_of_them_load(with_capability):
    assert with_capability.evaluate(BROKEN, "from wrt_foundation.plugins import State, list_plugins") == []


def test_what_needs_another_layer_says_how_to_get_it_and_the_others_load(environment):
    ((name, reason),) = environment.evaluate(BROKEN, "from wrt_foundation.plugins import State, list_plugins")
    assert name == "keyvalue"
    assert 'pip install "wrt-example-plugins[capability]"' in reason


def test_an_unknown_name_is_answered_with_its_own(environment):
    outcome = environment.run("-c", "from wrt_core import EngineFactory\nEngineFactory.create('countign')")
    assert "did you mean 'counting'?); known: counting, stackless" in outcome.stderr


@pytest.mark.parametrize("fixture", ["environment", "with_capability"])
def test_the_shipped_kits_pass_where_it_is_installed(fixture, request, tmp_path):
    # A copy, so that this repository's pytest settings stay out of it.
    tests = shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    outcome = request.getfixturevalue(fixture).run(
        "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", "-W", "error", str(tests)
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    passed = re.search(r"(\d+) passed", outcome.stdout)
    assert passed is not None
    assert int(passed[1]) > 100, "the kits were not collected"


def test_its_capability_is_known_to_policies(with_capability, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('[[rule]]\nallow.keyvalue.get = "shop/*"\n')
    decided = with_capability.evaluate(
        "[policy.decide(Access('keyvalue', Subject('acme'), key, 'get')).allowed for key in ('shop/a', 'bank/a')]",
        "from wrt_capability.decision import Access, Subject\nfrom wrt_capability.policy import Policy\n"
        f"policy = Policy.load({str(policy)!r})",
    )
    assert decided == [True, False]
