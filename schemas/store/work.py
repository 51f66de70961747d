"""Work that is due, and leases: how jobs may be run twice and killed anywhere (law 10).

    due ──claim──▶ running ──▶ done | failed
     ▲                │
     └──── sweep ─────┴─ sweep, after MAX_ATTEMPTS ─▶ crashed

A claim raises the row's fence and carries a lease that heartbeats renew. Whoever was swept has lost the fence: what it
still writes with ``guard`` in the same transaction is refused, and its outcome does not count.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from pydantic import AwareDatetime
from sqlalchemy import Row, delete, select, update
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.exceptions import StoreError
from schemas.store.dialect import insert
from schemas.tables.work import leases, work

LEASE: Final = timedelta(minutes=5)
"""How long a worker may be silent before its work counts as abandoned."""
SCHEDULER: Final = "scheduler"
"""Name of the lease of the leading scheduler."""
SILENCE: Final = timedelta(minutes=20)
"""After how long without a sign nobody seems to work."""
MAX_ATTEMPTS: Final = 3
"""How often abandoned work is begun before it counts as crashed."""


class WorkState(StrEnum):
    """Where a piece of work stands."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """It ended with an error of its own; it is not begun again."""
    CRASHED = "crashed"
    """Its workers died again and again."""


class Work(Value):
    """One row: a job at a scheduled time."""

    id: int
    """Number in the database."""
    job: str
    """Name of the job, for instance ``digest`` or ``harvest:mv_museum``."""
    scheduled_for: AwareDatetime
    """The moment it stands for, whenever it really runs."""
    payload: dict[str, Any] = {}
    """What the job needs to know besides; afterwards with its ``result``."""
    state: WorkState = WorkState.DUE
    """Where it stands."""
    fence: int = 0
    """Raised by every claim."""
    lease_until: AwareDatetime | None = None
    """Until when its worker is believed to live."""
    attempts: int = 0
    """How often it was begun."""
    started_at: AwareDatetime | None = None
    """When it was begun last."""
    finished_at: AwareDatetime | None = None
    """When it ended."""
    error: str | None = None
    """What went wrong, last."""

    @property
    def broken(self) -> bool:
        """Whether it ended without doing its job; nobody begins it again by itself."""
        return self.state in (WorkState.FAILED, WorkState.CRASHED)


def add_work(session: Session, job: str, scheduled_for: datetime, payload: dict[str, Any] | None = None) -> int | None:
    """Put a job on the list for a moment; gives its number, or ``None`` where it is on the list already."""
    statement = insert(session, work).values(
        job=job, scheduled_for=scheduled_for, payload=payload or {}, state=WorkState.DUE.value
    )
    added = statement.on_conflict_do_nothing(index_elements=["job", "scheduled_for"]).returning(work.c.id)
    number: int | None = session.scalar(added)
    return number


def claim_work(session: Session, *, now: datetime, work_id: int | None = None, lease: timedelta = LEASE) -> Work | None:
    """Claim one due piece of work, the oldest or ``work_id``; ``None`` where nothing is due or somebody was faster."""
    wanted = select(work.c.id).where(work.c.state == WorkState.DUE, work.c.scheduled_for <= now)
    if work_id is not None:
        wanted = wanted.where(work.c.id == work_id)
    wanted = wanted.order_by(work.c.scheduled_for, work.c.id).limit(1).with_for_update(skip_locked=True)
    number = session.scalar(wanted)
    if number is None:
        return None
    claimed = session.execute(
        update(work)
        .where(work.c.id == number, work.c.state == WorkState.DUE)
        .values(
            state=WorkState.RUNNING,
            fence=work.c.fence + 1,
            attempts=work.c.attempts + 1,
            lease_until=now + lease,
            heartbeat_at=now,
            started_at=now,
            finished_at=None,
        )
        .returning(work)
    ).one_or_none()
    return _work(claimed) if claimed else None


def heartbeat(session: Session, mine: Work, *, now: datetime, lease: timedelta = LEASE) -> bool:
    """Say that the worker lives; ``False`` where the work is no longer its own."""
    return _under_fence(session, mine, {"heartbeat_at": now, "lease_until": now + lease})


def guard(session: Session, mine: Work) -> None:
    """Hold the row to the end of this transaction; raises ``StoreError`` where the work is no longer ours."""
    held = select(work.c.id).where(*_mine(mine)).with_for_update()
    if session.scalar(held) is None:
        raise StoreError(f"work {mine.id} ({mine.job}) was taken over by somebody else; nothing was written")


def finish_work(
    session: Session, mine: Work, *, now: datetime, result: dict[str, Any] | None = None, error: str | None = None
) -> bool:
    """Write how it ended: *done* with ``result``, or *failed* with ``error``; ``False`` where it is no longer ours."""
    state = WorkState.DONE if error is None else WorkState.FAILED
    payload = mine.payload if result is None else mine.payload | {"result": result}
    values = {"state": state, "payload": payload, "finished_at": now, "lease_until": None, "error": error}
    return _under_fence(session, mine, values)


def sweep_work(session: Session, *, now: datetime) -> tuple[int, int]:
    """Judge work whose lease has run out; gives how many pieces are due again, and how many count as crashed."""
    abandoned = (work.c.state == WorkState.RUNNING, work.c.lease_until <= now)
    error = "the worker fell silent"
    again = session.execute(
        update(work)
        .where(*abandoned, work.c.attempts < MAX_ATTEMPTS)
        .values(state=WorkState.DUE, lease_until=None, error=error)
        .returning(work.c.id)
    ).all()
    crashed = session.execute(
        update(work)
        .where(*abandoned)
        .values(state=WorkState.CRASHED, lease_until=None, finished_at=now, error=error)
        .returning(work.c.id)
    ).all()
    return len(again), len(crashed)


def due_work(session: Session, *, now: datetime) -> list[int]:
    """Numbers of what is due, oldest first."""
    due = select(work.c.id).where(work.c.state == WorkState.DUE, work.c.scheduled_for <= now)
    return list(session.scalars(due.order_by(work.c.scheduled_for, work.c.id)))


def latest_work(session: Session, job: str) -> Work | None:
    """The latest piece of work of that job; ``None`` where there is none."""
    row = session.execute(select(work).where(work.c.job == job).order_by(work.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else _work(row)


def somebody_works(session: Session, *, now: datetime) -> bool:
    """Whether a scheduler or worker has shown itself of late: by the scheduler's lease, or by work that goes on or has
    just ended. Mails are looked after every quarter of an hour, so a living scheduler is never silent for long."""
    lease = select(leases.c.name).where(leases.c.name == SCHEDULER, leases.c.until > now)
    seen = now - SILENCE
    active = select(work.c.id).where((work.c.heartbeat_at > seen) | (work.c.finished_at > seen)).limit(1)
    return session.scalar(lease) is not None or session.scalar(active) is not None


def purge_work(session: Session, *, before: datetime) -> int:
    """Forget what ended before that moment; gives how many rows."""
    ended = (work.c.finished_at < before, work.c.state.in_([WorkState.DONE, WorkState.FAILED, WorkState.CRASHED]))
    return len(session.execute(delete(work).where(*ended).returning(work.c.id)).all())


def take_lease(session: Session, name: str, owner: str, *, now: datetime, duration: timedelta) -> bool:
    """Take or renew what only one may hold; ``False`` while somebody else holds it."""
    values = {"owner": owner, "until": now + duration}
    statement = insert(session, leases).values(name=name, fence=1, **values)
    free = (leases.c.owner == owner) | (leases.c.until <= now)
    taken = statement.on_conflict_do_update(
        index_elements=["name"], set_=values | {"fence": leases.c.fence + 1}, where=free
    )
    return bool(session.execute(taken.returning(leases.c.name)).all())


def lease_owner(session: Session, name: str, *, now: datetime) -> str | None:
    """Who holds a lease now; ``None`` where nobody does."""
    owner: str | None = session.scalar(select(leases.c.owner).where(leases.c.name == name, leases.c.until > now))
    return owner


def give_up_lease(session: Session, name: str, owner: str) -> None:
    """Let go of a lease at once, where it is ours."""
    session.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))


def _mine(mine: Work) -> tuple[Any, ...]:
    return (work.c.id == mine.id, work.c.fence == mine.fence, work.c.state == WorkState.RUNNING)


def _under_fence(session: Session, mine: Work, values: dict[str, Any]) -> bool:
    return bool(session.execute(update(work).where(*_mine(mine)).values(**values).returning(work.c.id)).all())


def _work(row: Row[Any]) -> Work:
    return Work(**{name: getattr(row, name) for name in Work.model_fields})
