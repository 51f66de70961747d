"""One typed entry becomes an offer, or its next version, in the transaction of whoever typed it.

It takes the way of everything that is harvested (Record → reading → store → publish), as a run of its own of one
Record, so that corrections, reviews and the change number follow as for any source.
"""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from harvesters.formats.form import record_of
from harvesters.normalise.record import VERSION, normalise
from schemas.clock import local
from schemas.entry import Entry
from schemas.harvest import Access, AccessKind, HarvestRun, Normalised, RunStatus, Source
from schemas.offer import Rights
from schemas.store import harvest as store
from schemas.store.harvest import Reading, fingerprint
from schemas.vocabulary import RightsKind

ENTRIES: Final = "eintraege_"
"""What the names of sources of entries begin with; the Region's key follows."""


def entry_source(region: str, name: str, *, now: datetime) -> Source:
    """The source of a Region's entries; ``name`` is the Region's. Each entry has rights of its own; the source says
    *permission*, since *facts only* would count for all of them."""
    rights = Rights(
        kind=RightsKind.PERMISSION, granted_by="Anbieter, je Eintrag im Formular", granted_on=local(now).date()
    )
    return Source(
        name=f"{ENTRIES}{region}",
        title=f"Selbst eingetragen: {name}"[:200],
        region=region,
        trust="hold",
        rights=rights,
        access=Access(kind=AccessKind.FORM),
        status="verified",
    )


def read_entry(source: Source, entry: Entry, *, key: str, now: datetime) -> Normalised:
    """What ``enter`` would store; writes nothing."""
    return normalise(record_of(entry, source=source.name, key=key, at=now), source, today=local(now).date())


def enter(session: Session, source: Source, entry: Entry, *, key: str, now: datetime) -> str:
    """Store ``entry`` under its ``key`` in ``source``, which must be stored, and publish what follows; the offer's id.

    Raises ``StoreError`` while another run of the source is going on, for instance a replay.
    """
    record = record_of(entry, source=source.name, key=key, at=now)
    read = normalise(record, source, today=local(now).date())
    number = store.start_run(session, source.name, now)
    reading = Reading(record, fingerprint(record), read, VERSION)
    counts = store.save_readings(session, source, number, readings=[reading], now=now)
    run = HarvestRun(
        id=number,
        source=source.name,
        started_at=now,
        finished_at=now,
        status=RunStatus.COMPLETE,
        records=1,
        new=counts.new,
        changed=counts.changed,
        unchanged=counts.unchanged,
        returned=counts.returned,
        issues=read.issues,
        message="Ein Eintrag wurde gespeichert.",
    )
    store.finish_run(session, run)
    return store.offer_ids(session, source.name, [record.origin])[0]
