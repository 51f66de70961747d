"""Numbers of changes after a database was replaced by an older backup: none is ever given out twice (law 4).

Whoever keeps a copy knows numbers of the database that is no more. They are skipped and remembered as lost, so that
whoever asks for what changed since one of them is told to begin anew, and none of them comes to mean something else.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session

from schemas.tables.offers import counters, lost_numbers

LEAST: Final = 1_000_000
"""Numbers that are skipped at least: all offers of an installation may change at once right after the backup."""
PER_SECOND: Final = 20
"""Numbers that are skipped besides for each second since the backup: 100,000 offers that change 17 times a day, every
day. Generous, and yet years of such seconds stay below what calendars can count to as ``SEQUENCE`` (2³¹)."""


def skip_numbers(session: Session, *, given_out: int, age: timedelta) -> int:
    """Go on after every number that may have been given out since a backup of that ``age``, which was just read in;
    the number to go on after. ``given_out`` is the last number of the database that it replaced, 0 where none is known.
    """
    row = counters.c.name == "changes"
    last: int = session.execute(select(counters.c.value).where(row)).scalar_one()
    possible = last + LEAST + int(max(age, timedelta()).total_seconds() * PER_SECOND)
    begin = max(given_out, possible) + 1
    session.execute(insert(lost_numbers).values(after=last, until=begin))
    session.execute(update(counters).where(row).values(value=begin))
    return begin


def is_lost(session: Session, number: int) -> bool:
    """Whether ``number`` can only come from a database that is no more."""
    c = lost_numbers.c
    return bool(session.scalar(select(exists().where(c.after < number, c.until > number))))


def replaced_since(session: Session, number: int) -> bool:
    """Whether the database was replaced by a backup after ``number`` was its last."""
    return bool(session.scalar(select(exists().where(lost_numbers.c.until > number))))
