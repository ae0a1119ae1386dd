"""Quotas: accounts below one another whose books balance, whatever happens."""

from __future__ import annotations

import gc

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from wrt_capability.account import ACCOUNT_KINDS, Account
from wrt_capability.quota import CONSUMED, QuotaAccount, process_account
from wrt_foundation.errors import QuotaExceeded
from wrt_foundation.memory import managed_alloc, process_budget


def test_an_account_is_one():
    assert isinstance(QuotaAccount("a"), Account)
    assert set(ACCOUNT_KINDS) >= CONSUMED


@pytest.mark.parametrize("kind", [*ACCOUNT_KINDS, "dice"])
def test_a_charge_is_one_to_the_whole_chain_or_to_none(kind):
    root = QuotaAccount("root", {kind: 10})
    tenant = root.child("tenant", {kind: 100})
    one, other = tenant.child("one"), tenant.child("other", {kind: 3})
    one.charge(kind, 8)
    with pytest.raises(QuotaExceeded, match="'root' refuses 3") as caught:
        other.charge(kind, 3)
    assert (caught.value.account, caught.value.kind, caught.value.available) == ("root", kind, 2)
    assert [each.used(kind) for each in (root, tenant, one, other)] == [8, 8, 8, 0]
    with pytest.raises(QuotaExceeded, match="'root/tenant/other' refuses 4"):
        other.charge(kind, 4)
    assert other.available(kind) == 2
    one.release(kind, 5)
    assert root.used(kind) == 3
    with pytest.raises(ValueError, match="'root/tenant/one'"):
        one.release(kind, 4)
    with pytest.raises(ValueError, match="negative"):
        one.charge(kind, -1)


def test_what_is_held_comes_back_on_close_and_what_is_consumed_does_not():
    root = QuotaAccount("root")
    child = root.child("child")
    for kind in ACCOUNT_KINDS:
        child.charge(kind, 5)
    child.close()
    child.close()
    assert {kind for kind in ACCOUNT_KINDS if root.used(kind)} == CONSUMED
    for kind in ACCOUNT_KINDS:
        with pytest.raises(QuotaExceeded, match="closed"):
            child.charge(kind, 0)
        child.release(kind, 5)  # there is nothing left to give back
    with pytest.raises(QuotaExceeded, match="closed"):
        child.child("grandchild")


def test_closing_reaches_what_is_below():
    root = QuotaAccount("root")
    leaf = root.child("a").child("b")
    leaf.charge("instances", 1)
    leaf.charge("fuel", 1)
    root.close()
    assert leaf.closed
    for kind in ("instances", "fuel"):
        with pytest.raises(QuotaExceeded, match="closed"):
            leaf.charge(kind, 1)


def test_an_account_that_is_dropped_gives_back_what_it_held():
    root = QuotaAccount("root")
    child = root.child("child")
    child.charge("instances", 3)
    child.charge("fuel", 3)
    del child
    gc.collect()
    assert (root.used("instances"), root.used("fuel")) == (0, 3)


def test_limits_can_be_topped_up():
    account = QuotaAccount("root", {"fuel": 5})
    account.charge("fuel", 5)
    with pytest.raises(QuotaExceeded):
        account.charge("fuel", 1)
    account.top_up("fuel", 2)
    account.charge("fuel", 2)
    assert account.available("fuel") == 0
    account.set_limit("fuel", None)
    account.charge("fuel", 1000)


def test_memory_is_charged_by_whoever_allocates_it():
    before = process_budget().used
    tenant = process_account().child("tenant", {"memory": 1 << 20})
    with managed_alloc(1 << 19, tenant.budget()):
        assert tenant.used("memory") == 1 << 19
        assert process_account().used("memory") == process_budget().used == before + (1 << 19)
        with pytest.raises(QuotaExceeded, match="process/tenant"):
            tenant.charge("memory", 1 << 20)
    assert tenant.used("memory") == 0
    tenant.close()


class Books(RuleBasedStateMachine):
    """A tree of accounts against a plain sum."""

    accounts = Bundle("accounts")
    KINDS = ("instances", "fuel")

    def __init__(self) -> None:
        super().__init__()
        self.root = QuotaAccount("root", {"instances": 40, "fuel": 60})
        self.held: dict[QuotaAccount, int] = {self.root: 0}
        self.spent = 0

    @rule(target=accounts)
    def the_root(self):
        return self.root

    @rule(target=accounts, parent=accounts, limit=st.none() | st.integers(0, 20))
    def child(self, parent, limit):
        if parent.closed:
            return parent
        made = parent.child("child", {"instances": limit, "fuel": limit})
        self.held[made] = 0
        return made

    @rule(account=accounts, amount=st.integers(0, 15))
    def hold(self, account, amount):
        try:
            account.charge("instances", amount)
        except QuotaExceeded:
            return
        self.held[account] += amount

    @rule(account=accounts, amount=st.integers(0, 15))
    def consume(self, account, amount):
        try:
            account.charge("fuel", amount)
        except QuotaExceeded:
            return
        self.spent += amount

    @rule(account=accounts, amount=st.integers(0, 15))
    def give_back(self, account, amount):
        try:
            account.release("instances", amount)
        except ValueError:
            assert amount > self.held[account]
            return
        if not account.closed:
            self.held[account] -= amount

    @rule(account=consumes(accounts))
    def close(self, account):
        if account is not self.root:
            account.close()

    @invariant()
    def books_balance(self):
        held = sum(amount for account, amount in self.held.items() if not account.closed)
        assert self.root.used("instances") == held <= 40
        assert self.root.used("fuel") == self.spent <= 60


Books.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
test_books = Books.TestCase
