"""What offers state, and lists of other things do not: the look at Records before they are taken for offers."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from harvesters.normalise.record import normalise
from harvesters.problems import ReadError
from schemas.clock import local
from schemas.harvest import Record
from schemas.offer import OfferFields
from schemas.vocabulary import Verdict

GUESSED: Final = frozenset(("csv", "xlsx", "json_api", "geojson"))
"""Formats in which nothing but a heading says what a value means."""
_FACTS: Final = ("ages", "price", "duration_minutes", "group_size")
"""What offers state, and other pages mostly do not."""
_SAMPLE: Final = 200
_LEAST: Final = 10
"""One in so many Records must state something of the kind."""
_WHERE: Final = ("place", "place_name", "street", "provider")
_CLOCK: Final = re.compile(r"T(?!00:00)\d\d|\d[:.]\d\d|\bUhr\b")


def fields_of(record: Record, now: datetime) -> OfferFields:
    """What a Record says, understood."""
    return normalise(record, None, today=local(now).date()).offer.fields


def facts(fields: OfferFields) -> list[str]:
    """Which of age, price, duration and group size are stated."""
    return [name for name in _FACTS if getattr(fields, name) is not None]


def verdict(fields: OfferFields) -> Verdict | None:
    """Whether it is for Kitas, where that is said."""
    return fields.kita_suitability.verdict if fields.kita_suitability else None


def is_list_of_offers(records: Sequence[Record], now: datetime) -> bool:
    """Whether a list whose columns were guessed holds offers: at least a tenth of its rows state what offers state.

    That is an age, a price, a duration, a group size, that it is for Kitas, or a date as events have one: of time of
    day, still to come, and a text, place or provider beside it, two at least. A list of portals or a table of figures
    states none of it.
    """
    step = -(-len(records) // _SAMPLE) or 1
    sample = records[::step]
    told = sum(_has_date(each, now) or _tells(fields_of(each, now)) for each in sample)
    return told * _LEAST >= len(sample) > 0


def _tells(fields: OfferFields) -> bool:
    return bool(facts(fields)) or verdict(fields) is Verdict.YES


def _has_date(record: Record, now: datetime) -> bool:
    if record.rrule:
        return True
    today = local(now).date().isoformat()
    ahead = any((each.end or each.start)[:10] >= today for each in record.occurrences)
    clock = any(_CLOCK.search(f"{each.start} {each.words or ''}") for each in record.occurrences)
    somewhere = any(record.words.get(name) for name in _WHERE) or bool(record.text)
    return ahead + clock + somewhere > 1 and (ahead or clock)


def no_offers(address: str) -> ReadError:
    """The error about such a list."""
    return ReadError(
        "preview",
        address,
        "preview.other_list",
        "Die Liste ist lesbar, aber keine von Angeboten: Kaum eine Zeile nennt Termin, Alter, Preis, Dauer oder "
        "Gruppengröße oder spricht Kitas an.",
        "Ist es doch eine Liste von Angeboten, laden Sie sie bitte als Tabelle hoch, oder beschreiben Sie die Quelle.",
    )
