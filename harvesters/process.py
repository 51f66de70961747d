"""The plain half of a run: Records → readings → gate → store. It needs no network; a replay starts here."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy.orm import Session

from harvesters.door import Door
from harvesters.drift import drifts, is_new
from harvesters.gate import Verdict, judge
from harvesters.normalise.record import VERSION, normalise
from harvesters.problems import place_of, problem
from harvesters.reading import FORMATS
from schemas.clock import local
from schemas.db import Database
from schemas.filling import Tally
from schemas.harvest import Drift, FillRates, Issue, Normalised, Record, Source
from schemas.offer import SourceKey
from schemas.store import harvest as store
from schemas.store.filling import former_fills, last_fill, tally_stored
from schemas.store.harvest import KnownOffer, Reading, SavedCounts
from schemas.store.reviews import hold_withdrawals

BATCH: Final = 1_000
"""Readings per transaction."""
READER: Final = f"{FORMATS}/{VERSION}"
"""What reads: two runs of one reader may be compared."""


@dataclass(frozen=True, slots=True)
class Processed:
    """What a run's Records led to."""

    counts: SavedCounts
    """Offers by what happened to them."""
    verdict: Verdict
    """What became of those not shown."""
    issues: tuple[Issue, ...]
    """What was not understood, and what the gate says."""
    excluded: int = 0
    """Records that were not stored, because their providers do not want to be listed."""
    fill: FillRates | None = None
    """How often the offers that were shown state what."""


def process(
    database: Database,
    source: Source,
    run_id: int | None,
    records: Iterable[Record],
    *,
    complete: bool,
    now: datetime,
    read_again: bool = False,
    shown_unread: Collection[SourceKey] = (),
    gone: Collection[str] = (),
    deleted: Collection[str] = (),
    known: Mapping[SourceKey, KnownOffer] | None = None,
) -> Processed:
    """Understand ``records`` and store what is new or changed, under the fence of ``run_id``.

    A Record whose fingerprint and normaliser version are stored is only marked as seen, unless ``read_again``.
    ``shown_unread`` are further identities that the source still shows (304), ``gone`` addresses of which it says that
    they are gone for good. What is an excluded provider's is neither read nor stored. ``known`` is what is stored of
    the source, where that was just read. Without ``run_id`` nothing is written.
    """
    with database.read() as session:
        known = store.known(session, source.name) if known is None else known
        called_gone = store.keys_at(session, source.name, gone)
        door = Door.of(session, source)
        former, last = former_fills(session, source.name), last_fill(session, source.name)
    called_gone |= {key for key in known if key.key in deleted} if deleted else set()
    work = _Work(source, known, read_again, door)
    counts = SavedCounts()
    # What was erased meanwhile, because its provider asked for it, has no Record any more that could be seen again.
    seen = [key for key in shown_unread if key in known and known[key].fingerprint]
    shown: set[SourceKey] = set(seen)
    readings = work.readings(records, seen, shown)
    while len(batch := list(islice(readings, BATCH))) == BATCH:
        if run_id is not None:
            with database.begin() as session:
                counts = _plus(counts, store.save_readings(session, source, run_id, readings=batch, now=now))
    verdict = judge(source.expect.offers, known, shown, complete=complete, gone=called_gone)
    if run_id is not None:
        with database.begin() as session:
            counts = _plus(counts, _save_rest(session, source, run_id, batch, seen, verdict, now))
    else:
        counts = work.would_be(seen, verdict)
    fill = work.rates(database, seen, last)
    whole = (complete or read_again) and source.expect.offers.min <= len(shown) <= source.expect.offers.max
    found = drifts(fill, former if whole else (), source.expect, run_id)
    told = [each for each in found if (work.read if each.rule == "expect.filled" else is_new(each, former))]
    issues = [*work.issues, *(_drifted(source, each) for each in told)]
    if verdict.rule is not None and verdict.message is not None:
        issues.append(
            problem(
                source.name,
                place_of(source),
                field="run",
                rule=verdict.rule,
                message=verdict.message,
                remedy="Auf dem Schreibtisch unter „Zurückgehalten“ entscheiden."
                if verdict.held
                else "Beim nächsten vollständigen Abruf wird neu entschieden.",
            )
        )
    return Processed(counts, verdict, tuple(issues), work.excluded, fill.model_copy(update={"drifts": found}))


def _save_rest(
    session: Session,
    source: Source,
    run_id: int,
    batch: Sequence[Reading],
    seen: Collection[SourceKey],
    verdict: Verdict,
    now: datetime,
) -> SavedCounts:
    counts = store.save_readings(
        session,
        source,
        run_id,
        readings=batch,
        seen=seen,
        absent=verdict.absent,
        withdrawn=verdict.withdrawn,
        now=now,
    )
    if verdict.held:
        hold_withdrawals(session, store.offer_ids(session, source.name, verdict.held), now=now)
    return counts


class _Work:
    """One pass over a source's Records."""

    def __init__(self, source: Source, known: Mapping[SourceKey, KnownOffer], read_again: bool, door: Door) -> None:
        self._source, self._known, self._read_again, self._door = source, known, read_again, door
        self.excluded = self.read = 0
        self._tally = Tally()
        self._new = self._changed = self._returned = 0
        self.issues: list[Issue] = []

    def readings(self, records: Iterable[Record], seen: list[SourceKey], shown: set[SourceKey]) -> Iterator[Reading]:
        """Readings of what must be read; the others are added to ``seen``, all of them to ``shown``."""
        for record in records:
            key = record.origin
            shown.add(key)
            if self._door.shuts(record):
                self.excluded += 1
                continue
            fingerprint = store.fingerprint(record)
            stored = self._known.get(key)
            same = stored is not None and stored.fingerprint == fingerprint
            if same and stored is not None and stored.reading == VERSION and not self._read_again:
                seen.append(key)
                continue
            reading = self._reading(record, fingerprint)
            if reading is None:
                self.excluded += 1
                continue
            self._count(stored, same)
            yield reading

    def _reading(self, record: Record, fingerprint: str) -> Reading | None:
        """What ``record`` means; ``None`` for an excluded provider's."""
        normalised = understand(record, self._source)
        if self._door.shuts_reading(normalised.offer.fields):
            return None
        self.issues.extend(normalised.issues)
        self._tally.add(normalised.offer.fields)
        self.read += 1
        return Reading(record, fingerprint, normalised, VERSION)

    def _count(self, stored: KnownOffer | None, same: bool) -> None:
        if stored is None:
            self._new += 1
        elif stored.withdrawn or not stored.present:
            self._returned += 1
        elif not same:
            self._changed += 1

    def would_be(self, seen: Sequence[SourceKey], verdict: Verdict) -> SavedCounts:
        """The counts of a dry run; a change of reading alone is not foreseen."""
        back = sum(self._known[key].withdrawn or not self._known[key].present for key in seen)
        others = self.read - self._new - self._changed - self._returned
        return SavedCounts(
            new=self._new,
            changed=self._changed,
            unchanged=len(seen) - back + others,
            returned=self._returned + back,
            withdrawn=len(verdict.withdrawn),
        )

    def rates(self, database: Database, seen: Collection[SourceKey], last: FillRates | None) -> FillRates:
        """How often the offers that were shown state what; that of the ``last`` run where nothing had to be read."""
        if not self.read and last is not None and (last.reader, last.offers) == (READER, len(seen)):
            return last
        with database.read() as session:
            tally_stored(session, self._source.name, seen, self._tally)
        return self._tally.rates(READER)


def understand(record: Record, source: Source) -> Normalised:
    """What a Record that is stored, or to be stored, means."""
    # The day on which it was fetched settles what "next Friday" meant, also when it is read again much later.
    moment = record.fetched_at
    if moment is None:
        raise ValueError(f"{record.origin}: a Record to be stored has a moment at which it was fetched")
    return normalise(record, source, today=local(moment).date())


def _drifted(source: Source, drift: Drift) -> Issue:
    where = place_of(source)
    return problem(source.name, where, field=drift.field, rule=drift.rule, message=drift.message, remedy=drift.remedy)


def _plus(one: SavedCounts, other: SavedCounts) -> SavedCounts:
    return SavedCounts(**{f.name: getattr(one, f.name) + getattr(other, f.name) for f in fields(SavedCounts)})
