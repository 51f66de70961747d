"""Taking back what was done at the desk, by the number of its row in the audit trail."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from schemas.exceptions import StoreError, Superseded
from schemas.review import DecisionKind
from schemas.store.audit import Action, action_by_id, is_undone, note, note_undone
from schemas.store.bulk import chunks
from schemas.store.lookups import reopen_wording
from schemas.store.merging import reopen_pair, undo_judgement, undo_merge, undo_split
from schemas.store.resolving import reopen_conflict, reopen_withdrawal
from schemas.store.reviews import standing_of, undo_correction, undo_decisions
from schemas.store.runs import steer_source
from schemas.store.suggestions import reopen_suggestion
from schemas.tables.harvest import sources, wordings
from schemas.tables.offers import offers
from schemas.tables.reviews import corrections, decisions
from schemas.tables.work import audit

BULK: Final = "bulk"
"""An action made of many; its subject is ``bulk:<region>``."""
_STEER: Final = "source.steer"
_DECISIVE: Final = frozenset({"accept", "reject"})
_DECIDED: Final = _DECISIVE | {"confirm"}

_Undo = Callable[[Session, Action, str, datetime], None]


def note_bulk(session: Session, numbers: Collection[int], *, region: str, by: str, now: datetime) -> int:
    """Note that the actions ``numbers`` were one of a coordinator of ``region``, so that they are taken back as one."""
    return note(session, BULK, f"bulk:{region}", {"actions": list(numbers)}, by=by, now=now)


def undo(session: Session, number: int, *, by: str, now: datetime) -> Action:
    """Take the action of that number back; the action.

    Raises ``StoreError`` for one that is not known, was taken back before, or cannot be taken back, because it is of
    another kind, or because something was built on it since; ``Superseded`` where taking it back would overrule, or
    be without effect beside, what was decided later about the same.
    """
    action = action_by_id(session, number, lock=True)
    if action is None or not can_undo(action):
        state = "not known" if action is None else "taken back already" if action.undone else "not to be taken back"
        raise StoreError(f"action {number} is {state}; reload the desk")
    if action.action == BULK:
        _undo_bulk(session, action, by, now)
    else:
        _UNDO[action.action](session, action, by, now)
    note_undone(session, [number], by=by, now=now)
    return action


def can_undo(action: Action) -> bool:
    """Whether ``undo`` knows how to take ``action`` back."""
    if action.action == _STEER and action.data["was"].keys() != {"trust"}:
        return False
    return not action.undone and (action.action in _UNDO or action.action == BULK)


def decided_alike(session: Session, offer_ids: Collection[str], kind: DecisionKind, *, by: str) -> int | None:
    """The number that takes back ``kind``, which ``by`` decided about ``offer_ids`` at once, with nothing done since.

    ``None`` where that is not so, or was taken back already.
    """
    c = audit.c
    newest: set[int] = set()
    for some in chunks(offer_ids):
        last = select(func.max(c.id)).where(c.subject.in_(some)).group_by(c.subject)
        newest.update(session.scalars(select(c.id).where(c.id.in_(last), c.action == kind.value, c.by == by)))
    if len(newest) < max(1, len(offer_ids)):
        return None
    if len(newest) == 1:
        number = newest.pop()
        return None if is_undone(session, number) else number
    bulk = select(audit).where(c.action == BULK, c.by == by, c.id > max(newest)).order_by(c.id).limit(1)
    row = session.execute(bulk).one_or_none()
    together = row is not None and set(row.data["actions"]) == newest and not is_undone(session, row.id)
    return row.id if row is not None and together else None


def region_of_action(session: Session, action: Action) -> str | None:
    """The Region whose coordinators may take ``action`` back."""
    kind, _, rest = action.subject.partition(":")
    if kind == "bulk":
        return rest
    if kind == "source":
        return session.scalar(select(sources.c.region).where(sources.c.name == rest))
    if kind == "wording":
        of_wording = select(sources.c.region).join(wordings, wordings.c.source == sources.c.name)
        return session.scalar(of_wording.where(wordings.c.id == action.data.get("wording")))
    return session.scalar(select(offers.c.region).where(offers.c.id == action.subject))


def _undo_bulk(session: Session, bulk: Action, by: str, now: datetime) -> None:
    actions = [action_by_id(session, number) for number in bulk.data["actions"]]
    left = [action for action in actions if action is not None and can_undo(action)]
    decided = [action.data["decision"] for action in left if action.action in _DECIDED]
    undo_decisions(session, standing_of(session, decided), by=by, now=now)
    for action in left:
        if action.action not in _DECIDED:
            _UNDO[action.action](session, action, by, now)
    note_undone(session, [action.id for action in left], by=by, now=now)


def _decision(session: Session, action: Action, by: str, now: datetime) -> None:
    c = decisions.c
    if action.action in _DECISIVE:
        since = select(c.id).where(c.offer_id == action.subject, c.kind.in_(_DECISIVE), c.undone_at.is_(None))
        _must_be_last(session, since.where(c.id > action.data["decision"]), action)
    undo_decisions(session, [action.data["decision"]], by=by, now=now)


def _correction(session: Session, action: Action, by: str, now: datetime) -> None:
    c = corrections.c
    since = select(c.id).where(c.offer_id == action.subject, c.field == action.data["field"], c.undone_at.is_(None))
    _must_be_last(session, since.where(c.id > action.data["correction"]), action)
    undo_correction(session, action.data["correction"], by=by, now=now)


def _conflict(session: Session, action: Action, by: str, now: datetime) -> None:
    reopen_conflict(session, action.subject, action.data, by=by, now=now)


def _withdrawal(session: Session, action: Action, by: str, now: datetime) -> None:
    reopen_withdrawal(session, action.subject, action.data, by=by, now=now)


def _kept_both(session: Session, action: Action, by: str, now: datetime) -> None:
    reopen_pair(session, action.subject, action.data["other"], [action.data["review"]], now=now)


def _suggestion(session: Session, action: Action, by: str, now: datetime) -> None:
    reopen_suggestion(session, action.data["suggestion"], now=now)


def _judgement(session: Session, action: Action, by: str, now: datetime) -> None:
    undo_judgement(session, action.subject, action.data, by=by, now=now)


def _merge(session: Session, action: Action, by: str, now: datetime) -> None:
    undo_merge(session, action.subject, action.data, by=by, now=now)


def _split(session: Session, action: Action, by: str, now: datetime) -> None:
    undo_split(session, action.subject, action.data, by=by, now=now)


def _wording(session: Session, action: Action, by: str, now: datetime) -> None:
    reopen_wording(session, action.data["wording"], by=by, now=now)


def _trust(session: Session, action: Action, by: str, now: datetime) -> None:
    steer_source(session, action.subject.partition(":")[2], action.data["was"], by=by, now=now)


def _must_be_last(session: Session, since: Select[Any], action: Action) -> None:
    if session.scalar(since.limit(1)) is not None:
        raise Superseded(f"{action.subject}: something was decided after action {action.id}; take that back first")


_UNDO: Final[Mapping[str, _Undo]] = {
    "accept": _decision,
    "reject": _decision,
    "confirm": _decision,
    "correct": _correction,
    "resolve_conflict": _conflict,
    "resolve_withdrawal": _withdrawal,
    "keep_both": _kept_both,
    "close_suggestion": _suggestion,
    "judge": _judgement,
    "merge": _merge,
    "split": _split,
    "decide_wording": _wording,
    _STEER: _trust,
}
