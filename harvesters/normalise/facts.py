"""Fields that are put together from several readings: words with codes, booking, kind, state, weather."""

import re
from collections.abc import Callable
from typing import Final

from harvesters.normalise.accessibility import read_accessibility, read_practicalities
from harvesters.normalise.areas import read_areas, read_topics
from harvesters.normalise.booking import read_lead_days, read_required, read_ways
from harvesters.normalise.evidence import Found, best
from harvesters.normalise.languages import read_languages
from harvesters.normalise.modes import is_indoor, read_cancelled, read_funding, read_kind, read_sold_out
from harvesters.normalise.own_words import C, codes
from harvesters.normalise.persons import ContactReading, without_persons
from harvesters.normalise.reading import LEAST_CONFIDENCE, OWN_NAME, Reading
from harvesters.normalise.text import Prose, search
from schemas.harvest import RecordField
from schemas.offer import Capacity, Image, Schedule
from schemas.organisation import Booking, Contact
from schemas.vocabulary import (
    LANGUAGES,
    Access,
    Answer,
    Area,
    Audience,
    BookingWay,
    Kind,
    Mode,
    Practicality,
    ScheduleKind,
    Topic,
    Weather,
)

_COORDINATE: Final = re.compile(r"-?\d{1,3}(?:[.,]\d{1,12})?")
_CAPACITY: Final = re.compile(r"(\d{1,3}) gruppen (?:im|pro|je) monat")
_CANCELLED_WORDS: Final = re.compile(r"cancel|abgesagt|entfällt|fällt aus|absage", re.I)
_SOLD_OUT_WORDS: Final = re.compile(r"sold.?out|ausgebucht|ausverkauft", re.I)


def read_codes(reading: Reading) -> None:
    """Areas, topics, languages, access, practicalities: own wording as codes or labels, else from the text."""
    _list(
        reading, "areas", "areas", Area, lambda page: read_areas(page, title_end=reading.title_end), "Bildungsbereich"
    )
    if "areas" not in reading.fields and (category := reading.words("category")):
        found = read_areas(category)
        if found:
            reading.put("areas", tuple(one.value for one in found), "areas.category", 0.6, category)
    _list(reading, "topics", "topics", Topic, read_topics, "Thema")
    _languages(reading)
    access = read_accessibility(reading.words("accessibility") or "") + read_accessibility(reading.page)
    merged: dict[Access, Answer] = {}
    for one in access:
        merged.setdefault(*one.value)
    if access:
        reading.put("accessibility", merged, access[0].rule, access[0].confidence, access[0].evidence)
    practical = read_practicalities(reading.words("practicalities") or "") + read_practicalities(reading.page)
    known: dict[Practicality, Answer] = {}
    for fact in practical:
        known.setdefault(*fact.value)
    if practical:
        reading.put("practicalities", known, practical[0].rule, practical[0].confidence, practical[0].evidence)


def _list(
    reading: Reading,
    field: str,
    name: RecordField,
    vocabulary: type[C],
    reader: Callable[[Prose], list[Found[C]]],
    label: str,
) -> None:
    own = reading.words(name)
    if own is not None:
        found, _unknown = codes(own, vocabulary)
        if found:
            reading.put(field, tuple(found), f"{field}.own", OWN_NAME, own)
            return
        read = reader(Prose(own))
        if read:
            reading.put(field, tuple(one.value for one in read), read[0].rule, 0.85, own)
            return
        reading.not_understood(field, name, own, label)
    read = reader(reading.page)
    if read:
        reading.put(field, tuple(one.value for one in read), read[0].rule, read[0].confidence, read[0].evidence)


def _languages(reading: Reading) -> None:
    own = reading.words("languages")
    if own is not None:
        by_name = {label.casefold(): code for code, label in LANGUAGES.items()} | {code: code for code in LANGUAGES}
        parts = [part.strip().casefold() for part in re.split(r"[,;|/\n]| und ", own) if part.strip()]
        found = [
            by_name[part[:2] if re.fullmatch(r"[a-z]{2}-[a-z]{2}", part) else part]
            for part in parts
            if part in by_name or (part[:2] in by_name and re.fullmatch(r"[a-z]{2}-[a-z]{2}", part))
        ]
        named = found or [one.value for one in read_languages(own)]
        if named:
            reading.put("languages", tuple(dict.fromkeys(named)), "languages.own", OWN_NAME, own)
            return
        reading.not_understood("languages", "languages", own, "Sprache")
    said = read_languages(reading.page)
    if said:
        reading.put(
            "languages",
            tuple(dict.fromkeys(one.value for one in said)),
            said[0].rule,
            said[0].confidence,
            said[-1].evidence,
        )


def read_booking(reading: Reading) -> None:
    """Ways, contact, lead time and dates of booking; a person's contact is for the desk alone, with an Issue."""
    page = reading.page
    contact = _contact(reading)
    ways = [one.value for one in read_ways(Prose(reading.words("booking") or ""))] + [
        one.value for one in read_ways(page)
    ]
    url = reading.words("booking_url")
    link = url if url and url.startswith(("https://", "http://")) and len(url) <= 2000 else None
    if contact.phone or contact.personal_phone:
        ways.append(BookingWay.PHONE)
    if contact.mail:
        ways.append(BookingWay.MAIL)
    if link:
        ways.append(BookingWay.LINK)
    own_lead = reading.words("lead_time")
    leads = read_lead_days(own_lead + " vorher") if own_lead else []
    if own_lead and not leads:
        reading.not_understood("booking", "lead_time", own_lead, "Vorlaufzeit")
    lead = best(leads) or best(reading.scopes.weigh(read_lead_days(page)), LEAST_CONFIDENCE)
    required = read_required(page)
    said = reading.deadlines
    booking = Booking(
        ways=tuple(dict.fromkeys(ways)),
        contact=_published(contact),
        url=link,
        lead_days=lead.value if lead else None,
        opens=said.opens.value if said and said.opens else None,
        closes=said.closes.value if said and said.closes else None,
        required=required.value if required else None,
    )
    if booking != Booking():
        evidence = next(
            (
                one
                for one in (
                    lead,
                    said.closes if said else None,
                    contact.mail,
                    contact.phone,
                    contact.personal_phone,
                    required,
                )
                if one is not None
            ),
            None,
        )
        reading.put(
            "booking",
            booking,
            evidence.rule if evidence else "booking.words",
            evidence.confidence if evidence else 0.8,
            evidence.evidence if evidence else None,
        )


def _published(contact: ContactReading) -> Contact | None:
    """The organisation's contact; where only a person's number is known, that one, marked as personal."""
    if contact.phone or contact.mail:
        return Contact(
            phone=contact.phone.value if contact.phone else None, mail=contact.mail.value if contact.mail else None
        )
    return Contact(phone=contact.personal_phone.value, personal=True) if contact.personal_phone else None


def _contact(reading: Reading) -> ContactReading:
    own = ", ".join(filter(None, (reading.words("booking"), reading.words("phone"), reading.words("mail"))))
    _, contact = without_persons(own, is_contact=True)
    contact.add(reading.contact)
    if contact.dropped:
        reading.issue(
            "booking",
            f"{len(contact.dropped)} Angabe(n)",
            "booking.personal_contact",
            "Namen, Adressen oder Nummern von Personen werden nicht veröffentlicht.",
            "Nur mit Einwilligung der Person von Hand eintragen.",
        )
    return contact


def read_rest(reading: Reading) -> None:
    """Kind, state, weather, funding, capacity, image."""
    page = reading.page
    status = reading.words("status")
    cancelled = (
        Found(True, status, "cancelled.status", OWN_NAME)
        if status and _CANCELLED_WORDS.search(status)
        else read_cancelled(page, title_end=reading.title_end)
    )
    if cancelled:
        reading.put_found("cancelled", cancelled)
    sold_out = (
        Found(True, status, "sold_out.status", OWN_NAME)
        if status and _SOLD_OUT_WORDS.search(status)
        else read_sold_out(page, title_end=reading.title_end)
    )
    if sold_out:
        reading.put_found("sold_out", sold_out)
    _kind(reading)
    modes = reading.fields.get("modes", ())
    indoor = is_indoor(page)
    if Mode.OUTDOOR in modes:
        weather = Weather.EITHER if indoor or Mode.IN_KITA in modes else Weather.OUTDOOR
        reading.put("weather", weather, "weather.modes", 0.7, reading.provenance["modes"].evidence)
    elif indoor:
        reading.put("weather", Weather.INDOOR, indoor.rule, indoor.confidence, indoor.evidence)
    funds = read_funding(page)
    if funds:
        reading.put("funding", tuple(one.value for one in funds), funds[0].rule, funds[0].confidence, funds[0].evidence)
    capacity = search(_CAPACITY, page)
    if capacity:
        reading.put(
            "capacity",
            Capacity(groups_per_month=int(capacity[1])),
            "capacity.per_month",
            0.8,
            page.text[capacity.start() : capacity.end()],
        )
    image = reading.words("image_url")
    if image and image.startswith(("https://", "http://")) and len(image) <= 2000:
        licence, credit = reading.words("image_licence"), reading.words("image_credit")
        reading.put(
            "image",
            Image(url=image, licence=licence[:400] if licence else None, credit=credit[:400] if credit else None),
            "image.as_written",
            OWN_NAME,
        )


def _kind(reading: Reading) -> None:
    own = reading.words("kind")
    if own is not None:
        found, _ = codes(own, Kind)
        if found:
            reading.put("kind", found[0], "kind.own", OWN_NAME, own)
            return
    named = read_kind(reading.page)
    audience, modes = reading.fields.get("audience", ()), reading.fields.get("modes", ())
    schedule: Schedule | None = reading.fields.get("schedule")
    if named and not (named.value is Kind.STAFF_TRAINING and Audience.STAFF not in audience):
        reading.put_found("kind", named)
    elif audience[:1] == (Audience.STAFF,):
        reading.put("kind", Kind.STAFF_TRAINING, "kind.audience", 0.7, reading.provenance["audience"].evidence)
    elif Mode.IN_KITA in modes and Mode.AT_PROVIDER not in modes:
        reading.put("kind", Kind.MOBILE_VISIT, "kind.modes", 0.8, reading.provenance["modes"].evidence)
    elif schedule is not None and schedule.kind is ScheduleKind.ON_REQUEST and Mode.AT_PROVIDER in modes:
        reading.put("kind", Kind.VISIT, "kind.schedule", 0.75, reading.provenance["schedule"].evidence)
