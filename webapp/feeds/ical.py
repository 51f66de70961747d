"""iCalendar (RFC 5545, 7986) of the dates of offers, cancelled ones included; SEQUENCE is the offer's change number."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from icalendar import Calendar, Event, Timezone

from schemas.clock import local
from schemas.offer import Occurrence
from schemas.publish import PublicOffer
from schemas.vocabulary import OccurrenceStatus, Status
from schemas.wording import place_words
from webapp.feeds.terms import exported_words, rights_line
from webapp.plain import one_line, plain

MAX_DATES: Final = 100
"""Most dates of one offer."""
_REFRESH: Final = timedelta(hours=12)
_END: Final = b"END:VCALENDAR\r\n"
_BERLIN: Final = Timezone.from_ical(
    """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
""".replace("\n", "\r\n")
)
"""The rules since 1996, in the few lines that calendars expect."""


def calendar(
    offers: Iterable[PublicOffer], *, name: str, base_url: str, stamp: datetime, since: date
) -> Iterator[bytes]:
    """The calendar in pieces, one per offer, so that it never lies in memory whole.

    It holds dates that are not over on ``since``. ``stamp`` is the DTSTAMP of all events: the moment of the last change
    of what is published, so that an unchanged calendar has the same bytes.
    """
    head = Calendar()
    head.add("prodid", "-//Kitalotse//Angebote//DE")
    head.add("version", "2.0")
    for key in ("name", "x-wr-calname"):
        head.add(key, one_line(name))
    head.add("description", exported_words())
    head.add("url", f"{base_url}/")
    head.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    head.add_component(_BERLIN)
    yield head.to_ical().removesuffix(_END)
    for offer in offers:
        dates = [date for date in offer.schedule.occurrences if date.last_day >= since] if offer.schedule else []
        if dates:
            events = (_event(offer, date, base_url=base_url, stamp=stamp) for date in dates[:MAX_DATES])
            yield b"".join(event.to_ical() for event in events)
    yield _END


def _event(offer: PublicOffer, occurrence: Occurrence, *, base_url: str, stamp: datetime) -> Event:
    page = f"{base_url}/angebote/{offer.id}"
    event = Event()
    when = occurrence.starts_at.strftime("%Y%m%dT%H%M") if occurrence.starts_at else occurrence.day.strftime("%Y%m%d")
    event.add("uid", f"{offer.id}-{when}@kitalotse")
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("sequence", offer.version)
    event.add("summary", one_line(offer.title))
    if occurrence.starts_at:
        event.add("dtstart", local(occurrence.starts_at))
        if occurrence.ends_at and occurrence.ends_at > occurrence.starts_at:
            event.add("dtend", local(occurrence.ends_at))
    else:
        event.add("dtstart", occurrence.day)
        event.add("dtend", occurrence.last_day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
    event.add(
        "description",
        plain("\n".join((offer.summary or offer.sentence, page, rights_line(offer.rights, offer.data_licence)))),
    )
    if where := place_words(offer.place):
        event.add("location", one_line(where))
    if offer.place and offer.place.lat is not None and offer.place.lon is not None:
        event.add("geo", (offer.place.lat, offer.place.lon))
    event.add("url", page)
    if offer.areas:
        event.add("categories", [area.label for area in offer.areas])
    cancelled = offer.status is Status.CANCELLED or occurrence.status is OccurrenceStatus.CANCELLED
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    return event
