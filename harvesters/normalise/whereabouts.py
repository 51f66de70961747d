"""When and where: schedule, modes, place and service area, put together from data, own wording and text."""

import re
from typing import Final

from harvesters.normalise.date_roles import ScheduleReading
from harvesters.normalise.dates import TimesFound, read_dates, read_times
from harvesters.normalise.evidence import Found
from harvesters.normalise.holidays import with_holidays
from harvesters.normalise.modes import read_modes
from harvesters.normalise.occurrences import recurrence_of, weekdays_of
from harvesters.normalise.own_words import codes, own_season
from harvesters.normalise.places import (
    PlaceWords,
    goes_to_kitas,
    read_place,
    venue_words,
    with_point,
)
from harvesters.normalise.prose_places import read_address, read_labelled_place
from harvesters.normalise.reading import OWN_NAME, Reading
from harvesters.normalise.schedule import IMPLIED, read_schedule
from harvesters.normalise.service_areas import read_service_area, read_stated_area
from harvesters.normalise.text import Prose
from schemas.geography.tables import laender
from schemas.harvest import RecordField
from schemas.offer import Occurrence, Schedule
from schemas.organisation import Place
from schemas.vocabulary import (
    Audience,
    Mode,
    ScheduleKind,
    Verdict,
)

_COORDINATE: Final = re.compile(r"-?\d{1,3}(?:[.,]\d{1,12})?")
_CAPACITY: Final = re.compile(r"(\d{1,3}) gruppen (?:im|pro|je) monat")
_CANCELLED_WORDS: Final = re.compile(r"cancel|abgesagt|entfällt|fällt aus|absage", re.I)
_SOLD_OUT_WORDS: Final = re.compile(r"sold.?out|ausgebucht|ausverkauft", re.I)


def read_when(reading: Reading, occurrences: tuple[Occurrence, ...]) -> None:
    """Schedule from the ``occurrences`` given as data, else from their own wording, else from the text."""
    text = read_schedule(reading.page, reading.today, bookable=_is_bookable(reading), comes=_comes(reading))
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
        found = said.schedule or _season_alone(reading, own, text)
        if found is None:
            reading.not_understood("schedule", "dates", own, "Termine")
        if found is not None:
            reading.put_found("schedule", _with_holidays(reading, found, Prose(own)))
        else:
            reading.put_found("schedule", _of_text(reading, text))
    else:
        _report(reading, text)
        reading.put_found("schedule", _of_text(reading, text))
    reading.deadlines = text


def _of_text(reading: Reading, text: ScheduleReading) -> Found[Schedule] | None:
    found = _unless_doubtful(reading, text)
    return _with_holidays(reading, found, reading.page) if found is not None else None


def _with_holidays(reading: Reading, found: Found[Schedule], page: Prose) -> Found[Schedule]:
    """Holidays laid out for the Land of the offer's place, else of its source."""
    place: Place | None = reading.fields.get("place")
    key = (place.kreis if place else None) or (reading.source.region if reading.source else None)
    land = next((code for prefix, (_, code) in laender().items() if key and key.startswith(prefix)), None)
    return with_holidays(found, page, land, reading.today)


def _unless_doubtful(reading: Reading, text: ScheduleReading) -> Found[Schedule] | None:
    """What the text says; what it only implies is dropped where words about days were not understood."""
    found = text.schedule
    doubtful = any(issue.field == "schedule" for issue in reading.issues)
    return None if found is not None and found.rule in IMPLIED and doubtful else found


def _season_alone(reading: Reading, own: str, text: ScheduleReading) -> Found[Schedule] | None:
    """Months without anything else: the season of what the text says, or of visits by arrangement."""
    months = own_season(Prose(own))
    if not months or (text.schedule is None and not _is_bookable(reading)):
        return None
    schedule = text.schedule.value if text.schedule else Schedule(kind=ScheduleKind.ON_REQUEST)
    if schedule.recurrence is not None or schedule.occurrences:
        return None
    schedule = schedule.model_copy(update={"months": months, "words": own[:400]})
    return Found(schedule, own, "schedule.own_season", 0.9, (0, len(own)))


def _comes(reading: Reading) -> str | None:
    """The words that say an offer comes to the Kita, and only there."""
    modes: tuple[Mode, ...] = reading.fields.get("modes", ())
    if Mode.IN_KITA not in modes or Mode.AT_PROVIDER in modes:
        return None
    return reading.provenance["modes"].evidence


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
    by = provider.name if provider else ""
    found = read_place(words, near, by)
    said = found is not None or bool(words.whole or words.name)
    if not said:
        found = read_labelled_place(reading.page, near, by)
    own = reading.words("modes")
    known: list[Mode] = []
    if own is not None:
        known, _unknown = codes(own, Mode)
        known = known or list(dict.fromkeys(one.value for one in read_modes(own)))
        if not known:
            reading.not_understood("modes", "modes", own, "Ort der Durchführung")
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
    if found is None and not said and not only_away:
        found = read_address(reading.page, near)
    if found is not None and not (only_away and not venue_words(words.whole) and not words.postcode):
        place = with_point(found.value, *point) if point else found.value
        reading.put("place", place, found.rule, found.confidence, found.evidence)
    elif point is not None:
        reading.put("place", with_point(None, *point), "place.point", OWN_NAME)
    if Mode.IN_KITA in modes_now:
        own_area = reading.words("service_area")
        place_now: Place | None = reading.fields.get("place")
        if own_area is not None:
            area = read_stated_area(own_area, near=near, place=place_now)
        else:
            area = read_service_area(reading.page, near=near, place=place_now)
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
