"""What must be remembered of hosts between requests: their slots and their robots.txt."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Robots:
    """What a host's robots.txt said."""

    status: int
    """HTTP status; 0 where the host did not answer."""
    text: str
    """The file; empty where there is none."""
    fetched_at: datetime
    """When it was read."""


class Ledger(Protocol):
    """A memory of hosts. In a crawl's child and in a preview it lives in the process, else in the database."""

    def reserve(self, host: str, pace_s: float) -> float:
        """Take the next free slot of ``host`` and say how many seconds to wait for it; slots are ``pace_s`` apart."""

    def robots(self, host: str) -> Robots | None:
        """What is remembered of the robots.txt of ``host`` (scheme, host and port)."""

    def keep_robots(self, host: str, robots: Robots) -> None:
        """Remember it."""


class MemoryLedger:
    """A ledger that lives as long as the process; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}
        self._robots: dict[str, Robots] = {}

    def reserve(self, host: str, pace_s: float) -> float:
        """As ``Ledger``."""
        with self._lock:
            now = time.monotonic()
            slot = max(now, self._next.get(host, now))
            self._next[host] = slot + pace_s
            return slot - now

    def robots(self, host: str) -> Robots | None:
        """As ``Ledger``."""
        return self._robots.get(host)

    def keep_robots(self, host: str, robots: Robots) -> None:
        """As ``Ledger``."""
        self._robots[host] = robots
