"""The ledger of letters: mails other than the Kitas' weekly one, to coordinators and providers (law 6).

One row before the first byte is sent; ``dedupe`` says what a letter is about, so that none is written twice. States and
claims are those of ``schemas.store.ledger``. Never reached from feeds (law 8).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from pydantic import AwareDatetime, Field
from sqlalchemy import Row, Table, func, or_, select, update
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.store.dialect import insert
from schemas.store.ledger import MailState, claim, cutoffs, pause_over, sweep_senders
from schemas.tables.letters import letters

KEEP: Final = timedelta(days=90)
"""How long what a letter says, and to whom, is kept; that there was one is kept for ever."""
TOO_LATE: Final = "not sent before it lost its sense"


class Letter(Value):
    """A rendered letter on its way into the ledger."""

    kind: str = Field(min_length=1, max_length=20)
    """What sort of letter, for instance ``friday``."""
    dedupe: str = Field(min_length=1, max_length=200)
    """What it is about; a second letter about the same is not written."""
    region: str
    """Official key of the Region in whose name it goes out."""
    address: str
    """Where it goes."""
    message_id: str
    """Message-ID with angle brackets; follows from ``dedupe``."""
    subject: str
    """Subject."""
    text: str
    """Text part."""
    html: str
    """HTML part."""
    data: dict[str, Any] = {}
    """What its writer wants to remember."""
    send_before: AwareDatetime | None = None
    """When it loses its sense; it is not sent later."""


class LetterEntry(Letter):
    """A row of the ledger."""

    table: ClassVar[Table] = letters

    id: int
    """Number in the database."""
    state: MailState
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


def enter_letter(session: Session, letter: Letter, *, now: datetime) -> int | None:
    """Add a letter; gives its number, or ``None`` where one with the same ``dedupe`` was written before."""
    statement = insert(session, letters).values(
        **letter.model_dump(exclude={"send_before"}),
        send_before=letter.send_before,
        state=MailState.NEW.value,
        rendered_at=now,
    )
    added = statement.on_conflict_do_nothing(index_elements=["dedupe"]).returning(letters.c.id)
    number: int | None = session.scalar(added)
    return number


def sweep_letters(session: Session, *, now: datetime) -> dict[MailState, int]:
    """Judge what nobody works on any more; gives how many became *unsure* (their sender died) and *failed* (still *new*
    when they lost their sense)."""
    unsure = sweep_senders(session, letters, now=now)
    late = session.execute(
        update(letters)
        .where(letters.c.state == MailState.NEW, letters.c.send_before <= now)
        .values(state=MailState.FAILED, error=func.coalesce(letters.c.error, TOO_LATE))
        .returning(letters.c.id)
    ).all()
    return {MailState.UNSURE: unsure, MailState.FAILED: len(late)}


def letters_wait_for(session: Session) -> list[str]:
    """Keys of the Regions in whose name a letter waits to go out, in order."""
    waiting = select(letters.c.region).where(letters.c.state == MailState.NEW).distinct()
    return list(session.scalars(waiting.order_by(letters.c.region)))


def claim_letter(session: Session, *, now: datetime, regions: Collection[str] | None = None) -> LetterEntry | None:
    """Claim one letter that is due, oldest first, and give it; ``None`` where nothing is. Commit before sending.

    ``regions`` limits it to letters in the name of one of them.
    """
    statement = _NEXT.where(or_(letters.c.send_before.is_(None), letters.c.send_before > now))
    if regions is not None:
        statement = statement.where(letters.c.region.in_(list(regions)))
    number = session.scalar(statement, cutoffs(now))
    claimed = claim(session, letters, number, now=now) if number is not None else None
    return _entry(claimed) if claimed else None


def letters_of(
    session: Session,
    *,
    region: str | None = None,
    kind: str | None = None,
    states: Sequence[MailState] = (),
    since: datetime | None = None,
    limit: int = 100,
) -> list[LetterEntry]:
    """Letters of a Region, newest first; ``since`` is when they were written at the earliest."""
    statement = select(letters).order_by(letters.c.id.desc()).limit(limit)
    for column, wanted in ((letters.c.region, region), (letters.c.kind, kind)):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if states:
        statement = statement.where(letters.c.state.in_(list(states)))
    if since is not None:
        statement = statement.where(letters.c.rendered_at >= since)
    return [_entry(row) for row in session.execute(statement)]


def purge_letters(session: Session, now: datetime) -> int:
    """Empty letters older than ``KEEP`` of what they say and to whom; gives how many. One never sent has *failed*."""
    old = (letters.c.rendered_at < now - KEEP, letters.c.text != "")
    empty: Mapping[str, Any] = {"address": "", "subject": "", "text": "", "html": ""}
    given_up = (letters.c.rendered_at < now - KEEP, letters.c.state == MailState.NEW)
    session.execute(update(letters).where(*given_up).values(state=MailState.FAILED, error=TOO_LATE))
    return len(session.execute(update(letters).where(*old).values(**empty).returning(letters.c.id)).all())


_NEXT: Final = (
    select(letters.c.id)
    .where(letters.c.state == MailState.NEW, pause_over(letters))
    .order_by(letters.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)


def _entry(row: Row[Any]) -> LetterEntry:
    return LetterEntry(
        id=row.id,
        kind=row.kind,
        dedupe=row.dedupe,
        region=row.region,
        address=row.address,
        message_id=row.message_id,
        subject=row.subject,
        text=row.text,
        html=row.html,
        data=row.data or {},
        send_before=row.send_before,
        state=MailState(row.state),
        rendered_at=row.rendered_at,
        claimed_at=row.claimed_at,
        fence=row.claim_fence,
        sent_at=row.sent_at,
        attempts=row.attempts,
        error=row.error,
    )
