"""Values of an offer's fields in German for the desk, also those that lie in the database in JSON form."""

from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any, Final

from flask_babel import gettext as _
from pydantic import ValidationError

from schemas import wording
from schemas.base import Value
from schemas.offer import (
    AgeRange,
    Capacity,
    GroupSize,
    Image,
    OfferFields,
    Price,
    Schedule,
    ServiceArea,
    Suitability,
)
from schemas.organisation import Booking, Contact, Place, Provider
from schemas.vocabulary import Code

MAX_WORDS: Final = 400
"""Characters of a value that are shown."""


def value_words(value: Any, field: str) -> str:
    """``value`` of ``field`` (in JSON form, as corrections keep it) as people say it.

    What is not stated says so; a value that the field can no longer hold is shown as it is.
    """
    try:
        held = getattr(OfferFields.model_validate({"title": "–", field: value}), field)
    except ValidationError:
        held = value
    words = _OF_FIELD.get(field, _words)(held) or _("nicht angegeben")
    return words if len(words) <= MAX_WORDS else f"{words[: MAX_WORDS - 1]}…"


def _words(value: Any) -> str | None:
    """A phrase for any value of an offer; ``None`` where nothing is stated."""
    for kind, phrase in _OF_TYPE.items():
        if isinstance(value, kind):
            return phrase(value)
    if isinstance(value, Value):
        return _joined(_words(getattr(value, name)) for name in type(value).model_fields)
    if isinstance(value, Mapping):
        return _joined(f"{_words(key)}: {_words(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, (tuple, list)):
        return _joined(_words(item) for item in value)
    return None if value is None else str(value)


def _joined(parts: Any, between: str = ", ") -> str | None:
    return between.join(part for part in parts if part) or None


def _suitability(value: Suitability) -> str | None:
    sure = _("%(verdict)s (%(percent)s %%)", verdict=value.verdict.label, percent=round(value.probability * 100))
    return _joined((sure, _joined(value.reasons, "; ")), ": ")


def _group_size(value: GroupSize) -> str | None:
    adults = _("mindestens %(n)s Begleitpersonen", n=value.adults) if value.adults else None
    return _joined((wording.group_size_words(value), adults))


def _price(value: Price) -> str | None:
    return _joined((wording.price_words(value), value.conditions), "; ")


def _schedule(value: Schedule) -> str | None:
    period = None
    if value.bookable_from or value.bookable_until:
        start = wording.day_words(value.bookable_from, weekday="none") if value.bookable_from else "…"
        end = wording.day_words(value.bookable_until, weekday="none") if value.bookable_until else "…"
        period = f"{start} – {end}"
    season = _joined(wording.MONTHS[month - 1] for month in value.months)
    return _joined((wording.schedule_words(value), season, period), "; ")


def _service_area(value: ServiceArea) -> str | None:
    return wording.service_area_words(value) or _joined(value.municipalities)


def _booking(value: Booking) -> str | None:
    lead = _("mindestens %(n)s Tage vorher", n=value.lead_days) if value.lead_days else None
    closes = _("bis %(day)s", day=wording.day_words(value.closes)) if value.closes else None
    return _joined((_words(value.ways), _words(value.contact), value.url, lead, closes))


def _contact(value: Contact) -> str | None:
    return _joined((value.name, value.phone, value.mail, _("(Person)") if value.personal else None))


def _capacity(value: Capacity) -> str | None:
    groups = value.groups_per_month
    until = value.booked_until
    return _joined(
        (
            None if groups is None else _("%(n)s Gruppen im Monat", n=groups),
            until and _("ausgebucht bis %(day)s", day=wording.day_words(until)),
        )
    )


_OF_TYPE: Final[dict[type, Callable[[Any], str | None]]] = {
    Code: lambda value: value.label,
    bool: lambda value: _("ja") if value else _("nein"),
    float: wording.number_words,
    date: wording.day_words,
    time: wording.time_words,
    AgeRange: wording.age_words,
    GroupSize: _group_size,
    Price: _price,
    Place: wording.place_words,
    Schedule: _schedule,
    ServiceArea: _service_area,
    Suitability: _suitability,
    Booking: _booking,
    Contact: _contact,
    Capacity: _capacity,
    Provider: lambda value: _joined((value.name, value.url)),
    Image: lambda value: _joined((value.url, value.credit, value.licence)),
}
_OF_FIELD: Final[dict[str, Callable[[Any], str | None]]] = {
    "duration_minutes": lambda value: wording.duration_words(value) if isinstance(value, int) else _words(value),
    "languages": lambda value: wording.language_words(tuple(value)) if value else None,
}
