"""Fields that are put together from several readings: schedule, place and modes, booking, words with codes."""

import re
from collections.abc import Callable
from typing import Final

from harvesters.normalise.accessibility import read_accessibility, read_practicalities
from harvesters.normalise.areas import read_areas, read_topics
from harvesters.normalise.booking import ContactReading, read_contact, read_lead_days, read_required, read_ways
from harvesters.normalise.dates import TimesFound, read_dates, read_times
from harvesters.normalise.evidence import Found, best
from harvesters.normalise.languages import read_languages
from harvesters.normalise.modes import is_indoor, read_cancelled, read_funding, read_kind, read_modes, read_sold_out
from harvesters.normalise.occurrences import read_occurrences, recurrence_of, weekdays_of
from harvesters.normalise.own_words import C, codes
from harvesters.normalise.places import (
    PlaceWords,
    goes_to_kitas,
    read_place,
    read_service_area,
    venue_words,
    with_point,
)
from harvesters.normalise.reading import LEAST_CONFIDENCE, OWN_NAME, Reading
from harvesters.normalise.schedule import ScheduleReading, read_schedule
from harvesters.normalise.text import Prose
from schemas.harvest import RecordField
from schemas.offer import Capacity, Image, Occurrence, Schedule
from schemas.organisation import Booking, Contact, Place
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
    Verdict,
    Weather,
)

_COORDINATE: Final = re.compile(r"-?\d{1,3}(?:[.,]\d{1,12})?")
_CAPACITY: Final = re.compile(r"(\d{1,3}) gruppen (?:im|pro|je) monat")
_CANCELLED_WORDS: Final = re.compile(r"cancel|abgesagt|entfällt|fällt aus|absage", re.I)
_SOLD_OUT_WORDS: Final = re.compile(r"sold.?out|ausgebucht|ausverkauft", re.I)


def read_when(reading: Reading) -> None:
    """Schedule from dates given as data, else from their own wording, else from the text."""
    occurrences = read_occurrences(reading)
    text = read_schedule(reading.page, reading.today, bookable=_is_bookable(reading))
    if occurrences:
        _machine_schedule(reading, occurrences, text)
    elif (parts := _date_parts(reading)) is not None:
        reading.put(
            "schedule",
            Schedule(kind=ScheduleKind.DATED, occurrences=(parts.value,)),
            parts.rule,
            parts.confidence,
            parts.evidence,
        )
    elif (own := reading.words("dates")) is not None:
        said = read_schedule(own, reading.today, bookable=False)
        _report(reading, said)
        if said.schedule is None:
            reading.not_understood("schedule", "dates", own, "Termine")
        reading.put_found("schedule", said.schedule or text.schedule)
    else:
        _report(reading, text)
        reading.put_found("schedule", text.schedule)
    reading.deadlines = text


def _is_bookable(reading: Reading) -> bool:
    audience = reading.fields.get("audience", ())
    suitability = reading.fields["kita_suitability"]
    return suitability.verdict is not Verdict.NO or any(a in audience for a in (Audience.SCHOOL, Audience.HORT))


def _report(reading: Reading, said: ScheduleReading) -> None:
    for impossible in said.impossible:
        reading.issue(
            "schedule",
            impossible.words,
            "schedule.impossible_date",
            f"Den Tag „{impossible.words}“ gibt es im Kalender nicht.",
            "Termin beim Anbieter klären.",
        )
    for misfit in said.misfits:
        words = reading.page.text[misfit.start : misfit.end]
        reading.issue(
            "schedule",
            words,
            "schedule.weekday_misfit",
            f"Wochentag und Datum passen nicht zusammen: „{words}“.",
            "Termin beim Anbieter klären; übernommen wird das Datum.",
        )


def _machine_schedule(reading: Reading, occurrences: tuple[Occurrence, ...], text: ScheduleReading) -> None:
    recurrence = recurrence_of(reading, occurrences[0])
    said = text.schedule.value.recurrence if text.schedule else None
    if recurrence is not None and said is not None:
        recurrence = recurrence.model_copy(
            update={
                "not_in_school_holidays": said.not_in_school_holidays,
                "not_on_public_holidays": said.not_on_public_holidays,
            }
        )
    schedule = Schedule(
        kind=ScheduleKind.RECURRING if recurrence else ScheduleKind.DATED,
        occurrences=occurrences,
        recurrence=recurrence,
        weekdays=weekdays_of(recurrence.rule, occurrences[0]) if recurrence else (),
    )
    raw = reading.record.occurrences
    reading.put("schedule", schedule, "schedule.data", OWN_NAME, raw[0].start if raw else reading.words("start"))


def _date_parts(reading: Reading) -> Found[Occurrence] | None:
    """One occurrence out of start_date, start_time, end_date, end_time in any wording."""
    words = reading.words("start_date")
    if words is None:
        return None
    days, impossible = read_dates(Prose(words), reading.today)
    if not days:
        rule = "schedule.impossible_date" if impossible else "schedule.not_understood"
        reading.issue(
            "schedule",
            words,
            rule,
            f"Der Tag „{words[:100]}“ wurde nicht verstanden.",
            "Termin von Hand eintragen oder unter lookups.start_date übersetzen.",
        )
        return None
    clock = _clock(reading, "start_time") if not reading.words("all_day") else None
    ending = _clock(reading, "end_time") if clock else None
    last_words = reading.words("end_date")
    last = next(iter(read_dates(Prose(last_words), reading.today)[0]), None) if last_words else None
    first = days[0]
    end_day = last.last if last and last.last > first.first else first.last if first.last > first.first else None
    if ending and clock and ending.starts[0] <= clock.starts[0] and end_day is None:
        ending = None
    occurrence = Occurrence(
        day=first.first,
        start=clock.starts[0] if clock else None,
        end_day=end_day,
        end=ending.starts[0] if ending else None,
    )
    return Found(occurrence, words, "schedule.date_parts", 0.95, (0, len(words)))


def _clock(reading: Reading, name: RecordField) -> TimesFound | None:
    words = reading.words(name)
    if words is None:
        return None
    text = words if re.search(r"uhr|\dh\b", words.lower()) else f"{words[:40]} Uhr"
    page = Prose(re.sub(r"(\d{1,2}[:.]\d{2})[:.]\d{2}", r"\1", text))
    return next(iter(read_times(page, 0, len(page.text))), None)


def read_where(reading: Reading) -> None:
    """Modes, place and service area: an offer that comes to the Kita, or is online, has no place of its own."""
    words = PlaceWords(
        whole=(reading.words("place") or "").replace("\n", ", "),
        name=reading.words("place_name"),
        street=reading.words("street"),
        postcode=reading.words("postcode"),
        locality=reading.words("locality"),
    )
    provider = reading.fields.get("provider")
    near = reading.source.region if reading.source else None
    found = read_place(words, near, provider.name if provider else "")
    own = reading.words("modes")
    known: list[Mode] = []
    if own is not None:
        known, unknown = codes(own, Mode)
        known = known or list(dict.fromkeys(one.value for one in read_modes(own)))
        if not known:
            reading.not_understood("modes", "modes", ", ".join(unknown), "Ort der Durchführung")
    if known:
        reading.put("modes", tuple(known), "modes.own", OWN_NAME, own)
    else:
        place_words = words.whole or words.name or ""
        modes = read_modes(reading.page, place=place_words, has_venue=found is not None, title_end=reading.title_end)
        if modes:
            surest = max(modes, key=lambda one: one.confidence)
            reading.put("modes", tuple(one.value for one in modes), surest.rule, surest.confidence, surest.evidence)
    modes_now: tuple[Mode, ...] = reading.fields.get("modes", ())
    point = _point(reading)
    only_away = (
        bool(modes_now)
        and Mode.AT_PROVIDER not in modes_now
        and (Mode.IN_KITA in modes_now or modes_now == (Mode.ONLINE,))
    )
    if found is not None and not (only_away and not venue_words(words.whole) and not words.postcode):
        place = with_point(found.value, *point) if point else found.value
        reading.put("place", place, found.rule, found.confidence, found.evidence)
    elif point is not None:
        reading.put("place", with_point(None, *point), "place.point", OWN_NAME)
    if Mode.IN_KITA in modes_now:
        own_area = reading.words("service_area")
        place_now: Place | None = reading.fields.get("place")
        area = read_service_area(own_area or reading.page, near=near, place=place_now)
        if area is None and goes_to_kitas(words.whole) and re.search(r"\bauf|\bin [A-ZÄÖÜ]", words.whole):
            area = read_service_area(words.whole, near=near, place=place_now)
        reading.put_found("service_area", area)


def _point(reading: Reading) -> tuple[float, float] | None:
    lat, lon = reading.words("lat"), reading.words("lon")
    if lat is None or lon is None:
        return None
    if _COORDINATE.fullmatch(lat) and _COORDINATE.fullmatch(lon):
        point = float(lat.replace(",", ".")), float(lon.replace(",", "."))
        if 47 <= point[0] <= 56 and 5 <= point[1] <= 16:
            return point
    reading.issue(
        "place",
        f"{lat} {lon}",
        "place.point_not_plausible",
        "Die Koordinaten liegen nicht in Deutschland oder sind keine Zahlen.",
        "Ort von Hand eintragen.",
    )
    return None


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
        found, unknown = codes(own, vocabulary)
        if found:
            reading.put(field, tuple(found), f"{field}.own", OWN_NAME, own)
            return
        read = reader(Prose(own))
        if read:
            reading.put(field, tuple(one.value for one in read), read[0].rule, 0.85, own)
            return
        reading.not_understood(field, name, ", ".join(unknown) or own, label)
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
    """Ways, contact, lead time and dates of booking; personal contacts are left out with an Issue."""
    page = reading.page
    contact = _contact(reading)
    ways = [one.value for one in read_ways(Prose(reading.words("booking") or ""))] + [
        one.value for one in read_ways(page)
    ]
    url = reading.words("booking_url")
    link = url if url and url.startswith(("https://", "http://")) and len(url) <= 2000 else None
    if contact.phone:
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
        contact=Contact(
            phone=contact.phone.value if contact.phone else None, mail=contact.mail.value if contact.mail else None
        )
        if contact.phone or contact.mail
        else None,
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
                for one in (lead, said.closes if said else None, contact.mail, contact.phone, required)
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


def _contact(reading: Reading) -> ContactReading:
    own = " ".join(filter(None, (reading.words("mail"), reading.words("phone"), reading.words("booking"))))
    contact = read_contact(own)
    of_text = read_contact(reading.page)
    contact.mail, contact.phone = contact.mail or of_text.mail, contact.phone or of_text.phone
    dropped = [*contact.dropped, *of_text.dropped, *reading.dropped_mails]
    if dropped:
        reading.issue(
            "booking",
            f"{len(dropped)} Angabe(n)",
            "booking.personal_contact",
            "Persönliche Adressen oder Mobilnummern wurden nicht übernommen.",
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
    capacity = _CAPACITY.search(page.lower)
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
