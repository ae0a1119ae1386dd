"""Noisy neighbours: however one tenant behaves, the others do their work, and it has had its share and no more."""

from __future__ import annotations

import pytest

from wrt_capability.containment import Contained, Containment
from wrt_capability.scheduler import Scheduler
from wrt_core.testing import ModuleBuilder

QUANTUM = 500


@pytest.mark.parametrize(
    "code",
    [
        "loop  br 0  end",
        "loop  i32.const 1  memory.grow  drop  br 0  end",
        "loop  i32.const 0  i32.const 1  i32.const 60000  memory.fill  br 0  end",
        "unreachable",
        "call 0",
    ],
    ids=["looping", "growing", "touching", "trapping", "recursing"],
)
def test_the_others_do_their_work(lab, code):
    hostile, work = ModuleBuilder(), ModuleBuilder()
    hostile.memory(1)
    hostile.function("main", "->", code)
    work.function(
        "main", "i32 -> i32", "loop  local.get 0  i32.const 1  i32.sub  local.tee 0  br_if 0  end  i32.const 7"
    )
    scheduler = Scheduler(quantum=QUANTUM)
    tenant = lab.tenant("hostile")
    guest = Contained(tenant, lambda: lab.guest(hostile, tenant=tenant), Containment.RECOVER)
    noisy = scheduler.add(guest.start("main"), "hostile", on_failure=guest.failed)
    others = []
    for number in range(10):
        other = lab.tenant(f"other {number}")
        others.append(scheduler.add(lab.guest(work, tenant=other).exports.main.start(800), other.name))
    for _ in scheduler.steps():
        if all(task.ended for task in others):
            break
    assert [task.result for task in others] == [7] * 10
    most = max(task.slices for task in others)
    assert noisy.slices <= most + 1
    assert noisy.fuel_used <= (most + 1) * QUANTUM
    scheduler.cancel("hostile")
