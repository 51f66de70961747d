"""The feeds of the example providers: iCalendar, CSV, JSON, GeoJSON, RSS, as other people's software writes them."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from email.utils import format_datetime
from typing import Any, Final

import orjson
from dateutil.rrule import rrulestr
from icalendar import Calendar, Event, vCalAddress, vRecur
from lxml import etree
from markupsafe import escape

from schemas.clock import BERLIN
from webapp.demo.providers.content import MARK, DemoOffer, SiteContent, is_closed

PAGE_SIZE: Final = 6
"""Offers per page of the JSON interface."""

_COLUMNS: Final = {
    "Nr.": "key",
    "Anbieter": "anbieter",
    "Angebot": "title",
    "Beschreibung": "text",
    "Zielgruppe": "zielgruppe",
    "Alter": "alter",
    "Gruppengröße": "gruppe",
    "Dauer": "dauer",
    "Kosten": "kosten",
    "PLZ": "plz",
    "Ort": "ort",
    "Wann": "wann",
    "Einsatzgebiet": "gebiet",
    "Kommt in die Kita": "in_kita",
    "Anmeldung": "anmeldung",
}
"""Header of the table → key of the offer."""


def ical(site: SiteContent, base_url: str) -> bytes:
    """An iCalendar feed with recurring events, exceptions, a moved instance and a cancelled event."""
    calendar = Calendar()
    calendar.add("prodid", "-//Bücherei-Kalender 4.1//DE")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", site.name)
    calendar.add("x-wr-caldesc", MARK)
    for offer in site.offers:
        for event in _events(site, offer, base_url):
            calendar.add_component(event)
    return bytes(calendar.to_ical())


def _events(site: SiteContent, offer: DemoOffer, base_url: str) -> Iterator[Event]:
    start = offer.times[0]
    event = _event(site, offer, base_url, start)
    rule = offer.fields.get("rrule")
    if rule is None:
        yield event
        return
    event.add("rrule", vRecur.from_ical(rule))
    starts = [_local(moment) for moment in rrulestr(rule, dtstart=start.replace(tzinfo=None))]
    dropped = {int(number) for number in offer.fields.get("exdates", "").split(",") if number}
    exceptions = [moment for number, moment in enumerate(starts) if number in dropped or is_closed(moment.date())]
    if exceptions:
        event.add("exdate", exceptions)
    yield event
    if "moved" in offer.fields:
        yield _moved(site, offer, base_url, [moment for moment in starts if moment not in exceptions])


def _moved(site: SiteContent, offer: DemoOffer, base_url: str, starts: list[datetime]) -> Event:
    """The instance that ``moved = "5>thu 10:30"`` names (counted among those that take place), at its new time."""
    number, target = offer.fields["moved"].split(">")
    weekday, clock = target.split()
    original = starts[int(number)]
    day = original.date() - timedelta(days=original.weekday() - ("mon", "tue", "wed", "thu", "fri").index(weekday))
    hour, minute = (int(part) for part in clock.split(":"))
    event = _event(site, offer, base_url, datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN))
    event.add("recurrence-id", original)
    return event


def _event(site: SiteContent, offer: DemoOffer, base_url: str, start: datetime) -> Event:
    event = Event()
    event.add("uid", f"{offer.key}@{site.host}")
    event.add("dtstamp", datetime(site.today.year, site.today.month, site.today.day, tzinfo=BERLIN))
    event.add("dtstart", start)
    event.add("dtend", offer.end(start))
    event.add("summary", offer.title)
    event.add("description", offer.text)
    event.add("location", f"{site.name}, {site.street}, {site.postcode} {site.town}")
    event.add("categories", offer.fields["class"].split(", "))
    event.add("url", f"{base_url}/angebote/{offer.key}")
    event.add("status", "CANCELLED" if offer.status == "cancelled" else "CONFIRMED")
    organizer = vCalAddress(f"mailto:{site.mail}")
    organizer.params["CN"] = site.name
    event.add("organizer", organizer)
    return event


def _local(moment: datetime) -> datetime:
    return moment.replace(tzinfo=BERLIN)


def table(site: SiteContent, base_url: str) -> bytes:
    """A CSV file as a German spreadsheet saves it: semicolons, Windows-1252, CRLF, German headers."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([*_COLUMNS, "Link", "Hinweis"])
    for offer in site.offers:
        values = {"key": offer.key, "title": offer.title, "text": offer.text, **offer.fields}
        row = [values.get(key, "") for key in _COLUMNS.values()]
        writer.writerow([*row, f"{base_url}/angebote/{offer.key}", MARK])
    return out.getvalue().encode("cp1252")


def json_page(site: SiteContent, base_url: str, number: int) -> bytes | None:
    """Page ``number`` (from 1) of the JSON interface, ``None`` beyond the last."""
    first = (number - 1) * PAGE_SIZE
    offers = site.offers[first : first + PAGE_SIZE]
    if number < 1 or (not offers and number > 1):
        return None
    more = first + PAGE_SIZE < len(site.offers)
    document = {
        "hinweis": MARK,
        "anbieter": {"name": site.name, "kontakt": {"email": site.mail, "telefon": site.phone}},
        "gesamt": len(site.offers),
        "seite": number,
        "next": f"{base_url}/api/angebote?seite={number + 1}" if more else None,
        "angebote": [_json_offer(site, offer, base_url) for offer in offers],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _json_offer(site: SiteContent, offer: DemoOffer, base_url: str) -> dict[str, Any]:
    words = offer.fields
    place = {"name": words["ort"], "plz": words["plz"], "stadt": words["stadt"]} if "ort" in words else None
    return {
        "id": offer.key,
        "titel": offer.title,
        "beschreibung": offer.text,
        "zielgruppe": words.get("zielgruppe"),
        "teilnehmer": words.get("teilnehmer"),
        "dauer": words.get("dauer"),
        "kosten": words.get("kosten"),
        "format": "kommt in die Kita" if words.get("mobil") == "ja" else "bei uns vor Ort",
        "einsatzgebiet": words.get("einsatz"),
        "ort": place,
        "zeitraum": words.get("zeitraum"),
        "termine": [
            {"beginn": f"{start:%Y-%m-%dT%H:%M:%S}", "ende": f"{offer.end(start):%Y-%m-%dT%H:%M:%S}"}
            for start in offer.times
        ],
        "hinweis": words.get("hinweis"),
        "kontakt": site.mail,
        "link": f"{base_url}/angebote/{offer.key}",
    }


def geojson(site: SiteContent, base_url: str) -> bytes:
    """A map: one point per offer."""
    features = [
        {
            "type": "Feature",
            "id": offer.key,
            "geometry": {"type": "Point", "coordinates": [float(offer.fields["lon"]), float(offer.fields["lat"])]},
            "properties": {
                "name": offer.title,
                "beschreibung": offer.text,
                **{name: words for name, words in offer.fields.items() if name not in ("lat", "lon")},
                "link": f"{base_url}/angebote/{offer.key}",
            },
        }
        for offer in site.offers
    ]
    document = {"type": "FeatureCollection", "hinweis": MARK, "name": site.name, "features": features}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def rss(site: SiteContent, base_url: str) -> bytes:
    """A news feed (RSS 2.0), one item a day, the newest first; texts are HTML, escaped as usual."""
    root = etree.Element("rss", version="2.0")
    channel = etree.SubElement(root, "channel")
    about = {"title": site.name, "link": f"{base_url}/", "description": MARK, "language": "de"}
    for name, words in about.items():
        etree.SubElement(channel, name).text = words
    latest = datetime.combine(site.today, time(6), BERLIN)
    for age, offer in enumerate(site.offers):
        item = etree.SubElement(channel, "item")
        etree.SubElement(item, "guid", isPermaLink="false").text = f"{site.host}/{offer.key}"
        said = {
            "title": offer.title,
            "link": f"{base_url}/angebote/{offer.key}",
            "pubDate": format_datetime(latest - timedelta(days=age)),
            "category": offer.fields["class"],
            "description": "".join(f"<p>{escape(paragraph)}</p>" for paragraph in offer.paragraphs),
        }
        for name, words in said.items():
            etree.SubElement(item, name).text = words
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)
