"""What a preview of a table says: what is understood, what is not, row by row, and what taking it over would change."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from harvesters.formats.records import Parsed
from harvesters.formats.rows import names_in
from harvesters.gate import judge
from harvesters.preview import understood
from harvesters.trying import difference
from schemas.base import Value
from schemas.harvest import Issue, Record, RecordField, Source
from schemas.offer import Offer, SourceKey
from schemas.store.harvest import KnownOffer, fingerprint

MAX_UNDERSTOOD: Final = 2_000
"""Rows that are understood for a preview."""
SHOWN: Final = 20
"""Titles that a preview names of what is new, changed or missing."""
SAMPLES: Final = 5
"""Offers that a preview shows with their evidence."""
MAX_ISSUES: Final = 200
"""Different Issues that a preview lists."""
FIELDS: Final = (
    "ages", "price", "duration_minutes", "group_size", "schedule", "place", "provider", "booking", "areas", "url",
)  # fmt: skip
"""Fields of which a preview says in how many offers they were found."""
_COLUMN_OF: Final[Mapping[str, RecordField]] = {
    "duration_minutes": "duration",
    "schedule": "dates",
    "occurrences": "start_date",
}


def summary(
    source: Source,
    parsed: Parsed,
    listed: Sequence[Record],
    known: Mapping[SourceKey, KnownOffer],
    stored: Callable[[Collection[SourceKey]], Mapping[SourceKey, Record]],
    *,
    now: datetime,
) -> dict[str, Any]:
    """The preview as JSON; ``listed`` are the Records that would be stored, ``known`` is what an earlier version of the
    table left, and ``stored`` brings its Records of some identities. At least one Record was read."""
    shown = understood(source, parsed.records[0].format, listed[:MAX_UNDERSTOOD], parsed.issues, now=now)
    verdict = judge(source.expect.offers, known, [one.origin for one in parsed.records], complete=parsed.complete)
    differing = difference(known, listed, whole=parsed.complete)
    changed = list(islice(_changed(listed, known), SHOWN))
    missing = verdict.missing[:SHOWN]
    old = stored([*(record.origin for record in changed), *missing])
    return {
        "source": source.model_dump(mode="json"),
        "offers": len(listed),
        "unlisted": len(parsed.records) - len(listed),
        "understood": len(shown.offers),
        "filled": {field: sum(_says(offer, field) for offer in shown.offers) for field in FIELDS},
        "samples": [_sample(offer) for offer in shown.offers[:SAMPLES]],
        "issues": _issues(shown.issues, source, parsed),
        "complete": parsed.complete,
        "new": differing.new,
        "changed": differing.changed,
        "unchanged": differing.unchanged,
        "missing": len(verdict.missing),
        "new_titles": [record.title for record in listed if record.origin not in known][:SHOWN],
        "changes": [_change(old[record.origin], record) for record in changed if record.origin in old],
        "missing_titles": [old[key].title if key in old else key.key for key in missing],
        "held": len(verdict.held),
        "withdrawn": len(verdict.withdrawn),
    }


def by_row(issue: Issue, source: Source, parsed: Parsed) -> Issue:
    """``issue`` with row and column instead of the offer's key."""
    row, column = place_in_table(issue, source, parsed.rows)
    if row is None:
        return issue
    where = f"Zeile {row}" + (f", Spalte {column}" if column else "")
    return issue.model_copy(update={"where": f"{source.name} {where}"[:2300]})


def place_in_table(issue: Issue, source: Source, rows: Mapping[SourceKey, int]) -> tuple[int | None, str | None]:
    """Row and column that an Issue is about, as far as it is about one."""
    about = issue.where.removeprefix(f"{source.name} ")
    number = re.search(r" Zeile (\d{1,7})$", issue.where)
    row = int(number[1]) if number else rows.get(SourceKey(source=source.name, key=about[:1_000]))
    columns: Mapping[str, str] = {str(name): value for name, value in source.access.fields.items()}
    expression = columns.get(_COLUMN_OF.get(issue.field, issue.field))
    return row, ", ".join(names_in(expression, [expression])) if expression else None


def _says(offer: Offer, field: str) -> bool:
    """Whether a field says anything; a booking of which nothing is known says nothing."""
    value = getattr(offer, field)
    return bool(value.model_dump(exclude_defaults=True) if isinstance(value, Value) else value)


def _sample(offer: Offer) -> dict[str, Any]:
    said = [field for field in FIELDS if _says(offer, field)]
    return {
        "title": offer.title,
        "values": offer.model_dump(mode="json", include=set(said)),
        "evidence": {field: told.evidence for field, told in offer.provenance.items() if told.evidence},
    }


def _issues(issues: Iterable[Issue], source: Source, parsed: Parsed) -> list[dict[str, Any]]:
    """Issues of one rule and wording together, those of single rows in their order."""
    first: dict[tuple[str, str, str], Issue] = {}
    counts: Counter[tuple[str, str, str]] = Counter()
    for issue in issues:
        kind = (issue.field, issue.rule, issue.wording)
        counts[kind] += issue.count
        if len(first) < MAX_ISSUES:
            first.setdefault(kind, issue)
    found: list[tuple[int, dict[str, Any]]] = []
    for kind, issue in first.items():
        row, column = place_in_table(issue, source, parsed.rows)
        said = issue.model_dump(mode="json", include={"field", "wording", "message", "remedy"})
        found.append((row or 0, said | {"row": row, "column": column, "count": counts[kind]}))
    return [said for _row, said in sorted(found, key=lambda pair: pair[0])]


def _changed(records: Iterable[Record], known: Mapping[SourceKey, KnownOffer]) -> Iterator[Record]:
    """Those of ``records`` that say something else than what is stored and present."""
    for record in records:
        offer = known.get(record.origin)
        if offer is not None and offer.present and offer.fingerprint != fingerprint(record):
            yield record


def _change(old: Record, record: Record) -> dict[str, Any]:
    """What the rows of a known offer say differently."""
    was, now = _said(old), _said(record)
    fields = [name for name in was | now if was.get(name) != now.get(name)]
    said = [{"field": name, "was": was.get(name, ""), "now": now.get(name, "")} for name in fields]
    return {"title": record.title, "fields": said}


def _said(record: Record) -> dict[str, str]:
    dates = ", ".join(f"{one.start} {one.status or ''}".strip() for one in record.occurrences[:SHOWN])
    said = {"title": record.title, "text": record.text, "url": record.url or "", "dates": dates}
    return {name: value[:200] for name, value in (said | dict(record.words)).items()}
