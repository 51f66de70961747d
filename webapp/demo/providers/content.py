"""What the example providers offer: TOML files in ``data/`` read for one day, so that every date lies around that day.

Each file is one invented web site: a few facts about the provider, then its ``[[offers]]``. All values are words as a
provider would write them, with two exceptions that move with the day: ``when`` lists dates as codes such as
``tue+2 09:30`` (Tuesday two weeks after this one) or ``wed#1+1 10:00`` (first Wednesday of next month), and
``{0:kurz}`` in any text is replaced by the first of these dates. Days on which no Kita is open move on by one step.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Any, Final

import holidays

from schemas.clock import BERLIN

MARK: Final = "Beispieldaten – erfundene Anbieter für die Kitalotse-Vorführung"
"""Stands on every page and in every feed of the example providers."""

SITES: Final = (
    "museum",
    "wald",
    "bibliothek",
    "lernorte",
    "musikschule",
    "naturpark",
    "theater",
    "backhaus",
    "stadtwerke",
    "ziegenhof",
    "spuerpfade",
    "sternwarte",
    "schwimmhalle",
)
"""Names of the sites, which are the stems of their files; the last two are broken from the start."""

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG: Final = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
_MONTHS: Final = (
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
)
_CODE: Final = re.compile(r"(?P<day>[a-z]{3})(?:#(?P<nth>[1-4]))?(?P<step>[+-]\d{1,2}) (?P<hour>\d\d):(?P<minute>\d\d)")
_OWN_KEYS: Final = frozenset({"key", "title", "text", "when", "minutes", "status", "audience"})


class GermanDay:
    """A day that formats itself: ``{:lang}``, ``{:kurz}`` or ``{:tag}``.

    >>> day = GermanDay(date(2026, 12, 1))
    >>> f"{day:lang} · {day:kurz} · {day:tag}"
    'Dienstag, 1. Dezember 2026 · 1.12.2026 · Di, 01.12.26'
    """

    def __init__(self, day: date) -> None:
        self.day = day

    def __format__(self, style: str) -> str:
        day, weekday = self.day, _LONG[self.day.weekday()]
        match style:
            case "" | "lang":
                return f"{weekday}, {day.day}. {_MONTHS[day.month - 1]} {day.year}"
            case "kurz":
                return f"{day.day}.{day.month}.{day.year}"
            case "tag":
                return f"{weekday[:2]}, {day:%d.%m.%y}"
        raise ValueError(f"date style {style!r} is not known; use lang, kurz or tag")


@dataclass(frozen=True, slots=True)
class DemoOffer:
    """One offer as its provider knows it."""

    key: str
    """The provider's own stable key."""
    title: str
    text: str
    """Paragraphs, one per line."""
    fields: Mapping[str, str]
    """Further words of this make of site, by the keys of its TOML file."""
    times: tuple[datetime, ...] = ()
    """Starts, aware, in Europe/Berlin."""
    minutes: int | None = None
    """Length of one date in minutes."""
    status: str = ""
    """Empty, ``sold_out`` or ``cancelled``."""
    audience: str = "kita"
    """Whom its author made it for (a code of ``schemas.vocabulary.Audience``); no site shows it, tests may ask."""

    @property
    def paragraphs(self) -> list[str]:
        """The text, one string per paragraph."""
        return self.text.split("\n")

    def end(self, start: datetime) -> datetime:
        """When a date that begins at ``start`` ends (one hour where the length is not stated)."""
        return start + timedelta(minutes=self.minutes or 60)


@dataclass(frozen=True, slots=True)
class SiteContent:
    """One provider's web site on one day."""

    slug: str
    """Name in :data:`SITES`."""
    name: str
    host: str
    """Public address it would have; ends in ``.example``."""
    make: str
    """Which renderer plays it."""
    mail: str
    phone: str
    street: str
    postcode: str
    town: str
    claim: str
    today: date
    broken: str | None = None
    """How the site is broken from the start; ``None`` for a sound one."""
    offers: tuple[DemoOffer, ...] = field(default=())

    def offer(self, key: str) -> DemoOffer | None:
        """The offer with this key, if there is one."""
        return next((offer for offer in self.offers if offer.key == key), None)


def read_raw(slug: str) -> dict[str, Any]:
    """The TOML of one site, fresh each time; raises ``FileNotFoundError`` for an unknown name."""
    return tomllib.loads(resources.files(__package__).joinpath("data", f"{slug}.toml").read_text(encoding="utf-8"))


def build_site(slug: str, raw: Mapping[str, Any], today: date) -> SiteContent:
    """The site as it looks on ``today``; raises ``ValueError`` for a date code or a placeholder that is wrong."""
    facts = {key: value for key, value in raw.items() if key != "offers"}
    offers = tuple(_build_offer(entry, today) for entry in raw["offers"])
    return SiteContent(slug=slug, today=today, offers=offers, **facts)


def _build_offer(entry: Mapping[str, Any], today: date) -> DemoOffer:
    times: list[datetime] = []
    for code in entry.get("when", ()):
        times.append(moment(code, today, frozenset(time.date() for time in times)))
    days = [GermanDay(time.date()) for time in times]
    try:
        words = {key: str(value).strip().format(*days) for key, value in entry.items() if key != "when"}
    except (IndexError, KeyError) as error:
        raise ValueError(f"offer {entry['key']!r}: a placeholder has no date; add it to `when`") from error
    return DemoOffer(
        key=words["key"],
        title=words["title"],
        text=words["text"],
        fields={key: value for key, value in words.items() if key not in _OWN_KEYS},
        times=tuple(times),
        minutes=int(words["minutes"]) if "minutes" in words else None,
        status=words.get("status", ""),
        audience=words.get("audience", "kita"),
    )


def moment(code: str, today: date, taken: frozenset[date] = frozenset()) -> datetime:
    """The date and time a code means, seen from ``today``; raises ``ValueError`` when the code is not understood.

    Public holidays of MV, the days from 20 December to 6 January, and days already ``taken`` are stepped over: by a
    week, or by a month for "first Wednesday"; codes in the past step further into the past.

    >>> moment("tue+2 09:30", date(2026, 11, 23)).isoformat()
    '2026-12-08T09:30:00+01:00'
    >>> moment("wed#1+1 10:00", date(2026, 11, 23)).date().isoformat()
    '2026-12-02'
    """
    match = _CODE.fullmatch(code)
    if match is None or match["day"] not in _WEEKDAYS:
        raise ValueError(f"date code {code!r} not understood; write it like 'tue+2 09:30' or 'wed#1+1 10:00'")
    weekday, step = _WEEKDAYS.index(match["day"]), int(match["step"])
    nth = int(match["nth"]) if match["nth"] else None
    direction = -1 if step < 0 else 1
    day = _day(today, weekday, nth, step)
    while is_closed(day) or day in taken:
        step += direction
        day = _day(today, weekday, nth, step)
    return datetime.combine(day, time(int(match["hour"]), int(match["minute"])), tzinfo=BERLIN)


def _day(today: date, weekday: int, nth: int | None, step: int) -> date:
    if nth is None:
        return today + timedelta(days=weekday - today.weekday(), weeks=step)
    month = today.year * 12 + today.month - 1 + step
    first = date(month // 12, month % 12 + 1, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7, weeks=nth - 1)


def is_closed(day: date) -> bool:
    """Whether ``day`` is a public holiday in Mecklenburg-Vorpommern or lies between 20 December and 6 January.

    >>> is_closed(date(2026, 12, 25)), is_closed(date(2026, 12, 1))
    (True, False)
    """
    return (day.month, day.day) >= (12, 20) or (day.month, day.day) <= (1, 6) or day in _public_holidays(day.year)


@cache
def _public_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DE", subdiv="MV", years=year))
