"""Rewrites what is published, under the one change counter (laws 1 and 4).

Every way by which an offer can change ends here: ``republish`` computes it anew from what sources and people said,
writes only what differs, and takes the numbers of the changes as the last step before writing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from schemas.clock import local
from schemas.columns import columns, days, reach
from schemas.exceptions import StoreError
from schemas.harvest import AccessKind, Source
from schemas.offer import Offer, SourceKey, SourceOffer
from schemas.publish import VISIBLE, ChangeKind, Member, change_kind, harvested_fields, publish, retired
from schemas.review import Correction, Decision, DecisionKind
from schemas.search import other_words, title_words
from schemas.store.bulk import chunks
from schemas.store.queue import Cause, causes, sync_reviews
from schemas.stored import Forms, forms, numbered, numbered_csv, unended
from schemas.tables.harvest import source_offers, sources
from schemas.tables.offers import (
    changes,
    counters,
    exported_csv,
    exported_facts_csv,
    exported_facts_ndjson,
    exported_ndjson,
    memberships,
    offers,
    published,
    published_bytes,
    published_days,
    published_reach,
    published_words,
)
from schemas.tables.reviews import corrections, decisions
from schemas.vocabulary import RightsKind, Status

HARVEST: Final = "harvest"
"""Closes reviews whose cause went away by itself."""


@dataclass(frozen=True, slots=True)
class _Stored:
    row: int
    version: int
    status: Status
    digest: bytes
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class _Write:
    offer: Offer
    forms: Forms
    stored: _Stored | None
    kind: ChangeKind | None

    @property
    def looks_the_same(self) -> bool:
        """Whether the offer is shown as before, and differs only in what stays in the house."""
        return self.stored is not None and self.kind is None and self.offer.status in VISIBLE


def republish(
    session: Session,
    offer_ids: Iterable[str],
    *,
    now: datetime,
    by: str = HARVEST,
    fresh: Mapping[SourceKey, SourceOffer] | None = None,
    anew: bool = False,
) -> int:
    """Bring what is published of ``offer_ids`` up to date; the number of changes that everybody can see.

    Reviews open and close with it (``by`` closes them). ``fresh`` spares reading back what was just stored; ``anew``
    gives all that is shown a number, for something that goes out with it and is not stored with it has changed. An
    offer that was merged into another is published as that: its address leads there.
    """
    today = local(now).date()
    count = 0
    wanted_ids = list(dict.fromkeys(offer_ids))
    known = lock_offers(session, wanted_ids)
    for ids in chunks(wanted_ids):
        members = _members(session, ids, fresh or {})
        merged = merged_into(session, ids)
        corrected, decided = standing_corrections(session, ids, merged), standing_decisions(session, ids, merged)
        stored = _stored(session, ids)
        writes: list[_Write] = []
        wanted: list[Cause] = []
        for offer_id in ids:
            region, replaced_by = known[offer_id]
            if replaced_by:
                offer = retired(offer_id, region, replaced_by)
            elif members[offer_id]:
                by_people = corrected[offer_id]
                offer = publish(offer_id, region, members[offer_id], by_people, decided[offer_id], today=today)
                wanted += causes(offer, harvested_fields(members[offer_id]) if by_people else None, by_people)
            else:
                raise StoreError(f"offer {offer_id} has no source; give it a member before publishing it")
            write = _compared(offer, stored.get(offer_id), anew=anew)
            if write is not None:
                writes.append(write)
        sync_reviews(session, ids, wanted, now=now, by=by)
        count += _write(session, writes, now)
    return count


def rebuild(session: Session, now: datetime) -> int:
    """Compute every offer anew; the number that differed from what was stored and is repaired. 0 is the rule."""
    before = _digests(session)
    republish(session, session.scalars(select(offers.c.id).order_by(offers.c.id)).all(), now=now)
    after = _digests(session)
    return sum(before.get(offer_id) != digest for offer_id, digest in after.items())


def expire(session: Session, now: datetime) -> int:
    """Take offers whose last day is over out of what is shown (expired, not cancelled); the number of changes."""
    over = select(published.c.offer_id).where(
        published.c.expires_on <= local(now).date(),
        published.c.status.in_((Status.PUBLISHED, Status.CANCELLED, Status.HELD)),
    )
    return republish(session, session.scalars(over.order_by(published.c.row)).all(), now=now)


def standing_corrections(
    session: Session, offer_ids: Collection[str], merged: Mapping[str, str]
) -> defaultdict[str, list[Correction]]:
    """Corrections that are not undone, by offer, oldest first; those of ``merged`` offers count for their successor."""
    found: defaultdict[str, list[Correction]] = defaultdict(list)
    among = [*offer_ids, *merged]
    query = select(corrections).where(corrections.c.offer_id.in_(among), corrections.c.undone_at.is_(None))
    for row in session.execute(query.order_by(corrections.c.id)):
        found[merged.get(row.offer_id, row.offer_id)].append(correction_of(row))
    return found


def standing_decisions(
    session: Session, offer_ids: Collection[str], merged: Mapping[str, str]
) -> defaultdict[str, list[Decision]]:
    """Decisions that are not undone, by offer, oldest first.

    What was decided about ``merged`` offers counts where nobody decided about their successor itself; what was
    confirmed counts always.
    """
    found: defaultdict[str, list[Decision]] = defaultdict(list)
    among = [*offer_ids, *merged]
    query = select(decisions).where(decisions.c.offer_id.in_(among), decisions.c.undone_at.is_(None))
    for row in session.execute(query.order_by(decisions.c.id)):
        found[merged.get(row.offer_id, row.offer_id)].append(decision_of(row))
    for offer_id in set(merged.values()) & found.keys():
        of_offer = found[offer_id]
        if any(each.offer == offer_id and each.kind is not DecisionKind.CONFIRM for each in of_offer):
            kept = [each for each in of_offer if each.offer == offer_id or each.kind is DecisionKind.CONFIRM]
            found[offer_id] = kept
    return found


def merged_into(session: Session, offer_ids: Collection[str]) -> dict[str, str]:
    """Every offer that was merged into one of ``offer_ids``, over however many steps, and into which of them."""
    found: dict[str, str] = {}
    asked: Collection[str] = offer_ids
    while asked:
        query = select(offers.c.id, offers.c.replaced_by).where(offers.c.replaced_by.in_(asked))
        step = {row.id: found.get(row.replaced_by, row.replaced_by) for row in session.execute(query)}
        found |= step
        asked = step.keys()
    return found


def successor(session: Session, offer_id: str) -> str:
    """The offer that ``offer_id`` was merged into, over however many steps; itself where it was not."""
    by = session.scalar(select(offers.c.replaced_by).where(offers.c.id == offer_id))
    return offer_id if by is None else successor(session, by)


def successors(session: Session) -> dict[str, str]:
    """Every offer that was merged into another, and what it is today."""
    query = select(offers.c.id, offers.c.replaced_by).where(offers.c.replaced_by.is_not(None))
    step: dict[str, str] = {row.id: row.replaced_by for row in session.execute(query)}
    found = {}
    for offer_id, by in step.items():
        while by in step:
            by = step[by]
        found[offer_id] = by
    return found


def correction_of(row: Any) -> Correction:
    """The Correction of a row of ``corrections``."""
    return Correction(
        id=row.id,
        offer=row.offer_id,
        field=row.field,
        value=row.value,
        replaced=row.replaced,
        by=row.by,
        at=row.at,
        undone_at=row.undone_at,
    )


def decision_of(row: Any) -> Decision:
    """The Decision of a row of ``decisions``."""
    return Decision(
        id=row.id,
        offer=row.offer_id,
        kind=row.kind,
        by=row.by,
        at=row.at,
        why=row.why,
        unsure=row.unsure,
        undone_at=row.undone_at,
    )


def members_of(session: Session, offer_id: str) -> list[Member]:
    """What the sources of one offer say, oldest first."""
    return _members(session, [offer_id], {})[offer_id]


def lock_offers(session: Session, offer_ids: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """Keep other transactions from publishing these offers until the commit; their Regions and successors, by id.

    A harvest and a coordinator may change one offer at the same moment: whoever comes second then sees what the first
    one wrote. All offers of a transaction are locked at once and in one order, before it takes numbers, so that two
    never wait for each other. Raises ``StoreError`` for an unknown id.
    """
    known = {}
    wanted = sorted(set(offer_ids))
    for ids in chunks(wanted):
        query = select(offers.c.id, offers.c.region, offers.c.replaced_by).where(offers.c.id.in_(ids))
        for row in session.execute(query.order_by(offers.c.id).with_for_update()):
            known[row.id] = (row.region, row.replaced_by)
    if unknown := [offer_id for offer_id in wanted if offer_id not in known]:
        raise StoreError(f"offer {unknown[0]!r} is not known; expected the id of an offer in this database")
    return known


def _members(
    session: Session, ids: Sequence[str], fresh: Mapping[SourceKey, SourceOffer]
) -> defaultdict[str, list[Member]]:
    same = (
        (source_offers.c.source == memberships.c.source)
        & (source_offers.c.key == memberships.c.key)
        & (source_offers.c.part == memberships.c.part)
    )
    query = (
        select(memberships.c.offer_id, source_offers)
        .join(source_offers, same)
        .where(memberships.c.offer_id.in_(ids), memberships.c.until.is_(None))
        .order_by(source_offers.c.first_seen, memberships.c.id)
    )
    rows = session.execute(query).all()
    by_name = {
        name: Source.model_validate(data)
        for name, data in session.execute(
            select(sources.c.name, sources.c.data).where(sources.c.name.in_({row.source for row in rows}))
        )
    }
    by_identity = {(key.source, key.key, key.part): said for key, said in fresh.items()}
    found: defaultdict[str, list[Member]] = defaultdict(list)
    for row in rows:
        source = by_name[row.source]
        said = by_identity.get((row.source, row.key, row.part)) or SourceOffer.model_validate_json(row.data)
        if said.rights != source.rights and not _own_rights(source):
            said = said.model_copy(update={"rights": source.rights})  # whatever counted when it was read
        found[row.offer_id].append(
            Member(said, source.trust, row.present, row.first_seen, row.last_seen, row.withdrawn)
        )
    return found


def _own_rights(source: Source) -> bool:
    """Whether each offer of a source brings rights of its own: what people typed does, unless all have to be *facts
    only*."""
    return source.access.kind is AccessKind.FORM and source.rights.kind is not RightsKind.FACTS_ONLY


def _stored(session: Session, ids: Sequence[str]) -> dict[str, _Stored]:
    c = published.c
    query = select(c.offer_id, c.row, c.version, c.status, c.digest, c.changed_at).where(c.offer_id.in_(ids))
    return {
        offer_id: _Stored(row, version, Status(status), digest, at)
        for offer_id, row, version, status, digest, at in session.execute(query)
    }


def _digests(session: Session) -> dict[str, bytes]:
    return {row.offer_id: row.digest for row in session.execute(select(published.c.offer_id, published.c.digest))}


def _compared(offer: Offer, stored: _Stored | None, *, anew: bool) -> _Write | None:
    """What must be written for ``offer``; ``None`` where the stored bytes already say the same, unless ``anew``."""
    made = forms(offer)
    if stored is None:
        return _Write(offer, made, None, change_kind(None, offer.status, known=False, differs=True))
    differs = anew or stored.digest[:16] != made.digest[:16]
    kind = change_kind(stored.status, offer.status, known=stored.version > 0, differs=differs)
    return None if kind is None and stored.digest == made.digest else _Write(offer, made, stored, kind)


def _write(session: Session, writes: Sequence[_Write], now: datetime) -> int:
    if not writes:
        return 0
    numbers = iter(_take_numbers(session, sum(write.kind is not None for write in writes)))
    new, old, log = [], [], []
    versions: dict[str, int] = {}
    for write in writes:
        offer, stored = write.offer, write.stored
        version, changed_at = (stored.version, stored.changed_at) if stored else (0, now)
        if write.kind is not None:
            version, changed_at = next(numbers), now
            log.append({"number": version, "offer_id": offer.id, "kind": write.kind.value, "at": now})
        versions[offer.id] = version
        row = columns(offer) | {"version": version, "digest": write.forms.digest, "changed_at": changed_at}
        if stored is None:
            new.append(row | {"offer_id": offer.id})
        else:
            old.append(row | {"number": stored.row})
    rows = {write.offer.id: write.stored.row for write in writes if write.stored}
    if new:
        session.execute(insert(published), new)
        added = published.c.offer_id.in_([row["offer_id"] for row in new])
        rows.update(
            (offer_id, row)
            for offer_id, row in session.execute(select(published.c.offer_id, published.c.row).where(added))
        )
    if old:
        session.execute(update(published).where(published.c.row == bindparam("number")), old)
        for table in (published_days, published_reach):
            session.execute(delete(table).where(table.c.row.in_([row["number"] for row in old])))
    _write_forms(session, writes, rows, versions)
    if log:
        session.execute(insert(changes), log)
    return len(log)


def _write_forms(
    session: Session, writes: Sequence[_Write], rows: Mapping[str, int], versions: Mapping[str, int]
) -> None:
    inserts: defaultdict[Table, list[dict[str, Any]]] = defaultdict(list)
    updates: defaultdict[tuple[Table, bool], list[dict[str, Any]]] = defaultdict(list)
    for write in writes:
        offer, row = write.offer, rows[write.offer.id]
        words: dict[str, Any] = {"title": title_words(offer), "words": other_words(offer)}
        for table, values in (*_documents(write, versions[offer.id]), (published_words, words)):
            if write.stored is None:
                inserts[table].append({"row": row} | values)
            else:
                updates[table, write.looks_the_same].append({"number": row} | values)
    for table, new in inserts.items():
        session.execute(insert(table), new)
    for (table, _), changed in updates.items():
        session.execute(update(table).where(table.c.row == bindparam("number")), changed)
    dated = [{"row": rows[write.offer.id], "day": day} for write in writes for day in days(write.offer)]
    if dated:
        session.execute(insert(published_days), dated)
    mobile = [{"row": rows[write.offer.id]} | area for write in writes for area in reach(write.offer)]
    if mobile:
        session.execute(insert(published_reach), mobile)


def _documents(write: _Write, version: int) -> list[tuple[Table, dict[str, bytes | None]]]:
    """The bytes to store, by table; without those that look the same, for they tell when the offer was seen as of this
    version: what changed without a number would never reach whoever follows the numbers."""
    offer, made, seen = write.offer, write.forms, write.offer.last_seen
    internal = numbered(made.offer, version, seen)
    if write.looks_the_same:
        return [(published_bytes, {"offer": internal})]
    on_pages = line = csv = facts = facts_csv = None
    if offer.status in VISIBLE:
        line, csv = unended(numbered(made.line, version, seen)), numbered_csv(offer.id, made.csv, version, seen)
        facts = made.facts and unended(numbered(made.facts, version, seen))
        facts_csv = made.facts_csv and numbered_csv(offer.id, made.facts_csv, version, seen)
        if offer.rights.kind is RightsKind.PERMISSION:
            on_pages, line, csv, facts, facts_csv = line, facts, facts_csv, None, None
    return [
        (published_bytes, {"offer": internal, "on_pages": on_pages}),
        (exported_ndjson, {"body": line}),
        (exported_csv, {"body": csv}),
        (exported_facts_ndjson, {"body": facts}),
        (exported_facts_csv, {"body": facts_csv}),
    ]


def _take_numbers(session: Session, count: int) -> range:
    """The next ``count`` numbers of changes; from here to the commit no other transaction can take any."""
    if count == 0:
        return range(0)
    last = session.execute(
        update(counters)
        .where(counters.c.name == "changes")
        .values(value=counters.c.value + count)
        .returning(counters.c.value)
    ).scalar_one()
    return range(last - count + 1, last + 1)
