"""German words of the form in which an offer is typed: labels, choices, and what is said about wrong input."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from schemas.entry import FOR_WHOM
from schemas.region import Region
from schemas.vocabulary import (
    LANGUAGES,
    Access,
    Answer,
    Area,
    Code,
    Kind,
    Mode,
    PriceModel,
    ScheduleKind,
    Weekday,
)
from schemas.wording import MONTHS
from webapp.entry_texts import CONTACT_TEXTS, CONTACT_VERSION, about_private_persons

DATE_ROWS: Final = 8
"""Rows for single dates."""
MONTH_NAMES: Final = tuple(enumerate(MONTHS, 1))
LABELS: Final[Mapping[str, Any]] = {
    "who": _l("Wer bietet an?"),
    "name": _l("Name"),
    "homepage": _l("Internetseite"),
    "address": _l("Ihre E-Mail-Adresse"),
    "title": _l("Titel des Angebots"),
    "text": _l("Was passiert dort?"),
    "kind": _l("Art des Angebots"),
    "audience": _l("Für wen?"),
    "age_from": _l("Alter von"),
    "age_to": _l("Alter bis"),
    "children_min": _l("Kinder mindestens"),
    "children_max": _l("Kinder höchstens"),
    "adults": _l("Erwachsene mindestens"),
    "duration": _l("Dauer in Minuten"),
    "price_model": _l("Kosten"),
    "price_amount": _l("Betrag in Euro"),
    "price_extra": _l("Zusätzlich in Euro"),
    "price_conditions": _l("Anmerkung zum Preis"),
    "modes": _l("Wo findet es statt?"),
    "venue": _l("Name des Ortes"),
    "street": _l("Straße und Hausnummer"),
    "postcode": _l("Postleitzahl"),
    "locality": _l("Ort"),
    "radius_km": _l("Umkreis in Kilometern"),
    "around": _l("rund um die Postleitzahl"),
    "towns": _l("oder: diese Orte"),
    "schedule_kind": _l("Wann?"),
    "weekdays": _l("Wochentage"),
    "hour_from": _l("von (Uhrzeit)"),
    "hour_to": _l("bis (Uhrzeit)"),
    "dates": _l("Termine"),
    "months": _l("Nur in diesen Monaten"),
    "until": _l("Letzter Tag"),
    "lead_days": _l("Tage vorher anmelden"),
    "contact_name": _l("Ansprechperson oder -stelle"),
    "phone": _l("Telefon für die Anmeldung"),
    "mail": _l("E-Mail für die Anmeldung"),
    "link": _l("Internetseite für die Anmeldung"),
    "areas": _l("Bildungsbereiche"),
    "languages": _l("Sprachen"),
    "access": _l("Zugang"),
    "groups_per_month": _l("Höchstens Gruppen im Monat"),
    "booked_until": _l("Belegt bis"),
    "terms": _l("Ihr Text"),
    "credit": _l("Name, der dabei genannt wird"),
}
"""Input → German label; in the order of the page."""
CHOICES: Final[Mapping[str, Iterable[Code]]] = {
    "kind": tuple(Kind),
    "audience": FOR_WHOM,
    "modes": tuple(Mode),
    "weekdays": tuple(Weekday),
    "areas": tuple(Area),
    "schedule_kind": tuple(ScheduleKind),
    "price_model": tuple(PriceModel),
    "access": tuple(Access),
    "answers": tuple(Answer),
}
"""Input → what can be chosen."""
WRONG: Final[Mapping[str, Any]] = {
    "homepage": _l("Bitte eine ganze Adresse angeben, zum Beispiel https://www.beispiel.de."),
    "link": _l("Bitte eine ganze Adresse angeben, zum Beispiel https://www.beispiel.de/anmelden."),
    "phone": _l("Das ist keine Telefonnummer. Bitte nur Ziffern, zum Beispiel 03834 12345."),
    "mail": _l("Das ist keine E-Mail-Adresse. Beispiel: name@beispiel.de."),
    "postcode": _l("Eine Postleitzahl hat fünf Ziffern."),
    "around": _l("Eine Postleitzahl hat fünf Ziffern."),
    "name": _l("Bitte einen Namen mit 2 bis 160 Zeichen angeben."),
    "title": _l("Bitte einen Titel mit 3 bis 160 Zeichen angeben."),
    "text": _l("Der Text ist zu lang; möglich sind 6.000 Zeichen."),
    "duration": _l("Bitte eine Dauer ab 5 Minuten angeben."),
    "credit": _l("Bitte sagen Sie, welcher Name bei Ihrem Text stehen soll."),
    "audience": _l("Bitte mindestens eine Gruppe ankreuzen."),
    "areas": _l("Bitte höchstens drei ankreuzen."),
    "towns": _l("Bitte höchstens 30 Orte angeben."),
}
MISSING: Final[Mapping[str, Any]] = {
    "name": _l("Bitte sagen Sie, wer das anbietet."),
    "title": _l("Bitte geben Sie dem Angebot einen Titel."),
}


def form_words(region: Region) -> dict[str, Any]:
    """What the form's templates say besides what was typed."""
    choices = {name: [(code.value, code.label) for code in codes] for name, codes in CHOICES.items()}
    return {
        "labels": LABELS,
        "choices": choices | {"languages": list(LANGUAGES.items())},
        "month_names": MONTH_NAMES,
        "date_rows": range(1, DATE_ROWS + 1),
        "contact_text": CONTACT_TEXTS[CONTACT_VERSION],
        "contact_version": CONTACT_VERSION,
        "private_persons": about_private_persons(region),
    }
