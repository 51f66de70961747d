"""What a column of an uploaded table may mean, a good guess at it, and how a source says it afterwards. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from harvesters.formats.guess import guess_fields, likely_field
from harvesters.formats.rows import names_in
from schemas.harvest import Access, RecordField

KEY: Final = "key"
FROM_AGE: Final = "ages_from"
TO_AGE: Final = "ages_to"
GROUPS: Final[tuple[tuple[Any, tuple[tuple[str, Any], ...]], ...]] = (
    (
        _l("Das Angebot"),
        (
            ("title", _l("Titel des Angebots")),
            ("subtitle", _l("Untertitel")),
            ("text", _l("Beschreibung")),
            ("url", _l("Internetseite des Angebots")),
            ("category", _l("Rubrik")),
            ("areas", _l("Bildungsbereiche")),
            ("topics", _l("Themen")),
            (KEY, _l("Kennung: eindeutig je Angebot")),
        ),
    ),
    (
        _l("Für wen"),
        (
            ("ages", _l("Alter")),
            (FROM_AGE, _l("Alter ab (Jahre)")),
            (TO_AGE, _l("Alter bis (Jahre)")),
            ("group_size", _l("Gruppengröße")),
            ("audience", _l("Zielgruppe")),
            ("languages", _l("Sprachen")),
            ("accessibility", _l("Barrierefreiheit")),
        ),
    ),
    (
        _l("Wann"),
        (
            ("dates", _l("Termine oder Zeitraum, in Worten")),
            ("start_date", _l("Datum")),
            ("start_time", _l("Uhrzeit")),
            ("end_date", _l("Datum des Endes")),
            ("end_time", _l("Uhrzeit des Endes")),
            ("start", _l("Beginn mit Datum und Uhrzeit")),
            ("end", _l("Ende mit Datum und Uhrzeit")),
            ("duration", _l("Dauer")),
            ("season", _l("Saison")),
            ("status", _l("Stand: abgesagt, ausgebucht …")),
        ),
    ),
    (
        _l("Wo"),
        (
            ("place_name", _l("Name des Ortes, Haus")),
            ("place", _l("Anschrift in einer Zelle")),
            ("street", _l("Straße und Hausnummer")),
            ("postcode", _l("Postleitzahl")),
            ("locality", _l("Gemeinde oder Stadt")),
            ("modes", _l("Beim Anbieter oder in der Kita")),
            ("service_area", _l("Einsatzgebiet")),
        ),
    ),
    (
        _l("Kosten und Anmeldung"),
        (
            ("price", _l("Preis")),
            ("funding", _l("Förderung")),
            ("booking", _l("Anmeldung, Ansprechpartner")),
            ("booking_url", _l("Internetseite der Anmeldung")),
            ("phone", _l("Telefon")),
            ("mail", _l("E-Mail")),
            ("lead_time", _l("Vorlauf")),
            ("capacity", _l("Wie viele Gruppen")),
            ("practicalities", _l("Praktisches")),
        ),
    ),
    (_l("Anbieter"), (("provider", _l("Name des Anbieters")), ("provider_url", _l("Internetseite des Anbieters")))),
)
"""What a column of a table of offers may mean: groups of codes with their German names."""
PROVIDER_GROUPS: Final[tuple[tuple[Any, tuple[tuple[str, Any], ...]], ...]] = (
    (
        _l("Der Anbieter"),
        (
            ("title", _l("Name")),
            ("url", _l("Internetseite")),
            ("phone", _l("Telefon")),
            ("mail", _l("E-Mail")),
            ("booking", _l("Ansprechpartner")),
            ("street", _l("Straße und Hausnummer")),
            ("postcode", _l("Postleitzahl")),
            ("locality", _l("Ort")),
        ),
    ),
)
"""The same for a table of providers."""
_NEEDED_ONCE: Final = frozenset({"title", KEY, FROM_AGE, TO_AGE})
_FROM: Final = re.compile(
    r"\balter.*\b(?:von|ab|min\w*)\b|\b(?:von|ab|min\w*)\b.*\balter\b|mindestalter", re.IGNORECASE
)
_TO: Final = re.compile(r"\balter.*\b(?:bis|max\w*)\b|\b(?:bis|max\w*)\b.*\balter\b|höchstalter", re.IGNORECASE)
_OWN_KEY: Final = re.compile(r"(?:lfd\.? ?)?(?:nr|nummer|id|kennung|angebots-?(?:nr|id|nummer))\.?", re.IGNORECASE)
_FOR_PROVIDERS: Final[Mapping[str, str]] = {"provider": "title", "place_name": "locality", "place": "street"}


def suggest(names: Iterable[str], *, providers: bool = False) -> dict[str, str]:
    """Heading → code for the headings that most likely mean something.

    >>> suggest(["Nr.", "Name des Angebots", "Alter von", "Alter bis", "Kosten", "Notiz"])
    {'Nr.': 'key', 'Name des Angebots': 'title', 'Alter von': 'ages_from', 'Alter bis': 'ages_to', 'Kosten': 'price'}
    >>> suggest(["Einrichtung", "Web-Adresse", "Ort"], providers=True)
    {'Einrichtung': 'title', 'Web-Adresse': 'url', 'Ort': 'locality'}
    """
    possible = codes(PROVIDER_GROUPS if providers else GROUPS)
    columns: dict[str, str] = {}
    names = [name for name in names if name]
    exact, _key = guess_fields(names)
    certain = {name: code for code, name in exact.items()}
    for name in names:
        code = str(certain.get(name) or likely_field(name) or "")
        if not providers:
            code = FROM_AGE if _FROM.search(name) else TO_AGE if _TO.search(name) else code
            code = KEY if _OWN_KEY.fullmatch(name) else code
        else:
            code = _FOR_PROVIDERS.get(code, code)
        if code in possible and not (code in _NEEDED_ONCE and code in columns.values()):
            columns[name] = code
    return columns


def codes(groups: Iterable[tuple[Any, Iterable[tuple[str, Any]]]]) -> dict[str, Any]:
    """Code → German name."""
    return {code: label for _group, members in groups for code, label in members}


def wrong_columns(columns: Mapping[str, str], *, providers: bool = False) -> list[tuple[str | None, str]]:
    """What is wrong with a mapping: the heading in question (``None``: the table as a whole), and a German sentence."""
    wrong: list[tuple[str | None, str]] = []
    labels = codes(PROVIDER_GROUPS if providers else GROUPS)
    by_code: dict[str, list[str]] = {}
    for name, code in columns.items():
        by_code.setdefault(code, []).append(name)
    if "title" not in by_code:
        wrong.append(
            (
                None,
                _("Welche Spalte nennt den Namen des Anbieters? Bitte eine Spalte als „Name“ auswählen.")
                if providers
                else _("Welche Spalte nennt das Angebot? Bitte eine Spalte als „Titel des Angebots“ auswählen."),
            )
        )
    for code in _NEEDED_ONCE & by_code.keys():
        wrong += [
            (
                name,
                _(
                    "„%(label)s“ ist schon die Spalte „%(first)s“. Nur eine Spalte kann das sein; bitte wählen Sie "
                    "hier etwas anderes.",
                    label=labels[code],
                    first=by_code[code][0],
                ),
            )
            for name in by_code[code][1:]
        ]
    for code, names in by_code.items():
        if len(names) > 1 or code in (FROM_AGE, TO_AGE):
            wrong += [
                (name, _("Die Überschrift enthält „ + “, „ | “ oder geschweifte Klammern; bitte ändern Sie sie."))
                for name in names
                if any(sign in name for sign in (" + ", " | ", "{", "}"))
            ]
    return wrong


def access_of(access: Access, columns: Mapping[str, str]) -> Access:
    """``access`` that reads a table of offers by these columns; several with the same meaning are joined.

    >>> access_of(Access(kind="table"), {"Titel": "title", "von": "ages_from", "bis": "ages_to"}).fields["ages"]
    '{von} bis {bis} Jahre | ab {von} Jahren | bis {bis} Jahre'
    """
    by_code: dict[str, list[str]] = {}
    for name, code in columns.items():
        by_code.setdefault(code, []).append(name)
    key = by_code.pop(KEY, [None])[0]
    low, high = (by_code.pop(code, [None])[0] for code in (FROM_AGE, TO_AGE))
    fields = {cast(RecordField, code): " + ".join(names) for code, names in by_code.items()}
    sentences = [
        f"{{{low}}} bis {{{high}}} Jahre" if low and high else "",
        f"ab {{{low}}} Jahren" if low else "",
        f"bis {{{high}}} Jahre" if high else "",
    ]
    if low or high:
        fields["ages"] = " | ".join(filter(None, sentences))
    return access.model_copy(update={"fields": fields, "key": key})


def columns_of(access: Access, names: Sequence[str]) -> dict[str, str] | None:
    """The columns by which ``access`` reads a table with these headings; ``None`` where one of them is missing."""
    columns: dict[str, str] = {}
    for code, expression in (*access.fields.items(), *([(KEY, access.key)] if access.key else [])):
        wanted = names_in(expression, names)
        if not set(wanted) <= set(names):
            return None
        meanings = [str(code)] * len(wanted)
        if code == "ages" and expression not in names and "{" in expression:
            first = TO_AGE if expression.startswith("bis ") else FROM_AGE
            meanings = [first, TO_AGE][: len(wanted)]
        columns |= dict(zip(wanted, meanings, strict=True))
    return columns
