"""Budgets against a model, in any order of operations that hypothesis thinks of."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from wrt_foundation.errors import BudgetExceeded
from wrt_foundation.memory import Budget, BudgetMisuse, Charge

SIZES = st.integers(0, 120)
LIMITS = st.none() | st.integers(0, 300)


@dataclass(eq=False)
class Model:
    """What a budget must be: a limit, a parent, and what is out. What is used follows."""

    budget: Budget
    parent: Model | None
    limit: int | None
    loose: int = 0
    charges: dict[Charge, int] = field(default_factory=dict)
    children: list[Model] = field(default_factory=list)
    open: bool = True
    peak: int = 0

    @property
    def used(self) -> int:
        return self.loose + sum(self.charges.values()) + sum(child.used for child in self.children)

    def chain(self) -> list[Model]:
        return [self, *(self.parent.chain() if self.parent else ())]

    def refuser(self, size: int) -> Model | None:
        for model in self.chain():
            if model.limit is not None and size > max(0, model.limit - model.used):
                return model
        return None

    def note_peak(self) -> None:
        for model in self.chain():
            model.peak = max(model.peak, model.used)

    def close(self) -> None:
        for child in self.children:
            child.close()
        self.open, self.loose, self.children = False, 0, []
        self.charges.clear()


class Budgets(RuleBasedStateMachine):
    budgets = Bundle("budgets")
    charges = Bundle("charges")

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Model] = []

    def model(self, budget: Budget, parent: Model | None, limit: int | None) -> Model:
        model = Model(budget, parent, limit)
        self.all.append(model)
        if parent is not None:
            parent.children.append(model)
        return model

    @rule(target=budgets, limit=LIMITS)
    def root(self, limit: int | None) -> Model:
        return self.model(Budget(f"root {len(self.all)}", limit), None, limit)

    @rule(target=budgets, parent=budgets, limit=LIMITS, named=st.booleans())
    def child(self, parent: Model, limit: int | None, named: bool) -> object:
        name = f"budget {len(self.all)}"
        if not parent.open:
            with pytest.raises(BudgetMisuse):
                parent.budget.child(name, limit)
            return multiple()
        budget = parent.budget.child(name, limit) if named else Budget(name, limit, parent.budget)
        return self.model(budget, parent, limit)

    @rule(model=budgets, limit=LIMITS)
    def set_limit(self, model: Model, limit: int | None) -> None:
        model.budget.limit = model.limit = limit

    def expect(self, stack: ExitStack, model: Model, size: int) -> bool:
        """Enter what a charge of `size` must raise; return whether it must go through."""
        if not model.open:
            stack.enter_context(pytest.raises(BudgetMisuse))
            return False
        refuser = model.refuser(size)
        if refuser is None:
            return True
        stack.enter_context(pytest.raises(BudgetExceeded, match=f"{refuser.budget.path}' refuses {size} bytes"))
        return False

    @rule(model=budgets, size=SIZES)
    def charge(self, model: Model, size: int) -> None:
        with ExitStack() as stack:
            granted = self.expect(stack, model, size)
            model.budget.charge(size)
        if granted:
            model.loose += size
            model.note_peak()

    @rule(model=budgets, size=SIZES)
    def release(self, model: Model, size: int) -> None:
        if model.open and size <= model.loose:
            model.budget.release(size)
            model.loose -= size
        else:
            with pytest.raises(BudgetMisuse):
                model.budget.release(size)

    @rule(target=charges, model=budgets, size=SIZES)
    def hold(self, model: Model, size: int) -> object:
        charge = None
        with ExitStack() as stack:
            self.expect(stack, model, size)
            charge = model.budget.hold(size)
        if charge is None:
            return multiple()
        model.charges[charge] = size
        model.note_peak()
        return model, charge

    @rule(held=charges, size=SIZES)
    def resize(self, held: tuple[Model, Charge], size: int) -> None:
        model, charge = held
        done = False
        with ExitStack() as stack:
            more = size - model.charges.get(charge, 0)
            if not model.open or more > 0:
                self.expect(stack, model, more)
            charge.resize(size)
            done = True
        if done:
            model.charges[charge] = size
            model.note_peak()

    @rule(held=consumes(charges))
    def let_go(self, held: tuple[Model, Charge]) -> None:
        model, charge = held
        charge.release()
        with pytest.raises(BudgetMisuse):
            charge.release()
        model.charges.pop(charge, None)

    @rule(model=budgets)
    def close(self, model: Model) -> None:
        model.budget.close()
        if model.open:
            if model.parent is not None:
                model.parent.children.remove(model)
            model.close()

    @rule(model=budgets, limit=LIMITS, sizes=st.lists(SIZES, max_size=4))
    def scope(self, model: Model, limit: int | None, sizes: list[int]) -> None:
        if not model.open:
            return
        before = model.used
        with model.budget.scope(limit=limit) as scope:
            for size in sizes:
                try:
                    model.budget.charge(size)
                except BudgetExceeded:
                    assert (limit is not None and scope.used + size > limit) or model.refuser(size + scope.used)
            for above in model.chain():
                above.peak = max(above.peak, above.used + scope.peak)
        assert model.budget.used == before

    @invariant()
    def the_books_are_right(self) -> None:
        for model in self.all:
            budget = model.budget
            assert budget.closed is not model.open
            assert budget.used == model.used >= 0
            assert budget.peak == model.peak
            assert budget.own == model.loose + sum(model.charges.values())
            if model.open:
                left = [max(0, above.limit - above.used) for above in model.chain() if above.limit is not None]
                assert budget.available == min(left, default=None)


TestBudgets = Budgets.TestCase
TestBudgets.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
