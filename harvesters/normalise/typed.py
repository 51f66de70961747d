"""From a typed entry to a SourceOffer: exactly what was typed, and nothing else.

No prose is searched for ages, prices or places: whoever left a field empty did not state it. The text is read for one
question only: whether it contradicts the audience that was ticked. A contradiction is *unsure*, never our verdict.
"""

from datetime import date
from typing import Final

from pydantic import ValidationError

from harvesters.formats.form import area_words
from harvesters.normalise.audience import read_audience
from harvesters.normalise.persons import without_persons
from harvesters.normalise.places import PlaceWords, read_place
from harvesters.normalise.reading import Reading
from schemas.clock import local
from schemas.entry import TYPED, Entry
from schemas.geography import find_municipality, locate
from schemas.harvest import Normalised, Record, RecordField, Source
from schemas.offer import MAX_TITLE, Rights, ServiceArea, SourceOffer, Suitability
from schemas.organisation import Booking, Place, Provider
from schemas.vocabulary import Audience, Mode, Verdict

_WORDS: Final[dict[str, RecordField]] = {"duration_minutes": "duration", "schedule": "dates"}
"""Offer field → name of its words, where they differ."""


def read_typed(record: Record, source: Source | None, *, today: date) -> Normalised:
    """Understand the Record of an entry. An entry of another version of the form is an Issue and leaves the title."""
    reading = Reading(record, source, today)
    title, _contacts = without_persons(record.title, names=False)  # nothing else is repaired in what was typed
    _put(reading, "title", title[:MAX_TITLE])
    try:
        entry = Entry.model_validate_json(record.words.get("entry", ""))
    except ValidationError as error:
        reading.issue(
            "record",
            str(error),
            "form.not_readable",
            "Dieser Eintrag stammt aus einer anderen Fassung des Formulars und kann nicht gelesen werden.",
            "Bitte den Eintrag öffnen und neu speichern.",
        )
        doubt = Suitability(verdict=Verdict.UNSURE, probability=0.5, reasons=("Der Eintrag ist nicht lesbar.",))
        _put(reading, "kita_suitability", doubt)
        return _finished(reading, source.rights if source else Rights())
    _put_fields(reading, entry, near=source.region if source else None)
    agreed_on = local(record.fetched_at).date() if record.fetched_at else today
    return _finished(reading, entry.rights(agreed_on))


def _finished(reading: Reading, rights: Rights) -> Normalised:
    offer = SourceOffer(
        origin=reading.record.origin,
        fields=reading.finish(),
        provenance=reading.provenance,
        rights=rights,
        fetched_at=reading.record.fetched_at,
    )
    return Normalised(offer=offer, issues=tuple(reading.issues))


def _put(reading: Reading, field: str, value: object) -> None:
    reading.put(field, value, TYPED, 1.0, reading.record.words.get(_WORDS.get(field, field)))  # type: ignore[call-overload]


def _put_fields(reading: Reading, entry: Entry, *, near: str | None) -> None:
    place = _place(entry, near)
    booking = Booking(ways=entry.ways, contact=entry.contact, url=entry.link, lead_days=entry.lead_days)
    values = {
        "description": reading.description,
        "kind": entry.kind,
        "provider": Provider(name=entry.provider_name, url=entry.homepage),
        "booking": booking if booking != Booking() else None,
        "audience": entry.audience,
        "kita_suitability": _suitability(reading, entry),
        "ages": entry.ages,
        "group_size": entry.group_size,
        "duration_minutes": entry.duration_minutes,
        "price": entry.price,
        "modes": entry.modes,
        "place": place,
        "service_area": _area(entry, place, near),
        "schedule": entry.schedule,
        "areas": entry.areas,
        "languages": entry.languages,
        "accessibility": entry.accessibility,
        "capacity": entry.capacity,
    }
    for field, value in values.items():
        _put(reading, field, value)


def _suitability(reading: Reading, entry: Entry) -> Suitability:
    if Audience.KITA not in entry.audience:
        named = ", ".join(code.label for code in entry.audience)
        return Suitability(verdict=Verdict.NO, probability=0.05, reasons=(f"Angekreuzt ist: {named}",))
    read = read_audience(reading.page, title_end=reading.title_end).suitability
    if read.verdict is Verdict.NO:
        reasons = ("Angekreuzt sind Kita-Gruppen, der Text spricht dagegen.", *read.reasons)
        return Suitability(verdict=Verdict.UNSURE, probability=0.5, reasons=reasons)
    return Suitability(verdict=Verdict.YES, probability=0.95, reasons=("Der Anbieter hat Kita-Gruppen angekreuzt.",))


def _place(entry: Entry, near: str | None) -> Place | None:
    words = PlaceWords(name=entry.venue, street=entry.street, postcode=entry.postcode, locality=entry.locality)
    found = read_place(words, near)
    return found.value if found else None


def _area(entry: Entry, place: Place | None, near: str | None) -> ServiceArea | None:
    """A set of towns or a circle; sure only where every town, or the centre, is known."""
    if Mode.IN_KITA not in entry.modes:
        return None
    words = area_words(entry)
    if entry.towns:
        found = [find_municipality(town, near) for town in entry.towns]
        keys = tuple(dict.fromkeys(one.ags for one in found if one is not None))
        return ServiceArea(words=words[:400] if words else None, municipalities=keys, sure=None not in found)
    if entry.radius_km is None:
        return None
    centre = locate(entry.around, None, near=near) if entry.around else None
    if centre is not None:
        lat, lon = centre.point.lat, centre.point.lon
    elif entry.around is None and place is not None and place.lat is not None and place.lon is not None:
        lat, lon = place.lat, place.lon
    else:
        return ServiceArea(words=words, radius_km=entry.radius_km)
    return ServiceArea(words=words, radius_km=entry.radius_km, lat=lat, lon=lon, sure=True)
