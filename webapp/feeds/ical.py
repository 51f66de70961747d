"""iCalendar (RFC 5545) of all dated offers, cancelled ones included; SEQUENCE is the offer's change number."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone

from schemas.offer import Occurrence
from schemas.publish import PublicOffer
from schemas.vocabulary import OccurrenceStatus, Status
from schemas.wording import place_words

MAX_DATES: Final = 100
"""Most dates of one offer."""


def calendar(offers: Iterable[PublicOffer], *, name: str, base_url: str, stamp: datetime) -> Iterator[bytes]:
    """The calendar in pieces, one per event, so that it never lies in memory whole; ``stamp`` is its DTSTAMP."""
    head = Calendar()
    head.add("prodid", "-//Kitalotse//Angebote//DE")
    head.add("version", "2.0")
    head.add("method", "PUBLISH")
    head.add("name", _one_line(name))
    head.add("x-wr-calname", _one_line(name))
    head.add_component(Timezone.from_tzinfo(ZoneInfo("Europe/Berlin")))
    end = b"END:VCALENDAR\r\n"
    yield head.to_ical().removesuffix(end)
    for offer in offers:
        for occurrence in (offer.schedule.occurrences if offer.schedule else ())[:MAX_DATES]:
            yield _event(offer, occurrence, base_url=base_url, stamp=stamp).to_ical()
    yield end


def event_calendar(offer: PublicOffer, occurrence: Occurrence, *, base_url: str, stamp: datetime) -> bytes:
    """A calendar with one date, as attached to a mail."""
    pieces = calendar(
        [
            offer.model_copy(
                update={"schedule": offer.schedule and offer.schedule.model_copy(update={"occurrences": (occurrence,)})}
            )
        ],
        name=offer.title,
        base_url=base_url,
        stamp=stamp,
    )
    return b"".join(pieces)


def _event(offer: PublicOffer, occurrence: Occurrence, *, base_url: str, stamp: datetime) -> Event:
    page = f"{base_url}/angebote/{offer.id}"
    event = Event()
    when = occurrence.starts_at.strftime("%Y%m%dT%H%M") if occurrence.starts_at else occurrence.day.strftime("%Y%m%d")
    event.add("uid", f"{offer.id}-{when}@kitalotse")
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("sequence", offer.version)
    event.add("summary", _one_line(offer.title))
    if occurrence.starts_at:
        event.add("dtstart", occurrence.starts_at)
        if occurrence.ends_at:
            event.add("dtend", occurrence.ends_at)
    else:
        event.add("dtstart", occurrence.day)
        event.add("dtend", occurrence.last_day + timedelta(days=1))
    event.add("description", f"{offer.summary or offer.sentence}\n{page}")
    if where := place_words(offer.place):
        event.add("location", _one_line(where))
    if offer.place and offer.place.lat is not None and offer.place.lon is not None:
        event.add("geo", (offer.place.lat, offer.place.lon))
    event.add("url", page)
    if offer.areas:
        event.add("categories", [area.label for area in offer.areas])
    cancelled = offer.status is Status.CANCELLED or occurrence.status is OccurrenceStatus.CANCELLED
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    return event


def _one_line(text: str) -> str:
    return " ".join(text.split())
