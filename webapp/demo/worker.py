"""Does the work that the demo's pages put on the list, so that pasting an address works without a second process."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Final

from schemas import clock
from schemas.store.work import SCHEDULER, give_up_lease, take_lease
from webapp.demo.stage import Stage
from webapp.worker import run_one

IDLE_S: Final = 0.3
"""Seconds between two looks at an empty list."""
PATIENCE_S: Final = 5.0
"""Longest wait for work that is going on when the demo ends; what is not done then stays on the list."""
_LEASE: Final = timedelta(seconds=60)


@contextmanager
def working(at: Stage, *, idle_s: float = IDLE_S) -> Iterator[None]:
    """Claims due work in a thread until the block ends. The scheduler's lease says to the pages that somebody works."""
    stopped = Event()
    owner = f"{platform.node()}:{os.getpid()}:demo"

    def work() -> None:
        while not stopped.is_set():
            with at.database.begin() as session:
                take_lease(session, SCHEDULER, owner, now=clock.now(), duration=_LEASE)
            if run_one(at.database, at.settings) is None:
                stopped.wait(idle_s)

    thread = Thread(target=work, name="demo-worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(PATIENCE_S)
        with at.database.begin() as session:
            give_up_lease(session, SCHEDULER, owner)
