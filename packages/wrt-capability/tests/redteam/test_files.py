"""Out of the folder: a guest that may read files below one folder, and asks for others by a host function."""

from __future__ import annotations

import os

import pytest

from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import CapabilityDenied


@pytest.fixture
def read(lab):
    """Have a guest read the file that it names in its memory; the host function asks, as all of them must."""
    builder = ModuleBuilder("reader")
    host = builder.import_function("env", "read", "i32 i32 -> i32")
    builder.memory(1)
    builder.function("read", "i32 -> i32", f"i32.const 0  local.get 0  call {host}")
    tenant = lab.tenant()
    opened = []
    bound = []

    def host_read(address, size):
        path = bound[0].exports.memory.read(address, size).decode()
        resolved = tenant.authority.require("filesystem", path, "read")
        with open(resolved) as file:  # noqa: PTH123 - the very path that was granted
            opened.append(file.read())
        return len(opened[-1])

    guest = lab.guest(builder, {"env": {"read": host_read}}, tenant)
    bound.append(guest)

    def asked(path: object) -> str:
        data = str(path).encode("utf-8", "surrogateescape")
        guest.exports.memory.write(0, data)
        guest.exports.read(len(data))
        return opened[-1]

    return asked


def test_what_is_granted_is_read(lab, read):
    assert read(lab.root / "data" / "file") == "data"


@pytest.mark.parametrize(
    "path",
    [
        "data/../secret/file",
        "data/./.././secret/file",
        "data/x/../../secret/file",
        "data/../data/../secret/file",
        "data//..//secret//file",
        "dataevil/file",
        "data/../dataevil/file",
        "secret/file",
        "data/../../../../../../../../etc/passwd",
        "data/file/../../secret/file",
    ],
)
def test_paths_that_lead_out_are_denied(lab, read, path):
    with pytest.raises(CapabilityDenied):
        read(f"{lab.root}/{path}")
    assert lab.events.of("decision", allowed=False, kind="filesystem")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/proc/self/environ", "/proc/self/root/etc/passwd", "", "\0", "data/file\0"]
)
def test_paths_elsewhere_are_denied(read, path):
    with pytest.raises(CapabilityDenied):
        read(path)


@pytest.mark.parametrize(
    ("link", "target", "path"),
    [
        ("data/link", "secret", "data/link/file"),
        ("data/link", "secret/file", "data/link"),
        ("data/link", "/etc", "data/link/passwd"),
        ("data/link", "..", "data/link/secret/file"),
        ("data/link", "/", "data/link/etc/passwd"),
    ],
)
def test_links_that_lead_out_are_denied(lab, read, link, target, path):
    (lab.root / link).symlink_to(target if target in ("..", "/", "/etc") else lab.root / target)
    with pytest.raises(CapabilityDenied):
        read(lab.root / path)


def test_a_link_that_changes_between_question_and_use_opens_nothing_else(lab):
    tenant = lab.tenant()
    link = lab.root / "data" / "link"
    link.symlink_to("file")
    granted = tenant.authority.require("filesystem", str(link), "read")
    link.unlink()
    link.symlink_to(lab.root / "secret" / "file")
    assert os.path.realpath(granted) == str(lab.root / "data" / "file")


def test_the_folder_itself_replaced_by_a_link_leads_nowhere(lab, read):
    (lab.root / "data" / "file").unlink()
    (lab.root / "data").rmdir()
    (lab.root / "data").symlink_to("secret")
    # The pattern is about where its folder leads now; what the guest may read was moved by the host, not by the guest.
    with pytest.raises(CapabilityDenied):
        read(lab.root / "dataevil" / "file")
