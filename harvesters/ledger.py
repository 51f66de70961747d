"""The ledger of hosts in the database, so that all processes share slots and robots.txt."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from harvesters.fetch.ledger import Robots
from schemas import clock
from schemas.db import Database
from schemas.store import dialect
from schemas.tables.work import hosts


class DatabaseLedger:
    """A ``harvesters.fetch.ledger.Ledger`` in the table ``hosts``."""

    def __init__(self, database: Database, now: Callable[[], datetime] = clock.now) -> None:
        self._database = database
        self._now = now

    def reserve(self, host: str, pace_s: float) -> float:
        """As ``Ledger``; slots are taken in a writing transaction, so no two processes get the same."""
        with self._database.begin() as session:
            now = self._now()
            booked = session.execute(
                select(hosts.c.next_at).where(hosts.c.host == host).with_for_update()
            ).scalar_one_or_none()
            slot = max(now, booked) if booked else now
            statement = dialect.insert(session, hosts).values(host=host, next_at=slot + timedelta(seconds=pace_s))
            session.execute(
                statement.on_conflict_do_update(index_elements=["host"], set_={"next_at": statement.excluded.next_at})
            )
        return (slot - now).total_seconds()

    def robots(self, host: str) -> Robots | None:
        """As ``Ledger``."""
        c = hosts.c
        with self._database.read() as session:
            row = session.execute(
                select(c.robots_status, c.robots, c.robots_fetched_at).where(c.host == host)
            ).one_or_none()
        if row is None or row.robots_fetched_at is None:
            return None
        return Robots(row.robots_status or 0, row.robots or "", row.robots_fetched_at)

    def keep_robots(self, host: str, robots: Robots) -> None:
        """As ``Ledger``."""
        values = {"robots": robots.text, "robots_status": robots.status, "robots_fetched_at": robots.fetched_at}
        with self._database.begin() as session:
            statement = dialect.insert(session, hosts).values(host=host, **values)
            session.execute(statement.on_conflict_do_update(index_elements=["host"], set_=values))
