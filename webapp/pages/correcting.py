"""Plain forms for correcting one field of an offer: value → inputs, inputs → value.

One entry of ``FORMS`` per field that a coordinator can correct on the desk. An empty form means *not stated*; input
that makes no sense raises ``ValueError`` with a German sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any, Final, Literal

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from schemas.geography import locate
from schemas.vocabulary import Area, Audience, Code, Kind, Mode, PriceModel, ScheduleKind, Topic, Verdict, Weekday

Form = MultiDict[str, str]


@dataclass(frozen=True)
class Input:
    """One input of a form."""

    name: str
    """Name in the form."""
    label: Any
    """German label (translated when shown)."""
    type: Literal["text", "long", "number", "date", "time", "choice", "choices", "flag"] = "text"
    """How it is shown."""
    options: tuple[Code, ...] = ()
    """What can be chosen."""
    value: Any = None
    """What it holds now: text, or the set of chosen codes."""


@dataclass(frozen=True)
class FieldForm:
    """How one field is corrected."""

    field: str
    """Name in ``OfferFields``."""
    label: Any
    """German name of the field."""
    inputs: tuple[Input, ...]
    """Its inputs, empty."""
    show: Callable[[Any], Mapping[str, Any]]
    """Field's value in JSON form → values of the inputs."""
    read: Callable[[Form, Any], Any]
    """Submitted form and present value in JSON form → new value in JSON form."""

    def filled(self, value: Any) -> tuple[Input, ...]:
        """The inputs with ``value`` (JSON form, or ``None``) in them."""
        values = {} if value is None else self.show(value)
        return tuple(replace(field, value=values.get(field.name)) for field in self.inputs)

    def submitted(self, form: Form) -> tuple[Input, ...]:
        """The inputs as somebody filled them in, to show again what could not be understood."""
        return tuple(
            replace(field, value=set(form.getlist(field.name)) if field.options else form.get(field.name))
            for field in self.inputs
        )


def _text(form: Form, name: str) -> str | None:
    return form.get(name, "").strip() or None


def _number(form: Form, name: str, *, whole: bool = True) -> float | int | None:
    text = form.get(name, "").strip().replace(",", ".")
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        raise ValueError(_("„%(text)s“ ist keine Zahl.", text=text)) from None
    if not 0 <= number < 1e6 or (whole and number != int(number)):
        if whole:
            raise ValueError(_("„%(text)s“ passt nicht: erwartet ist eine ganze Zahl ab 0.", text=text))
        raise ValueError(_("„%(text)s“ passt nicht: erwartet ist eine Zahl ab 0.", text=text))
    return int(number) if whole else number


def _chosen(form: Form, name: str, options: tuple[Code, ...]) -> list[str]:
    asked = form.getlist(name)
    return [option.value for option in options if option.value in asked]


def _one(form: Form, name: str, options: tuple[Code, ...]) -> str | None:
    return next(iter(_chosen(form, name, options)), None)


def _time(form: Form, name: str) -> str | None:
    text = form.get(name, "").strip()
    try:
        return time.fromisoformat(text).isoformat() if text else None
    except ValueError:
        raise ValueError(_("„%(text)s“ ist keine Uhrzeit; erwartet ist zum Beispiel 09:30.", text=text)) from None


def _day(form: Form, name: str) -> str | None:
    text = form.get(name, "").strip()
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError:
        raise ValueError(_("„%(text)s“ ist kein Datum; erwartet ist zum Beispiel 2026-12-24.", text=text)) from None


def _none_if_empty(values: dict[str, Any]) -> dict[str, Any] | None:
    return values if any(value is not None for value in values.values()) else None


def _simple(field: str, label: Any, kind: Literal["text", "long"]) -> FieldForm:
    return FieldForm(
        field,
        label,
        (Input(field, label, kind),),
        lambda value: {field: value},
        lambda form, _old: _text(form, field),
    )


def _choices(field: str, label: Any, options: tuple[Code, ...]) -> FieldForm:
    return FieldForm(
        field,
        label,
        (Input(field, label, "choices", options),),
        lambda value: {field: set(value)},
        lambda form, _old: _chosen(form, field, options),
    )


def _flag(field: str, label: Any) -> FieldForm:
    return FieldForm(
        field,
        label,
        (Input(field, label, "flag"),),
        lambda value: {field: value},
        lambda form, _old: field in form,
    )


def _read_suitability(form: Form, _old: Any) -> dict[str, Any] | None:
    verdict = _one(form, "verdict", tuple(Verdict))
    probability = {"yes": 1.0, "no": 0.0, "unsure": 0.5}
    return (
        {"verdict": verdict, "probability": probability[verdict], "reasons": ["von Hand entschieden"]}
        if verdict
        else None
    )


def _read_price(form: Form, old: Any) -> dict[str, Any] | None:
    model = _one(form, "model", tuple(PriceModel))
    amount, extra = _number(form, "amount_eur", whole=False), _number(form, "extra_eur", whole=False)
    if model is None:
        if amount is not None or extra is not None:
            raise ValueError(_("Bitte wählen Sie, wie der Preis gezählt wird."))
        return None
    kept = {name: old[name] for name in ("extra_per_child", "conditions")} if old else {}
    free = {"adults_free": True} if "adults_free" in form else {}
    return kept | {"model": model, "amount_eur": 0.0 if model == "free" else amount, "extra_eur": extra} | free


def _read_place(form: Form, old: Any) -> dict[str, Any] | None:
    asked = _none_if_empty({name: _text(form, name) for name in ("name", "street", "postcode", "locality")})
    if asked is None:
        return None
    before = old or {}
    if old and all(asked[name] == before.get(name) for name in ("street", "postcode", "locality")):
        return before | asked
    found = locate(asked["postcode"], asked["locality"], near=before.get("kreis"))
    if found is None:
        return asked
    point = {"lat": found.point.lat, "lon": found.point.lon, "precision": found.precision}
    return asked | point | {"kreis": found.kreis, "ags": found.ags}


def _show_schedule(value: Any) -> dict[str, Any]:
    hours = (value["hours"] or [{}])[0]
    return {
        "kind": {value["kind"]},
        "weekdays": set(value.get("weekdays") or ()),
        "start": (hours.get("start") or "")[:5],
        "end": (hours.get("end") or "")[:5],
        "until": value.get("bookable_until"),
    }


def _read_schedule(form: Form, old: Any) -> dict[str, Any] | None:
    kind = _one(form, "kind", tuple(ScheduleKind))
    if kind is None:
        return None
    start, end = _time(form, "start"), _time(form, "end")
    kept = {name: value for name, value in (old or {}).items() if name not in ("words", "hours")}
    return kept | {
        "kind": kind,
        "weekdays": _chosen(form, "weekdays", tuple(Weekday)),
        "hours": ([{"start": start, "end": end}] if start or end else []) + ((old or {}).get("hours") or [])[1:],
        "bookable_until": _day(form, "until"),
    }


FORMS: Final[dict[str, FieldForm]] = {
    form.field: form
    for form in (
        _simple("title", _l("Titel"), "text"),
        _simple("summary", _l("Kurztext"), "long"),
        _simple("description", _l("Beschreibung"), "long"),
        FieldForm(
            "kind",
            _l("Art"),
            (Input("kind", _l("Art"), "choice", tuple(Kind)),),
            lambda value: {"kind": {value}},
            lambda form, old: _one(form, "kind", tuple(Kind)) or old,
        ),
        _choices("audience", _l("Zielgruppe"), tuple(Audience)),
        FieldForm(
            "kita_suitability",
            _l("Für Kita-Gruppen geeignet"),
            (Input("verdict", _l("Für Kita-Gruppen geeignet"), "choice", tuple(Verdict)),),
            lambda value: {"verdict": {value["verdict"]}},
            _read_suitability,
        ),
        FieldForm(
            "ages",
            _l("Alter"),
            (Input("min_months", _l("von (Monate)"), "number"), Input("max_months", _l("bis (Monate)"), "number")),
            lambda value: value,
            lambda form, _old: _none_if_empty({name: _number(form, name) for name in ("min_months", "max_months")}),
        ),
        FieldForm(
            "price",
            _l("Kosten"),
            (
                Input("model", _l("gezählt"), "choice", tuple(PriceModel)),
                Input("amount_eur", _l("Betrag in Euro"), "number"),
                Input("extra_eur", _l("Material zusätzlich in Euro"), "number"),
                Input("adults_free", _l("Begleitpersonen frei"), "flag"),
            ),
            lambda value: value | {"model": {value["model"]}},
            _read_price,
        ),
        FieldForm(
            "duration_minutes",
            _l("Dauer"),
            (Input("duration_minutes", _l("Minuten"), "number"),),
            lambda value: {"duration_minutes": value},
            lambda form, _old: _number(form, "duration_minutes"),
        ),
        FieldForm(
            "group_size",
            _l("Gruppengröße"),
            (
                Input("children_min", _l("mindestens Kinder"), "number"),
                Input("children_max", _l("höchstens Kinder"), "number"),
                Input("adults", _l("Begleitpersonen"), "number"),
            ),
            lambda value: value,
            lambda form, _old: _none_if_empty(
                {name: _number(form, name) for name in ("children_min", "children_max", "adults")}
            ),
        ),
        _choices("modes", _l("Wo es stattfinden kann"), tuple(Mode)),
        FieldForm(
            "place",
            _l("Ort"),
            (
                Input("name", _l("Name des Ortes")),
                Input("street", _l("Straße und Hausnummer")),
                Input("postcode", _l("Postleitzahl")),
                Input("locality", _l("Gemeinde")),
            ),
            lambda value: value,
            _read_place,
        ),
        FieldForm(
            "schedule",
            _l("Wann"),
            (
                Input("kind", _l("Art der Termine"), "choice", tuple(ScheduleKind)),
                Input("weekdays", _l("Wochentage"), "choices", tuple(Weekday)),
                Input("start", _l("ab Uhrzeit"), "time"),
                Input("end", _l("bis Uhrzeit"), "time"),
                Input("until", _l("buchbar bis"), "date"),
            ),
            _show_schedule,
            _read_schedule,
        ),
        _choices("areas", _l("Bildungsbereiche"), tuple(Area)),
        _choices("topics", _l("Themen"), tuple(Topic)),
        _simple("url", _l("Seite des Anbieters"), "text"),
        _flag("cancelled", _l("Abgesagt")),
        _flag("sold_out", _l("Ausgebucht")),
    )
}
"""Fields that can be corrected on the desk, in the order of the page."""
