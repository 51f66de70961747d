"""Files that coordinators upload, kept as they came until what they hold is taken over or dropped."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from pydantic import AwareDatetime
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.tables.harvest import uploads

KEEP_UPLOADS: Final = timedelta(days=30)
"""How long a file is kept with which nobody does anything."""


class Upload(Value):
    """One file."""

    id: int
    """Number in the database."""
    region: str
    """Key of the Region whose coordinators uploaded it."""
    name: str
    """What it was called; a word for people, never a path."""
    sha256: str
    """Digest of its bytes."""
    content: bytes
    """Its bytes."""
    by: str
    """Who uploaded it."""
    at: AwareDatetime
    """When."""


def save_upload(session: Session, region: str, *, name: str, content: bytes, by: str, now: datetime) -> int:
    """Keep a file; its number."""
    values = {
        "region": region,
        "name": name[:200],
        "sha256": sha256(content).hexdigest(),
        "content": content,
        "by": by,
        "at": now,
    }
    number: int = session.execute(insert(uploads).values(values).returning(uploads.c.id)).scalar_one()
    return number


def upload(session: Session, number: int) -> Upload | None:
    """The file of that number."""
    row = session.execute(select(uploads).where(uploads.c.id == number)).mappings().one_or_none()
    return None if row is None else Upload.model_validate(dict(row))


def drop_upload(session: Session, number: int) -> None:
    """Delete a file; drafts that were made from it stay."""
    session.execute(delete(uploads).where(uploads.c.id == number))


def purge_uploads(session: Session, now: datetime) -> int:
    """Delete files that nobody took over for 30 days; how many."""
    old = delete(uploads).where(uploads.c.at < now - KEEP_UPLOADS)
    return len(session.execute(old.returning(uploads.c.id)).all())
