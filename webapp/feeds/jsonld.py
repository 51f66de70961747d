"""schema.org JSON-LD of a public offer, checked against the domains of release 30.0.

Dated offers are an ``Event`` (several dates: ``EventSeries`` with ``subEvent``), recurring ones an ``EventSeries`` with
a ``Schedule``, everything by arrangement a ``Service``. What an Event may not carry (licence, provenance) stands on
the ``subjectOf`` node, the record about the offer.
"""

from typing import Any, Final

import orjson
from markupsafe import Markup

from schemas.offer import Occurrence
from schemas.publish import PublicOffer
from schemas.vocabulary import Mode, OccurrenceStatus, PriceModel, ScheduleKind, Status, Weekday

MAX_SUB_EVENTS: Final = 50
_DAYS: Final = {
    Weekday.MO: "Monday",
    Weekday.TU: "Tuesday",
    Weekday.WE: "Wednesday",
    Weekday.TH: "Thursday",
    Weekday.FR: "Friday",
    Weekday.SA: "Saturday",
    Weekday.SU: "Sunday",
}
_SCHEMA: Final = "https://schema.org/"


def jsonld(offer: PublicOffer, *, base_url: str) -> dict[str, Any]:
    """The node for ``offer``, whose page is ``base_url/angebote/<id>``."""
    page = f"{base_url}/angebote/{offer.id}"
    dated = offer.schedule is not None and offer.schedule.kind is not ScheduleKind.ON_REQUEST
    node: dict[str, Any] = {
        "@context": "https://schema.org",
        "@id": page,
        "@type": "Service",
        "name": offer.title,
        "description": offer.summary or offer.sentence,
        "url": offer.url or page,
        "audience": _audience(offer),
        "offers": _offers(offer),
        "subjectOf": _record(offer, page),
    }
    provider = {"@type": "Organization", "name": offer.provider.name} if offer.provider else None
    if provider and offer.provider and offer.provider.url:
        provider["url"] = offer.provider.url
    if dated:
        node |= _event(offer) | {"organizer": provider, "location": _place(offer)}
    else:
        area = offer.service_area.words if offer.service_area else None
        node |= {"provider": provider, "areaServed": area, "serviceType": offer.kind.label}
        node |= {"category": [area.label for area in offer.areas] or None}
    return {key: value for key, value in node.items() if value is not None}


def jsonld_script(offer: PublicOffer, *, base_url: str) -> Markup:
    """The node as a script element for a page; nothing in it can end the element."""
    text = orjson.dumps(jsonld(offer, base_url=base_url)).decode()
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup('<script type="application/ld+json">{}</script>').format(Markup(safe))


def _event(offer: PublicOffer) -> dict[str, Any]:
    schedule = offer.schedule
    if schedule is None:
        return {}
    node: dict[str, Any] = {"@type": "EventSeries", "eventStatus": _status(offer.status is Status.CANCELLED)}
    if offer.ages:
        low, high = offer.ages.min_months, offer.ages.max_months
        node["typicalAgeRange"] = f"{(low or 0) // 12}-{'' if high is None else high // 12}"
    node["about"] = [
        {"@type": "DefinedTerm", "termCode": area.value, "name": area.label} for area in offer.areas
    ] or None
    node["inLanguage"] = list(offer.languages) or None
    if offer.group_size:
        node["maximumAttendeeCapacity"] = offer.group_size.children_max
    if offer.price and offer.price.model is PriceModel.FREE:
        node["isAccessibleForFree"] = True
    online = Mode.ONLINE in offer.modes
    here = bool(set(offer.modes) - {Mode.ONLINE})
    if offer.modes:
        mode = "Mixed" if online and here else "Online" if online else "Offline"
        node["eventAttendanceMode"] = {"@id": f"{_SCHEMA}{mode}EventAttendanceMode"}
    dates = schedule.occurrences
    if len(dates) == 1 and schedule.recurrence is None:
        return node | _dates(dates[0], offer.status is Status.CANCELLED) | {"@type": "Event"}
    if dates:
        node["startDate"] = _start(dates[0])
        node["subEvent"] = [
            {"@type": "Event", "name": offer.title} | _dates(date, False) for date in dates[:MAX_SUB_EVENTS]
        ]
    if schedule.weekdays:
        node["eventSchedule"] = {
            "@type": "Schedule",
            "repeatFrequency": "P1W",
            "byDay": [{"@id": f"{_SCHEMA}{_DAYS[day]}"} for day in schedule.weekdays],
            "scheduleTimezone": "Europe/Berlin",
        } | {
            name: value.isoformat()
            for name, value in (
                ("startTime", schedule.hours[0].start if schedule.hours else None),
                ("endTime", schedule.hours[0].end if schedule.hours else None),
            )
            if value
        }
    return node


def _dates(date: Occurrence, cancelled: bool) -> dict[str, Any]:
    node = {"startDate": _start(date), "eventStatus": _status(cancelled or date.status is OccurrenceStatus.CANCELLED)}
    if date.ends_at:
        node["endDate"] = date.ends_at.isoformat()
    elif date.end_day:
        node["endDate"] = date.end_day.isoformat()
    return node


def _start(date: Occurrence) -> str:
    return date.starts_at.isoformat() if date.starts_at else date.day.isoformat()


def _status(cancelled: bool) -> dict[str, str]:
    return {"@id": f"{_SCHEMA}{'EventCancelled' if cancelled else 'EventScheduled'}"}


def _audience(offer: PublicOffer) -> dict[str, Any] | None:
    if not offer.ages and not offer.audience:
        return None
    node: dict[str, Any] = {"@type": ["PeopleAudience", "EducationalAudience"], "educationalRole": "student"}
    if offer.audience:
        node["audienceType"] = ", ".join(audience.label for audience in offer.audience)
    if offer.ages and offer.ages.min_months is not None:
        node["suggestedMinAge"] = round(offer.ages.min_months / 12, 1)
    if offer.ages and offer.ages.max_months is not None:
        node["suggestedMaxAge"] = round(offer.ages.max_months / 12, 1)
    return node


def _offers(offer: PublicOffer) -> dict[str, Any] | None:
    price = offer.price
    if price is None or (price.amount_eur is None and price.model is not PriceModel.FREE):
        return None
    amount = 0 if price.model is PriceModel.FREE else price.amount_eur
    node = {"@type": "Offer", "price": amount, "priceCurrency": "EUR", "description": price.model.label}
    return node | ({"url": offer.booking.url} if offer.booking.url else {})


def _place(offer: PublicOffer) -> dict[str, Any] | None:
    place = offer.place
    if place is None:
        return None
    address = {
        "@type": "PostalAddress",
        "streetAddress": place.street,
        "postalCode": place.postcode,
        "addressLocality": place.locality,
        "addressCountry": "DE",
    }
    node: dict[str, Any] = {"@type": "Place", "address": {key: value for key, value in address.items() if value}}
    if place.name:
        node["name"] = place.name
    if place.lat is not None and place.lon is not None:
        node["geo"] = {"@type": "GeoCoordinates", "latitude": place.lat, "longitude": place.lon}
    return node


def _record(offer: PublicOffer, page: str) -> dict[str, Any]:
    node: dict[str, Any] = {
        "@type": "CreativeWork",
        "@id": f"{page}#record",
        "isBasedOn": offer.url,
        "dateModified": offer.last_seen.isoformat() if offer.last_seen else None,
        "license": offer.rights.licence or "http://dcat-ap.de/def/licenses/cc-zero",
        "creditText": offer.rights.attribution,
    }
    return {key: value for key, value in node.items() if value is not None}
