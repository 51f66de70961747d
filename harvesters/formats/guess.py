"""Which column is what, for a table that comes without a description: German and English headings, exactly matched."""

from collections.abc import Iterable
from typing import Final, cast

from schemas.harvest import RECORD_FIELDS, RecordField

_KEYS: Final = ("uid", "guid", "event_id", "eventid", "id", "key", "schluessel", "schlüssel", "kennung", "nummer", "nr")
_HEADINGS: Final[dict[RecordField, tuple[str, ...]]] = {
    "title": ("titel", "name", "angebot", "veranstaltung", "bezeichnung", "event", "summary"),
    "subtitle": ("untertitel",),
    "text": ("beschreibung", "description", "content", "inhalt", "short_description", "kurzbeschreibung", "details"),
    "url": ("link", "webseite", "website", "internet", "source_url", "permalink"),
    "provider": ("anbieter", "veranstalter", "organizer", "organiser", "träger", "traeger", "einrichtung"),
    "place_name": ("ort", "location_name", "veranstaltungsort", "venue", "location", "treffpunkt"),
    "place": ("adresse", "address", "anschrift"),
    "street": ("straße", "strasse"),
    "postcode": ("plz", "postleitzahl", "zip"),
    "locality": ("stadt", "gemeinde", "city", "wohnort"),
    "start_date": ("datum", "date", "beginn_datum", "startdatum", "von_datum", "tag"),
    "start_time": ("uhrzeit", "time", "beginn_zeit", "startzeit", "zeit"),
    "end_date": ("enddatum", "bis_datum"),
    "end_time": ("endzeit", "bis_zeit"),
    "start": ("beginn", "anfang", "von", "startdate", "start_at"),
    "end": ("ende", "bis", "enddate", "end_at"),
    "dates": ("termine", "termin", "zeitraum", "wann"),
    "ages": ("alter", "altersgruppe", "altersspanne", "age"),
    "price": ("preis", "kosten", "eintritt", "gebühr", "gebuehr", "cost"),
    "duration": ("dauer",),
    "group_size": ("gruppengröße", "gruppengroesse", "gruppe", "teilnehmerzahl"),
    "audience": ("zielgruppe", "zielgruppen"),
    "category": ("kategorie", "rubrik", "art"),
    "booking": ("anmeldung", "buchung"),
    "phone": ("telefon", "tel"),
    "mail": ("e-mail", "email", "mailadresse"),
    "accessibility": ("barrierefreiheit",),
    "languages": ("sprache", "sprachen"),
    "lat": ("latitude", "breitengrad"),
    "lon": ("longitude", "lng", "längengrad", "laengengrad"),
}
_BY_HEADING: Final[dict[str, RecordField]] = {name: cast(RecordField, name) for name in RECORD_FIELDS} | {
    heading: name for name, headings in _HEADINGS.items() for heading in headings
}


def guess_fields(headings: Iterable[str]) -> tuple[dict[RecordField, str], str | None]:
    """Record field → heading for the headings that leave no doubt, and the heading of the key column, if any.

    >>> guess_fields(["Nr", "Titel", "Datum", "Uhrzeit", "Sonstiges"])
    ({'title': 'Titel', 'start_date': 'Datum', 'start_time': 'Uhrzeit'}, 'Nr')
    """
    fields: dict[RecordField, str] = {}
    keys: dict[str, str] = {}
    for heading in headings:
        folded = heading.strip().casefold().replace(" ", "_")
        if folded in _KEYS:
            keys.setdefault(folded, heading)
        elif (name := _BY_HEADING.get(folded)) is not None:
            fields.setdefault(name, heading)
    return fields, next((keys[key] for key in _KEYS if key in keys), None)
