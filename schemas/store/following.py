"""Published offers follow what is decided about many of them at once: how their source is described (trust, rights,
Region), under which licence the facts of their Region stand.

What counts is stored at once, together with a mark how far its offers have followed (``behind``). They follow in
batches, each a transaction that moves the mark too, so that 100,000 offers hold up nobody and whoever is killed in
between has lost one batch at most. The first batch is part of the decision itself; where more are left, work is put on
the list for them.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from schemas.db import Database
from schemas.publish import CC_ZERO
from schemas.store.dialect import insert
from schemas.store.identity import same_identity
from schemas.store.publishing import lock_offers, republish
from schemas.store.work import add_work
from schemas.tables import harvest as tables
from schemas.tables.offers import licences as licence_table
from schemas.tables.offers import memberships, offers, published
from schemas.tables.reviews import reviews

BATCH: Final = 500
"""Offers that follow in one transaction: about half a second in which nobody else can write on SQLite."""
PAUSE_S: Final = 0.15
"""Seconds between two batches: whoever waits to write on SQLite looks every tenth of a second whether it may."""
SOURCE: Final = "follow:"
"""Job for what is left of a source; its name follows."""
LICENCE: Final = "licence:"
"""Job for what is left of a Region; its key follows."""


def mark_source(session: Session, name: str, *, now: datetime) -> None:
    """All offers of a source have to follow its description, which is stored already; the first of them do."""
    session.execute(_source(name).values(behind=0))
    if follow_source(session, name, now=now):
        add_work(session, f"{SOURCE}{name}", now)


def follow_source(session: Session, name: str, *, now: datetime) -> bool:
    """Let the next offers of a source follow its description: published by its trust, rights and Region, and marked to
    be read again (``KnownOffer.reading`` is then empty). Gives whether some may be left.

    The source's row is held first and to the end, so that whoever changes the description, or adds offers to it by the
    old one, comes after or has come before.
    """
    held = select(tables.sources.c.region, tables.sources.c.behind).where(tables.sources.c.name == name)
    source = session.execute(held.with_for_update()).one_or_none()
    if source is None or source.behind is None:
        return False
    c = memberships.c
    mine = and_(c.source == name, c.until.is_(None), c.id > source.behind)
    following = select(c.id, c.offer_id).where(mine).order_by(c.id).limit(BATCH)
    lock_offers(session, {row.offer_id for row in session.execute(following)})
    left = session.execute(following).all()  # once more: what somebody merged or split in between has moved
    ids = list(dict.fromkeys(row.offer_id for row in left))
    last = left[-1].id if left else source.behind
    of_batch = select(tables.source_offers.c.id).join(memberships, same_identity(memberships, tables.source_offers))
    rows = of_batch.where(mine, c.id <= last)
    session.execute(update(tables.source_offers).where(tables.source_offers.c.id.in_(rows)).values(reading=""))
    elsewhere = and_(offers.c.id.in_(ids), offers.c.region != source.region)
    session.execute(update(offers).where(elsewhere).values(region=source.region))
    session.execute(update(reviews).where(reviews.c.offer_id.in_(ids)).values(region=source.region))
    republish(session, ids, now=now)
    whole = len(left) < BATCH
    session.execute(_source(name).values(behind=None if whole else last))
    return not whole


def in_batches(database: Database, step: Callable[[Session], bool]) -> int:
    """Do ``step`` in transactions of its own while it leaves something, and let others write in between; how many."""
    done = 1
    while _alone(database, step):
        time.sleep(PAUSE_S)
        done += 1
    return done


def keep_licences(session: Session, in_force: Mapping[str, str], *, now: datetime) -> None:
    """Remember under which licence the facts of each Region stand from now on, by its official key.

    Where it is another than before, or than ``CC_ZERO`` for a Region of which nothing was remembered, each of its
    offers that is shown takes a number: whoever keeps a copy then has the new licence too.
    """
    before = licences(session)
    for region, licence in sorted(in_force.items()):
        if licence == before.get(region):
            continue
        changed = licence != before.get(region, CC_ZERO)
        values = {"licence": licence, "behind": 0 if changed else None}
        kept = insert(session, licence_table).values(region=region, **values)
        session.execute(kept.on_conflict_do_update(index_elements=["region"], set_=values))
        if follow_licence(session, region, now=now):
            add_work(session, f"{LICENCE}{region}", now)


def licences(session: Session) -> dict[str, str]:
    """The licence of the facts that is in force, by the official key of the Region; only what was ever remembered."""
    rows = session.execute(select(licence_table.c.region, licence_table.c.licence))
    return {row.region: row.licence for row in rows}


def follow_licence(session: Session, region: str, *, now: datetime) -> bool:
    """Give the next shown offers of a Region a number for its new licence. Gives whether some may be left."""
    held = select(licence_table.c.behind).where(licence_table.c.region == region).with_for_update()
    behind = session.scalar(held)
    if behind is None:
        return False
    c = published.c
    mine = and_(c.row > behind, c.region.startswith(region, autoescape=True))
    left = session.execute(select(c.row, c.offer_id).where(mine).order_by(c.row).limit(BATCH)).all()
    republish(session, [row.offer_id for row in left], now=now, anew=True)
    whole = len(left) < BATCH
    done = None if whole else left[-1].row
    session.execute(update(licence_table).where(licence_table.c.region == region).values(behind=done))
    return not whole


def unfinished(session: Session) -> list[str]:
    """Jobs that are left to be done, whether or not work for them is on the list."""
    names = select(tables.sources.c.name).where(tables.sources.c.behind.is_not(None)).order_by(tables.sources.c.name)
    regions = select(licence_table.c.region).where(licence_table.c.behind.is_not(None)).order_by(licence_table.c.region)
    of_sources = [f"{SOURCE}{name}" for name in session.scalars(names)]
    return of_sources + [f"{LICENCE}{region}" for region in session.scalars(regions)]


def _alone(database: Database, step: Callable[[Session], bool]) -> bool:
    with database.begin() as session:
        return step(session)


def _source(name: str) -> Any:
    return update(tables.sources).where(tables.sources.c.name == name)
