"""Which offers are one: judging, merging, splitting, and taking that back (law 5).

What the sources say moves to the offer whose id is the oldest; the other id stays, leads there for ever, and lives
again when the merge is taken back. What people said about it is not moved: it counts for its successor
(``schemas.store.publishing.merged_into``) for as long as it has one.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, tuple_, update
from sqlalchemy.orm import Session

from schemas.exceptions import StoreError, Superseded
from schemas.offer import SourceKey
from schemas.publish import VISIBLE
from schemas.review import Judgement, JudgementKind, ReviewKind
from schemas.store.audit import note
from schemas.store.harvest import mint
from schemas.store.publishing import lock_offers, merged_into, republish, successor
from schemas.store.queue import close_reviews, reopen_reviews
from schemas.store.resolving import is_missing, open_review
from schemas.tables.harvest import sources
from schemas.tables.offers import memberships, offers, published
from schemas.tables.reviews import judgements, reviews
from schemas.vocabulary import Status

_ALIVE: Final = frozenset({*VISIBLE, Status.HELD})


def judge(session: Session, left: str, right: str, kind: JudgementKind, *, by: str, now: datetime) -> Judgement:
    """Say whether two offers are the same; it is remembered, and nobody is asked about the pair again.

    ``SAME`` merges them. Offers that were merged before count as their successors. Raises ``StoreError`` for unknown
    offers, for one offer twice, and where ``merge`` does.
    """
    lock_offers(session, [left, right])
    left, right = sorted((successor(session, left), successor(session, right)))
    if left == right:
        raise StoreError(f"offer {left}: both are one offer already; reload the desk")
    judgement = Judgement(left=left, right=right, kind=kind, by=by, at=now)
    values = judgement.model_dump(include={"left", "right", "by", "at"}) | {"kind": kind.value}
    number: int = session.execute(insert(judgements).values(values).returning(judgements.c.id)).scalar_one()
    if kind is JudgementKind.SAME:
        _merge(session, left, right, {"judgement": number}, by=by, now=now)
        return judgement
    closed = _waiting(session, _about(left, right))
    close_reviews(session, closed, now=now, by=by)
    data = {"judgement": number, "other": right, "kind": kind.value, "reviews": closed}
    note(session, "judge", left, data, by=by, now=now)
    return judgement


def resolve_duplicate(session: Session, review_id: int, kind: JudgementKind, *, by: str, now: datetime) -> Judgement:
    """Answer a question about two offers. Raises ``StoreError`` where it is not open, and where ``judge`` does."""
    review = open_review(session, review_id, ReviewKind.DUPLICATE)
    return judge(session, review.offer, review.field or "", kind, by=by, now=now)


def reopen_pair(session: Session, left: str, right: str, numbers: Collection[int], *, now: datetime) -> None:
    """Ask about two offers again, by the ``numbers`` of the questions. Raises ``Superseded`` where they are one now."""
    lock_offers(session, [left, right])
    check_pair(session, left, right)
    reopen_reviews(session, numbers, now=now)


def check_pair(session: Session, left: str, right: str) -> None:
    """Raises ``Superseded`` where two offers are one now."""
    if successor(session, left) == successor(session, right):
        raise Superseded(f"offers {left} and {right} were merged since; take that back first")


def undo_judgement(session: Session, left: str, data: dict[str, Any], *, by: str, now: datetime) -> None:
    """Take a judgement about ``left`` back that noted ``data``: the pair may be asked about again.

    Raises ``Superseded`` where the two were merged since.
    """
    reopen_pair(session, left, data["other"], data["reviews"], now=now)
    _take_back(session, data["judgement"], by, now)


def judged_pairs(session: Session) -> set[tuple[str, str]]:
    """Pairs of offers about which somebody has said something, each in order, as they are merged today."""
    c = judgements.c
    rows = session.execute(select(c.left, c.right).where(c.undone_at.is_(None))).all()
    into = merged_into(session, session.scalars(_successors()).all())
    pairs = (sorted((into.get(row.left, row.left), into.get(row.right, row.right))) for row in rows)
    return {(left, right) for left, right in pairs if left != right}


def merge(session: Session, keep: str, other: str, *, by: str, now: datetime) -> str:
    """Make two offers one; its id, which is the one minted first (of two minted together, ``keep``).

    Raises ``StoreError`` for unknown offers, for one offer twice, for offers of two Regions, and for one that is gone,
    rejected, over, or merged already.
    """
    return _merge(session, keep, other, {"judgement": None}, by=by, now=now)


def unmerge(session: Session, replaced: str, *, by: str, now: datetime) -> None:
    """Take the merge back by which ``replaced`` went into another: its id lives again, with its sources.

    What was said about the successor meanwhile stays with the successor. Raises ``StoreError`` where it was not
    merged, or its successor was itself merged since: that comes first.
    """
    kept = check_merge(session, replaced)
    lock_offers(session, [replaced, kept])
    if check_merge(session, replaced) != kept:  # somebody else may have acted before the lock was ours
        raise Superseded(f"offer {replaced} was merged into another offer since; take that back first")
    c = memberships.c
    ended = select(func.max(c.until)).where(c.offer_id == replaced).scalar_subquery()
    mine = select(c.source, c.key, c.part).where(c.offer_id == replaced, c.until == ended)
    keys = [SourceKey(source=source, key=key, part=part) for source, key, part in session.execute(mine)]
    session.execute(update(offers).where(offers.c.id == replaced).values(replaced_by=None))
    _move(session, kept, replaced, keys, "unmerged", now)
    for each in (replaced, kept):
        _follow_region(session, each)
    republish(session, [replaced, kept], now=now, by=by)


def check_merge(session: Session, replaced: str) -> str:
    """What ``replaced`` was merged into. Raises ``StoreError`` where it was not, ``Superseded`` where that was itself
    merged since."""
    kept = session.scalar(select(offers.c.replaced_by).where(offers.c.id == replaced))
    if kept is None:
        raise StoreError(f"offer {replaced} is not merged into another; reload the desk")
    if further := session.scalar(select(offers.c.replaced_by).where(offers.c.id == kept)):
        raise Superseded(f"offer {kept} was merged into {further} since; take that back first")
    return str(kept)


def undo_merge(session: Session, kept: str, data: dict[str, Any], *, by: str, now: datetime) -> None:
    """Take a merge back that noted ``data``, with the judgement that caused it; what waited before waits again.

    Whether ``replaced`` may be withdrawn is no question any more where its source shows it again.
    """
    unmerge(session, data["replaced"], by=by, now=now)
    if data["judgement"] is not None:
        _take_back(session, data["judgement"], by, now)
    region = select(offers.c.region).where(offers.c.id == data["replaced"]).scalar_subquery()
    moved = update(reviews).where(reviews.c.id.in_(data["moved"]))
    session.execute(moved.values(offer_id=data["replaced"], region=region))
    waited = set(data["reviews"])
    if not is_missing(session, data["replaced"]):
        vanished = (reviews.c.offer_id == data["replaced"]) & (reviews.c.kind == ReviewKind.WITHDRAWAL)
        waited -= set(session.scalars(select(reviews.c.id).where(vanished)))
    reopen_reviews(session, waited, now=now)


def split(session: Session, offer_id: str, keys: Collection[SourceKey], *, by: str, now: datetime) -> str:
    """Make what sources say under ``keys`` an offer of its own; the id minted for it.

    Raises ``StoreError`` where the offer does not have these keys, or would be left without any, and where a key came
    by a merge: then that is to be taken back.
    """
    ((region, _),) = lock_offers(session, [offer_id]).values()
    c = memberships.c
    standing = select(c.source, c.key, c.part, c.reason).where(c.offer_id == offer_id, c.until.is_(None))
    of_offer = {(row.source, row.key, row.part): row.reason for row in session.execute(standing)}
    leaving = {(key.source, key.key, key.part): key for key in keys}
    if not leaving or not leaving.keys() < of_offer.keys():
        raise StoreError(f"offer {offer_id}: {len(leaving)} of {len(of_offer)} sources cannot leave it; some must stay")
    if any(of_offer[identity] == "merged" for identity in leaving):
        raise StoreError(f"offer {offer_id}: that source came by a merge; take the merge back instead")
    (minted,) = mint(session, [next(iter(leaving.values()))])
    session.execute(insert(offers).values(id=minted, region=region, minted_at=now))
    _move(session, offer_id, minted, list(leaving.values()), "split", now)
    data = {"minted": minted, "keys": [key.model_dump(mode="json") for key in leaving.values()]}
    note(session, "split", offer_id, data, by=by, now=now)
    republish(session, [offer_id, minted], now=now, by=by)
    return minted


def undo_split(session: Session, offer_id: str, data: dict[str, Any], *, by: str, now: datetime) -> None:
    """Take a split back that noted ``data``: the new id leads to the old one for ever."""
    merge(session, offer_id, data["minted"], by=by, now=now)


def check_split(session: Session, offer_id: str, data: Mapping[str, Any]) -> None:
    """Raises ``StoreError`` where one of the two offers that ``split`` made is gone or was merged since."""
    _alive(session, offer_id)
    _alive(session, data["minted"])


def _merge(session: Session, keep: str, other: str, noted: dict[str, Any], *, by: str, now: datetime) -> str:
    if keep == other:
        raise StoreError(f"offer {keep} cannot be merged into itself")
    lock_offers(session, [keep, other])
    kept, replaced = sorted((_alive(session, keep), _alive(session, other)), key=lambda row: row.minted_at)
    if kept.region != replaced.region:
        raise StoreError(f"offers {keep} and {other} belong to two Regions; neither may take the other's")
    c = memberships.c
    standing = select(c.source, c.key, c.part).where(c.offer_id == replaced.id, c.until.is_(None))
    keys = [SourceKey(source=source, key=key, part=part) for source, key, part in session.execute(standing)]
    _move(session, replaced.id, kept.id, keys, "merged", now)
    session.execute(update(offers).where(offers.c.id == replaced.id).values(replaced_by=kept.id))
    mine = reviews.c.offer_id == replaced.id
    moved = _waiting(session, mine & (reviews.c.kind == ReviewKind.SUGGESTION))
    session.execute(update(reviews).where(reviews.c.id.in_(moved)).values(offer_id=kept.id))
    asked = or_(_about(replaced.id), mine & (reviews.c.kind == ReviewKind.WITHDRAWAL))
    closed = _waiting(session, asked)
    close_reviews(session, closed, now=now, by=by)
    data = noted | {"replaced": replaced.id, "moved": moved, "reviews": closed}
    note(session, "merge", kept.id, data, by=by, now=now)
    republish(session, [replaced.id, kept.id], now=now, by=by)
    return str(kept.id)


def _alive(session: Session, offer_id: str) -> Any:
    query = (
        select(offers.c.id, offers.c.region, offers.c.minted_at, offers.c.replaced_by, published.c.status)
        .join(published, published.c.offer_id == offers.c.id)
        .where(offers.c.id == offer_id)
    )
    row = session.execute(query).one_or_none()
    if row is None or row.replaced_by is not None or row.status not in _ALIVE:
        state = "unknown" if row is None else "merged already" if row.replaced_by else row.status
        raise StoreError(f"offer {offer_id} is {state}; only offers that are shown or held are merged: reload the desk")
    return row


def _move(session: Session, origin: str, target: str, keys: Collection[SourceKey], reason: str, now: datetime) -> None:
    """End the memberships of ``keys`` in ``origin`` and begin them in ``target``; those not there any more stay."""
    c = memberships.c
    among = tuple_(c.source, c.key, c.part).in_([(key.source, key.key, key.part) for key in keys])
    standing = update(memberships).where(among, c.offer_id == origin, c.until.is_(None))
    moved = session.execute(standing.values(until=now).returning(c.source, c.key, c.part)).all()
    rows = [row._asdict() | {"offer_id": target, "since": now, "reason": reason} for row in sorted(moved)]
    if not rows:
        raise StoreError(f"offer {origin} has no source that could move to {target}; reload the desk")
    session.execute(insert(memberships), rows)


def _follow_region(session: Session, offer_id: str) -> None:
    """Put an offer, with what waits about it, into the Region of its sources: one may have moved since the offers were
    merged. Sources of several Regions leave it where it is."""
    of_offer = select(sources.c.region).join(memberships, memberships.c.source == sources.c.name).distinct()
    regions = session.scalars(of_offer.where(memberships.c.offer_id == offer_id, memberships.c.until.is_(None))).all()
    if len(regions) == 1:
        session.execute(update(offers).where(offers.c.id == offer_id).values(region=regions[0]))
        session.execute(update(reviews).where(reviews.c.offer_id == offer_id).values(region=regions[0]))


def _take_back(session: Session, judgement: int, by: str, now: datetime) -> None:
    standing = update(judgements).where(judgements.c.id == judgement, judgements.c.undone_at.is_(None))
    done = standing.values(undone_at=now, undone_by=by).returning(judgements.c.id)
    if session.execute(done).one_or_none() is None:
        raise StoreError(f"judgement {judgement} was undone before; reload the desk")


def _about(offer_id: str, other: str | None = None) -> ColumnElement[bool]:
    """Questions whether an offer is the same as ``other``, or as any."""
    left, right = reviews.c.offer_id, reviews.c.field
    if other is None:
        return and_(reviews.c.kind == ReviewKind.DUPLICATE, or_(left == offer_id, right == offer_id))
    return and_(reviews.c.kind == ReviewKind.DUPLICATE, left.in_((offer_id, other)), right.in_((offer_id, other)))


def _waiting(session: Session, which: ColumnElement[bool]) -> list[int]:
    return list(session.scalars(select(reviews.c.id).where(which, reviews.c.closed_at.is_(None))))


def _successors() -> Any:
    return select(offers.c.replaced_by).where(offers.c.replaced_by.is_not(None)).distinct()
