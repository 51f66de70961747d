"""An ``Entry`` as the form that says the same: the way back of ``webapp.pages.entry_form``."""

from datetime import time
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from schemas.entry import Entry, Terms
from schemas.offer import Occurrence, TimeWindow
from schemas.vocabulary import PriceModel
from schemas.wording import number_words
from webapp.pages.entry_form import EntryForm
from webapp.pages.entry_labels import DATE_ROWS

_SAME: Final = (
    "name", "homepage", "title", "text", "kind", "venue", "street", "postcode", "locality", "radius_km", "around",
    "lead_days", "contact_name", "phone", "mail", "link", "groups_per_month", "booked_until", "terms", "credit",
)  # fmt: skip


def form_of(entry: Entry, *, address: str | None = None) -> EntryForm:
    """The form that says what ``entry`` says."""
    price, size, schedule, ages = entry.price, entry.group_size, entry.schedule, entry.ages
    hours = schedule.hours[0] if schedule and schedule.hours else TimeWindow()
    single: dict[str, Any] = {
        "who": "person" if entry.person else "organisation",
        "address": address,
        "duration": entry.duration_minutes,
        "children_min": size.children_min if size else None,
        "children_max": size.children_max if size else None,
        "adults": size.adults if size else None,
        "price_model": price.model if price else None,
        "price_amount": price.amount_eur if price and price.model is not PriceModel.FREE else None,
        "price_extra": price.extra_eur if price else None,
        "price_extra_per": "child" if price is None or price.extra_per_child else "group",
        "price_adults_free": "1" if price and price.adults_free else None,
        "price_conditions": price.conditions if price else None,
        "towns": "\n".join(entry.towns),
        "schedule_kind": schedule.kind if schedule else None,
        "hour_from": _clock(hours.start),
        "hour_to": _clock(hours.end),
        "until": schedule.bookable_until if schedule else None,
        "no_holidays": "1" if schedule and schedule.recurrence and schedule.recurrence.not_in_school_holidays else None,
        "contact_personal": "1" if entry.contact_personal else None,
        "consent": "1" if entry.consent else None,
    }
    single |= {name: getattr(entry, name) for name in _SAME}
    single |= _age_inputs("age_from", ages.min_months if ages else None, last=False)
    single |= _age_inputs("age_to", ages.max_months if ages else None, last=True)
    single |= {f"access_{code.value}": answer for code, answer in entry.accessibility.items()}
    for row, one in enumerate(schedule.occurrences[:DATE_ROWS] if schedule else (), 1):
        single |= {f"date_{row}": one.day, f"date_{row}_from": _clock(one.start), f"date_{row}_to": _clock(one.end)}
    single["more_dates"] = "\n".join(map(_date_line, schedule.occurrences[DATE_ROWS:] if schedule else ()))
    several = {
        "audience": entry.audience,
        "areas": entry.areas,
        "languages": entry.languages,
        "modes": entry.modes,
        "weekdays": schedule.weekdays if schedule else (),
        "months": schedule.months if schedule else (),
    }
    pairs = [(name, _shown(value)) for name, value in single.items() if value is not None]
    pairs += [(name, str(code)) for name, codes in several.items() for code in codes]
    return EntryForm(MultiDict(pairs))


def empty_form() -> EntryForm:
    """The form as it is first shown."""
    return EntryForm(MultiDict([("audience", "kita"), ("terms", Terms.FACTS_ONLY.value)]))


def _age_inputs(name: str, months: int | None, *, last: bool) -> dict[str, Any]:
    """Years alone where they say it all."""
    if months is None:
        return {}
    whole = (months + 1) % 12 == 0 if last else months % 12 == 0
    if whole:
        return {name: (months + 1) // 12 - 1 if last else months // 12}
    return {name: months // 12, f"{name}_months": months % 12}


def _shown(value: Any) -> str:
    return number_words(value) if isinstance(value, float) else str(value)


def _date_line(one: Occurrence) -> str:
    hours = "–".join(filter(None, (_clock(one.start), _clock(one.end))))
    return f"{one.day:%d.%m.%Y} {hours}".strip()


def _clock(moment: time | None) -> str | None:
    return moment.strftime("%H:%M") if moment else None
