"""One schema.org node, from JSON-LD or microdata alike, → one Record.

Pop and audit: each property is taken out as it is used, what remains is the Record's ``unread``.
"""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urljoin

from harvesters.formats.records import Origin, build
from harvesters.formats.text import line, lines
from harvesters.formats.times import iso_clock, iso_day, occurrence
from schemas.harvest import Issue, RawOccurrence, Record, RecordField

Node = dict[str, Any]

_OFFERS: Final = frozenset(
    ("Course", "Service", "Festival", "Hackathon", "CourseInstance", "EventSeries", "EducationalOccupationalProgram",
     "TouristTrip", "Workshop")
)  # fmt: skip
_INTO: Final = ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item", "itemOffered", "makesOffer",
                "hasOfferCatalog", "hasPart", "event", "events")  # fmt: skip
_MAX_NODES: Final = 20_000
_MAX_DEPTH: Final = 30
_DURATION = re.compile(r"P(?:(\d{1,3})D)?(?:T(?:(\d{1,3})H)?(?:(\d{1,4})M)?(?:\d{1,5}S)?)?")
_FREQUENCIES: Final = {"D": "DAILY", "W": "WEEKLY", "M": "MONTHLY", "Y": "YEARLY"}
_WEEKDAYS: Final = {
    "monday": "MO", "tuesday": "TU", "wednesday": "WE", "thursday": "TH", "friday": "FR", "saturday": "SA",
    "sunday": "SU",
}  # fmt: skip


def is_offer(node: Node) -> bool:
    """Whether one of the node's types is an event, a course or a service."""
    return any(name.endswith("Event") or name in _OFFERS for name in types(node))


def types(node: Node) -> list[str]:
    """The node's types without their vocabulary.

    >>> types({"@type": ["http://schema.org/ChildrensEvent", "schema:Event"]})
    ['ChildrensEvent', 'Event']
    """
    return [re.split(r"[/#:]", str(name))[-1] for name in _list(node.get("@type"))]


def offers_in(document: object) -> Iterator[Node]:
    """The outermost offers in a document, in its order: through lists, ``@graph`` and catalogues, bounded.

    Nodes that only point to another (``{"@id": …}``) are completed from the graph. An organisation's ``event`` and a
    catalogue's ``itemOffered`` count; instances inside an offer belong to it.
    """
    by_id: dict[str, Node] = {}
    for node in _nodes(document):
        if isinstance(node.get("@id"), str) and len(node) > 1:
            by_id.setdefault(node["@id"], node)
    seen: set[int] = set()
    stack: list[tuple[object, int]] = [(document, 0)]
    while stack and len(seen) < _MAX_NODES:
        value, depth = stack.pop()
        if isinstance(value, list):
            stack.extend((member, depth + 1) for member in reversed(value) if depth < _MAX_DEPTH)
        elif isinstance(value, dict) and id(value) not in seen and depth < _MAX_DEPTH:
            seen.add(id(value))
            if len(value) == 1 and value.get("@id") in by_id:
                stack.append((by_id[value["@id"]], depth + 1))
            elif is_offer(value):
                yield _completed(value, by_id)
            else:
                stack.extend((value[name], depth + 1) for name in reversed(_INTO) if name in value)


def _nodes(document: object) -> Iterator[Node]:
    stack: list[tuple[object, int]] = [(document, 0)]
    met = 0
    while stack and met < _MAX_NODES:
        value, depth = stack.pop()
        met += 1
        if depth >= _MAX_DEPTH:
            continue
        if isinstance(value, list):
            stack.extend((member, depth + 1) for member in reversed(value))
        elif isinstance(value, dict):
            yield value
            stack.extend((member, depth + 1) for member in reversed(list(value.values())))


def _completed(node: Node, by_id: dict[str, Node]) -> Node:
    """``node`` with its direct references replaced by what they point to."""

    def resolve(value: object) -> object:
        if isinstance(value, list):
            return [resolve(member) for member in value]
        if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("@id"), str):
            return by_id.get(value["@id"], value)
        return value

    return {name: resolve(value) for name, value in node.items()}


def record_of(
    origin: Origin, node: Node, *, key: str, part: int = 0, entry: bool = False
) -> tuple[Record | None, list[Issue]]:
    """The Record of one node. ``key`` is used where the node has neither ``@id`` nor ``url``.

    An ``entry`` of a feed has its ``key`` from there, and no page but what ``url`` names.
    """
    rest = {name: value for name, value in node.items() if value not in (None, "", [], {})}
    words: dict[RecordField, str] = {}
    identity, permalink = _first_text(rest.pop("@id", None)), _url(rest.pop("url", None))
    url = urljoin(origin.url, permalink) if permalink else "" if entry else origin.url
    kinds = types(rest)
    words["kind"] = ", ".join(kinds)
    occurrences, rule, exdates = _when(origin, rest, words)
    _who(rest, words)
    _where(rest.pop("location", None), words)
    _audience(rest, words)
    _price(rest, words, url)
    if image := _image(rest.pop("image", None), words):
        words["image_url"] = urljoin(origin.url, image)
    words["duration"] = _duration(_first_text(rest.pop("duration", None) or rest.pop("timeRequired", None)))
    words["languages"] = _texts(rest.pop("inLanguage", None))
    words["category"] = _texts([rest.pop(name, None) for name in ("category", "serviceType", "genre", "courseMode")])
    words["topics"] = _texts([rest.pop(name, None) for name in ("keywords", "about")])
    words["service_area"] = _texts(rest.pop("areaServed", None))
    words["capacity"] = _texts(rest.pop("maximumAttendeeCapacity", None))
    words["subtitle"] = _texts([rest.pop(name, None) for name in ("alternativeHeadline", "disambiguatingDescription")])
    access = _texts(rest.pop("accessibilitySummary", None) or rest.pop("accessibilityFeature", None))
    words["accessibility"] = "\n".join(filter(None, (access, words.get("accessibility"))))
    words["updated"] = _first_text(rest.pop("dateModified", None))
    text = "\n".join(filter(None, (_prose(rest.pop(name, None)) for name in ("description", "abstract", "teaches"))))
    own = "" if entry else identity or permalink
    return build(
        origin,
        key=urljoin(origin.url, own) if own else key,
        part=0 if own else part,
        title=_title(rest.pop("name", None)) or _title(rest.pop("headline", None)),
        text=text,
        url=url or None,
        words=words,
        occurrences=occurrences,
        rrule=rule,
        exdates=exdates,
        unread={name: _texts(_without_persons(value)) for name, value in rest.items() if not name.startswith("@")},
    )


def _when(
    origin: Origin, rest: Node, words: dict[RecordField, str]
) -> tuple[list[RawOccurrence], str | None, tuple[str, ...]]:
    zone = origin.source.access.zone
    status = re.split(r"[/#:]", _first_text(rest.pop("eventStatus", None)))[-1]
    if sold_out := _sold_out(rest.get("offers")):
        status = status if "ancel" in status or "ostpon" in status else sold_out
    words["status"] = status
    if "Online" in _first_text(rest.pop("eventAttendanceMode", None)):
        words["modes"] = "online"
    found: list[RawOccurrence] = []
    spoken: list[str] = []
    instances = [rest, *_nodes_of(rest.pop("hasCourseInstance", None)), *_nodes_of(rest.pop("subEvent", None))]
    for instance in instances:
        start, end = _first_text(instance.pop("startDate", None)), _first_text(instance.pop("endDate", None))
        own = re.split(r"[/#:]", _first_text(instance.get("eventStatus")))[-1] or _sold_out(instance.get("offers"))
        dated = occurrence(start, end, zone=zone, status=own or status or None) if start else None
        if dated is not None:
            found.append(dated)
        elif start or end:
            spoken.append(" – ".join(filter(None, (start, end))))
        if instance is not rest and "location" not in rest and "location" in instance:
            rest["location"] = instance["location"]
    rule: str | None = None
    exdates: tuple[str, ...] = ()
    for schedule in _nodes_of(rest.pop("eventSchedule", None)) + _nodes_of(rest.pop("courseSchedule", None)):
        if (repeated := _schedule(schedule, zone)) is not None and rule is None:
            first, rule, exdates = repeated
            found = [first, *(o for o in found if o.start[:10] != first.start[:10])]
        else:
            spoken.append(_texts(list(schedule.values())))
    if hours := _texts(rest.pop("hoursAvailable", None) or rest.pop("openingHours", None)):
        spoken.append(hours)
    words["dates"] = "\n".join(spoken)
    return sorted(found, key=lambda o: o.start) if rule is None else found, rule, exdates


def _schedule(schedule: Node, zone: str) -> tuple[RawOccurrence, str, tuple[str, ...]] | None:
    """A schema.org Schedule as first instance, RRULE and excluded days; ``None`` where it is not plain enough."""
    every = re.fullmatch(r"P(\d{1,2})([DWMY])", _first_text(schedule.get("repeatFrequency")).upper())
    day = iso_day(_first_text(schedule.get("startDate"))[:10])
    if every is None or day is None:
        return None
    start, end = (
        iso_clock(_first_text(schedule.get("startTime"))[:8]),
        iso_clock(_first_text(schedule.get("endTime"))[:8]),
    )
    first = occurrence(f"{day}T{start}" if start else day, f"{day}T{end}" if end else None, zone=zone)
    if first is None:
        return None
    parts = [f"FREQ={_FREQUENCIES[every[2]]}"]
    if every[1] != "1":
        parts.append(f"INTERVAL={int(every[1])}")
    days = [_WEEKDAYS.get(re.split(r"[/#:]", text)[-1].lower(), "") for text in _strings(schedule.get("byDay"))]
    if chosen := [day for day in days if day]:
        parts.append(f"BYDAY={','.join(chosen)}")
    if months := [text for text in _strings(schedule.get("byMonth")) if text.isdecimal()]:
        parts.append(f"BYMONTH={','.join(months)}")
    if (count := _first_text(schedule.get("repeatCount"))).isdecimal():
        parts.append(f"COUNT={count}")
    elif until := iso_day(_first_text(schedule.get("endDate"))[:10]):
        parts.append(f"UNTIL={until.replace('-', '')}")
    excluded = [day for text in _strings(schedule.get("exceptDate")) if (day := iso_day(text[:10]))]
    return first, ";".join(parts), tuple(excluded)


def _who(rest: Node, words: dict[RecordField, str]) -> None:
    """The organisation behind an offer, if possible one with a name and a type; persons are passed over (law 8)."""
    parties = _nodes_of(_without_persons([*_list(rest.pop("organizer", None)), *_list(rest.pop("provider", None))]))
    party = min(parties, key=lambda party: (not _first_text(party.get("name")), not types(party)), default={})
    contact = next(iter(_nodes_of(_without_persons(party.get("contactPoint")))), {})
    words["provider"], words["provider_url"] = _first_text(party.get("name")), _url(party.get("url"))
    words["phone"] = _first_text(party.get("telephone") or contact.get("telephone"))
    words["mail"] = _first_text(party.get("email") or contact.get("email")).removeprefix("mailto:")


def _without_persons(value: object) -> list[Any]:
    """The members of ``value`` that are not said to be a person, be it as one that stands for an organisation."""
    return [member for member in _list(value) if not (isinstance(member, dict) and "Person" in types(member))]


def _where(location: object, words: dict[RecordField, str]) -> None:
    for place in _list(location):
        if isinstance(place, str):
            words.setdefault("place", place)
            continue
        if not isinstance(place, dict):
            continue
        if "VirtualLocation" in types(place):
            words["modes"] = "online"
            continue
        address = place.get("address")
        if "place_name" in words or "place" in words:
            continue
        if isinstance(address, dict):
            words["place_name"] = _first_text(place.get("name"))
            words["street"] = _first_text(address.get("streetAddress"))
            words["postcode"] = _first_text(address.get("postalCode"))
            words["locality"] = _first_text(address.get("addressLocality"))
        elif address:
            words["place"] = ", ".join(dict.fromkeys(filter(None, (_first_text(place.get("name")), _texts(address)))))
        else:
            words["place_name"] = _first_text(place.get("name"))
        geo = next(iter(_nodes_of(place.get("geo"))), place)
        words["lat"], words["lon"] = _first_text(geo.get("latitude")), _first_text(geo.get("longitude"))
        amenities = [
            _first_text(feature.get("name"))
            for feature in _nodes_of(place.get("amenityFeature"))
            if str(feature.get("value", True)).lower() not in ("false", "no", "nein")
        ]
        words["accessibility"] = "\n".join(filter(None, amenities))


def _audience(rest: Node, words: dict[RecordField, str]) -> None:
    ages = _texts(rest.pop("typicalAgeRange", None))
    names: list[str] = []
    for audience in _list(rest.pop("audience", None)):
        if isinstance(audience, str):
            names.append(audience)
        elif isinstance(audience, dict):
            names += [_texts(audience.get("audienceType")), _first_text(audience.get("name"))]
            suggested = next(iter(_nodes_of(audience.get("suggestedAge"))), {})
            low = _first_text(audience.get("suggestedMinAge") or suggested.get("minValue"))
            high = _first_text(audience.get("suggestedMaxAge") or suggested.get("maxValue"))
            if not ages and (low or high):
                ages = f"{low}–{high} Jahre" if low and high else f"ab {low} Jahren" if low else f"bis {high} Jahre"
    words["ages"] = ages
    words["audience"] = "\n".join(dict.fromkeys(filter(None, names)))


def _price(rest: Node, words: dict[RecordField, str], url: str) -> None:
    wordings: list[str] = []
    for offer in _list(rest.pop("offers", None)):
        if isinstance(offer, str) and offer.startswith(("http://", "https://")):
            words.setdefault("booking_url", offer)
        elif isinstance(offer, str):
            wordings.append(offer)
        if not isinstance(offer, dict):
            continue
        specification = next(iter(_nodes_of(offer.get("priceSpecification"))), {})
        low, high = _first_text(offer.get("lowPrice")), _first_text(offer.get("highPrice"))
        amount = _first_text(offer.get("price") if "price" in offer else specification.get("price"))
        amount = amount or (f"{low}–{high}" if low and high and low != high else low)
        currency = _first_text(offer.get("priceCurrency") or specification.get("priceCurrency"))
        unit = _first_text(specification.get("unitText") or offer.get("unitText"))
        wordings.append(_amount(amount, currency, unit, _first_text(offer.get("name"))))
        wordings.append(lines(_first_text(offer.get("description"))))
        booking = _url(offer.get("url"))
        if booking and urljoin(url, booking) != url:
            words.setdefault("booking_url", urljoin(url, booking))
    free = _first_text(rest.pop("isAccessibleForFree", None)).lower()
    if free in ("true", "ja", "yes") and not any(wordings):
        wordings.append("kostenlos")
    words["price"] = "\n".join(dict.fromkeys(filter(None, wordings)))


def _amount(amount: str, currency: str, unit: str, name: str) -> str:
    """A price in the words people use.

    >>> _amount("4.50", "EUR", "Gruppe", "Kinder"), _amount("3,00 €", "€", "", ""), _amount("5", "", "", "")
    ('Kinder: 4,50 € pro Gruppe', '3,00 €', '5 €')
    """
    if not amount:
        return ""
    if re.fullmatch(r"\d+\.\d{1,2}(?:–\d+\.\d{1,2})?", amount):
        amount = amount.replace(".", ",")
    sign = "€" if currency.strip().upper() in ("", "EUR", "EURO", "€") else currency.strip()
    if re.search(r"\d", amount) and not re.search(r"(?i)[€$£]|eur|cent", amount):
        amount = f"{amount} {sign}"
    per = unit if not unit or re.match(r"(?i)(pro|je|per)\b", unit) else f"pro {unit}"
    return (
        f"{name}: {amount} {per}".strip()
        if name and name.lower() not in ("ticket", "tickets")
        else f"{amount} {per}".strip()
    )


def _sold_out(offers: object) -> str:
    states = [_first_text(offer.get("availability")) for offer in _nodes_of(offers)]
    return "SoldOut" if states and all(state.endswith("SoldOut") for state in states) else ""


def _image(value: object, words: dict[RecordField, str]) -> str:
    for image in _list(value):
        if isinstance(image, str):
            return image
        if isinstance(image, dict):
            words["image_licence"] = _url(image.get("license"))
            words["image_credit"] = _texts(image.get("creditText") or image.get("creator"))
            return _url(image.get("contentUrl")) or _url(image.get("url")) or _first_text(image.get("@id"))
    return ""


def _duration(text: str) -> str:
    """An ISO 8601 duration in words; other wording as it is.

    >>> _duration("PT1H30M"), _duration("PT45M"), _duration("45 Minuten")
    ('90 Minuten', '45 Minuten', '45 Minuten')
    """
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return text
    days, hours, minutes = (int(group or 0) for group in match.groups())
    return f"{(days * 24 + hours) * 60 + minutes} Minuten"


def _prose(value: object) -> str:
    return "\n".join(_strings(value))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _nodes_of(value: object) -> list[Node]:
    return [dict(member) for member in _list(value) if isinstance(member, dict)]


def _first_text(value: object) -> str:
    return next(iter(_strings(value)), "")


def _url(value: object) -> str:
    return _first_text(value).strip()


def _strings(value: object, depth: int = 0) -> list[str]:
    """The readable strings in a value: scalars, members of lists, names (or values) of nodes."""
    if value is None or depth > 5:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, str | int | float):
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        return [text] if text.strip() else []
    if isinstance(value, list):
        return [text for member in value[:200] for text in _strings(member, depth + 1)]
    if isinstance(value, dict):
        for name in ("name", "@value", "text", "value", "url", "@id"):
            if value.get(name) not in (None, "", [], {}):
                return _strings(value[name], depth + 1)
    return []


def _title(value: object) -> str:
    return "" if isinstance(value, bool) else _first_text(value)


def _texts(value: object) -> str:
    return ", ".join(dict.fromkeys(line(text) for text in _strings(value)))
