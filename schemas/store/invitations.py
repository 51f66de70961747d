"""Double opt-in: an address is asked once whether it wants a Kita's mail, and forgotten where it does not answer.

The row with ``invited_at`` is committed before the mail is sent, so a second run never asks twice; only a mail that was
certainly not taken is taken back. Never reached from feeds (law 8).
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from schemas.clock import local
from schemas.exceptions import StoreError
from schemas.store.kitas import StoredRecipient, add_recipient, confirm_recipient, recipient_by_id
from schemas.tables.people import recipients

FORGET_AFTER: Final = timedelta(days=30)
"""An address that was not confirmed is deleted after this, and not asked again before."""

_LOCK: Final = 0x696E7669  # "invi"; one invitation at a time


def invite(session: Session, kita_id: str, address: str, *, now: datetime) -> StoredRecipient:
    """Note that ``address`` is asked now, to the second, whether it wants this Kita's mail. Commit before sending.

    Raises ``StoreError`` for an unknown Kita, for an address that receives the mail or has left it, and for one that
    was asked in the last ``FORGET_AFTER``, for whichever Kita; ``ValueError`` for what is no address.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    moment = now.replace(microsecond=0)
    same = func.lower(recipients.c.address) == address.lower()
    asked = session.scalar(select(func.max(recipients.c.invited_at)).where(same))
    if asked is not None and asked > moment - FORGET_AFTER:
        raise StoreError(
            f"{address} was asked on {local(asked):%Y-%m-%d} already; an address is asked once in "
            f"{FORGET_AFTER.days} days, so the next time may be {local(asked + FORGET_AFTER):%Y-%m-%d}"
        )
    person = recipient_by_id(session, add_recipient(session, kita_id, address))
    assert person is not None  # it was added in this transaction
    if person.recipient.unsubscribed_at is not None:
        raise StoreError(f"{address} has unsubscribed from the mail of {kita_id}; it is not asked again")
    if person.recipient.confirmed_at is not None:
        raise StoreError(f"{address} receives the mail of {kita_id} already")
    session.execute(update(recipients).where(recipients.c.id == person.id).values(invited_at=moment))
    return person.model_copy(update={"invited_at": moment})


def take_back(session: Session, person: StoredRecipient) -> None:
    """Forget an invitation that certainly did not leave; one that was confirmed meanwhile stays."""
    mine = (recipients.c.id == person.id, recipients.c.invited_at == person.invited_at)
    session.execute(delete(recipients).where(*mine, recipients.c.confirmed_at.is_(None)))


def invited(session: Session, recipient_id: int, invited_at: datetime) -> StoredRecipient | None:
    """The recipient who was asked at that second, confirmed or not; ``None`` where that is nobody (any more)."""
    person = recipient_by_id(session, recipient_id)
    return person if person is not None and person.invited_at == invited_at else None


def confirm(session: Session, recipient_id: int, invited_at: datetime, *, consent_text: str, now: datetime) -> bool:
    """Complete the double opt-in; the first confirmation stands. ``False`` where nobody was asked then."""
    if invited(session, recipient_id, invited_at) is None:
        return False
    confirm_recipient(session, recipient_id, consent_text=consent_text, now=now)
    return True


def purge_invitations(session: Session, now: datetime) -> int:
    """Delete addresses that did not confirm within ``FORGET_AFTER``; gives how many."""
    old = (recipients.c.confirmed_at.is_(None), recipients.c.invited_at <= now - FORGET_AFTER)
    return len(session.execute(delete(recipients).where(*old).returning(recipients.c.id)).all())
