"""Run inside an environment that holds nothing but installed wheels: is what they promise true?

Arguments: the requirements that were installed. Uses only what these bring along.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import pkgutil
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

# What each package needs of ours; the rest must be absent, or the selection proves nothing.
NEEDS = {
    "wrt-foundation": set(),
    "wrt-core": {"wrt-foundation"},
    "wrt-capability": {"wrt-core", "wrt-foundation"},
    "wrt-wasi": {"wrt-capability", "wrt-core", "wrt-foundation"},
    "wrt-wast": {"wrt-core", "wrt-foundation"},
    "wrt-cli": {"wrt-core", "wrt-foundation"},
}
ALL = set(NEEDS)
# Modules that need a test tool which their package does not depend on, on purpose.
NEEDS_PYTEST = re.compile(r"\.testing(\.|$)|\.pytest_plugin$")
# (module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
ADD = bytes.fromhex(
    "0061736d010000000107016002 7f7f017f030201000707010361646400000a09010700200020016a0b".replace(" ", "")
)


def installed_of_ours() -> set[str]:
    """Return the names of our distributions that are installed here."""
    names = {re.sub(r"[-_.]+", "-", dist.metadata["Name"]).lower() for dist in importlib.metadata.distributions()}
    return {name for name in names if name.startswith("wrt-")}


def check_selection(requirements: list[str]) -> None:
    """The selection brought exactly what it needs."""
    expected = set()
    for requirement in requirements:
        name = requirement.partition("[")[0]
        expected |= {name} | NEEDS[name] | (ALL if requirement.endswith("[all]") else set())
    found = installed_of_ours()
    if found != expected:
        sys.exit(f"installed {sorted(found)}, expected {sorted(expected)}")


def left_out(module: str) -> bool:
    """Say whether a module is for users of what is not installed here: pytest, or the `wrt` command."""
    if NEEDS_PYTEST.search(module):
        return True
    return ".commands" in module and importlib.util.find_spec("wrt_cli") is None


def check_files(name: str) -> None:
    """The wheel carries its license and the marker that it is typed, and states its version once."""
    package = name.replace("-", "_")
    module = importlib.import_module(package)
    if not Path(str(module.__file__)).with_name("py.typed").is_file():
        sys.exit(f"{name}: py.typed is missing")
    if importlib.import_module(f"{package}.__about__").__version__ != importlib.metadata.version(name):
        sys.exit(f"{name}: __about__ and the metadata disagree about the version")
    if not any(str(file).endswith("LICENSE") for file in importlib.metadata.files(name) or ()):
        sys.exit(f"{name}: no license in the wheel")


def check_modules(name: str) -> None:
    """Every module imports, so no dependency is undeclared."""
    package = importlib.import_module(name.replace("-", "_"))
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not left_out(module.name) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def check_entry_points(name: str) -> None:
    """Every entry point leads somewhere."""
    for entry_point in importlib.metadata.distribution(name).entry_points:
        if not left_out(entry_point.value):
            entry_point.load()


def check_running() -> None:
    """An engine picked by name adds two numbers."""
    from wrt_core import EngineFactory

    engine = EngineFactory.create("stackless")
    instance = engine.instantiate(engine.load(ADD))
    if instance.exports.add(19, 23) != 42:
        sys.exit("19 + 23 is not 42")


def check_command() -> None:
    """The wrt command starts and adds two numbers too."""
    module = Path("add.wasm")
    module.write_bytes(ADD)
    command = str(Path(sysconfig.get_path("scripts")) / "wrt")
    subprocess.run([command, "--help"], check=True, stdout=subprocess.DEVNULL)
    arguments = [command, "run", str(module), "--invoke", "add", "19", "23"]
    result = subprocess.run(arguments, check=True, capture_output=True, text=True)
    if result.stdout.split() != ["42"]:
        sys.exit(f"wrt run printed {result.stdout!r}")


def main() -> None:
    """Check all that is installed; exit non-zero at the first thing that is not true."""
    check_selection(sys.argv[1:])
    ours = installed_of_ours()
    for name in sorted(ours):
        check_files(name)
        check_modules(name)
        check_entry_points(name)
    if "wrt-core" in ours:
        check_running()
    if "wrt-cli" in ours:
        check_command()


if __name__ == "__main__":
    main()
