"""Kitas, who receives their mail, and what they answer. Never reached from feeds (law 8).

Functions take a session of ``schemas.db.Database``; those that change need one of ``begin``.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime
from sqlalchemy import Row, Select, delete, func, select, update
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.exceptions import StoreError
from schemas.kita import Feedback, Kita, Recipient
from schemas.recommendation import Digest, Recommendation
from schemas.store.dialect import insert
from schemas.tables import people
from schemas.tables.offers import offers

_BATCH = 500


class StoredRecipient(Value):
    """A recipient with the numbers that links and the ledger use."""

    id: int
    """Number in the database."""
    kita: str
    """Id of the Kita."""
    recipient: Recipient
    """Address and consent."""
    token_version: int = 0
    """Raising it ends every older link of this recipient."""
    invited_at: AwareDatetime | None = None
    """When it was last asked to confirm."""

    @property
    def wants_mail(self) -> bool:
        """Whether mails may go there: confirmed, and not unsubscribed since."""
        return self.recipient.confirmed_at is not None and self.recipient.unsubscribed_at is None


class StoredFeedback(Value):
    """An answer with its number, for undoing."""

    id: int
    """Number in the database."""
    feedback: Feedback
    """What was answered."""


class SavedKitas(Value):
    """What saving a list of Kitas did."""

    new: int = 0
    """Kitas that were not known."""
    changed: int = 0
    """Kitas whose register entry changed."""
    unchanged: int = 0
    """Kitas as they were."""
    kept: int = 0
    """Kitas that look after their profile themselves; a list never overwrites that (law 1)."""


# -- Kitas ------------------------------------------------------------------------------------------------------------


def save_kita(session: Session, kita: Kita, *, now: datetime) -> None:
    """Store a Kita's profile and add recipients it does not have yet; existing recipients are never changed here."""
    profile = kita.model_dump(mode="json", exclude={"recipients"})
    row = {"region": kita.region, "profile": profile, "example": kita.example, "updated_at": now}
    statement = insert(session, people.kitas).values(id=kita.id, created_at=now, **row)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))
    for recipient in kita.recipients:
        statement = insert(session, people.recipients).values(
            kita_id=kita.id, confirmed=recipient.confirmed_at is not None, **recipient.model_dump()
        )
        session.execute(statement.on_conflict_do_nothing(index_elements=["kita_id", "address"]))


def import_kitas(session: Session, kitas: Iterable[Kita], *, now: datetime) -> SavedKitas:
    """Store a register's Kitas. One that has an own group or a recipient owns its profile and is left alone."""
    counts = {"new": 0, "changed": 0, "unchanged": 0, "kept": 0}
    stored = {row.id: row.profile for row in session.execute(select(people.kitas.c.id, people.kitas.c.profile))}
    owners = set(session.scalars(select(people.recipients.c.kita_id).distinct()))
    for kita in kitas:
        before = stored.get(kita.id)
        if before is None:
            outcome = "new"
        elif before == kita.model_dump(mode="json", exclude={"recipients"}):
            outcome = "unchanged"
        elif kita.id in owners or any(not group["assumed"] for group in before["groups"]):
            outcome = "kept"
        else:
            outcome = "changed"
        counts[outcome] += 1
        if outcome in ("new", "changed"):
            save_kita(session, kita, now=now)
    return SavedKitas(**counts)


def kita_by_id(session: Session, kita_id: str) -> Kita | None:
    """A Kita with its recipients, or ``None``."""
    profile = session.scalar(select(people.kitas.c.profile).where(people.kitas.c.id == kita_id))
    if profile is None:
        return None
    return Kita.model_validate(profile | {"recipients": [r.recipient for r in recipients(session, kita_id)]})


def kitas(session: Session, *, region: str | None = None) -> Iterator[Kita]:
    """All Kitas by id, without recipients; with ``region`` those of that official key and below."""
    statement = select(people.kitas.c.profile).order_by(people.kitas.c.id)
    if region is not None:
        statement = statement.where(people.kitas.c.region.startswith(region, autoescape=True))
    for profile in session.scalars(statement.execution_options(yield_per=_BATCH)):
        yield Kita.model_validate(profile)


def kita_keys(session: Session) -> list[str]:
    """The official keys that Kitas lie under, each once."""
    return list(session.scalars(select(people.kitas.c.region).distinct().order_by(people.kitas.c.region)))


# -- recipients -------------------------------------------------------------------------------------------------------


def recipients(session: Session, kita_id: str) -> list[StoredRecipient]:
    """Everybody who receives a Kita's mail or once did, oldest first."""
    statement = select(people.recipients).where(people.recipients.c.kita_id == kita_id)
    return [_recipient(row) for row in session.execute(statement.order_by(people.recipients.c.id))]


def recipient_by_id(session: Session, recipient_id: int) -> StoredRecipient | None:
    """One recipient, or ``None``."""
    row = session.execute(select(people.recipients).where(people.recipients.c.id == recipient_id)).one_or_none()
    return _recipient(row) if row else None


def recipients_who_want_mail(session: Session, *, region: str | None = None) -> dict[str, list[StoredRecipient]]:
    """Confirmed recipients who have not unsubscribed, by Kita."""
    table = people.recipients
    statement = select(table).join(people.kitas).where(table.c.confirmed, table.c.unsubscribed_at.is_(None))
    if region is not None:
        statement = statement.where(people.kitas.c.region.startswith(region, autoescape=True))
    found: dict[str, list[StoredRecipient]] = defaultdict(list)
    for row in session.execute(statement.order_by(table.c.kita_id, table.c.id)):
        found[row.kita_id].append(_recipient(row))
    return dict(found)


def add_recipient(session: Session, kita_id: str, address: str) -> int:
    """Add an address, not yet confirmed; gives its number, also where the Kita has it already.

    Raises ``StoreError`` for an unknown Kita and ``ValueError`` for what is no address.
    """
    recipient = Recipient(address=address)
    if session.scalar(select(people.kitas.c.id).where(people.kitas.c.id == kita_id)) is None:
        raise StoreError(f"Kita {kita_id!r} is not known; import it first")
    statement = insert(session, people.recipients).values(kita_id=kita_id, address=recipient.address, confirmed=False)
    session.execute(statement.on_conflict_do_nothing(index_elements=["kita_id", "address"]))
    table = people.recipients
    wanted = select(table.c.id).where(table.c.kita_id == kita_id, table.c.address == recipient.address)
    return int(session.execute(wanted).scalar_one())


def confirm_recipient(session: Session, recipient_id: int, *, consent_text: str, now: datetime) -> None:
    """Complete the double opt-in; the first confirmation stands. Raises ``StoreError`` for an unknown recipient."""
    table = people.recipients
    changed = session.execute(
        update(table)
        .where(table.c.id == recipient_id, table.c.confirmed_at.is_(None))
        .values(confirmed_at=now, confirmed=True, consent_text=consent_text)
        .returning(table.c.id)
    ).all()
    if not changed and recipient_by_id(session, recipient_id) is None:
        raise StoreError(f"recipient {recipient_id} is not known")


def unsubscribe(session: Session, recipient_id: int, *, now: datetime) -> bool:
    """End the mails to one recipient, at once and for good; ``False`` only for an unknown one."""
    table = people.recipients
    session.execute(
        update(table).where(table.c.id == recipient_id, table.c.unsubscribed_at.is_(None)).values(unsubscribed_at=now)
    )
    return recipient_by_id(session, recipient_id) is not None


# -- answers ----------------------------------------------------------------------------------------------------------


def save_feedback(session: Session, feedback: Feedback) -> int:
    """Store an answer and give its number. It takes the place of the Kita's earlier answer to the same offer; the same
    answer twice is one. Raises ``StoreError`` for an unknown Kita or offer.
    """
    table = people.feedback
    earlier = session.execute(
        select(table)
        .where(table.c.kita_id == feedback.kita, table.c.offer_id == feedback.offer, table.c.undone_at.is_(None))
        .order_by(table.c.id.desc())
    ).all()
    for row in earlier:
        before = _feedback(row).feedback
        if before.model_copy(update={"at": feedback.at}) == feedback:
            return int(row.id)
    _must_exist(session, feedback)
    session.execute(update(table).where(table.c.id.in_([row.id for row in earlier])).values(undone_at=feedback.at))
    values = feedback.model_dump(exclude={"kita", "offer"})
    statement = insert(session, table).values(kita_id=feedback.kita, offer_id=feedback.offer, **values)
    return int(session.execute(statement.returning(table.c.id)).scalar_one())


def undo_feedback(session: Session, feedback_id: int, *, kita_id: str, now: datetime) -> bool:
    """Take an answer back; ``False`` where this Kita has no such standing answer."""
    table = people.feedback
    mine = (table.c.id == feedback_id, table.c.kita_id == kita_id, table.c.undone_at.is_(None))
    return bool(session.execute(update(table).where(*mine).values(undone_at=now).returning(table.c.id)).all())


def feedback_of(session: Session, kita_id: str) -> list[StoredFeedback]:
    """A Kita's standing answers, oldest first."""
    return [_feedback(row) for row in session.execute(_standing().where(people.feedback.c.kita_id == kita_id))]


def feedback_by_kita(session: Session) -> dict[str, tuple[Feedback, ...]]:
    """All standing answers, oldest first, by Kita."""
    found: dict[str, list[Feedback]] = defaultdict(list)
    for row in session.execute(_standing()):
        found[row.kita_id].append(_feedback(row).feedback)
    return {kita: tuple(answers) for kita, answers in found.items()}


def _standing() -> Select[Any]:
    return select(people.feedback).where(people.feedback.c.undone_at.is_(None)).order_by(people.feedback.c.id)


def _must_exist(session: Session, feedback: Feedback) -> None:
    if session.scalar(select(people.kitas.c.id).where(people.kitas.c.id == feedback.kita)) is None:
        raise StoreError(f"Kita {feedback.kita!r} is not known; its answer cannot be kept")
    if session.scalar(select(offers.c.id).where(offers.c.id == feedback.offer)) is None:
        raise StoreError(f"offer {feedback.offer!r} is not known; an answer to it cannot be kept")


# -- what was ranked --------------------------------------------------------------------------------------------------


def save_recommendations(session: Session, digests: Iterable[Digest]) -> int:
    """Replace what was ranked for these weeks and Kitas; gives the number of recommendations kept.

    A digest without recommendations empties its week: nothing good is an answer too. Two processes may save the same
    lists at the same time.
    """
    table, kept = people.recommendations, 0
    statement = insert(session, table)
    names = ("offer_id", "score", "data", "ranked_on")
    upsert = statement.on_conflict_do_update(
        index_elements=["week", "kita_id", "rank"], set_={name: statement.excluded[name] for name in names}
    )
    for digest in digests:
        rows = [
            {
                "week": digest.week,
                "kita_id": digest.kita,
                "rank": recommendation.rank,
                "offer_id": recommendation.offer,
                "score": recommendation.score,
                "data": recommendation.model_dump(mode="json"),
                "ranked_on": digest.ranked_on,
            }
            for recommendation in digest.recommendations
        ]
        if rows:
            session.execute(upsert, rows)
        last = max((recommendation.rank for recommendation in digest.recommendations), default=0)
        of_kita = (table.c.week == digest.week, table.c.kita_id == digest.kita)
        session.execute(delete(table).where(*of_kita, table.c.rank > last))
        kept += len(rows)
    return kept


def digest_of(session: Session, kita_id: str, *, week: str | None = None) -> Digest | None:
    """What was ranked for a Kita in ``week``, by default in its latest week; ``None`` where nothing was."""
    table = people.recommendations
    if week is None:
        week = session.scalar(select(func.max(table.c.week)).where(table.c.kita_id == kita_id))
    wanted = select(table).where(table.c.kita_id == kita_id, table.c.week == week).order_by(table.c.rank)
    rows = session.execute(wanted).all()
    if not rows or week is None:
        return None
    return _digest(week, kita_id, rows)


def ranked_kitas(session: Session, week: str) -> frozenset[str]:
    """Kitas that have a list for a week; one for which nothing good was found has none."""
    table = people.recommendations
    return frozenset(session.scalars(select(table.c.kita_id).where(table.c.week == week).distinct()))


def _digest(week: str, kita_id: str, rows: Sequence[Row[Any]]) -> Digest:
    recommendations = tuple(Recommendation.model_validate(row.data) for row in rows)
    return Digest(week=week, kita=kita_id, recommendations=recommendations, ranked_on=rows[0].ranked_on)


def _recipient(row: Row[Any]) -> StoredRecipient:
    return StoredRecipient(
        id=row.id,
        kita=row.kita_id,
        recipient=Recipient(
            address=row.address,
            confirmed_at=row.confirmed_at,
            consent_text=row.consent_text,
            unsubscribed_at=row.unsubscribed_at,
        ),
        token_version=row.token_version,
        invited_at=row.invited_at,
    )


def _feedback(row: Row[Any]) -> StoredFeedback:
    return StoredFeedback(
        id=row.id,
        feedback=Feedback(
            kita=row.kita_id,
            offer=row.offer_id,
            answer=row.answer,
            at=row.at,
            week=row.week,
            later_from=row.later_from,
            why=row.why,
        ),
    )
