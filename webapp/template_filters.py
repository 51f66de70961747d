"""Filters and globals of the templates: German words for values, safe links."""

from datetime import date, datetime

from flask import Flask
from markupsafe import Markup, escape

from schemas import wording
from schemas.clock import local, monday_of
from schemas.kita import Group
from schemas.offer import AgeRange

_OPEN_SCHEMES = ("https://", "http://")


def init_app(app: Flask) -> None:
    """Registers everything here."""
    app.jinja_env.filters.update(
        ages=wording.age_words,
        price=wording.price_words,
        duration=wording.duration_words,
        group_size=wording.group_size_words,
        schedule=wording.schedule_words,
        place=wording.place_words,
        service_area=wording.service_area_words,
        weekdays=wording.weekday_words,
        language_names=wording.language_words,
        occurrence=wording.occurrence_words,
        number=wording.number_words,
        euro=wording.euro_words,
        day=day,
        moment=moment,
        week_words=week_words,
        group_words=group_words,
        safe_link=safe_link,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def day(value: date | None) -> str:
    """A day for people; an empty string where there is none.

    >>> day(date(2026, 12, 2))
    'Mi., 2. Dezember 2026'
    """
    return wording.day_words(value) if value else ""


def moment(value: datetime | None) -> str:
    """A moment for people, in Europe/Berlin."""
    if value is None:
        return ""
    there = local(value)
    return f"{wording.day_words(there.date(), weekday=False)}, {there.hour}:{there.minute:02d} Uhr"


def week_words(week: str) -> str:
    """A week for people.

    >>> week_words("2026-W49")
    'Woche vom 30. November 2026'
    """
    return f"Woche vom {wording.day_words(monday_of(week), weekday=False)}"


def group_words(group: Group) -> str:
    """Age and size of a group.

    >>> group_words(Group(name="Kraken", min_months=36, max_months=59, children=18, adults=2))
    '3 bis 4 Jahre, 18 Kinder, 2 Erwachsene'
    """
    parts = [wording.age_words(AgeRange(min_months=group.min_months, max_months=group.max_months))]
    parts += [f"{group.children} Kinder" if group.children else None]
    parts += [f"{group.adults} Erwachsene" if group.adults else None]
    return ", ".join(part for part in parts if part) + (" (angenommen, bitte bestätigen)" if group.assumed else "")


def safe_link(address: str | None, text: str | None = None) -> Markup:
    """A link to an http(s) ``address``; any other scheme is shown as words only, never as a link."""
    if not address:
        return Markup("")
    shown = text or address
    if not address.lower().startswith(_OPEN_SCHEMES):
        return escape(shown)
    return Markup('<a href="{}" rel="noopener noreferrer external nofollow">{}</a>').format(address, shown)
