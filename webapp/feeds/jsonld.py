"""schema.org JSON-LD of a public offer, checked against the domains of release 30.0.

Dated offers are an ``Event`` (several dates: ``EventSeries`` with ``subEvent``), recurring ones an ``EventSeries`` with
a ``Schedule``, everything by arrangement a ``Service``. What an Event may not carry (licence, provenance) stands on
the ``subjectOf`` node, the record about the offer. What is not stated is left out. A permission covers our pages, not
what others build from this node, so words of the source stand here only under an open licence.
"""

from datetime import date, time
from typing import Any, Final

import orjson
from markupsafe import Markup

from schemas.offer import Occurrence, Recurrence, Schedule
from schemas.publish import CC_ZERO, PublicOffer
from schemas.vocabulary import (
    Access,
    Answer,
    Audience,
    Mode,
    OccurrenceStatus,
    PriceModel,
    RightsKind,
    ScheduleKind,
    Status,
    Weekday,
)
from webapp.plain import plain, web_address

MAX_SUB_EVENTS: Final = 50
_SCHEMA: Final = "https://schema.org/"
_DAYS: Final = {
    Weekday.MO: "Monday",
    Weekday.TU: "Tuesday",
    Weekday.WE: "Wednesday",
    Weekday.TH: "Thursday",
    Weekday.FR: "Friday",
    Weekday.SA: "Saturday",
    Weekday.SU: "Sunday",
}
_FREQUENCIES: Final = {"DAILY": "D", "WEEKLY": "W", "MONTHLY": "M", "YEARLY": "Y"}
_ROLES: Final = ((Audience.STAFF, "teacher"), (Audience.FAMILY, "parent"))


def jsonld(offer: PublicOffer, *, base_url: str) -> dict[str, Any]:
    """The node for ``offer``, whose page is ``base_url/angebote/<id>``."""
    page = f"{base_url}/angebote/{offer.id}"
    node: dict[str, Any] = {
        "@context": "https://schema.org",
        "@id": page,
        "name": offer.title,
        "description": (offer.summary if _is_open(offer) else None) or offer.sentence,
        "url": web_address(offer.url) or page,
        "audience": _audience(offer),
        "offers": _offers(offer),
        "subjectOf": _record(offer, page),
    }
    if offer.schedule is not None and offer.schedule.kind is not ScheduleKind.ON_REQUEST:
        node |= _event(offer, offer.schedule)
    else:
        node |= _service(offer)
    stated: dict[str, Any] = _stated(node)
    return stated


def jsonld_script(offer: PublicOffer, *, base_url: str) -> Markup:
    """The node as a script element for a page; nothing in it can end the element."""
    text = orjson.dumps(jsonld(offer, base_url=base_url)).decode()
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup('<script type="application/ld+json">{}</script>').format(Markup(safe))


def _is_open(offer: PublicOffer) -> bool:
    return offer.rights.kind is RightsKind.OPEN


def _stated(value: Any) -> Any:
    """``value`` without what is empty, at any depth, its texts without what is not seen."""
    if isinstance(value, dict):
        return {key: inner for key, item in value.items() if (inner := _stated(item)) not in (None, {}, [])}
    if isinstance(value, list):
        return [_stated(item) for item in value]
    return plain(value) if isinstance(value, str) else value


def _service(offer: PublicOffer) -> dict[str, Any]:
    area = offer.service_area.words if offer.service_area and _is_open(offer) else None
    place = _place(offer)
    return {
        "@type": "Service",
        "provider": _provider(offer),
        "serviceType": offer.kind.label,
        "category": [area.label for area in offer.areas],
        "areaServed": area,
        "availableChannel": {"@type": "ServiceChannel", "serviceLocation": place} if place else None,
    }


def _event(offer: PublicOffer, schedule: Schedule) -> dict[str, Any]:
    cancelled = offer.status is Status.CANCELLED
    dates = schedule.occurrences
    single = len(dates) == 1 and schedule.kind is ScheduleKind.DATED
    node: dict[str, Any] = {
        "@type": "Event" if single else "EventSeries",
        "eventStatus": _status(cancelled),
        "eventAttendanceMode": _attendance(offer),
        "organizer": _provider(offer),
        "location": _place(offer),
        "typicalAgeRange": _age_range(offer),
        "about": [{"@type": "DefinedTerm", "termCode": area.value, "name": area.label} for area in offer.areas],
        "inLanguage": list(offer.languages),
        "maximumAttendeeCapacity": offer.group_size.children_max if offer.group_size else None,
        "isAccessibleForFree": True if offer.price and offer.price.model is PriceModel.FREE else None,
    }
    if single:
        return node | _dates(dates[0], cancelled)
    if dates:
        node["startDate"] = _start(dates[0])
        node["endDate"] = dates[-1].last_day.isoformat()
        node["subEvent"] = [
            {"@type": "Event", "name": offer.title, "location": node["location"]} | _dates(date, cancelled)
            for date in dates[:MAX_SUB_EVENTS]
        ]
    if schedule.kind is ScheduleKind.RECURRING:
        node["eventSchedule"] = _schedule(schedule)
    return node


def _dates(occurrence: Occurrence, cancelled: bool) -> dict[str, Any]:
    off = cancelled or occurrence.status is OccurrenceStatus.CANCELLED
    node = {"startDate": _start(occurrence), "eventStatus": _status(off)}
    if occurrence.ends_at:
        node["endDate"] = occurrence.ends_at.isoformat()
    elif occurrence.end_day:
        node["endDate"] = occurrence.end_day.isoformat()
    return node


def _start(occurrence: Occurrence) -> str:
    return occurrence.starts_at.isoformat() if occurrence.starts_at else occurrence.day.isoformat()


def _schedule(schedule: Schedule) -> dict[str, Any] | None:
    """The rule of a recurring offer; ``None`` where neither a rule nor weekdays are stated."""
    rule = schedule.recurrence or Recurrence(rule="")
    parts = dict(item.split("=", 1) for item in rule.rule.upper().split(";") if "=" in item)
    frequency = _FREQUENCIES.get(parts.get("FREQ", "WEEKLY"))
    days: list[Any] = [{"@id": f"{_SCHEMA}{_DAYS[day]}"} for day in schedule.weekdays]
    if by_day := parts.get("BYDAY"):
        named = by_day.split(",")
        days = [{"@id": f"{_SCHEMA}{_DAYS[Weekday(day)]}"} if day in tuple(Weekday) else day for day in named]
    if frequency is None or not (days or rule.rule):
        return None
    hours = schedule.hours[0] if schedule.hours else None
    return {
        "@type": "Schedule",
        "repeatFrequency": f"P{parts.get('INTERVAL', '1')}{frequency}",
        "byDay": days,
        "startDate": _iso(rule.starts_on),
        "endDate": _iso(rule.ends_on),
        "startTime": _iso(hours.start) if hours else None,
        "endTime": _iso(hours.end) if hours else None,
        "exceptDate": [day.isoformat() for day in rule.except_days],
        "scheduleTimezone": "Europe/Berlin",
    }


def _iso(value: date | time | None) -> str | None:
    return value.isoformat() if value else None


def _status(cancelled: bool) -> dict[str, str]:
    return {"@id": f"{_SCHEMA}{'EventCancelled' if cancelled else 'EventScheduled'}"}


def _attendance(offer: PublicOffer) -> dict[str, str] | None:
    if not offer.modes:
        return None
    online, here = Mode.ONLINE in offer.modes, bool(set(offer.modes) - {Mode.ONLINE})
    mode = "Mixed" if online and here else "Online" if online else "Offline"
    return {"@id": f"{_SCHEMA}{mode}EventAttendanceMode"}


def _age_range(offer: PublicOffer) -> str | None:
    """Years as schema.org writes them; an end that is not stated stays open: ``4-``, ``-6``."""
    if offer.ages is None:
        return None
    low, high = ("" if months is None else months // 12 for months in (offer.ages.min_months, offer.ages.max_months))
    return f"{low}-{high}"


def _audience(offer: PublicOffer) -> dict[str, Any] | None:
    if not offer.ages and not offer.audience:
        return None
    roles = [role for audience, role in _ROLES if audience in offer.audience]
    ages = offer.ages
    return {
        "@type": ["PeopleAudience", "EducationalAudience"],
        "educationalRole": roles[0] if roles and Audience.KITA not in offer.audience else "student",
        "audienceType": ", ".join(audience.label for audience in offer.audience) or None,
        "suggestedMinAge": round(ages.min_months / 12, 1) if ages and ages.min_months is not None else None,
        "suggestedMaxAge": round(ages.max_months / 12, 1) if ages and ages.max_months is not None else None,
    }


def _offers(offer: PublicOffer) -> dict[str, Any] | None:
    price = offer.price
    if price is None or (price.amount_eur is None and price.model is not PriceModel.FREE):
        return None
    return {
        "@type": "Offer",
        "price": 0 if price.model is PriceModel.FREE else price.amount_eur,
        "priceCurrency": "EUR",
        "description": price.model.label,
        "availability": {"@id": f"{_SCHEMA}SoldOut"} if offer.sold_out else None,
        "url": web_address(offer.booking.url),
    }


def _provider(offer: PublicOffer) -> dict[str, Any] | None:
    if offer.provider is None:
        return None
    return {"@type": "Organization", "name": offer.provider.name, "url": web_address(offer.provider.url)}


def _place(offer: PublicOffer) -> dict[str, Any] | None:
    place = offer.place
    if place is None:
        return None
    point = {"@type": "GeoCoordinates", "latitude": place.lat, "longitude": place.lon}
    return {
        "@type": "Place",
        "name": place.name,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": place.street,
            "postalCode": place.postcode,
            "addressLocality": place.locality,
            "addressCountry": "DE",
        },
        "geo": point if place.lat is not None and place.lon is not None else None,
        "amenityFeature": [_feature(code, answer) for code, answer in offer.accessibility.items()],
    }


def _feature(code: Access, answer: Answer) -> dict[str, Any]:
    value: bool | str = answer.label if answer is Answer.LIMITED else answer is Answer.YES
    return {"@type": "LocationFeatureSpecification", "name": code.label, "value": value}


def _record(offer: PublicOffer, page: str) -> dict[str, Any]:
    """The record about the offer: what it is based on, and under which licence it stands. With a permission no licence
    is named, for the text may not be passed on under one."""
    facts = offer.data_licence or CC_ZERO
    licence = {RightsKind.OPEN: offer.rights.licence, RightsKind.FACTS_ONLY: facts}.get(offer.rights.kind)
    credit = ", ".join(said for said in (offer.rights.attribution, offer.rights.changes) if said)
    return {
        "@type": "CreativeWork",
        "@id": f"{page}#record",
        "isBasedOn": web_address(offer.url),
        "dateModified": offer.last_seen.isoformat() if offer.last_seen else None,
        "license": licence,
        "creditText": credit or None,
    }
