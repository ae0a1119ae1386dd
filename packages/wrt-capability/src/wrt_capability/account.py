"""`Account`: who answers for what is used up; the quotas' books are made of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

__all__ = ["ACCOUNT_KINDS", "Account"]

ACCOUNT_KINDS: Mapping[str, str] = {
    "memory": "bytes of linear memory that are held",
    "table": "table elements that are held",
    "gc": "bytes of the guest's heap that are held",
    "instances": "instances that are alive",
    "calls": "calls from the host that are running now (concurrency)",
    "fuel": "fuel that was consumed, never given back",
    "time": "nanoseconds of wall-clock time that were spent running, never given back",
    "cpu": "nanoseconds of processor time that were spent running, never given back",
    "output": "bytes that were written, never given back",
}
"""What an account counts, and in which unit. Capability plugins may charge kinds of their own, by their name."""


@runtime_checkable
class Account(Protocol):
    """Books on what an owner and all below it use, each kind in its unit. Thread-safe.

    Accounts stand below one another, process > tenant > engine > instance, and a charge is one to the whole chain or,
    if any of it refuses, to none. Who made an account closes it, which gives back what it still holds.
    """

    name: str

    def charge(self, kind: str, amount: int) -> None:
        """Take `amount` of `kind` here and from all above, before it is used.

        Raises `QuotaExceeded`, which names the account that refuses, and has then charged nobody; `ValueError` for a
        negative amount.
        """

    def release(self, kind: str, amount: int) -> None:
        """Give back `amount` of what `charge` took here, here and above. Raises `ValueError` for more than that."""

    def child(self, name: str, limits: Mapping[str, int | None] | None = None) -> Account:
        """Make an account below this one. `limits` are by kind; a kind that is not in it, or None, has none here."""

    def close(self) -> None:
        """Give back all that is still held here and below; charges are refused from then on. Twice does nothing."""
