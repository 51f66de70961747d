"""Tables and lists of JSON objects → Records: rows with the same key are one Record with several occurrences."""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final
from urllib.parse import urljoin

from harvesters.formats.records import Origin, Parsed, build, finish
from harvesters.formats.text import line
from harvesters.formats.times import iso_clock, iso_day, iso_moment, occurrence
from schemas.harvest import AccessKind, Issue, RawOccurrence, Record, RecordField
from schemas.identifiers import digest
from schemas.offer import SourceKey

Row = Mapping[RecordField, str]

_TIMES: Final[tuple[RecordField, ...]] = (
    "start",
    "end",
    "start_date",
    "start_time",
    "end_date",
    "end_time",
    "all_day",
)  # fmt: skip
_PER_ROW: Final[frozenset[RecordField]] = frozenset((*_TIMES, "status", "url", "updated", "dates"))
_IDENTIFYING: Final[tuple[RecordField, ...]] = ("title", "provider", "place_name", "place", "locality")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_OR: Final = " | "
_RANGE = re.compile(r"\s*(?:-|–|bis)\s*")
_NUMBER = re.compile(r"\d{1,5}(?:[.,]\d{1,2})?")


@dataclass(slots=True)
class MappedRow:
    """One row after the source's mapping."""

    words: dict[RecordField, str]
    key: str = ""
    unread: dict[str, str] = field(default_factory=dict)
    number: int | None = None
    """Its number in the file, where it differs from its place among the rows."""


def names_in(expression: str, known: Container[str] = ()) -> list[str]:
    """The columns or paths that a mapping's right-hand side needs.

    >>> names_in("Straße + Ort"), names_in("https://x.example/{id}"), names_in("A + B", known=["A + B"])
    (['Straße', 'Ort'], ['id'], ['A + B'])
    """
    if expression in known:
        return [expression]
    if "{" in expression:
        return list(dict.fromkeys(_PLACEHOLDER.findall(expression)))
    return [part.strip() for part in expression.split(" + ")]


def compose(expression: str, get: Callable[[str], str], known: Container[str] = ()) -> str:
    """The value of a mapping's right-hand side: one column or path, several joined by a comma (``"Straße + Ort"``), or
    a sentence with some in braces (``"https://x.example/{id}"``), which is empty as soon as one of them is. Of several
    sentences (``"{von} bis {bis} Jahre | ab {von} Jahren"``) the first that is not empty counts.
    """
    values = {name: get(name) for name in names_in(expression, known)}
    if "{" in expression and expression not in known:
        return next(filter(None, (_filled(sentence, values) for sentence in expression.split(_OR))), "")
    return ", ".join(dict.fromkeys(filter(None, values.values())))


def _filled(sentence: str, values: Mapping[str, str]) -> str:
    if not all(values[name] for name in _PLACEHOLDER.findall(sentence)):
        return ""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], sentence)


def take_key(raw: str, pattern: str | None) -> str:
    """The key within ``raw``: what the one group of ``pattern`` matches, or all of it.

    >>> take_key("2026-08-21_wald@coerde-events", "^(.+)@coerde-events$")
    '2026-08-21_wald'
    """
    if pattern and (match := re.search(pattern, raw[:2_000])):
        return match[1] or ""
    return raw.strip()


def records_of(
    origin: Origin,
    rows: Iterable[MappedRow],
    issues: Sequence[Issue] = (),
    *,
    complete: bool = True,
    next: str | None = None,
) -> Parsed:
    """Group ``rows`` by key, in the order in which keys appear first."""
    access = origin.source.access
    found: list[Issue] = list(issues)
    groups: dict[str, list[MappedRow]] = {}
    keyless = _Keyless()
    for place, row in enumerate(rows, start=1):
        if row.key:
            key = take_key(row.key, access.key_pattern)
        elif access.kind in (AccessKind.TABLE, AccessKind.PDF):
            key = keyless.key_of(row)
        else:
            key = _fallback_key(row)
        if not key:
            found.append(
                origin.problem(
                    "record",
                    f"{origin.format}.no_key",
                    " ".join(row.words.values())[:200],
                    where=f"Zeile {row.number or place}",
                    message="Eine Zeile hat weder Schlüssel noch Titel und wurde ausgelassen.",
                    remedy="Bitte access.key auf die Spalte setzen, die jedes Angebot eindeutig benennt.",
                )
            )
            continue
        groups.setdefault(key, []).append(row)
    records = []
    numbers: dict[SourceKey, int] = {}
    for key in list(groups):
        group = groups.pop(key)  # its cells go before the next Record comes: a long table is never held twice
        record, problems = _record(origin, key, group)
        found.extend(problems)
        if record is not None:
            records.append(record)
            if (number := group[0].number) is not None:
                numbers.setdefault(record.origin, number)
    return replace(finish(origin, records, found, complete=complete, next=next), rows=numbers)


def _record(origin: Origin, key: str, group: Sequence[MappedRow]) -> tuple[Record | None, list[Issue]]:
    first = group[0]
    zone = origin.source.access.zone
    issues: list[Issue] = []
    words = dict(first.words)
    occurrences: list[RawOccurrence] = []
    undated: list[str] = []
    for row in group:
        if row is not first and (differing := _differing(first.words, row.words)):
            issues.append(
                origin.problem(
                    "record",
                    f"{origin.format}.rows_differ",
                    line(row.words.get("title", "")),
                    where=f"Zeile {row.number}" if row.number else key,
                    message=f"Zeilen desselben Schlüssels widersprechen sich ({', '.join(differing)}); die erste gilt.",
                    remedy="Bitte die Quelle auf den doppelten Schlüssel hinweisen.",
                )
            )
            if "title" in differing:
                continue
        instance = occurrence_of(row.words, zone)
        if instance is not None:
            occurrences.append(instance)
        elif wording := " ".join(row.words[name] for name in _TIMES if row.words.get(name)):
            undated.append(wording)
    for name in _TIMES:
        words.pop(name, None)
    if undated:
        words["dates"] = "\n".join(dict.fromkeys((*filter(None, (words.get("dates"),)), *undated)))
    if len({row.words.get("status") for row in group}) > 1:
        words.pop("status", None)  # the state of single instances, kept with them
    if (price := words.get("price")) and _NUMBER.fullmatch(price.strip()):
        words["price"] = f"{price.strip()} €"
    url = words.pop("url", None)
    record, problems = build(
        origin,
        key=key,
        title=words.pop("title", ""),
        text=words.pop("text", ""),
        url=_address(origin.url, url.strip()) if url else None,
        words=words,
        occurrences=sorted(occurrences, key=lambda o: o.start),
        unread=first.unread,
    )
    return record, issues + problems


def occurrence_of(words: Row, zone: str) -> RawOccurrence | None:
    """The dated instance that a row describes; ``None`` where it names no plain day.

    A time that is not a plain clock ("ab 19.30 Uhr") stays as the instance's words.
    """
    start, end, status = words.get("start", ""), words.get("end", ""), words.get("status")
    start_day, end_day = iso_day(words.get("start_date") or start), iso_day(words.get("end_date") or end)
    if start_day is None:
        return occurrence(start, end, zone=zone, status=status) if start else None
    start_words, end_words = words.get("start_time", "").strip(), words.get("end_time", "").strip()
    ends = _RANGE.split(start_words)
    free: str | None = None
    clock, last = iso_clock(start_words), iso_clock(end_words)
    if clock is None and start_words:
        if (
            len(ends) == 2
            and (to := iso_clock(ends[1]))
            and (begin := iso_clock(ends[0]) or iso_clock(f"{ends[0]} Uhr"))
        ):
            clock, last = begin, last or to
        else:
            free = " ".join(filter(None, (start_words, end_words)))
    elif end_words and last is None:
        free = end_words
    if last:
        closing: str | None = f"{end_day or start_day}T{last}"
    else:
        closing = end_day if end_day and end_day != start_day else iso_moment(end, zone) if "T" in end else None
    begin_iso = f"{start_day}T{clock}" if clock else start_day
    return RawOccurrence(
        start=begin_iso,
        end=closing if closing != begin_iso else None,
        words=free[:400] if free else None,
        status=status[:80] if status else None,
    )


def _differing(first: Row, other: Row) -> list[str]:
    names = (first.keys() | other.keys()) - _PER_ROW
    return sorted(name for name in names if line(first.get(name, "")) != line(other.get(name, "")))


def _address(base: str, written: str) -> str:
    """A link of a row; people write web addresses without their beginning.

    >>> _address("https://x.example/liste.csv", "kita.html"), _address("https://x.example/", "www.wald.example/kita")
    ('https://x.example/kita.html', 'https://www.wald.example/kita')
    """
    if written[:4].lower() == "www.":
        return f"https://{written}"
    try:
        return urljoin(base, written)
    except ValueError:  # brackets that are no address of IPv6
        return written


class _Keyless:
    """Keys for rows of a table, uploaded or in a leaflet, without a column for them: what is offered, by whom, where.

    Not the date, or a moved one would make a new offer; nor the link, which in such tables is often one homepage for
    all. Rows that agree in these but differ otherwise ("3–4 Jahre" and "5–6 Jahre") are numbered in their order.
    """

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self._met: Counter[str] = Counter()

    def key_of(self, row: MappedRow) -> str:
        """The key of ``row``; empty without a title."""
        if not row.words.get("title", "").strip():
            return ""
        key = " · ".join(filter(None, (line(row.words.get(name, "")) for name in _IDENTIFYING)))
        words = sorted((name, line(value)) for name, value in row.words.items() if name not in _PER_ROW)
        said = digest(key, *chain.from_iterable(words))  # of 100,000 rows the words themselves would be a heap
        if said not in self._keys:
            self._met[key] += 1
            self._keys[said] = key if self._met[key] == 1 else f"{key} ({self._met[key]})"
        return self._keys[said]


def _fallback_key(row: MappedRow) -> str:
    """Without a key of its own: the permalink, else the title, so that a moved date does not make a new offer."""
    return (row.words.get("url") or row.words.get("title") or "").strip()
