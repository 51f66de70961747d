"""German words for the values of an offer: one source of truth for pages, mails, reasons and feeds. Pure.

Every function returns a phrase without a full stop, or ``None`` where the value is not stated: the caller decides
whether to say so.
"""

from datetime import date, time
from typing import Literal

from schemas.offer import AgeRange, GroupSize, Occurrence, OfferFields, Price, Recurrence, Schedule, ServiceArea
from schemas.organisation import Place
from schemas.vocabulary import LANGUAGES, Audience, Kind, Mode, OccurrenceStatus, PriceModel, ScheduleKind, Weekday

MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni",
    "Juli", "August", "September", "Oktober", "November", "Dezember",
)  # fmt: skip
_SHORT_DAYS = {day: day.label[:2] for day in Weekday}
_DAY_ORDER = {day: number for number, day in enumerate(Weekday)}
_ORDINALS = {"1": "ersten", "2": "zweiten", "3": "dritten", "4": "vierten", "5": "fünften", "-1": "letzten"}


def number_words(value: float) -> str:
    """A number as German writes it.

    >>> number_words(2.5), number_words(3.0)
    ('2,5', '3')
    """
    return f"{value:.10g}".replace(".", ",")


def euro_words(amount: float) -> str:
    """An amount in euro.

    >>> euro_words(2), euro_words(2.5), euro_words(0.5)
    ('2 €', '2,50 €', '0,50 €')
    """
    rounded = round(amount, 2)
    return f"{rounded:.0f} €" if rounded == int(rounded) else f"{rounded:.2f} €".replace(".", ",")


def age_words(ages: AgeRange | None) -> str | None:
    """Ages as people say them; years where months fill them.

    >>> age_words(AgeRange(min_months=36, max_months=83)), age_words(AgeRange(min_months=48))
    ('3 bis 6 Jahre', 'ab 4 Jahren')
    >>> age_words(AgeRange(min_months=0, max_months=35)), age_words(AgeRange(min_months=18, max_months=40))
    ('bis 2 Jahre', '18 bis 40 Monate')
    >>> age_words(AgeRange(min_months=10, max_months=35))
    '10 Monate bis 2 Jahre'
    """
    if ages is None:
        return None
    low, high = ages.min_months or None, ages.max_months
    if high is None:
        return _from_age(low or 0)
    top = high // 12
    if low and low % 12 and low < 24 and high % 12 == 11:
        return f"{low} Monate bis {_years(top)}"
    if (low or 0) % 12 or high % 12 not in (0, 11):
        return f"bis {high} Monate" if low is None else f"{low} bis {high} Monate"
    if low is None:
        return f"bis {_years(top)}"
    return _years(top) if low // 12 == top else f"{low // 12} bis {_years(top)}"


def price_words(price: Price | None) -> str | None:
    """What it costs.

    >>> price_words(Price(model=PriceModel.PER_CHILD, amount_eur=2, adults_free=True))
    '2 € pro Kind, Begleitpersonen frei'
    >>> price_words(Price(model=PriceModel.PER_GROUP, amount_eur=45, extra_eur=1.5))
    '45 € pro Gruppe, zuzüglich 1,50 € pro Kind'
    """
    if price is None:
        return None
    words = price.model.label
    if price.amount_eur is not None and price.model in (PriceModel.PER_CHILD, PriceModel.PER_GROUP):
        words = f"{euro_words(price.amount_eur)} {price.model.label}"
    elif price.amount_eur is not None and price.model is PriceModel.DONATION:
        words = f"gegen Spende, etwa {euro_words(price.amount_eur)}"
    elif price.model in (PriceModel.PER_CHILD, PriceModel.PER_GROUP):
        words = f"Preis {price.model.label} auf Anfrage"
    if price.extra_eur:
        words += f", zuzüglich {euro_words(price.extra_eur)} {'pro Kind' if price.extra_per_child else 'pro Gruppe'}"
    if price.adults_free and price.model is not PriceModel.FREE:
        words += ", Begleitpersonen frei"
    return words


def distance_words(kilometres: float) -> str:
    """A distance; below ten kilometres to the half, above to the kilometre.

    >>> distance_words(3.8), distance_words(4.4), distance_words(12.4)
    ('4 km', '4,5 km', '12 km')
    """
    return f"{number_words(round(kilometres * 2) / 2 if kilometres < 10 else round(kilometres))} km"


def duration_words(minutes: int | None) -> str | None:
    """How long it takes.

    >>> duration_words(45), duration_words(90), duration_words(120), duration_words(195)
    ('45 Minuten', '90 Minuten', '2 Stunden', '3 Stunden 15 Minuten')
    """
    if minutes is None:
        return None
    if minutes < 120:
        return "1 Stunde" if minutes == 60 else f"{minutes} Minuten"
    hours, rest = divmod(minutes, 60)
    return f"{hours} Stunden {rest} Minuten" if rest else f"{hours} Stunden"


def group_size_words(size: GroupSize | None) -> str | None:
    """How many may come.

    >>> group_size_words(GroupSize(children_min=8, children_max=15)), group_size_words(GroupSize(children_max=20))
    ('8 bis 15 Kinder', 'höchstens 20 Kinder')
    """
    if size is None:
        return None
    low, high = size.children_min, size.children_max
    if low and high:
        return f"{high} Kinder" if low == high else f"{low} bis {high} Kinder"
    if high:
        return f"höchstens {high} Kinder"
    return f"mindestens {low} Kinder" if low else None


def time_words(moment: time) -> str:
    """A time of day.

    >>> time_words(time(9, 30)), time_words(time(10))
    ('9:30 Uhr', '10 Uhr')
    """
    return f"{moment.hour}:{moment.minute:02d} Uhr" if moment.minute else f"{moment.hour} Uhr"


def day_words(day: date, *, weekday: Literal["short", "long", "none"] = "short") -> str:
    """A day with its weekday.

    >>> day_words(date(2026, 12, 2)), day_words(date(2026, 12, 2), weekday="long")
    ('Mi., 2. Dezember 2026', 'Mittwoch, 2. Dezember 2026')
    """
    words = f"{day.day}. {month_words(day)}"
    if weekday == "none":
        return words
    name = tuple(Weekday)[day.weekday()].label
    return f"{name}, {words}" if weekday == "long" else f"{name[:2]}., {words}"


def month_words(day: date) -> str:
    """A month with its year.

    >>> month_words(date(2027, 4, 1))
    'April 2027'
    """
    return f"{MONTHS[day.month - 1]} {day.year}"


def occurrence_words(occurrence: Occurrence) -> str:
    """One date with its hours, and whether it is cancelled or sold out."""
    words = day_words(occurrence.day)
    if occurrence.end_day and occurrence.end_day != occurrence.day:
        words += f" bis {day_words(occurrence.end_day)}"
    if occurrence.start:
        words += f", {time_words(occurrence.start)}"
        if occurrence.end and not (occurrence.end_day and occurrence.end_day != occurrence.day):
            words = f"{words.removesuffix(' Uhr')} bis {time_words(occurrence.end)}"
    return words if occurrence.status is OccurrenceStatus.SCHEDULED else f"{words} ({occurrence.status.label})"


def weekday_words(days: tuple[Weekday, ...]) -> str | None:
    """Days of the week, runs of three and more joined.

    >>> weekday_words((Weekday.TU, Weekday.WE, Weekday.TH, Weekday.FR)), weekday_words((Weekday.MO, Weekday.WE))
    ('Di–Fr', 'Mo, Mi')
    """
    numbers = sorted({_DAY_ORDER[day] for day in days})
    names = tuple(_SHORT_DAYS.values())
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [
        f"{names[run[0]]}–{names[run[-1]]}" if len(run) > 2 else ", ".join(names[number] for number in run)
        for run in runs
    ]
    return ", ".join(parts) or None


def recurrence_words(recurrence: Recurrence) -> str | None:
    """A rule in words; ``None`` for a rule that is not weekly, monthly by weekday, or daily.

    >>> recurrence_words(Recurrence(rule="FREQ=WEEKLY;BYDAY=TU,TH", not_in_school_holidays=True))
    'jeden Dienstag und Donnerstag, nicht in den Schulferien'
    >>> recurrence_words(Recurrence(rule="FREQ=MONTHLY;BYDAY=1WE"))
    'jeden ersten Mittwoch im Monat'
    >>> recurrence_words(Recurrence(rule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"))
    'jede Woche Mo–Fr'
    """
    parts = dict(item.split("=", 1) for item in recurrence.rule.upper().split(";") if "=" in item)
    named = [_rule_day(word) for word in parts.get("BYDAY", "").split(",") if word]
    if any(word is None for word in named):
        return None
    days = " und ".join(word for word in named if word)
    every = parts.get("INTERVAL", "1")
    match parts.get("FREQ"):
        case "WEEKLY" if len(named) > 2:
            week = "jede Woche" if every == "1" else f"alle {every} Wochen"
            words = f"{week} {weekday_words(tuple(Weekday(word[-2:]) for word in parts['BYDAY'].split(',')))}"
        case "WEEKLY" if days:
            words = f"jeden {days}" if every == "1" else f"alle {every} Wochen am {days}"
        case "MONTHLY" if days:
            words = f"jeden {days} im Monat" if every == "1" else f"alle {every} Monate am {days}"
        case "DAILY" if every == "1":
            words = "täglich"
        case _:
            return None
    return words + (", nicht in den Schulferien" if recurrence.not_in_school_holidays else "")


def schedule_words(schedule: Schedule | None, today: date | None = None) -> str | None:
    """When it takes place; with ``today`` only dates that are still to come, at most three of them."""
    if schedule is None:
        return None
    hours = _hours(schedule)
    if schedule.kind is ScheduleKind.ON_REQUEST:
        days = weekday_words(schedule.weekdays)
        return " ".join(part for part in ("nach Vereinbarung", days and f"({days})", hours) if part)
    if schedule.kind is ScheduleKind.RECURRING:
        rule = recurrence_words(schedule.recurrence) if schedule.recurrence else None
        words = rule or weekday_words(schedule.weekdays)
        if words:
            return " ".join(part for part in (words, hours) if part)
    dates = schedule.upcoming(today) if today else schedule.occurrences
    if dates:
        more = f" und {len(dates) - 3} weitere Termine" if len(dates) > 3 else ""
        return "; ".join(occurrence_words(occurrence) for occurrence in dates[:3]) + more
    return schedule.kind.label


def place_words(place: Place | None) -> str | None:
    """Where it is, in one line."""
    if place is None:
        return None
    town = " ".join(part for part in (place.postcode, place.locality) if part)
    return ", ".join(part for part in (place.name, place.street, town) if part) or None


def service_area_words(area: ServiceArea | None) -> str | None:
    """Where a mobile offer goes."""
    if area is None:
        return None
    if area.words:
        return area.words
    return f"Umkreis von {number_words(area.radius_km)} km" if area.radius_km else None


def language_words(codes: tuple[str, ...]) -> str | None:
    """Languages by name.

    >>> language_words(("de", "uk"))
    'Deutsch, Ukrainisch'
    """
    return ", ".join(LANGUAGES.get(code, code) for code in codes) or None


def sentence(fields: OfferFields) -> str:
    """One or two sentences made from the fields alone, for offers whose own text may not be shown (law 9)."""
    what = fields.kind.label
    if fields.provider:
        what += f" von {fields.provider.name}"
    audience = " und ".join(a.label for a in fields.audience if a in (Audience.KITA, Audience.HORT, Audience.STAFF))
    if audience:
        what += f" für {audience}"
    if fields.areas:
        what += f" (Bereich {fields.areas[0].label})"
    facts: list[str | None] = [age_words(fields.ages), duration_words(fields.duration_minutes)]
    facts += [group_size_words(fields.group_size), price_words(fields.price)]
    if Mode.IN_KITA in fields.modes:
        facts.append("kommt in die Kita" if fields.kind is not Kind.MOBILE_VISIT else None)
    if fields.schedule and fields.schedule.kind is not ScheduleKind.DATED:
        facts.append(schedule_words(fields.schedule))
    said = "; ".join(fact for fact in facts if fact)
    return f"{what}. {said[0].upper()}{said[1:]}." if said else f"{what}."


def _from_age(months: int) -> str:
    if months == 0:
        return "für jedes Alter"
    if months % 12:
        return f"ab {months} Monaten"
    return "ab 1 Jahr" if months == 12 else f"ab {months // 12} Jahren"


def _years(years: int) -> str:
    return "1 Jahr" if years == 1 else f"{years} Jahre"


def _rule_day(word: str) -> str | None:
    ordinal, code = word[:-2].removeprefix("+"), word[-2:]
    if code not in _SHORT_DAYS or (ordinal and ordinal not in _ORDINALS):
        return None
    return f"{_ORDINALS[ordinal]} {Weekday(code).label}" if ordinal else Weekday(code).label


def _hours(schedule: Schedule) -> str | None:
    parts = []
    for window in schedule.hours:
        if window.start and window.end:
            parts.append(f"{time_words(window.start).removesuffix(' Uhr')} bis {time_words(window.end)}")
        elif window.start:
            parts.append(f"ab {time_words(window.start)}")
        elif window.end:
            parts.append(f"bis {time_words(window.end)}")
    return ", ".join(parts) or None
