"""What the ledgers of mails have in common (digests and letters): states, claims, outcomes (law 6).

    new ──claim──▶ sending ──▶ sent | failed
     ▲                │  └───── release: the relay said "later", or was not reached at all
     └────────────────┘
                      └──sweep──▶ unsure: the sender died while sending; shown, never sent again by itself

A claim is a compare-and-set that raises the row's fence; an outcome counts only under that fence. Never two mails,
never silently none.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, Protocol

from sqlalchemy import ColumnElement, Row, Table, and_, bindparam, func, or_, update
from sqlalchemy.orm import Session

from schemas.tables.base import UTCDateTime

RETRY_AFTER: Final[tuple[timedelta, ...]] = tuple(
    timedelta(minutes=minutes) for minutes in (5, 15, 45, 135, 405, 720, 720, 720, 720)
)
"""Pauses after the first, second … temporary refusal; together more than two days."""
MAX_ATTEMPTS: Final = len(RETRY_AFTER) + 1
"""After so many temporary refusals a mail counts as failed."""
CLAIM_LASTS: Final = timedelta(minutes=15)
"""A mail still *sending* after this has lost its sender; longer than all time limits of one hand-over together."""
SENDER_DIED: Final = "the sender ended before the relay's answer was known"
NO_REGION: Final = "no Region for its key; without one a mail has no sender"


class MailState(StrEnum):
    """Where a mail stands."""

    NEW = "new"
    """Rendered, waits to be sent (again)."""
    SENDING = "sending"
    """Claimed by a sender."""
    SENT = "sent"
    """The relay took it."""
    UNSURE = "unsure"
    """The sender died, or the line broke at the one moment when it may have been taken."""
    FAILED = "failed"
    """Refused for good, given up, or no longer wanted; ``error`` says which."""


class Claimed(Protocol):
    """A claimed row of a ledger."""

    table: ClassVar[Table]
    """Its ledger."""

    @property
    def id(self) -> int:
        """Number in the database."""
        ...

    @property
    def fence(self) -> int:
        """The claim's fence."""
        ...

    @property
    def attempts(self) -> int:
        """How often it was offered to the relay, this time included."""
        ...


def sweep_senders(session: Session, table: Table, *, now: datetime) -> int:
    """Mails of ``table`` left in *sending* longer than ``CLAIM_LASTS`` become *unsure*; gives how many."""
    abandoned = (table.c.state == MailState.SENDING, table.c.claimed_at <= now - CLAIM_LASTS)
    values = {"state": MailState.UNSURE, "error": SENDER_DIED}
    return len(session.execute(update(table).where(*abandoned).values(**values).returning(table.c.id)).all())


def pause_over(table: Table) -> ColumnElement[bool]:
    """Whether the pause after the last refusal is over; wants the parameters of ``cutoffs``."""
    return or_(
        table.c.attempts == 0,
        table.c.attempts > len(RETRY_AFTER),
        *(
            and_(table.c.attempts == number, table.c.claimed_at <= bindparam(f"cutoff_{number}", type_=UTCDateTime))
            for number in range(1, len(RETRY_AFTER) + 1)
        ),
    )


def cutoffs(now: datetime) -> dict[str, datetime]:
    """Parameters of ``pause_over``."""
    return {f"cutoff_{number}": now - pause for number, pause in enumerate(RETRY_AFTER, 1)}


def claim(session: Session, table: Table, number: int, *, now: datetime) -> Row[Any] | None:
    """Claim the *new* row ``number`` and give it; ``None`` where somebody was faster. Commit before sending."""
    statement = (
        update(table)
        .where(table.c.id == number, table.c.state == MailState.NEW)
        .values(
            state=MailState.SENDING,
            claimed_at=now,
            claim_fence=func.coalesce(table.c.claim_fence, 0) + 1,
            attempts=table.c.attempts + 1,
        )
        .returning(table)
    )
    return session.execute(statement).one_or_none()


def mark_sent(session: Session, entry: Claimed, *, now: datetime) -> bool:
    """The relay took it. Counts also when a sweep has meanwhile called it unsure: now it is known."""
    return _settle(session, entry, {"state": MailState.SENT, "sent_at": now, "error": None})


def mark_unsure(session: Session, entry: Claimed, *, error: str) -> bool:
    """The line broke after the last byte and before the answer: it may have been taken."""
    return _settle(session, entry, {"state": MailState.UNSURE, "error": error})


def mark_failed(session: Session, entry: Claimed, *, error: str) -> bool:
    """The relay refused it for good."""
    return _settle(session, entry, {"state": MailState.FAILED, "error": error})


def release(session: Session, entry: Claimed, *, error: str, counts: bool) -> MailState:
    """It was certainly not taken: *new* again, due after ``RETRY_AFTER``, or *failed* after ``MAX_ATTEMPTS``.

    ``counts`` is false where the relay was not even reached: that is no refusal of this mail.
    """
    if counts and entry.attempts >= MAX_ATTEMPTS:
        mark_failed(session, entry, error=f"given up after {entry.attempts} attempts: {error}")
        return MailState.FAILED
    attempts = entry.attempts if counts else entry.attempts - 1
    _settle(session, entry, {"state": MailState.NEW, "attempts": attempts, "error": error})
    return MailState.NEW


def _settle(session: Session, entry: Claimed, values: Mapping[str, Any]) -> bool:
    """Write an outcome under the claim's fence; ``False`` where somebody else has the row, or it is gone."""
    table = entry.table
    mine = (
        table.c.id == entry.id,
        table.c.claim_fence == entry.fence,
        table.c.state.in_([MailState.SENDING, MailState.UNSURE]),
    )
    return bool(session.execute(update(table).where(*mine).values(**values).returning(table.c.id)).all())
