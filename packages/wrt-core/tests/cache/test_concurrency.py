"""Several processes that write one pack, and threads that use one."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from wrt_core.cache import Cache

MODULE = "ab" * 32

WRITER = """
import sys
from wrt_core.cache import Cache
writer = int(sys.argv[2])
for number in range(40):
    pack = Cache(sys.argv[1]).pack(sys.argv[3])
    wrong = [(w, n) for w in range(3) for n in range(40) if pack.get(w, n) not in (None, w * 1000 + n)]
    assert not wrong, wrong
    pack.put(writer * 1000 + number, writer, number)
    pack.save()
"""


def test_processes(directory):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, directory, str(n), MODULE]) for n in range(3)]
    assert [each.wait() for each in writers] == [0, 0, 0]
    pack = Cache(directory).pack(MODULE)
    found = {(w, n): value for w in range(3) for n in range(40) if (value := pack.get(w, n)) is not None}
    assert found == {(w, n): w * 1000 + n for w, n in found}
    # Who writes at the same moment as another may lose an addition, but never what was there before both.
    assert len(found) >= 40
    assert [path.suffix for path in directory.iterdir()] == [".pack"]


def test_threads(directory):
    pack = Cache(directory).pack(MODULE)

    def work(thread: int) -> None:
        for number in range(200):
            pack.put(thread * number, thread, number)
            assert pack.get(thread, number) == thread * number
            if number % 50 == 0:
                pack.save()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    pack.save()
    reopened = Cache(directory).pack(MODULE)
    assert [reopened.get(t, n) for t in range(4) for n in range(200)] == [t * n for t in range(4) for n in range(200)]
