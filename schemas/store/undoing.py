"""Taking back what was done at the desk, by the number of its row in the audit trail."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from schemas.exceptions import StoreError, Superseded
from schemas.review import DecisionKind
from schemas.store.audit import Action, action_by_id, actions_by_id, is_undone, note, note_undone
from schemas.store.bulk import chunks
from schemas.store.lookups import reopen_wording
from schemas.store.merging import (
    check_merge,
    check_pair,
    check_split,
    reopen_pair,
    undo_judgement,
    undo_merge,
    undo_split,
)
from schemas.store.publishing import lock_offers
from schemas.store.resolving import check_conflict, check_withdrawal, reopen_conflict, reopen_withdrawal
from schemas.store.reviews import standing_of, undo_correction, undo_decisions
from schemas.store.runs import STEER, source, steer_source
from schemas.store.suggestions import reopen_suggestion
from schemas.tables.harvest import sources, wordings
from schemas.tables.offers import offers
from schemas.tables.reviews import corrections, decisions
from schemas.tables.work import audit

BULK: Final = "bulk"
"""An action made of many; its subject is ``bulk:<region>``."""
_DECISIVE: Final = frozenset({"accept", "reject"})
_OF_FIELD: Final = frozenset({"correct", "resolve_conflict", "undo_correction"})
_OF_OFFERS: Final = frozenset({"merge", "split"})

_Undo = Callable[[Session, Action, str, datetime], None]
_Check = Callable[[Session, Action], object]


@dataclass(frozen=True, slots=True)
class Undone:
    """What ``undo`` did."""

    action: Action
    """What was taken back."""
    count: int = 1
    """Actions taken back: one, or what was left of many."""
    already: int = 0
    """Of many: taken back before, each on its own."""
    overruled: int = 0
    """Of many: somebody decided later about the same, so they stay as they are."""


def note_bulk(session: Session, numbers: Collection[int], *, region: str, by: str, now: datetime) -> int:
    """Note that the actions ``numbers`` were one of a coordinator of ``region``, so that they are taken back as one."""
    return note(session, BULK, f"bulk:{region}", {"actions": list(numbers)}, by=by, now=now)


def undo(session: Session, number: int, *, by: str, now: datetime) -> Undone:
    """Take the action of that number back; of many that were done as one, those that can be.

    Raises ``StoreError`` for one that is not known, was taken back before, or cannot be taken back, because it is of
    another kind, or because something was built on it since; ``Superseded`` where taking it back would overrule, or
    be without effect beside, what was decided later about the same.
    """
    action = action_by_id(session, number, lock=True)
    if action is None or not can_undo(action):
        state = "not known" if action is None else "taken back already" if action.undone else "not to be taken back"
        raise StoreError(f"action {number} is {state}; reload the desk")
    done = Undone(action)
    if action.action == BULK:
        done = _undo_bulk(session, action, by, now)
    else:
        _UNDO[action.action](session, action, by, now)
    note_undone(session, [number], by=by, now=now)
    return done


def refused(session: Session, action: Action) -> bool:
    """Whether ``undo`` would refuse an ``action`` that ``can_undo``, because of what was done since."""
    check = _CHECKS.get(action.action)
    try:
        if check is not None:
            check(session, action)
    except StoreError:
        return True
    return False


def about_the_same(action: Action, later: Action) -> bool:
    """Whether ``later`` is of a kind that may stand in the way of taking ``action`` back, and about the same."""
    if later.id <= action.id:
        return False
    if action.action in _DECISIVE:
        return later.action in _DECISIVE and later.subject == action.subject
    if "field" in action.data:
        return later.action in _OF_FIELD and later.data["field"] == action.data["field"]
    return later.action in _OF_OFFERS


def can_undo(action: Action) -> bool:
    """Whether ``undo`` knows how to take ``action`` back."""
    if action.action == STEER and (action.data["was"].keys() != {"trust"} or "undoes" in action.data):
        return False
    return not action.undone and (action.action in _UNDO or action.action == BULK)


def latest_trust(session: Session, name: str) -> Action | None:
    """The latest decision, as far as it stands, whether clear offers of that source need a click."""
    c = audit.c
    steered = select(c.id).where(c.action == STEER, c.subject == f"source:{name}").order_by(c.id)
    decided = [
        action
        for action in actions_by_id(session, session.scalars(steered).all())
        if "trust" in action.data["is"] and "undoes" not in action.data and not action.undone
    ]
    return decided[-1] if decided else None


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


def _undo_bulk(session: Session, bulk: Action, by: str, now: datetime) -> Undone:
    """A bulk is made of decisions, one about each of its offers."""
    actions = actions_by_id(session, bulk.data["actions"])
    lock_offers(session, {action.subject for action in actions})
    standing = set(standing_of(session, [action.data["decision"] for action in actions]))
    left = [action for action in actions if can_undo(action) and action.data["decision"] in standing]
    overruled = {action.id for action in left if refused(session, action)}
    mine = [action for action in left if action.id not in overruled]
    if overruled and not mine:
        raise Superseded(
            f"action {bulk.id}: something was decided later about each of its offers; take that back first"
        )
    undo_decisions(session, [action.data["decision"] for action in mine], by=by, now=now)
    note_undone(session, [action.id for action in mine], by=by, now=now)
    return Undone(bulk, len(mine), len(actions) - len(left), len(overruled))


def _decision(session: Session, action: Action, by: str, now: datetime) -> None:
    lock_offers(session, [action.subject])
    _check_decision(session, action)
    undo_decisions(session, [action.data["decision"]], by=by, now=now)


def _check_decision(session: Session, action: Action) -> None:
    if action.action not in _DECISIVE:
        return
    c = decisions.c
    since = select(c.id).where(c.offer_id == action.subject, c.kind.in_(_DECISIVE), c.undone_at.is_(None))
    _must_be_last(session, since.where(c.id > action.data["decision"]), action)


def _correction(session: Session, action: Action, by: str, now: datetime) -> None:
    lock_offers(session, [action.subject])
    _check_correction(session, action)
    undo_correction(session, action.data["correction"], by=by, now=now)


def _check_correction(session: Session, action: Action) -> None:
    c = corrections.c
    since = select(c.id).where(c.offer_id == action.subject, c.field == action.data["field"], c.undone_at.is_(None))
    _must_be_last(session, since.where(c.id > action.data["correction"]), action)


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
    name = action.subject.partition(":")[2]
    source(session, name, lock=True)
    latest = latest_trust(session, name)
    if latest is None or latest.id != action.id:
        raise Superseded(
            f"{action.subject}: its trust was decided again after action {action.id}; take that back first"
        )
    steer_source(session, name, action.data["was"], by=by, now=now, undoes=action.id)


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
    STEER: _trust,
}
_CHECKS: Final[Mapping[str, _Check]] = {
    "accept": _check_decision,
    "reject": _check_decision,
    "correct": _check_correction,
    "resolve_conflict": lambda session, action: check_conflict(session, action.subject, action.data),
    "resolve_withdrawal": lambda session, action: check_withdrawal(session, action.subject, action.data),
    "keep_both": lambda session, action: check_pair(session, action.subject, action.data["other"]),
    "judge": lambda session, action: check_pair(session, action.subject, action.data["other"]),
    "merge": lambda session, action: check_merge(session, action.data["replaced"]),
    "split": lambda session, action: check_split(session, action.subject, action.data),
}
"""What ``undo`` asks before it does anything; each raises ``StoreError``."""
