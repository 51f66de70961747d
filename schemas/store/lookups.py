"""What unknown wording means: said at the desk, kept as a lookup of the source."""

from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from schemas.exceptions import StoreError
from schemas.store.audit import note
from schemas.store.runs import steer_source
from schemas.store.wordings import IGNORED, MEANT, UnknownWording, wording_by_id, wording_of
from schemas.tables.harvest import wordings

MAX_MEANING: Final = 200
"""Characters of a meaning."""


def decide_wording(session: Session, number: int, meaning: str | None, *, by: str, now: datetime) -> UnknownWording:
    """Ignore a wording (``None``), or say what it means: a lookup of its source.

    The source must be read again afterwards. Raises ``StoreError`` where no such wording is open.
    """
    meant = None if meaning is None else " ".join(meaning.replace("\0", "").split())[:MAX_MEANING]
    decided = IGNORED if meant is None else MEANT
    values = {"decided": decided, "meaning": meant, "decided_by": by, "decided_at": now}
    standing = update(wordings).where(wordings.c.id == number, wordings.c.decided.is_(None))
    row = session.execute(standing.values(**values).returning(wordings)).one_or_none()
    if row is None:
        raise StoreError(f"wording {number} is not open; it may have been decided meanwhile: reload the desk")
    found = wording_of(row)
    if meant is not None:
        steer_source(session, found.source, {"lookups": {found.field: {found.wording: meant}}}, by=by, now=now)
    note(session, "decide_wording", f"wording:{number}", {"wording": number, "meaning": meant}, by=by, now=now)
    return found


def reopen_wording(session: Session, number: int, *, by: str, now: datetime) -> UnknownWording:
    """Take ``decide_wording`` back; a lookup that it made goes. Raises ``StoreError`` where nothing was decided."""
    found = wording_by_id(session, number)
    values = {"decided": None, "meaning": None, "decided_by": None, "decided_at": None}
    standing = update(wordings).where(wordings.c.id == number, wordings.c.decided.is_not(None))
    done = session.execute(standing.values(**values).returning(wordings.c.id)).one_or_none()
    if found is None or done is None:
        raise StoreError(f"wording {number} is not decided; reload the desk")
    if found.decided == MEANT:
        steer_source(session, found.source, {"lookups": {found.field: {found.wording: None}}}, by=by, now=now)
    return found
