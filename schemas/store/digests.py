"""The ledger of the weekly mails: one row per (week, Kita, recipient) before the first byte is sent (law 6).

States, claims and outcomes are those of ``schemas.store.ledger``.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final

from pydantic import AwareDatetime
from sqlalchemy import ColumnElement, Row, Table, and_, delete, exists, func, not_, select, update
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.store.dialect import insert
from schemas.store.ledger import MailState, claim, cutoffs, pause_over, sweep_senders
from schemas.tables.people import digests, kitas, recipients, recommendations

TOO_LATE: Final = "not sent within its week"
HAS_LEFT: Final = "unsubscribed before it was sent"
STOPPED: Final = "stopped by a coordinator for its week"


DigestState = MailState
"""Where a weekly mail stands."""


class DigestMail(Value):
    """A rendered mail on its way into the ledger."""

    week: str
    """ISO week."""
    kita: str
    """Id of the Kita."""
    recipient: int
    """Number of the recipient."""
    message_id: str
    """Message-ID with angle brackets; the same whenever the mail is made."""
    subject: str
    """Subject."""
    text: str
    """Text part."""
    html: str
    """HTML part."""


class LedgerEntry(DigestMail):
    """A row of the ledger."""

    table: ClassVar[Table] = digests

    id: int
    """Number in the database."""
    address: str
    """Where it goes."""
    region: str
    """Official key of the Kita's Region."""
    state: DigestState
    """Where it stands."""
    rendered_at: AwareDatetime
    """When it was rendered; the mail's Date."""
    claimed_at: AwareDatetime | None = None
    """When it was last claimed."""
    fence: int = 0
    """Raised by every claim."""
    sent_at: AwareDatetime | None = None
    """When the relay took it."""
    attempts: int = 0
    """How often it was offered to the relay."""
    error: str | None = None
    """Why it was not taken, in the relay's words or ours."""


# -- before sending ---------------------------------------------------------------------------------------------------


def enter(session: Session, mails: Iterable[DigestMail], *, now: datetime) -> int:
    """Add mails to the ledger; gives how many were not in it. Rows that exist stay as they are.

    The database refuses a recipient who is not confirmed with ``IntegrityError``.
    """
    rows = [
        {
            "week": mail.week,
            "kita_id": mail.kita,
            "recipient_id": mail.recipient,
            "state": DigestState.NEW.value,
            "message_id": mail.message_id,
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
            "rendered_at": now,
            "claim_fence": 0,
        }
        for mail in mails
    ]
    if not rows:
        return 0
    statement = insert(session, digests).on_conflict_do_nothing(index_elements=["week", "kita_id", "recipient_id"])
    return len(session.execute(statement.returning(digests.c.id), rows).all())


def entered(session: Session, week: str) -> frozenset[tuple[str, int]]:
    """(Kita, recipient) that have a row for ``week``."""
    found = session.execute(select(digests.c.kita_id, digests.c.recipient_id).where(digests.c.week == week))
    return frozenset((row.kita_id, row.recipient_id) for row in found)


# -- sending ----------------------------------------------------------------------------------------------------------


def withdraw_unsent(session: Session, week: str, *, keys: Collection[str]) -> int:
    """Forget mails of ``week`` to Kitas with one of these official keys that certainly nobody has; gives how many.

    They may be written anew, with the same Message-ID.
    """
    theirs = digests.c.kita_id.in_(select(kitas.c.id).where(kitas.c.region.in_(list(keys))))
    unsent = delete(digests).where(digests.c.week == week, digests.c.state == DigestState.NEW, theirs)
    return len(session.execute(unsent.returning(digests.c.id)).all())


def sweep(
    session: Session, *, now: datetime, week: str, held: Mapping[str, Collection[str]] = MappingProxyType({})
) -> dict[DigestState, int]:
    """Judge what nobody works on any more; gives how many became *unsure* and *failed*.

    Left in *sending* longer than ``CLAIM_LASTS``: *unsure*. Still *new* although its week is over (before ``week``), or
    its recipient has unsubscribed: *failed*, with the reason. ``held`` is described at ``claim_next``.
    """
    unsure = sweep_senders(session, digests, now=now)
    for held_week, keys in held.items():
        if held_week < week:
            theirs = digests.c.kita_id.in_(select(kitas.c.id).where(kitas.c.region.in_(list(keys))))
            waiting = (digests.c.state == DigestState.NEW, digests.c.week == held_week, digests.c.error.is_(None))
            session.execute(update(digests).where(*waiting, theirs).values(error=STOPPED))
    late = session.execute(
        update(digests)
        .where(digests.c.state == DigestState.NEW, digests.c.week < week)
        .values(state=DigestState.FAILED, error=func.coalesce(digests.c.error, TOO_LATE))
        .returning(digests.c.id)
    ).all()
    left = exists().where(recipients.c.id == digests.c.recipient_id, recipients.c.unsubscribed_at.is_not(None))
    gone = session.execute(
        update(digests)
        .where(digests.c.state == DigestState.NEW, left)
        .values(state=DigestState.FAILED, error=HAS_LEFT)
        .returning(digests.c.id)
    ).all()
    return {DigestState.UNSURE: unsure, DigestState.FAILED: len(late) + len(gone)}


def due_regions(session: Session) -> list[str]:
    """Official keys of the Kitas that a mail waits for, in order."""
    waiting = select(kitas.c.region).join(digests, digests.c.kita_id == kitas.c.id)
    return list(session.scalars(waiting.where(digests.c.state == DigestState.NEW).distinct().order_by(kitas.c.region)))


def claim_next(
    session: Session,
    *,
    now: datetime,
    kita: str | None = None,
    keys: Collection[str] | None = None,
    held: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> LedgerEntry | None:
    """Claim one mail that is due, oldest first, and give it; ``None`` where nothing is. Commit before sending.

    ``kita`` limits it to one Kita, ``keys`` to Kitas whose official key is one of them; ``held`` gives by week the keys
    of Kitas whose mails a coordinator stopped.
    Two senders never get the same row: SQLite lets one writer in, PostgreSQL skips rows that another one holds.
    """
    statement = _NEXT if kita is None else _NEXT.where(digests.c.kita_id == kita)
    if keys is not None:
        statement = statement.where(kitas.c.region.in_(list(keys)))
    for week, stopped in held.items():
        statement = statement.where(not_(and_(digests.c.week == week, kitas.c.region.in_(list(stopped)))))
    found = session.execute(statement, cutoffs(now)).one_or_none()
    if found is None:
        return None
    claimed = claim(session, digests, found.id, now=now)
    return _entry(claimed, found.address, found.region) if claimed else None


_NEXT: Final = (
    select(digests.c.id, recipients.c.address, kitas.c.region)
    .join(recipients, recipients.c.id == digests.c.recipient_id)
    .join(kitas, kitas.c.id == digests.c.kita_id)
    .where(digests.c.state == DigestState.NEW, recipients.c.unsubscribed_at.is_(None), pause_over(digests))
    .order_by(digests.c.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=digests)
)


# -- looking ----------------------------------------------------------------------------------------------------------


def ledger(
    session: Session,
    *,
    week: str | None = None,
    kita: str | None = None,
    region: str | None = None,
    since: str | None = None,
    states: Sequence[DigestState] = (),
    limit: int = 100,
    offset: int = 0,
) -> list[LedgerEntry]:
    """Rows of the ledger, newest week first, then by number; ``since`` is the first week."""
    conditions: list[ColumnElement[bool]] = []
    if week is not None:
        conditions.append(digests.c.week == week)
    if kita is not None:
        conditions.append(digests.c.kita_id == kita)
    if region is not None:
        conditions.append(kitas.c.region.startswith(region, autoescape=True))
    if since is not None:
        conditions.append(digests.c.week >= since)
    if states:
        conditions.append(digests.c.state.in_(list(states)))
    return _entries(session, *conditions, limit=limit, offset=offset)


def counts(session: Session, *, week: str) -> dict[DigestState, int]:
    """How many mails of ``week`` stand where; every state is named."""
    found = session.execute(
        select(digests.c.state, func.count()).where(digests.c.week == week).group_by(digests.c.state)
    ).all()
    return dict.fromkeys(DigestState, 0) | {DigestState(state): number for state, number in found}


def counts_by_key(session: Session, *, week: str) -> dict[tuple[str, DigestState], int]:
    """How many mails of ``week`` stand where, by the official key of their Kita and the state."""
    found = session.execute(
        select(kitas.c.region, digests.c.state, func.count())
        .join(kitas, kitas.c.id == digests.c.kita_id)
        .where(digests.c.week == week)
        .group_by(kitas.c.region, digests.c.state)
    ).all()
    return {(key, DigestState(state)): number for key, state, number in found}


def sent_offers(session: Session, *, since: str, before: str) -> dict[str, frozenset[str]]:
    """Offers in mails that went out, or may have, from week ``since`` until before week ``before``, by Kita."""
    out = [DigestState.SENT, DigestState.SENDING, DigestState.UNSURE]
    together = and_(recommendations.c.week == digests.c.week, recommendations.c.kita_id == digests.c.kita_id)
    statement = (
        select(digests.c.kita_id, recommendations.c.offer_id)
        .join(recommendations, together)
        .where(digests.c.state.in_(out), digests.c.week >= since, digests.c.week < before)
        .distinct()
    )
    found: dict[str, set[str]] = defaultdict(set)
    for row in session.execute(statement):
        found[row.kita_id].add(row.offer_id)
    return {kita: frozenset(offers) for kita, offers in found.items()}


def _entries(
    session: Session, *conditions: ColumnElement[bool], limit: int | None = None, offset: int = 0
) -> list[LedgerEntry]:
    statement = (
        select(digests, recipients.c.address, kitas.c.region)
        .join(recipients, recipients.c.id == digests.c.recipient_id)
        .join(kitas, kitas.c.id == digests.c.kita_id)
        .where(*conditions)
        .order_by(digests.c.week.desc(), digests.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [_entry(row, row.address, row.region) for row in session.execute(statement)]


def _entry(row: Row[Any], address: str, region: str) -> LedgerEntry:
    return LedgerEntry(
        id=row.id,
        week=row.week,
        kita=row.kita_id,
        recipient=row.recipient_id,
        message_id=row.message_id,
        subject=row.subject,
        text=row.text,
        html=row.html,
        address=address,
        region=region,
        state=DigestState(row.state),
        rendered_at=row.rendered_at,
        claimed_at=row.claimed_at,
        fence=row.claim_fence or 0,
        sent_at=row.sent_at,
        attempts=row.attempts,
        error=row.error,
    )
