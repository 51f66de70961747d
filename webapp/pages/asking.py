"""What stands in the address of a search, understood: the query, German words for each filter, and what was not
understood (which is said, kept in the form, and filters nothing)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from schemas.geography import Located, Point, distance_km, locate
from schemas.organisation import Place
from schemas.store.query import OfferQuery
from schemas.vocabulary import Area, Topic, Weekday
from schemas.wording import day_words, distance_words, euro_words

RADII_KM: Final = (5, 10, 20, 35, 50)
DEFAULT_KM: Final = 20
DEFAULT_CHILDREN: Final = 15
WEEKDAYS: Final = tuple(Weekday)[:5]
AGES: Final[dict[str, tuple[int, Any]]] = {
    "0": (0, _l("unter 1 Jahr")),
    "1": (12, _l("1 Jahr")),
    "18m": (18, _l("1½ Jahre")),
    "2": (24, _l("2 Jahre")),
    "30m": (30, _l("2½ Jahre")),
} | {str(years): (years * 12, _l("%(age)s Jahre", age=years)) for years in range(3, 11)}
"""Value in the address → months and words."""
SORTS: Final[dict[str, tuple[str, Any]]] = {
    "naehe": ("nearest", _l("das Nächste zuerst")),
    "termin": ("next_date", _l("nächster Termin zuerst")),
    "neu": ("newest", _l("das Neueste zuerst")),
}
LABELS: Final[dict[str, Any]] = {
    "q": _l("Stichwort"),
    "alter": _l("Alter der Kinder"),
    "ort": _l("Ort oder Postleitzahl"),
    "umkreis": _l("Umkreis"),
    "kinder": _l("Kinder in der Gruppe"),
    "kosten": _l("Höchstens Euro für die Gruppe"),
    "kostenfrei": _l("kostenfrei"),
    "tag": _l("Wochentag"),
    "datum": _l("Tag (TT.MM.JJJJ)"),
    "bereich": _l("Bildungsbereich"),
    "thema": _l("Thema"),
    "mobil": _l("kommt in die Kita"),
    "anfrage": _l("nur nach Vereinbarung"),
    "sortierung": _l("Reihenfolge"),
}
"""Names of the form's inputs, in their order; everything else in an address is ignored."""
MORE: Final = ("kinder", "kosten", "tag", "datum", "bereich", "thema", "mobil", "kostenfrei", "anfrage", "sortierung")
"""Inputs under "Mehr Filter"."""
PARAMETERS: Final = {
    "words": "q",
    "age_months": "alter",
    "near": "ort",
    "group": "kinder",
    "max_group_eur": "kosten",
    "max_cost_eur": "kostenfrei",
    "weekday": "tag",
    "on_day": "datum",
    "areas": "bereich",
    "topics": "thema",
    "in_kita": "mobil",
    "on_request": "anfrage",
}
"""Field of ``OfferQuery`` → name of the input."""
MAX_TYPED: Final = 200
TICKED: Final = "1"
"""What a ticked box says in the address."""

_POSTCODE: Final = re.compile(r"([0-9]{5})(?:\s+(\S.*))?")
_CHILDREN: Final = re.compile(r"([0-9]{1,3})(?:\s*Kinder)?", re.IGNORECASE)
_EUROS: Final = re.compile(r"([0-9]{1,5})(?:[,.]([0-9]{1,2}))?\s*(?:€|EUR|Euro)?", re.IGNORECASE)
_GERMAN_DAY: Final = re.compile(r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{4}|[0-9]{2})?")


@dataclass
class Asked:
    """A search as it was asked."""

    values: dict[str, str]
    """What stands in the address, by name of the input."""
    wanted: dict[str, Any] = field(default_factory=dict)
    """Fields of ``OfferQuery`` that were understood."""
    words: dict[str, Any] = field(default_factory=dict)
    """German words for each filter that counts, by name of the input."""
    problems: dict[str, Any] = field(default_factory=dict)
    """A German sentence for each input that was not understood."""
    place: Located | None = None
    """The place that was meant."""

    @property
    def query(self) -> OfferQuery:
        """What to look for."""
        return OfferQuery.model_validate(self.wanted)

    @property
    def children(self) -> int:
        """Children for whom costs are computed."""
        return int(self.wanted.get("children", DEFAULT_CHILDREN))

    @property
    def radius(self) -> int:
        """The radius that was used, or would be."""
        return _choice(self.values.get("umkreis"), {str(km): km for km in RADII_KM}) or DEFAULT_KM

    def without(self, name: str) -> dict[str, str]:
        """What stands in the address once the filter ``name`` is dropped; a radius goes with its place."""
        dropped = {name, "umkreis"} if name == "ort" else {name}
        if name == "ort" and self.values.get("sortierung") == "naehe":
            dropped.add("sortierung")
        return {key: value for key, value in self.values.items() if key not in dropped}

    def distance(self, place: Place | None) -> str | None:
        """How far ``place`` is from the place that was asked for, in words; ``None`` where either is unknown."""
        if self.place is None or place is None or place.lat is None or place.lon is None:
            return None
        return distance_words(distance_km(self.place.point, Point(place.lat, place.lon)))


def understand(args: Mapping[str, str], *, region: str, today: date, only_region: bool) -> Asked:
    """The search in ``args``. ``region`` settles names of places; with ``only_region`` its offers alone are listed."""
    asked = Asked({name: typed for name in LABELS if (typed := args.get(name, "").strip()[:MAX_TYPED])})
    for name, read in _READERS.items():
        if name in asked.values:
            read(asked, asked.values[name], region, today)
    if only_region:
        asked.wanted["home"] = region
    return asked


def _words(asked: Asked, typed: str, _region: str, _today: date) -> None:
    asked.wanted["words"] = typed
    asked.words["q"] = _("„%(typed)s“", typed=typed)


def _age(asked: Asked, typed: str, _region: str, _today: date) -> None:
    found = _choice(typed, AGES)
    if found is None:
        asked.problems["alter"] = _("Das Alter „%(typed)s“ haben wir nicht verstanden.", typed=typed)
    else:
        asked.wanted["age_months"], asked.words["alter"] = found


def _place(asked: Asked, typed: str, region: str, _today: date) -> None:
    postcode = _POSTCODE.fullmatch(typed)
    there = locate(postcode[1], postcode[2], near=region) if postcode else locate(None, typed, near=region)
    if there is None:
        asked.problems["ort"] = _(
            "Den Ort „%(town)s“ kennen wir nicht. Bitte geben Sie Postleitzahl oder Gemeinde an.", town=typed
        )
        return
    asked.place = there
    asked.wanted["near"] = (there.point.lat, there.point.lon)
    asked.wanted["near_key"] = there.ags or there.kreis
    asked.wanted["radius_km"] = asked.radius
    town = " ".join(part for part in (there.postcode, there.locality) if part) or typed
    asked.words["ort"] = _("%(km)s km um %(town)s", km=asked.radius, town=town)


def _radius(asked: Asked, typed: str, _region: str, _today: date) -> None:
    if typed != str(asked.radius):
        asked.problems["umkreis"] = _(
            "Den Umkreis „%(typed)s“ haben wir nicht verstanden; es zählen %(km)s km.", typed=typed, km=asked.radius
        )


def children_in(typed: str) -> int | None:
    """The number of children in ``typed``; ``None`` where it says none.

    >>> children_in("18"), children_in("18 Kinder"), children_in("0"), children_in("viele")
    (18, 18, None, None)
    """
    found = _CHILDREN.fullmatch(typed)
    return int(found[1]) or None if found else None


def _children(asked: Asked, typed: str, _region: str, _today: date) -> None:
    children = children_in(typed)
    if children is None:
        asked.problems["kinder"] = _("„%(typed)s“ ist keine Zahl von Kindern; bitte etwa „18“.", typed=typed)
        return
    asked.wanted["children"] = asked.wanted["group"] = children
    asked.words["kinder"] = _("Gruppe mit %(n)s Kindern", n=children)


def _cost(asked: Asked, typed: str, _region: str, _today: date) -> None:
    found = _EUROS.fullmatch(typed)
    if found is None:
        asked.problems["kosten"] = _("„%(typed)s“ ist kein Betrag; bitte etwa „40“ oder „37,50“.", typed=typed)
        return
    amount = float(f"{found[1]}.{found[2] or 0}")
    asked.wanted["max_group_eur"] = amount
    asked.wanted["children"] = asked.children
    asked.words["kosten"] = _("höchstens %(euro)s für %(n)s Kinder", euro=euro_words(amount), n=asked.children)


def _weekday(asked: Asked, typed: str, _region: str, _today: date) -> None:
    day = _choice(typed, {day.value: day for day in WEEKDAYS})
    if day is None:
        asked.problems["tag"] = _("Den Wochentag „%(typed)s“ haben wir nicht verstanden.", typed=typed)
    else:
        asked.wanted["weekday"], asked.words["tag"] = day, day.label


def _day(asked: Asked, typed: str, _region: str, today: date) -> None:
    day = _read_day(typed, today)
    if day is None:
        asked.problems["datum"] = _("„%(typed)s“ ist kein Tag; bitte etwa „8.12.2026“.", typed=typed)
    elif day < today:
        asked.problems["datum"] = _("Der Tag „%(typed)s“ ist schon vorbei.", typed=typed)
    else:
        asked.wanted["on_day"], asked.words["datum"] = day, day_words(day)


def _area(asked: Asked, typed: str, _region: str, _today: date) -> None:
    area = _choice(typed, {area.value: area for area in Area})
    if area is None:
        asked.problems["bereich"] = _("Den Bildungsbereich „%(typed)s“ kennen wir nicht.", typed=typed)
    else:
        asked.wanted["areas"], asked.words["bereich"] = (area,), area.label


def _topic(asked: Asked, typed: str, _region: str, _today: date) -> None:
    topic = _choice(typed, {topic.value: topic for topic in Topic})
    if topic is None:
        asked.problems["thema"] = _("Das Thema „%(typed)s“ kennen wir nicht.", typed=typed)
    else:
        asked.wanted["topics"], asked.words["thema"] = (topic,), topic.label


def _tick(parameter: str, **wanted: Any) -> Callable[[Asked, str, str, date], None]:
    def read(asked: Asked, typed: str, _region: str, _today: date) -> None:
        if typed == TICKED:
            asked.wanted.update(wanted)
            asked.words[parameter] = LABELS[parameter]
        else:
            asked.problems[parameter] = _(
                "„%(name)s“: „%(typed)s“ haben wir nicht verstanden. Bitte ankreuzen oder frei lassen.",
                name=LABELS[parameter],
                typed=typed,
            )

    return read


def _sort(asked: Asked, typed: str, _region: str, today: date) -> None:
    found = _choice(typed, SORTS)
    if found is None:
        asked.problems["sortierung"] = _("Die Reihenfolge „%(typed)s“ kennen wir nicht.", typed=typed)
    elif found[0] == "nearest" and asked.place is None:
        asked.problems["sortierung"] = _("Um nach der Nähe zu ordnen, brauchen wir einen Ort.")
    else:
        asked.wanted["sort"], asked.wanted["today"] = found[0], today
        asked.words["sortierung"] = found[1]


_READERS: Final[dict[str, Callable[[Asked, str, str, date], None]]] = {
    "q": _words,
    "alter": _age,
    "ort": _place,
    "umkreis": _radius,
    "kinder": _children,
    "kosten": _cost,
    "kostenfrei": _tick("kostenfrei", max_cost_eur=0.0),
    "tag": _weekday,
    "datum": _day,
    "bereich": _area,
    "thema": _topic,
    "mobil": _tick("mobil", in_kita=True),
    "anfrage": _tick("anfrage", on_request=True),
    "sortierung": _sort,
}
"""In the order in which they may need one another: costs want the children, the order wants the place."""


def _choice(typed: str | None, choices: Mapping[str, Any]) -> Any:
    return choices.get(typed or "")


def _read_day(typed: str, today: date) -> date | None:
    """A day as a browser sends it, or as people write it; without a year the next one."""
    try:
        if german := _GERMAN_DAY.fullmatch(typed):
            number, month, year = int(german[1]), int(german[2]), int(german[3] or today.year)
            year += 2000 if year < 100 else 0
            found = date(year, month, number)
            return found if german[3] or found >= today else date(year + 1, month, number)
        return date.fromisoformat(typed)
    except ValueError:
        return None
