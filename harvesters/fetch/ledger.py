"""What must be remembered between requests: slots of hosts, their robots.txt, validators of answers."""

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


@dataclass(frozen=True, slots=True)
class Validators:
    """What a conditional request for one address needs."""

    etag: str | None
    """``ETag`` of the last good answer."""
    last_modified: str | None
    """``Last-Modified`` of the last good answer."""
    fingerprint: str
    """How the answer was read (source description and reader): a 304 counts only for the same reading."""
    checked_at: datetime
    """When it was received."""


class Ledger(Protocol):
    """A memory of hosts. In a crawl's child and in a preview it lives in the process, else in the database."""

    def reserve(self, host: str, pace_s: float) -> float:
        """Take the next free slot of ``host`` and say how many seconds to wait for it; slots are ``pace_s`` apart."""

    def robots(self, host: str) -> Robots | None:
        """What is remembered of the robots.txt of ``host`` (scheme, host and port)."""

    def keep_robots(self, host: str, robots: Robots) -> None:
        """Remember it."""

    def validators(self, url: str) -> Validators | None:
        """What is remembered of the last good answer from ``url``."""

    def keep_validators(self, url: str, validators: Validators) -> None:
        """Remember it; to be called only once the answer's content is safely stored."""


class MemoryLedger:
    """A ledger that lives as long as the process; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}
        self._robots: dict[str, Robots] = {}
        self._validators: dict[str, Validators] = {}

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

    def validators(self, url: str) -> Validators | None:
        """As ``Ledger``."""
        return self._validators.get(url)

    def keep_validators(self, url: str, validators: Validators) -> None:
        """As ``Ledger``."""
        self._validators[url] = validators
