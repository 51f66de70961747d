"""Which column is what, for a table that comes without a description: German and English headings, exactly matched."""

import re
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
_MAX_HEADING: Final = 60
"""Longer cells are sentences."""
_LIKELY: Final[dict[RecordField, str]] = {
    "title": r"^(?:name|bezeichnung|thema)\b.*(?:angebot|veranstaltung|projekt)|\btitel\b|^angebots?(?:name|titel)",
    "subtitle": r"^untertitel",
    "text": r"beschreibung|\binhalte?\b|erläuterung|^text\b|description",
    "mail": r"e-?mail|^mail\b",
    "phone": r"\btel(?:efon)?(?:nummer)?\b|^telefon|\bmobil(?:nummer|funk)?\b|\bphone\b|rufnummer",
    "url": r"homepage|web[- ]?(?:seite|site|adresse)|internet|\burl\b|\blink\b|^www",
    "booking": r"ansprechpartner|ansprechperson|kontakt|\banmeldung|\bbuchung",
    "postcode": r"\bplz\b|postleitzahl|\bpostcode\b",
    "street": r"stra(?:ß|ss)e|hausnummer",
    "place": r"^(?:adresse|anschrift)|\baddress\b",
    "place_name": r"veranstaltungsort|treffpunkt|^ort\b|\blocation\b|\bvenue\b",
    "locality": r"\bgemeinde\b|\bwohnort\b|^stadt\b",
    "provider": r"anbieter|veranstalter|träger|einrichtung|institution|organi[sz]ation|verein",
    "ages": r"\balter|jahrgang|\bage",
    "price": r"preis|kosten|gebühr|eintritt|beitrag|honorar|\bprice|\bcost",
    "duration": r"\bdauer|zeitumfang|\bduration",
    "group_size": r"gruppengr|teilnehmer|max\.? ?kinder|anzahl kinder|\bgroup size",
    "audience": r"zielgruppe|\baudience",
    "start_time": r"uhrzeit|startzeit",
    "start_date": r"^(?:datum|startdatum|tag)\b",
    "dates": r"termin|zeitraum|öffnungszeit|\bdates?\b|^wann",
    "areas": r"bildungsbereich",
    "category": r"kategorie|rubrik|bereich",
    "accessibility": r"barriere",
    "languages": r"sprache",
    "funding": r"förder",
    "season": r"\bsaison|jahreszeit",
    "service_area": r"einzugsgebiet|einsatzgebiet",
    "lead_time": r"vorlauf|anmeldefrist",
    "capacity": r"kapazität",
    "topics": r"stichw|schlagw|themen?\b",
}
"""Field → words of headings that mostly mean it; the first that fits counts."""
_BY_HEADING: Final[dict[str, RecordField]] = {name: cast(RecordField, name) for name in RECORD_FIELDS} | {
    heading: name for name, headings in _HEADINGS.items() for heading in headings
}


def recognised(headings: Iterable[str]) -> int:
    """How many different fields well-known ones of ``headings`` stand for.

    >>> recognised(["Titel", "Preis pro Kind", "Anmerkung"]), recognised(["Wald entdecken", "2,50 €"])
    (2, 0)
    """
    return len(set(filter(None, map(likely_field, headings))))


def likely_field(heading: str) -> RecordField | None:
    """What a heading most likely stands for, by its words; a suggestion for somebody who can see the cells.

    >>> [likely_field(heading) for heading in ("Preis (€)", "Titel des Angebots", "E-Mail-Adresse", "Straße, Nr.")]
    ['price', 'title', 'mail', 'street']
    """
    folded = " ".join(heading[:200].casefold().split())
    exact = _BY_HEADING.get(folded.replace(" ", "_"))
    if exact is not None:
        return exact
    if len(folded) > _MAX_HEADING:
        return None
    return next((name for name, words in _LIKELY.items() if re.search(words, folded)), None)


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
