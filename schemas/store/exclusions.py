"""*Please do not list us*: wishes, what follows from them, and keeping it so.

An exclusion counts in the whole installation, whichever Region noted it. Nothing about a source changes by it: whether
it is read follows from what stands here each time, so no later description of it can bring it back.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.orm import Session

from schemas.exceptions import StoreError
from schemas.exclusion import Exclusion, Exclusions, Wish
from schemas.harvest import Source
from schemas.offer import SourceKey
from schemas.store.audit import note
from schemas.store.bulk import chunks
from schemas.store.identity import same_identity
from schemas.store.pages import forget_pages
from schemas.store.withdrawing import erase
from schemas.tables.harvest import drafts, exclusions, issues, pages, records, runs, source_offers, sources, wordings
from schemas.tables.offers import memberships
from schemas.tables.reviews import corrections
from schemas.tables.work import hosts

EXCLUDED: Final = "excluded"
"""Reason of a source offer that went because its provider asked for it."""

_PAGES: Final = ("url", "provider_url", "booking_url")
"""Words of a Record that are addresses."""
_Identity = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Effect:
    """What an exclusion leads to that has not happened yet."""

    sources: tuple[Source, ...] = ()
    """Sources that are not read any more, by name; those that were stopped before are among them."""
    keys: tuple[SourceKey, ...] = ()
    """What is erased: Records and readings under these identities."""
    offers: tuple[str, ...] = ()
    """Offers of which nothing remains."""
    parts: tuple[str, ...] = ()
    """Offers that lose what one source said, and go on with what another says."""


def excluded(session: Session) -> Exclusions:
    """Everything that stands excluded."""
    return Exclusions.of(_exclusion(row) for row in session.execute(_standing()))


def exclusions_by_age(session: Session) -> list[Exclusion]:
    """All exclusions of the installation, newest first, those taken back included."""
    return [_exclusion(row) for row in session.execute(select(exclusions).order_by(exclusions.c.id.desc()))]


def exclude(
    session: Session, wishes: Iterable[Wish], *, region: str, by: str, now: datetime, why: str | None = None
) -> Effect:
    """Note ``wishes`` of one provider, and do at once what follows from them; what stood already is not noted again.

    Offers leave a tombstone; Records, readings and what was remembered of the servers are deleted.
    """
    standing = {(wish.kind, wish.value) for wish in map(_exclusion, session.execute(_standing()))}
    for wish in wishes:
        if (wish.kind, wish.value) in standing:
            continue
        standing.add((wish.kind, wish.value))
        values = wish.model_dump(mode="json") | {"region": region, "by": by, "at": now, "why": why}
        number = session.execute(insert(exclusions).values(values).returning(exclusions.c.id)).scalar_one()
        note(session, "exclude", f"exclusion:{number}", wish.model_dump(mode="json"), by=by, now=now)
    return enforce(session, by=by, now=now)


def undo_exclusion(session: Session, number: int, *, region: str, by: str, now: datetime) -> None:
    """Take an exclusion of ``region`` back: its site may be read again. What was erased returns by the next runs only.

    Raises ``StoreError`` where the Region has no such standing exclusion.
    """
    mine = (exclusions.c.id == number) & (exclusions.c.region == region) & exclusions.c.undone_at.is_(None)
    changed = update(exclusions).where(mine).values(undone_at=now, undone_by=by).returning(exclusions.c.id)
    if session.execute(changed).one_or_none() is None:
        raise StoreError(f"exclusion {number} does not stand in Region {region}; it may have been taken back already")
    note(session, "include", f"exclusion:{number}", {}, by=by, now=now)
    # A server that answers "not modified" would keep back what was erased here.
    c = source_offers.c
    erased = session.scalars(select(c.source).where(c.withdrawn == EXCLUDED).distinct()).all()
    session.execute(delete(pages).where(pages.c.source.in_(erased)))


def effect(session: Session, excluded: Exclusions) -> Effect:
    """What ``excluded`` would lead to; writes nothing.

    By host and address everything goes that a stopped source said, or whose own page, provider's page or page for
    booking lies there; by name the whole offer, whoever else describes it.
    """
    stopped = tuple(source for source in _sources(session) if excluded.stops(source))
    named, found = _said(session, excluded, {source.name for source in stopped})
    whole = _offers_of(session, named) | _corrected_offers(session, excluded)
    found |= named | _identities(session, whole)
    found -= _erased(session)
    touched = _offers_of(session, found)
    left = _remaining(session, touched, found)
    return Effect(
        sources=stopped,
        keys=tuple(SourceKey(source=source, key=key, part=part) for source, key, part in sorted(found)),
        offers=tuple(sorted(touched - left)),
        parts=tuple(sorted(left)),
    )


def enforce(session: Session, *, by: str, now: datetime) -> Effect:
    """Erase and withdraw whatever stands here against an exclusion. Once it has been done, nothing is left to do; a
    nightly job calls it for what came in by a way of its own (a correction, a restored backup)."""
    standing = excluded(session)
    if not standing:
        return Effect()
    due = effect(session, standing)
    erase(session, due.keys, reason=EXCLUDED, by=by, now=now)
    names = [source.name for source in due.sources]
    session.execute(delete(wordings).where(wordings.c.source.in_(names)))
    session.execute(delete(issues).where(issues.c.run_id.in_(select(runs.c.id).where(runs.c.source.in_(names)))))
    forget_pages(session, standing, names, due.keys)
    _forget(session, hosts, "host", standing)
    _forget(session, drafts, "address", standing)
    return due


def barred_keys(session: Session, excluded: Exclusions, source_name: str) -> set[SourceKey]:
    """Identities of a source that are not to be stored whatever their Records say, because a person's correction says
    that they are an excluded provider's."""
    found = _identities(session, _corrected_offers(session, excluded))
    return {SourceKey(source=source, key=key, part=part) for source, key, part in found if source == source_name}


def _said(session: Session, excluded: Exclusions, stopped: set[str]) -> tuple[set[_Identity], set[_Identity]]:
    """Identities whose reading or Record names an excluded provider, and those that must go for another reason."""
    named: set[_Identity] = set()
    others: set[_Identity] = set()
    for identity, data in _documents(session, source_offers):
        fields = data["fields"]
        provider, booking = fields.get("provider") or {}, fields.get("booking") or {}
        if excluded.covers(provider.get("name")):
            named.add(identity)
        elif identity[0] in stopped or excluded.covers(
            None, fields.get("url"), provider.get("url"), booking.get("url")
        ):
            others.add(identity)
    for identity, data in _documents(session, records):
        words = data.get("words") or {}
        if excluded.covers(words.get("provider")):
            named.add(identity)
        elif excluded.covers(None, data.get("url"), data.get("address"), *(words.get(name) for name in _PAGES)):
            others.add(identity)
    return named, others


def _documents(session: Session, table: Table) -> Iterator[tuple[_Identity, dict[str, Any]]]:
    c = table.c
    query = select(c.source, c.key, c.part, c.data).execution_options(yield_per=1_000)
    for source, key, part, data in session.execute(query):
        yield (source, key, part), orjson.loads(data)


def _erased(session: Session) -> set[_Identity]:
    """What an earlier exclusion has erased already."""
    c = source_offers.c
    rows = session.execute(select(c.source, c.key, c.part).where(c.withdrawn == EXCLUDED, c.fingerprint == ""))
    return {(source, key, part) for source, key, part in rows}


def _corrected_offers(session: Session, excluded: Exclusions) -> set[str]:
    """Offers of which a person said that they are an excluded provider's, or stand on an excluded page."""
    c = corrections.c
    query = select(c.offer_id, c.field, c.value).where(c.field.in_(("provider", "url")), c.undone_at.is_(None))
    found = set()
    for offer_id, field, value in session.execute(query):
        if field == "url":
            said = excluded.covers(None, value)
        else:
            said = bool(value) and excluded.covers(value.get("name"), value.get("url"))
        if said:
            found.add(offer_id)
    return found


def _offers_of(session: Session, identities: set[_Identity]) -> set[str]:
    """The offers that ``identities`` belong to."""
    if not identities:
        return set()
    c = memberships.c
    names = {source for source, _, _ in identities}
    query = select(c.offer_id, c.source, c.key, c.part).where(c.until.is_(None), c.source.in_(names))
    return {offer_id for offer_id, *identity in session.execute(query) if tuple(identity) in identities}


def _identities(session: Session, offer_ids: Iterable[str]) -> set[_Identity]:
    """What the offers consist of."""
    c = memberships.c
    found: set[_Identity] = set()
    for some in chunks(sorted(offer_ids)):
        query = select(c.source, c.key, c.part).where(c.offer_id.in_(some), c.until.is_(None))
        found.update((source, key, part) for source, key, part in session.execute(query))
    return found


def _remaining(session: Session, offer_ids: Iterable[str], going: set[_Identity]) -> set[str]:
    """Which of the offers another source still describes when ``going`` is gone."""
    c = memberships.c
    found: set[str] = set()
    for some in chunks(sorted(offer_ids)):
        query = (
            select(c.offer_id, c.source, c.key, c.part)
            .join(source_offers, same_identity(memberships, source_offers))
            .where(c.offer_id.in_(some), c.until.is_(None), source_offers.c.withdrawn.is_(None))
        )
        found.update(offer_id for offer_id, *identity in session.execute(query) if tuple(identity) not in going)
    return found


def _forget(session: Session, table: Table, column: str, excluded: Exclusions) -> None:
    """Delete the rows whose address is forbidden."""
    address = table.c[column]
    rows = [found for found in session.scalars(select(address)) if excluded.forbids(found)]
    for some in chunks(rows):
        session.execute(delete(table).where(address.in_(some)))


def _sources(session: Session) -> list[Source]:
    return [Source.model_validate(data) for data in session.scalars(select(sources.c.data).order_by(sources.c.name))]


def _standing() -> Any:
    return select(exclusions).where(exclusions.c.undone_at.is_(None)).order_by(exclusions.c.id)


def _exclusion(row: Any) -> Exclusion:
    return Exclusion.model_validate({name: getattr(row, name) for name in Exclusion.model_fields})
