"""What the format modules share: the result of parsing, building one bounded Record, and one Record per identity."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from harvesters.formats.text import line, lines, looks_garbled
from harvesters.problems import problem
from schemas.base import slim
from schemas.harvest import MAX_TEXT, Issue, RawOccurrence, Record, RecordField, Source
from schemas.identifiers import digest
from schemas.offer import MAX_KEY_BYTES, MAX_PART, SourceKey

MAX_RECORDS: Final = 100_000
"""Records that one page or feed may hold; more is cut with an Issue."""
_MAX_TITLE: Final = 2_000
_MAX_URL: Final = 2_000
_MAX_OCCURRENCES: Final = 2_000
_MAX_UNREAD: Final = 500
_MAX_UNREAD_FIELDS: Final = 60
_ONE_LINE: Final[frozenset[RecordField]] = frozenset(
    (
        "provider",
        "place",
        "place_name",
        "street",
        "postcode",
        "locality",
        "lat",
        "lon",
        "url",
        "image_url",
        "start",
        "end",
    )
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one page or feed held."""

    records: tuple[Record, ...] = ()
    """One per identity, in the order of the source."""
    issues: tuple[Issue, ...] = ()
    """What could not be read."""
    next: str | None = None
    """Address of the next page, where the format names one."""
    complete: bool = True
    """``False`` where content was visibly cut; such a run withdraws nothing."""
    deleted: tuple[str, ...] = ()
    """Keys of offers that the source lists as deleted."""
    rows: Mapping[SourceKey, int] = field(default_factory=dict)
    """Of a table: the row in which an identity stands first."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where content comes from; what every format needs to say so."""

    source: Source
    url: str
    """Address it was read from, or the name of a file that somebody uploaded."""
    fetched_at: datetime
    format: str

    def not_json(self, met: Sequence[str]) -> Issue:
        """The Issue about values that JSON does not know (``lenient_json``)."""
        return self.problem(
            "source",
            f"{self.format}.repaired",
            ", ".join(met),
            message="Einige Werte sind kein gültiges JSON: NaN und Unendlich gelten als leer, halbe Zeichen als �.",
            remedy="Bitte die Quelle darauf hinweisen; alles Übrige wurde gelesen.",
        )

    def problem(
        self,
        field: str,
        rule: str,
        wording: str = "",
        *,
        message: str,
        remedy: str,
        where: str | None = None,
    ) -> Issue:
        """An Issue about this content."""
        address = f"{self.url} {where}" if where else self.url
        return problem(
            self.source.name, address, field=field, rule=rule, wording=wording, message=message, remedy=remedy
        )


def build(
    origin: Origin,
    *,
    key: str,
    title: str,
    part: int = 0,
    text: str = "",
    url: str | None = None,
    words: Mapping[RecordField, str] | None = None,
    occurrences: Sequence[RawOccurrence] = (),
    rrule: str | None = None,
    exdates: Sequence[str] = (),
    unread: Mapping[str, str] | None = None,
) -> tuple[Record | None, list[Issue]]:
    """One Record, cleaned of markup and cut to what the model holds, with an Issue for whatever was cut.

    ``None`` with an Issue where there is no title (nothing can be shown, and nothing is invented), or where ``part`` is
    beyond what one key may hold.
    """
    issues: list[Issue] = []
    key = key_of(key)
    clean_title = line(title)
    if not clean_title or not key:
        missing = "Titel" if not clean_title else "Schlüssel"
        issues.append(
            origin.problem(
                "title" if not clean_title else "record",
                f"{origin.format}.no_title" if not clean_title else f"{origin.format}.no_key",
                title or key,
                where=key or None,
                message=f"Ein Eintrag hat keinen {missing} und wurde ausgelassen.",
                remedy="Bitte in der Quellenbeschreibung prüfen, woraus Titel und Schlüssel gelesen werden.",
            )
        )
        return None, issues
    if part > MAX_PART:
        issues.append(
            origin.problem(
                "record",
                f"{origin.format}.too_many",
                clean_title,
                where=key,
                message=f"Mehr als {MAX_PART + 1} Einträge haben keinen eigenen Schlüssel; der Rest wurde ausgelassen.",
                remedy="Bitte prüfen, ob die Seite wirklich Angebote enthält, oder sie in der Quelle enger fassen.",
            )
        )
        return None, issues
    clean_text = lines(text)
    if len(clean_text) > MAX_TEXT or len(clean_title) > _MAX_TITLE:
        issues.append(
            origin.problem(
                "text",
                f"{origin.format}.cut",
                clean_title,
                where=key,
                message="Der Text ist sehr lang und wurde gekürzt.",
                remedy="Bitte prüfen, ob die Quellenbeschreibung zu viel von der Seite erfasst.",
            )
        )
    if len(occurrences) > _MAX_OCCURRENCES:
        issues.append(
            origin.problem(
                "dates",
                f"{origin.format}.cut",
                clean_title,
                where=key,
                message=f"Von {len(occurrences)} Terminen wurden die ersten {_MAX_OCCURRENCES} übernommen.",
                remedy="Nichts zu tun, wenn so viele Termine stimmen: Die späteren folgen, sobald frühere vorbei sind.",
            )
        )
    if looks_garbled(clean_title) or looks_garbled(clean_text):
        issues.append(
            origin.problem(
                "text",
                "encoding.garbled",
                clean_title,
                where=key,
                message="Umlaute sind falsch kodiert.",
                remedy="Bitte die Quelle bitten, als UTF-8 zu liefern, oder access.encoding setzen.",
            )
        )
    cleaned = {name: value[:MAX_TEXT] for name, raw in (words or {}).items() if (value := _clean(name, raw))}
    record = Record(
        origin=slim(SourceKey(source=origin.source.name, key=key, part=part)),
        format=origin.format,
        title=clean_title[:_MAX_TITLE],
        text=clean_text[:MAX_TEXT],
        url=url[:_MAX_URL] if url else None,
        words=cleaned,
        occurrences=tuple(map(slim, occurrences[:_MAX_OCCURRENCES])),
        rrule=rrule[:1_000] if rrule else None,
        exdates=tuple(exdates[:_MAX_OCCURRENCES]),
        unread={
            name[:80]: value[:_MAX_UNREAD]
            for name, raw in sorted((unread or {}).items())[:_MAX_UNREAD_FIELDS]
            if (value := lines(raw))
        },
        address=origin.url[:_MAX_URL] if "://" in origin.url[:10] else None,
        fetched_at=origin.fetched_at,
    )
    return slim(record), issues


def _clean(name: RecordField, raw: str) -> str:
    return line(raw) if name in _ONE_LINE else lines(raw)


def key_of(raw: str) -> str:
    """The key of a Record: ``raw`` on one line where the model can hold it, else its beginning with a digest."""
    key = line(raw)
    if len(key) <= 1_000 and len(key.encode()) <= MAX_KEY_BYTES:
        return key
    return f"{key[:200]}…{digest(key)}"


def one_per_identity(origin: Origin, records: Iterable[Record]) -> tuple[tuple[Record, ...], list[Issue]]:
    """``records`` without repetitions: the first of an identity stays, a later one that differs is an Issue.

    Sources copy an event and forget to change its id. Which of the two is right is not ours to guess.
    """
    kept: dict[SourceKey, Record] = {}
    issues: list[Issue] = []
    for record in records:
        known = kept.setdefault(record.origin, record)
        if known is not record and _content(known) != _content(record):
            issues.append(
                origin.problem(
                    "record",
                    f"{origin.format}.same_key_twice",
                    record.title,
                    where=record.origin.key,
                    message=f"Zwei verschiedene Einträge tragen denselben Schlüssel; „{known.title}“ wurde behalten.",
                    remedy="Bitte die Quelle auf den doppelten Schlüssel hinweisen.",
                )
            )
        if len(kept) > MAX_RECORDS:
            kept.popitem()
            issues.append(too_many(origin))
            break
    return tuple(kept.values()), issues


def too_many(origin: Origin) -> Issue:
    """The Issue about content of which not everything was taken."""
    return origin.problem(
        "run",
        f"{origin.format}.too_many",
        message=f"Mehr als {MAX_RECORDS} Einträge; gekürzt.",
        remedy="Bitte die Quelle teilen, zum Beispiel nach Jahr oder Rubrik; so gilt kein Abruf als vollständig.",
    )


def _content(record: Record) -> Record:
    return record.model_copy(update={"fetched_at": None, "address": None})


def finish(
    origin: Origin,
    records: Iterable[Record],
    issues: Iterable[Issue],
    *,
    next: str | None = None,
    complete: bool = True,
) -> Parsed:
    """Parsed content with one Record per identity; content that had to be cut is not complete."""
    unique, doubled = one_per_identity(origin, records)
    found = (*issues, *doubled)
    cut = any(i.rule.endswith(".too_many") for i in found)
    return Parsed(records=unique, issues=found, next=next, complete=complete and not cut)
