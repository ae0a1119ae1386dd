"""The filesystem capability: paths as they are, not as they are written, and what is opened is what was asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from wrt_capability.authority import Authority
from wrt_capability.decision import Subject
from wrt_capability.policy import Policy
from wrt_foundation.errors import CapabilityDenied


@pytest.fixture
def folders(tmp_path):
    """A folder that may be read, its twin by prefix, and a secret outside."""
    for name in ("data", "dataevil", "secret"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path


@pytest.fixture
def authority(folders, events) -> Authority:
    rules = [
        {"allow": {"filesystem": {"read": f"{folders}/data/**", "write": f"{folders}/data/out*"}}},
        {"deny": {"filesystem": {"read": f"{folders}/data/private/**"}}},
    ]
    return Authority(Subject("acme"), Policy.of({"rule": rules}), recorder=events)


def reads(authority, path) -> bool:
    return authority.decide("filesystem", str(path), "read").allowed


def test_the_path_that_was_compared_is_given_back(authority, folders):
    assert authority.require("filesystem", f"{folders}/data/./a/../file", "read") == f"{folders}/data/file"


def test_operations_are_granted_one_by_one(authority, folders):
    assert authority.require("filesystem", f"{folders}/data/out.txt", "write")
    for path, operation in [("data/file", "write"), ("data/out.txt", "create"), ("data/out.txt", "remove")]:
        with pytest.raises(CapabilityDenied):
            authority.require("filesystem", f"{folders}/{path}", operation)


@pytest.mark.parametrize(
    "path",
    [
        "dataevil/file",
        "data/../secret/file",
        "data/../data/../secret/file",
        "data/a/../../secret/file",
        "data//../secret/file",
        "data/./../secret/file",
        "DATA/file",
        "data/private/key",
        "data/private",
        "data\u2024\u2024/secret",
        "",
        "data/file\0.txt",
    ],
)
def test_what_lies_elsewhere_is_denied(authority, folders, path):
    if (folders / "DATA").exists():  # a filesystem without case resolves it to what it is
        pytest.skip("names have no case here")
    assert not reads(authority, f"{folders}/{path}")


def test_relative_paths_are_those_of_the_host(authority, folders, monkeypatch):
    monkeypatch.chdir(folders / "data")
    assert reads(authority, "file")
    monkeypatch.chdir(folders / "secret")
    assert not reads(authority, "file")
    assert not reads(authority, "../data/private/key")


@pytest.mark.parametrize("target", ["secret", "secret/file", "../secret", "data/private"])
def test_links_are_followed_first(authority, folders, target):
    link = folders / "data" / "link"
    link.symlink_to(folders / target if not target.startswith("..") else target)
    assert not reads(authority, link / "file" if target != "secret/file" else link)


def test_a_chain_of_links_is_followed_to_its_end(authority, folders):
    for number in range(5):
        (folders / "data" / f"link{number}").symlink_to(f"link{number + 1}")
    (folders / "data" / "link5").symlink_to("../secret/file")
    assert not reads(authority, folders / "data" / "link0")


def test_a_link_into_the_folder_may_be_followed(authority, folders):
    (folders / "outside").symlink_to(folders / "data" / "file")
    assert authority.require("filesystem", str(folders / "outside"), "read") == f"{folders}/data/file"


def test_links_in_a_circle_lead_nowhere(authority, folders):
    (folders / "data" / "a").symlink_to("b")
    (folders / "data" / "b").symlink_to("a")
    assert not reads(authority, folders / "data" / "a" / ".." / ".." / "secret" / "file")


def test_a_link_that_is_changed_meanwhile_opens_nothing_else(authority, folders):
    link = folders / "data" / "link"
    link.symlink_to("file")
    granted = authority.require("filesystem", str(link), "read")
    link.unlink()
    link.symlink_to("../secret/file")
    assert Path(granted).read_text() == "data"


def test_denials_are_recorded_with_the_path_that_was_meant(authority, folders, events):
    with pytest.raises(CapabilityDenied):
        authority.require("filesystem", f"{folders}/data/../secret/file", "read")
    (event,) = events.of("decision", allowed=False)
    assert event["object"] == f"{folders}/secret/file"
