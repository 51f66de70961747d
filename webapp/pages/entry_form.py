"""The form in which an offer is typed: what was submitted → ``Entry`` with an error beside each field, and back.

Nothing is lost on the way: the form is shown again as it was filled in, and an empty field stays *not stated*.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from schemas.entry import FOR_WHOM, MAX_TOWNS, Entry, Terms
from schemas.geography import find_municipality, postcode_known
from schemas.offer import AgeRange, GroupSize, Occurrence, Price, Recurrence, Schedule, TimeWindow
from schemas.vocabulary import LANGUAGES, Access, Answer, Area, Code, Kind, Mode, PriceModel, ScheduleKind, Weekday
from webapp.entry_persons import gives_contact, is_personal_name, is_persons_mail, names_person
from webapp.mail.message import AddressError, address
from webapp.pages.entry_labels import DATE_ROWS, LABELS, MISSING, MONTH_NAMES, WRONG

Form = MultiDict[str, str]

MAX_AREAS: Final = 3
MAX_DATES: Final = 100
"""Most single dates of one entry."""
_NUMBER: Final = re.compile(r"\d{1,6}(?:[.,]\d{1,2})?")
_CLOCK: Final = re.compile(r"(\d{1,2})(?:[.:](\d{2}))?")
_DATE_LINE: Final = re.compile(
    rf"(?P<day>\d{{1,2}}\.\s?\d{{1,2}}\.\s?\d{{4}}|\d{{4}}-\d\d-\d\d)[ ,]*"
    rf"(?:(?P<start>{_CLOCK.pattern})(?:\s?(?:-|–|bis)\s?(?P<end>{_CLOCK.pattern}))?(?:\s?Uhr)?)?"
)
_TOWNS: Final = re.compile(r"[,;\n]")
_OF_FIELD: Final = {
    "duration_minutes": "duration",
    "ages": "age_to",
    "group_size": "children_max",
    "price": "price_amount",
}
"""Field of ``Entry`` → the input beside which its error stands, where they differ."""


class EntryForm:
    """A form as it was filled in, with what could not be understood."""

    def __init__(self, data: Form, *, region: str | None = None) -> None:
        """``region`` is the key that settles names of towns with several bearers."""
        self.data = data
        self._near = region
        self.errors: dict[str, Any] = {}
        """Input → German sentence."""

    def value(self, name: str) -> str:
        """What stands in an input."""
        return self.data.get(name, "")

    def has(self, name: str, code: str) -> bool:
        """Whether a box is ticked, or an option chosen."""
        return code in self.data.getlist(name)

    def summary(self) -> list[tuple[str, Any, Any]]:
        """Input, label and sentence of each error, in the order of the page."""
        order = list(LABELS)
        return [(name, LABELS[name], self.errors[name]) for name in sorted(self.errors, key=order.index)]

    def read(self) -> Entry | None:
        """What was typed; ``None`` with ``errors`` where that cannot be."""
        person = self.value("who") == "person"
        values: dict[str, Any] = {
            "person": person,
            "name": self._text("name"),
            "homepage": self._web("homepage"),
            "title": self._text("title"),
            "text": self.value("text"),
            "kind": self._one("kind", Kind) or Kind.VISIT,
            "audience": self._chosen("audience", FOR_WHOM),
            "areas": self._chosen("areas", Area),
            "languages": tuple(code for code in LANGUAGES if self.has("languages", code)),
            "accessibility": self._access(),
            "ages": self._ages(),
            "group_size": self._group_size(),
            "duration_minutes": self._number("duration", most=20_160),
            "price": self._price(),
            "modes": self._chosen("modes", Mode),
            "venue": self._text("venue"),
            "street": self._text("street"),
            "postcode": self._text("postcode"),
            "locality": self._text("locality"),
            "radius_km": self._number("radius_km", least=1, most=300, whole=False),
            "around": self._text("around"),
            "towns": self._towns(),
            "schedule": self._schedule(),
            "lead_days": self._number("lead_days", most=730),
            "contact_name": self._text("contact_name"),
            "phone": self._text("phone"),
            "mail": self._text("mail"),
            "link": self._web("link"),
            "contact_personal": not person and self.has("contact_personal", "1"),
            "consent": self.has("consent", "1"),
            "groups_per_month": self.read_groups_per_month(),
            "booked_until": self.read_booked_until(),
            "terms": self.value("terms") if self.value("terms") in tuple(Terms) else Terms.FACTS_ONLY,
            "credit": self._text("credit"),
        }
        if values["terms"] == Terms.OPEN and not values["credit"]:
            if person:
                self.errors["credit"] = WRONG["credit"]
            else:
                values["credit"] = values["name"]
        self._check(values, person=person)
        entry = self._entry(values)
        return None if self.errors else entry

    def read_address(self, *, required: bool) -> str | None:
        """Where letters go."""
        text = self._text("address")
        if text is None:
            if required:
                self.errors["address"] = _("Bitte geben Sie Ihre E-Mail-Adresse an; wir schicken Ihnen einen Link.")
            return None
        try:
            address(text)
        except AddressError:
            self.errors["address"] = WRONG["mail"]
            return None
        if len(text) > 254 or "@" not in text:
            self.errors["address"] = WRONG["mail"]
        return text

    def read_booked_until(self) -> date | None:
        """Day until which nothing is free."""
        return self._day("booked_until")

    def read_groups_per_month(self) -> int | None:
        """Most groups in a month."""
        groups: int | None = self._number("groups_per_month", least=1, most=1000)
        return groups

    def _entry(self, values: Mapping[str, Any]) -> Entry | None:
        try:
            return Entry.model_validate(values)
        except ValidationError as error:
            for fault in error.errors():
                where = str(fault["loc"][0]) if fault["loc"] else str(fault["msg"]).split(", ")[-1].split(":")[0]
                name = _OF_FIELD.get(where, where if where in LABELS else "title")
                self.errors.setdefault(name, WRONG.get(name, _l("Das passt hier nicht. Bitte prüfen Sie die Angabe.")))
            return None

    def _check(self, values: Mapping[str, Any], *, person: bool) -> None:
        """What only the whole form shows to be missing or not to fit."""
        for name, words in MISSING.items():
            if not values[name]:
                self.errors[name] = words
        if self.value("who") not in ("organisation", "person"):
            self.errors["who"] = _("Bitte wählen Sie: Organisation oder Privatperson.")
        if not values["audience"]:
            self.errors["audience"] = WRONG["audience"]
        if len(values["areas"]) > MAX_AREAS:
            self.errors["areas"] = WRONG["areas"]
        for name in ("postcode", "around"):
            code = values[name]
            if code and not (re.fullmatch(r"\d{5}", code) and postcode_known(code)):
                self.errors[name] = _("Diese Postleitzahl kennen wir nicht.")
        if values["radius_km"] and not (values["around"] or values["postcode"] or "around" in self.errors):
            self.errors["around"] = _("Bitte sagen Sie, von welcher Postleitzahl aus der Umkreis zählt.")
        if values["radius_km"] and values["towns"]:
            self.errors["towns"] = _("Bitte entweder einen Umkreis oder einzelne Orte angeben, nicht beides.")
        if (values["radius_km"] or values["towns"]) and Mode.IN_KITA not in values["modes"]:
            self.errors["modes"] = _("Sie haben ein Gebiet angegeben: Bitte kreuzen Sie auch „in der Kita“ an.")
        if person:
            self._check_person(values)
        elif not values["contact_personal"]:
            self._check_contact(values)

    def _check_person(self, values: Mapping[str, Any]) -> None:
        """What would carry a private person's name, number or address into open data."""
        if values["street"]:
            self.errors["street"] = _(
                "Bei Privatpersonen veröffentlichen wir keine Straße. Bitte lassen Sie das Feld leer."
            )
        if values["locality"] and find_municipality(values["locality"], self._near) is None:
            self.errors["locality"] = _("Diesen Ort kennen wir nicht. Bitte nennen Sie die Gemeinde.")
        said = {name: values[name] or "" for name in ("title", "text", "venue", "locality")}
        said["price_conditions"] = self._text("price_conditions") or ""
        for name, text in said.items():
            if names_person(values["name"] or "", text):
                self.errors[name] = _(
                    "Bitte nennen Sie Ihren Namen hier nicht: Dieses Feld steht auch in offenen Daten."
                )
            elif gives_contact(text):
                self.errors[name] = _(
                    "Bitte hier keine Telefonnummer oder E-Mail-Adresse: Dieses Feld steht auch in offenen Daten. "
                    "Dafür gibt es weiter unten eigene Felder."
                )

    def _check_contact(self, values: Mapping[str, Any]) -> None:
        """An organisation's contact enters open data, so a person's must be marked as such."""
        organisation = values["name"] or ""
        if values["contact_name"] and is_personal_name(values["contact_name"], organisation):
            self.errors["contact_name"] = _(
                "Das sieht nach dem Namen einer Person aus. Bitte nennen Sie eine Stelle, zum Beispiel „Büro“, oder "
                "kreuzen Sie unten an, dass der Kontakt einer einzelnen Person gehört."
            )
        if values["mail"] and is_persons_mail(values["mail"], organisation):
            self.errors["mail"] = _(
                "Das sieht nach der Adresse einer Person aus. Bitte nennen Sie eine der Organisation, oder kreuzen Sie "
                "unten an, dass der Kontakt einer einzelnen Person gehört."
            )

    # -- parts --------------------------------------------------------------------------------------------------------

    def _text(self, name: str) -> str | None:
        return " ".join(self.value(name).split()) or None

    def _web(self, name: str) -> str | None:
        text = self._text(name)
        return f"https://{text}" if text and re.match(r"www\.", text, re.I) else text

    def _one(self, name: str, options: Iterable[Code]) -> Any:
        return next((option for option in options if option.value == self.value(name)), None)

    def _chosen(self, name: str, options: Iterable[Code]) -> tuple[Any, ...]:
        return tuple(option for option in options if self.has(name, option.value))

    def _number(self, name: str, *, least: float = 0, most: float, whole: bool = True) -> Any:
        text = self.value(name).strip().removesuffix("€").strip()
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            self.errors[name] = _("„%(text)s“ ist keine Zahl.", text=text[:40])
            return None
        number = float(text.replace(",", "."))
        if whole and number != int(number):
            self.errors[name] = _("Bitte eine ganze Zahl angeben.")
            return None
        if not least <= number <= most:
            self.errors[name] = _("Bitte eine Zahl von %(least)s bis %(most)s.", least=f"{least:g}", most=f"{most:g}")
            return None
        return int(number) if whole else number

    def _day(self, name: str, *, beside: str | None = None) -> date | None:
        text = self.value(name).strip()
        found = _day_of(text) if text else None
        if text and (found is None or not 2000 <= found.year <= 2100):
            self.errors[beside or name] = _("„%(text)s“ ist kein Tag. Beispiel: 24.12.2026.", text=text[:40])
            return None
        return found

    def _time(self, name: str, *, beside: str | None = None) -> time | None:
        text = self.value(name).strip().removesuffix("Uhr").strip()
        if not text:
            return None
        found = _time_of(text)
        if found is None:
            self.errors[beside or name] = _("„%(text)s“ ist keine Uhrzeit. Beispiel: 9:30.", text=text[:40])
        return found

    def _ages(self) -> AgeRange | None:
        low_years, low_months = self._number("age_from", most=20), self._number("age_from_months", most=240)
        high_years, high_months = self._number("age_to", most=20), self._number("age_to_months", most=240)
        for part, name in (("age_from_months", "age_from"), ("age_to_months", "age_to")):
            if part in self.errors:
                self.errors.setdefault(name, self.errors.pop(part))
        low = None if low_years is None and low_months is None else (low_years or 0) * 12 + (low_months or 0)
        high = None
        if high_years is not None:
            high = (high_years + 1) * 12 - 1 if high_months is None else high_years * 12 + high_months
        elif high_months is not None:
            high = high_months
        if low is None and high is None:
            return None
        if low is not None and high is not None and low > high:
            self.errors["age_to"] = _("Das Alter endet, bevor es beginnt.")
            return None
        return AgeRange(min_months=low, max_months=high)

    def _group_size(self) -> GroupSize | None:
        least, most = self._number("children_min", most=1000), self._number("children_max", least=1, most=1000)
        adults = self._number("adults", most=100)
        if least is not None and most is not None and least > most:
            self.errors["children_max"] = _("Das sind weniger Kinder als mindestens nötig.")
            return None
        if least is None and most is None and adults is None:
            return None
        return GroupSize(children_min=least, children_max=most, adults=adults)

    def _price(self) -> Price | None:
        model = self._one("price_model", PriceModel)
        amount = self._number("price_amount", most=100_000, whole=False)
        extra = self._number("price_extra", most=100_000, whole=False)
        conditions = self._text("price_conditions")
        if model is None:
            if amount is not None or extra is not None:
                self.errors["price_model"] = _("Bitte wählen Sie, wie der Preis gezählt wird.")
            return None
        if (
            model in (PriceModel.PER_CHILD, PriceModel.PER_GROUP)
            and amount is None
            and "price_amount" not in self.errors
        ):
            self.errors["price_amount"] = _("Bitte geben Sie den Betrag an, oder wählen Sie „auf Anfrage“.")
        if model in (PriceModel.FREE, PriceModel.UNKNOWN) and amount:
            self.errors["price_amount"] = _("Zu „%(model)s“ passt kein Betrag.", model=model.label)
        return Price(
            model=model,
            amount_eur=0.0 if model is PriceModel.FREE else amount if model is not PriceModel.UNKNOWN else None,
            extra_eur=extra,
            extra_per_child=self.value("price_extra_per") != "group",
            adults_free=True if self.has("price_adults_free", "1") else None,
            conditions=conditions[:400] if conditions else None,
        )

    def _towns(self) -> tuple[str, ...]:
        named = [" ".join(town.split()) for town in _TOWNS.split(self.value("towns"))[:1000]]
        towns = tuple(dict.fromkeys(town for town in named if town))
        if len(towns) > MAX_TOWNS:
            self.errors["towns"] = WRONG["towns"]
            return towns
        unknown = [town for town in towns if len(town) > 80 or find_municipality(town, self._near) is None]
        if unknown:
            self.errors["towns"] = _(
                "Diese Orte kennen wir nicht: %(towns)s. Bitte nennen Sie die Gemeinde.",
                towns=", ".join(town[:40] for town in unknown[:5]),
            )
        return towns

    def _schedule(self) -> Schedule | None:
        kind = self._one("schedule_kind", ScheduleKind)
        weekdays = self._chosen("weekdays", Weekday)
        start, end = self._time("hour_from"), self._time("hour_to")
        months = tuple(number for number, _name in MONTH_NAMES if self.has("months", str(number)))
        until = self._day("until")
        dates = self._dates()
        if start and end and end <= start:
            self.errors["hour_to"] = _("Das Ende liegt vor dem Anfang.")
        if kind is None:
            if weekdays or start or end or months or until or dates:
                self.errors["schedule_kind"] = _("Bitte wählen Sie: nach Vereinbarung, regelmäßig oder feste Termine.")
            return None
        if kind is ScheduleKind.DATED and not dates and "dates" not in self.errors:
            self.errors["dates"] = _("Bitte nennen Sie mindestens einen Termin.")
        if kind is not ScheduleKind.DATED and dates:
            self.errors["schedule_kind"] = _("Sie haben Termine eingetragen: Bitte wählen Sie „mit festem Termin“.")
        if kind is ScheduleKind.RECURRING and not weekdays:
            self.errors["weekdays"] = _("Bitte kreuzen Sie die Wochentage an, an denen es stattfindet.")
        if self.errors.keys() & {"hour_from", "hour_to", "dates", "schedule_kind", "weekdays"}:
            return None
        rule = f"FREQ=WEEKLY;BYDAY={','.join(weekdays)}"
        return Schedule(
            kind=kind,
            occurrences=dates,
            recurrence=Recurrence(rule=rule, ends_on=until, not_in_school_holidays=self.has("no_holidays", "1"))
            if kind is ScheduleKind.RECURRING
            else None,
            weekdays=weekdays,
            hours=(TimeWindow(start=start, end=end),) if start or end else (),
            months=months,
            bookable_until=until,
        )

    def _dates(self) -> tuple[Occurrence, ...]:
        found = []
        for row in range(1, DATE_ROWS + 1):
            day = self._day(f"date_{row}", beside="dates")
            start = self._time(f"date_{row}_from", beside="dates")
            end = self._time(f"date_{row}_to", beside="dates")
            if day is None:
                if start or end:
                    self.errors.setdefault("dates", _("Zu einer Uhrzeit fehlt der Tag."))
                continue
            if start and end and end <= start:
                self.errors["dates"] = _("Ein Termin endet, bevor er beginnt.")
                continue
            found.append(Occurrence(day=day, start=start, end=end))
        found += self._more_dates()
        if len(found) > MAX_DATES:
            self.errors["dates"] = _("Bitte höchstens %(n)s Termine angeben.", n=MAX_DATES)
        return tuple(sorted(found, key=lambda one: (one.day, one.start or time())))

    def _more_dates(self) -> list[Occurrence]:
        """Further dates, one on each line."""
        found = []
        for line in filter(None, map(str.strip, self.value("more_dates").splitlines()[: 2 * MAX_DATES])):
            said = _DATE_LINE.fullmatch(line)
            day = _day_of(said["day"]) if said else None
            start, end = (_time_of(said[part]) if said and said[part] else None for part in ("start", "end"))
            wrong = said is None or day is None or not 2000 <= day.year <= 2100
            if wrong or (said and ((said["start"] and not start) or (said["end"] and not end))):
                self.errors["dates"] = _("„%(line)s“ ist kein Termin. Beispiel: 24.12.2026 9:30–11:00.", line=line[:60])
            elif start and end and end <= start:
                self.errors["dates"] = _("Ein Termin endet, bevor er beginnt.")
            elif day is not None:
                found.append(Occurrence(day=day, start=start, end=end))
        return found

    def _access(self) -> dict[Access, Answer]:
        found = {code: self._one(f"access_{code.value}", Answer) for code in Access}
        return {code: answer for code, answer in found.items() if answer is not None}


def _time_of(text: str) -> time | None:
    typed = _CLOCK.fullmatch(text)
    try:
        return time(int(typed[1]), int(typed[2] or 0)) if typed else None
    except ValueError:
        return None


def _day_of(text: str) -> date | None:
    german = re.fullmatch(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", text)
    try:
        return date(int(german[3]), int(german[2]), int(german[1])) if german else date.fromisoformat(text)
    except ValueError:
        return None
