"""How much do noisy neighbours cost the others? `python benchmarks/neighbours.py [--tenants N] [--rounds N]`

A hundred tenants run in one thread, each a guest that computes, by turns of a `Scheduler`. In other runs of each round
one of the tenants is hostile in one way: it loops, grows its memory, overwrites all of it, traps again and again
and is begun anew, or floods its output. What counts is the processor time that passes until all others have done the
same work, with the hostile tenant as a ratio to without. Each round runs all of them, one after the other; what counts
is the median of the rounds' ratios, in each of which both sides have had the same machine.
The promise is that the others keep 80 % of their throughput.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from statistics import median
from time import process_time

from wrt_capability.containment import Contained, Containment
from wrt_capability.engine import CapabilityAwareEngine
from wrt_capability.policy import Policy
from wrt_capability.scheduler import Scheduler
from wrt_capability.tenant import Tenant
from wrt_core.execution import Execution
from wrt_core.host_modules import Grants
from wrt_core.testing import ModuleBuilder

POLICY = Policy.parse("""
[[rule]]
allow = { call = "*", module = "*", import = "*", stdio = "*" }
limits = { memory = "16 MiB", output = "64 KiB", stack = 500 }
quota.instances = 4
""")

Begin = Callable[[Tenant], tuple[Execution, Callable[[BaseException], Execution | None] | None]]


def worker() -> ModuleBuilder:
    """A guest that computes for a while."""
    builder = ModuleBuilder("worker")
    step = "local.get 1  local.get 0  i32.mul  i32.const 7  i32.add  local.set 1"
    loop = f"loop  {step}  local.get 0  i32.const 1  i32.sub  local.tee 0  br_if 0  end  local.get 1"
    builder.function("main", "i32 i32 -> i32", loop)
    return builder


def hostile(name: str) -> Begin:
    """Return what begins a guest that is hostile in that way."""
    code = {
        "looping": "loop  br 0  end",
        "growing": "loop  i32.const 1  memory.grow  drop  br 0  end",
        "touching": "loop  i32.const 0  i32.const 1  i32.const 65536  memory.fill  br 0  end",
        "trapping": "unreachable",
        "flooding": "loop  call 0  br 0  end",
    }[name]

    def begin(tenant: Tenant) -> tuple[Execution, Callable[[BaseException], Execution | None] | None]:
        builder = ModuleBuilder("hostile")
        builder.import_function("env", "flood", "->")
        builder.memory(1)
        builder.function("main", "->", code)
        engine = CapabilityAwareEngine(tenant=tenant)
        module = builder.load(engine)
        stream = engine.permitted(module, Grants(stdout=io.BytesIO())).stdout

        def flood() -> None:
            assert stream is not None
            stream.write(b"x" * 1000)  # past its quota this ends the guest, which is begun anew

        guest = Contained(tenant, lambda: engine.instantiate(module, {"env": {"flood": flood}}), Containment.RECOVER)
        return guest.start("main"), guest.failed

    return begin


def timed(tenants: int, work: int, begin: Begin | None) -> float:
    """Return the seconds until all tenants but the first have done their work."""
    scheduler = Scheduler(quantum=1_000)
    everybody = [Tenant(f"tenant {number}", policy=POLICY) for number in range(tenants)]
    # Prepared beforehand: what is measured is running.
    workers, builder = [], worker()
    for tenant in everybody[1:]:
        engine = CapabilityAwareEngine(tenant=tenant)
        instance = builder.instantiate(engine)
        workers.append((instance.exports.main.start(work, 1), tenant.name))
    if begin is not None:
        execution, failed = begin(everybody[0])
        scheduler.add(execution, everybody[0].name, on_failure=failed)
    tasks = [scheduler.add(execution, name) for execution, name in workers]
    left = len(tasks)
    started = process_time()
    for task in scheduler.steps():
        left -= task.ended and task.tenant != everybody[0].name
        if not left:
            break
    seconds = process_time() - started
    assert len({task.result for task in tasks}) == 1
    scheduler.cancel(everybody[0].name)
    for tenant in everybody:
        tenant.close()
    return seconds


def main() -> None:
    """Measure, and write a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=int, default=1_000, help="turns of each guest's loop")
    options = parser.parse_args()
    print(f"{options.tenants} tenants, one of them hostile; the median of {options.rounds} rounds")
    ratios: dict[str, list[float]] = {name: [] for name in ("looping", "growing", "touching", "trapping", "flooding")}
    timed(options.tenants, options.work, None)  # what is translated and imported once is by then
    for _ in range(options.rounds):
        for name in ratios:
            # Alone before and after: a machine that becomes slower meanwhile is nobody's fault.
            before = timed(options.tenants, options.work, None)
            beside = timed(options.tenants, options.work, hostile(name))
            after = timed(options.tenants, options.work, None)
            ratios[name].append((before + after) / 2 / beside)
    for name, several in ratios.items():
        print(f"{name:10} throughput {median(several):6.1%}  (from {min(several):.1%} to {max(several):.1%})")


if __name__ == "__main__":
    main()
