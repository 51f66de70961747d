"""The audit trail: who did what, to what, when; from it everything a person did can be taken back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import AwareDatetime
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.store.bulk import chunks
from schemas.tables.work import audit

UNDO: Final = "undo"
"""Action that takes another back; its subject is ``action:<number>``."""
_NOTED: Final = "kitalotse_noted"


class Action(Value):
    """One row of the trail."""

    id: int
    """Its number."""
    at: AwareDatetime
    """When."""
    by: str
    """Who."""
    action: str
    """What was done, as a code."""
    subject: str
    """To what: id of an offer, name of a source, ``wording:<number>`` …"""
    data: dict[str, Any]
    """What taking it back needs to know."""
    undone: bool = False
    """Whether it was taken back."""


def note(session: Session, action: str, subject: str, data: Mapping[str, Any], *, by: str, now: datetime) -> int:
    """Write a row of the trail; its number."""
    return note_all(session, action, [(subject[:200], data)], by=by, now=now)[0]


def note_all(
    session: Session, action: str, what: Collection[tuple[str, Mapping[str, Any]]], *, by: str, now: datetime
) -> list[int]:
    """Write one row of the trail for each (subject, data) of ``what``; their numbers."""
    numbers: list[int] = []
    for some in chunks(what):
        rows = [
            {"at": now, "by": by, "action": action, "subject": subject, "data": dict(data)} for subject, data in some
        ]
        written = session.scalars(insert(audit).returning(audit.c.id, sort_by_parameter_order=True), rows)
        numbers += written.all()
    session.info.setdefault(_NOTED, []).extend(numbers)
    return numbers


def noted(session: Session) -> tuple[int, ...]:
    """Numbers of everything that was noted in this session, in order."""
    return tuple(session.info.get(_NOTED, ()))


def action_by_id(session: Session, number: int, *, lock: bool = False) -> Action | None:
    """The row of that number; with ``lock`` nobody else takes it back until the commit."""
    query = select(audit).where(audit.c.id == number)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _action(row, is_undone(session, number))


def actions_by_id(session: Session, numbers: Collection[int]) -> list[Action]:
    """The rows of those numbers, oldest first."""
    found: list[Action] = []
    for some in chunks(numbers):
        rows = session.execute(select(audit).where(audit.c.id.in_(some)).order_by(audit.c.id)).all()
        found += _actions(session, rows)
    return found


def actions_of(session: Session, subjects: Collection[str], *, limit: int = 200) -> list[Action]:
    """What was done to ``subjects`` (at most 500), newest first."""
    query = select(audit).where(audit.c.subject.in_(subjects)).order_by(audit.c.id.desc()).limit(limit)
    return _actions(session, session.execute(query).all())


def is_undone(session: Session, number: int) -> bool:
    """Whether the action of that number was taken back."""
    return session.scalar(select(audit.c.id).where(audit.c.subject == _of(number)).limit(1)) is not None


def note_undone(session: Session, numbers: Collection[int], *, by: str, now: datetime) -> None:
    """Note that actions were taken back."""
    note_all(session, UNDO, [(_of(number), {"action": number}) for number in numbers], by=by, now=now)


def _actions(session: Session, rows: Sequence[Any]) -> list[Action]:
    undone = set(session.scalars(select(audit.c.subject).where(audit.c.subject.in_([_of(row.id) for row in rows]))))
    return [_action(row, _of(row.id) in undone) for row in rows]


def _of(number: int) -> str:
    return f"action:{number}"


def _action(row: Any, undone: bool) -> Action:
    return Action(id=row.id, at=row.at, by=row.by, action=row.action, subject=row.subject, data=row.data, undone=undone)
