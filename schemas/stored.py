"""The finished forms of an offer: internal JSON, public JSON line, CSV line; made once, when what is published changes.

Forms are made without the number of the version, compared by digest with what is stored, and numbered only if they
differ. Pure.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

import orjson

from schemas.offer import Occurrence, Offer
from schemas.publish import VISIBLE, PublicOffer, facts, public
from schemas.vocabulary import RightsKind, Status


class CsvColumn(NamedTuple):
    """A column of the CSV."""

    name: str
    """Name in the first line."""
    meaning: str
    """German: what it holds."""
    english: str
    """The same in English."""


CSV_COLUMNS: Final[tuple[CsvColumn, ...]] = tuple(CsvColumn(*column) for column in (
    ("id", "Kennung, wird nie neu vergeben", "identifier, never reused"),
    ("version", "Nummer der letzten Änderung", "number of the last change"),
    ("last_seen", "zuletzt gesehen (UTC), Stand dieser Version", "last seen (UTC), as of this version"),
    ("status", "Stand: published oder cancelled", "published or cancelled"),
    ("region", "amtlicher Schlüssel der Region", "official key of the Region"),
    ("kind", "Art des Angebots", "kind of offer"),
    ("title", "Titel", "title"),
    ("sentence", "ein Satz aus den Feldern", "a German sentence made from the fields"),
    ("summary", "Kurztext, nur mit Lizenz oder Erlaubnis", "summary, only with licence or permission"),
    ("description", "Text, nur mit Lizenz oder Erlaubnis", "text, only with licence or permission"),
    ("provider", "Anbieter", "provider"),
    ("provider_url", "Seite des Anbieters", "the provider's page"),
    ("url", "Seite des Angebots", "the offer's page"),
    ("audience", "für wen", "for whom"),
    ("kita_suitability", "für Kita-Gruppen geeignet: yes, no, unsure", "suitable for Kita groups: yes, no, unsure"),
    ("min_months", "Mindestalter in Monaten", "least age in months"),
    ("max_months", "Höchstalter in Monaten, einschließlich", "greatest age in months, inclusive"),
    ("children_min", "Kinder mindestens", "fewest children"),
    ("children_max", "Kinder höchstens", "most children"),
    ("adults", "Begleitpersonen mindestens", "fewest adults"),
    ("duration_minutes", "Dauer in Minuten", "minutes"),
    ("price_model", "Preis: free, per_child, per_group, donation, unknown", "price model"),
    ("price_eur", "Euro pro Kind oder Gruppe", "euro per child or group"),
    ("price_extra_eur", "Zuschlag in Euro", "extra in euro"),
    ("price_conditions", "Bedingungen, nur mit Lizenz oder Erlaubnis", "conditions, only with licence or permission"),
    ("funding", "Förderung", "funds"),
    ("modes", "Ort der Durchführung", "where it takes place"),
    ("place", "Name des Ortes", "venue"),
    ("street", "Straße und Hausnummer", "street and number"),
    ("postcode", "Postleitzahl", "postcode"),
    ("locality", "Ort", "town"),
    ("ags", "amtlicher Gemeindeschlüssel", "official municipality key"),
    ("kreis", "amtlicher Kreisschlüssel", "official key of the Kreis"),
    ("lat", "Breite, WGS 84", "latitude, WGS 84"),
    ("lon", "Länge, WGS 84", "longitude, WGS 84"),
    ("precision", "Genauigkeit des Punktes", "how exact the point is"),
    ("service_municipalities", "Gemeinden oder Kreise, in die das Angebot kommt", "where a mobile offer goes"),
    ("service_radius_km", "Umkreis, in den das Angebot kommt", "radius of a mobile offer"),
    ("schedule", "Termine: on_request, recurring, dated", "how it is scheduled"),
    ("starts", "Beginn der Termine (Ortszeit)", "starts of its dates (local time)"),
    ("recurrence", "Wiederholung (RFC 5545)", "recurrence rule (RFC 5545)"),
    ("weekdays", "Wochentage", "weekdays"),
    ("months", "Monate der Saison", "months of its season"),
    ("bookable_from", "erster Tag", "first day"),
    ("bookable_until", "letzter Tag", "last day"),
    ("areas", "Bildungsbereiche", "areas of learning"),
    ("topics", "Themen", "topics"),
    ("languages", "Sprachen (ISO 639)", "languages (ISO 639)"),
    ("accessibility", "Barrierefreiheit: Merkmal=yes|no|limited", "accessibility: code=answer"),
    ("practicalities", "Praktisches: Merkmal=yes|no|limited", "practicalities: code=answer"),
    ("weather", "Wetter", "weather"),
    ("sold_out", "ausgebucht", "sold out"),
    ("booking_ways", "Wege der Anmeldung", "ways to book"),
    ("booking_url", "Seite der Anmeldung", "page to book"),
    ("booking_contact", "Ansprechstelle", "contact"),
    ("booking_phone", "Telefon der Ansprechstelle", "telephone"),
    ("booking_mail", "E-Mail der Ansprechstelle", "mail address"),
    ("lead_days", "Vorlauf in Tagen", "days of lead time"),
    ("rights", "Rechte: open, permission, facts_only", "rights"),
    ("licence", "Lizenz (URI)", "licence (URI)"),
    ("attribution", "zu nennen", "whom to credit"),
    ("changes", "was am Text verändert ist", "what was changed in the text"),
    ("sources", "Quellen", "sources"),
    ("first_seen", "zuerst gesehen (UTC)", "first seen (UTC)"),
    ("last_confirmed", "zuletzt bestätigt (UTC)", "last confirmed (UTC)"),
    ("data_licence", "Lizenz der Fakten (URI)", "licence of the facts (URI)"),
))  # fmt: skip
"""Columns of the CSV. Several values in one cell are joined by ``|``."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_NUMBERED: Final = {"version", "last_seen"}
_NO_LICENCE: Final = b',"data_licence":null'


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of one offer, without its version."""

    offer: bytes
    """Internal JSON without ``version`` and ``last_seen``, and without what is ``None``."""
    line: bytes
    """Public JSON likewise; for an offer that is not shown: its tombstone."""
    csv: bytes
    """CSV line without the first three columns and the last; empty for an offer that is not shown."""
    facts: bytes | None
    """Public JSON without the source's prose; ``None`` where ``line`` has none, by its rights, or is a tombstone."""
    facts_csv: bytes | None
    """CSV line likewise."""
    digest: bytes
    """32 bytes: of the public forms (16), of the internal form (16)."""


def forms(offer: Offer) -> Forms:
    """Make the forms of ``offer``."""
    internal = offer.model_dump_json(exclude=_NUMBERED, exclude_none=True).encode()
    bare = bare_row = None
    if offer.status in VISIBLE:
        line, row = _public_forms(public(offer))
        if offer.rights.kind is not RightsKind.FACTS_ONLY:
            bare, bare_row = _public_forms(facts(offer))
    else:
        line, row = tombstone_body(offer.id, offer.status, offer.replaced_by), b""
    digest = hashlib.sha256(line + row).digest()[:16] + hashlib.sha256(internal).digest()[:16]
    return Forms(internal, line, row, bare, bare_row, digest)


def _public_forms(shown: PublicOffer) -> tuple[bytes, bytes]:
    return shown.model_dump_json(exclude=_NUMBERED).encode(), csv_row(shown)


def numbered(body: bytes, version: int, last_seen: datetime | None) -> bytes:
    """The JSON document of ``body`` with its version and the moment it was seen last."""
    seen = b"null" if last_seen is None else orjson.dumps(last_seen, option=orjson.OPT_UTC_Z)
    return b'{"version":%d,"last_seen":%b,%b' % (version, seen, body[1:])


def numbered_csv(offer_id: str, body: bytes, version: int, last_seen: datetime | None) -> bytes:
    """The CSV line of ``body`` but for its last column, the licence of the facts; empty where ``body`` is."""
    if not body:
        return b""
    return f"{offer_id},{version},{_moment(last_seen)},".encode() + body


def unended(line: bytes) -> bytes:
    """A public JSON document as it is stored: without the licence of its facts, which is not known yet, and without its
    closing brace. None of its texts can look like that field, for quotation marks in texts are escaped.

    >>> unended(b'{"id":"o1","data_licence":null,"first_seen":null}')
    b'{"id":"o1","first_seen":null'
    """
    at = line.rindex(_NO_LICENCE)
    return line[:at] + line[at + len(_NO_LICENCE) : -1]


def ended(stored: bytes) -> bytes:
    """The public JSON document of what is stored, without the licence of its facts.

    >>> ended(b'{"id":"o1"')
    b'{"id":"o1"}'
    """
    return stored + b"}"


def licensed(stored: Sequence[bytes], licence: str) -> bytes:
    """Lines of NDJSON that name the licence of the facts as their last field, each ended.

    >>> licensed([b'{"id":"o1"'], "https://licence.example")
    b'{"id":"o1","data_licence":"https://licence.example"}\\n'
    """
    return _each_with(b',"data_licence":' + orjson.dumps(licence) + b"}\n", stored)


def licensed_csv(stored: Sequence[bytes], licence: str) -> bytes:
    """Lines of CSV with their last column, each ended by CR LF."""
    return _each_with(b"," + _cells([licence]) + b"\r\n", stored)


def _each_with(end: bytes, stored: Sequence[bytes]) -> bytes:
    return end.join((*stored, b""))  # one copy; adding the last end to the others would be a second one


def tombstone_body(offer_id: str, status: Status, replaced_by: str | None) -> bytes:
    """What remains of an offer that is no longer shown: its id, why, and its successor."""
    return orjson.dumps({"id": offer_id, "status": status.value, "replaced_by": replaced_by})


def csv_header() -> bytes:
    """The first line of the CSV."""
    return ",".join(column.name for column in CSV_COLUMNS).encode() + b"\r\n"


def safe_cell(text: str) -> str:
    """``text`` as a cell that no spreadsheet takes for a formula: an apostrophe before a leading ``= + - @``, tab, CR.

    >>> safe_cell("=1+1"), safe_cell("Wald")
    ("'=1+1", 'Wald')
    """
    return "'" + text if text.startswith(_FORMULA) else text


def csv_row(offer: PublicOffer) -> bytes:
    """The CSV line of ``offer`` (RFC 4180, UTF-8) without the first three columns, the last, and the line's end."""
    ages, size, price, place = offer.ages, offer.group_size, offer.price, offer.place
    schedule, area, booking = offer.schedule, offer.service_area, offer.booking
    contact, suitability = booking.contact, offer.kita_suitability
    cells: tuple[object, ...] = (
        offer.status,
        offer.region,
        offer.kind,
        offer.title,
        offer.sentence,
        offer.summary,
        offer.description,
        offer.provider and offer.provider.name,
        offer.provider and offer.provider.url,
        offer.url,
        _joined(offer.audience),
        suitability and suitability.verdict,
        ages and ages.min_months,
        ages and ages.max_months,
        size and size.children_min,
        size and size.children_max,
        size and size.adults,
        offer.duration_minutes,
        price and price.model,
        price and price.amount_eur,
        price and price.extra_eur,
        price and price.conditions,
        _joined(offer.funding),
        _joined(offer.modes),
        place and place.name,
        place and place.street,
        place and place.postcode,
        place and place.locality,
        place and place.ags,
        place and place.kreis,
        place and place.lat,
        place and place.lon,
        place and place.precision,
        area and _joined(area.municipalities),
        area and area.radius_km,
        schedule and schedule.kind,
        schedule and _joined(_start(occurrence) for occurrence in schedule.occurrences),
        schedule and schedule.recurrence and schedule.recurrence.rule,
        schedule and _joined(schedule.weekdays),
        schedule and _joined(str(month) for month in schedule.months),
        schedule and schedule.bookable_from,
        schedule and schedule.bookable_until,
        _joined(offer.areas),
        _joined(offer.topics),
        _joined(offer.languages),
        _joined(f"{code}={answer}" for code, answer in offer.accessibility.items()),
        _joined(f"{code}={answer}" for code, answer in offer.practicalities.items()),
        offer.weather,
        "yes" if offer.sold_out else None,
        _joined(booking.ways),
        booking.url,
        contact and contact.name,
        contact and contact.phone,
        contact and contact.mail,
        booking.lead_days,
        offer.rights.kind,
        offer.rights.licence,
        offer.rights.attribution,
        offer.rights.changes,
        _joined(offer.sources),
        _moment(offer.first_seen),
        _moment(offer.last_confirmed),
    )  # fmt: skip
    return _cells(cells)


_END: Final = "\r\n"


def _cells(cells: Iterable[object]) -> bytes:
    line = io.StringIO(newline="")
    # Before Python 3.13 the writer quotes a line break only where the line's own end contains it.
    csv.writer(line, lineterminator=_END).writerow(
        [safe_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    )
    return line.getvalue().removesuffix(_END).encode()


def _joined(values: Iterable[str]) -> str:
    return "|".join(values)


def _start(occurrence: Occurrence) -> str:
    day = occurrence.day.isoformat()
    return f"{day}T{occurrence.start.isoformat('minutes')}" if occurrence.start else day


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
