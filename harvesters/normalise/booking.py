"""How to get an offer: ways, lead time, contact. Addresses and numbers of persons are not taken over."""

import re
from dataclasses import dataclass, field
from typing import Final

from harvesters.normalise.evidence import Found
from harvesters.normalise.numbers import NUMBER, parse
from harvesters.normalise.tables import find_all, table
from harvesters.normalise.text import Prose, prose
from schemas.vocabulary import BookingWay

MAIL: Final = re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@((?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24})(?![\w@-])", re.I)
_PHONE: Final = re.compile(
    r"(?<![\d/.-])(?:\+49[\s(]{0,2}(?:0\)\s?)?|"
    r"0)\d{2,5}[\s)/-]{0,3}\d(?:[\s/-]?\d){3,10}(?![\d.,]*\d|\s?€)"
)
_MOBILE: Final = re.compile(r"^(?:\+49\D{0,3}|0)1[567]")
_OFFICE: Final = frozenset(
    [
        "info",
        "kontakt",
        "contact",
        "mail",
        "post",
        "office",
        "buero",
        "büro",
        "verwaltung",
        "sekretariat",
        "service",
        "anmeldung",
        "buchung",
        "buchungen",
        "booking",
        "fuehrung",
        "fuehrungen",
        "fuehrungen",
        "führungen",
        "museum",
        "museumspaedagogik",
        "paedagogik",
        "bildung",
        "vermittlung",
        "kasse",
        "besucherservice",
        "besucher",
        "ticket",
        "tickets",
        "karten",
        "kita",
        "kitas",
        "kinder",
        "schule",
        "schulen",
        "theater",
        "bibliothek",
        "buecherei",
        "bücherei",
        "stadtbibliothek",
        "presse",
        "redaktion",
        "team",
        "hallo",
        "moin",
        "willkommen",
        "veranstaltung",
        "veranstaltungen",
        "events",
        "event",
        "programm",
        "umweltbildung",
        "naturpark",
        "forstamt",
        "forst",
        "feuerwehr",
        "wehr",
        "verein",
        "vorstand",
        "geschaeftsstelle",
        "gs",
        "jugend",
        "jugendfeuerwehr",
        "projekt",
        "projekte",
        "kurse",
        "kurs",
        "vhs",
        "musikschule",
        "reservierung",
        "rezeption",
        "tourismus",
        "tourist",
        "touristinfo",
        "gemeinde",
        "amt",
        "stadt",
        "rathaus",
        "hof",
        "bauernhof",
        "garten",
        "atelier",
        "werkstatt",
        "zentrale",
        "empfang",
        "lernort",
        "waldpaedagogik",
        "gruppen",
        "gruppe",
        "angebote",
        "angebot",
        "praevention",
        "polizei",
        "zahngesundheit",
        "planetarium",
        "sternwarte",
        "kino",
        "zoo",
        "tierpark",
    ]
)
_PRIVATE_HOSTS: Final = frozenset(
    [
        "gmx.de",
        "gmx.net",
        "web.de",
        "gmail.com",
        "googlemail.com",
        "t-online.de",
        "outlook.com",
        "outlook.de",
        "hotmail.com",
        "hotmail.de",
        "yahoo.de",
        "yahoo.com",
        "freenet.de",
        "icloud.com",
        "posteo.de",
        "mailbox.org",
        "arcor.de",
        "online.de",
        "aol.com",
        "live.de",
        "me.com",
    ]
)
_NAME_PARTS: Final = re.compile(r"[a-zäöüß]{1,20}[._-][a-zäöüß]{2,30}(?:\d{1,4})?")

_WAYS: Final = table(
    (
        (BookingWay.PHONE, 0.85, r"telefonisch|tel\.|telefon\b|anrufen|anruf\b|durchrufen|rufen sie|fon\b|ruf uns"),
        (BookingWay.MAIL, 0.85, r"per (?:e-?)?mail|e-?mail\b|via (?:e-?)?mail|mail an\b|schreiben sie|schreibt uns"),
        (BookingWay.FORM, 0.85, r"formular\w{0,3}|anmeldebogen|anmeldeformular\w{0,2}|buchungsformular"),
        (
            BookingWay.LINK,
            0.7,
            r"online (?:buch|anmeld|reservier)\w{0,4}|online-?(?:buchung|anmeldung|reservierung)|"
            r"buchungsportal|über unsere (?:web|internet)seite|unter www\.|(?:anmeld|buch|"
            r"bestell)\w{2,8} (?:\w{1,10} ){0,5}unter \S{3,60}\.\w{2,8}\b",
        ),
    )
)
_LEAD: Final = re.compile(
    rf"\b(?:mindestens|mind\.|spätestens|wenigstens|etwa|ca\.|rund|bitte|bis(?: spätestens)?|"
    rf"jeweils|anmeldung|vorlauf:?|anmeldefrist:?)?\s?(?P<n>{NUMBER}|ein paar)\s(?P<u>tage?n?|"
    rf"wochen?|monate?n?|werktage?n?)\s(?:\w{{1,14}} )?(?P<w>vorher|vorab|im voraus|vorlauf|"
    rf"vor (?:dem|der|ihrem|beginn|veranstaltung|termin|besuch|wunschtermin)\w{{0,3}}|davor|zuvor|"
    rf"im vorhinein|vorlaufzeit|vorausbuchung)"
    rf"|vorlauf(?:zeit)?(?: von|:)?\s(?:mindestens |mind\. |ca\. |etwa |"
    rf"rund )?(?P<n2>{NUMBER})\s(?P<u2>tage?n?|wochen?|monate?n?)"
)
_LATEST: Final = re.compile(rf"\bbis (?:spätestens )?(?P<n>{NUMBER})\s(?P<u>tage?|wochen?|monate?)\svor\b")
_DAYS: Final = {"t": 1, "w": 7, "m": 30}
_CANCEL: Final = re.compile(r"storn|absag|rücktritt|abmeld|kostenfrei absagen|zurücktret")
_REQUIRED: Final = re.compile(
    r"(?:anmeldung|voranmeldung|reservierung|buchung) (?:ist |wird )?(?:unbedingt |"
    r"zwingend )?(?:erforderlich|notwendig|nötig|erbeten|gebeten)|nur (?:mit|nach|"
    r"auf) (?:vor)?anmeldung|um anmeldung wird gebeten|bitte (?:\w{1,14} ){0,4}(?:anmelden|"
    r"reservieren|anfragen)|anmeldung!|anmeldung (?:bis|unter|bei|per|über|mindestens|mind\.)|"
    r"anmeldepflichtig|anmeldung:|mit (?:vor)?anmeldung|vorherige[rn]? anmeldung"
)
_NOT_REQUIRED: Final = re.compile(
    r"ohne (?:vor)?anmeldung|keine (?:vor)?anmeldung|anmeldung (?:ist )?nicht (?:erforderlich|"
    r"nötig|notwendig)|einfach (?:vorbei)?kommen"
)


@dataclass
class ContactReading:
    """Contacts of an organisation that a text publishes, and those of persons that were left out."""

    phone: Found[str] | None = None
    mail: Found[str] | None = None
    dropped: list[str] = field(default_factory=list)


def is_personal_mail(address: str) -> bool:
    """Whether an address looks like a person's: a name before the @, or a private mail service.

    >>> is_personal_mail("erika.mustermann@verein.example"), is_personal_mail("anmeldung@museum.example")
    (True, False)
    """
    local, _, host = address.lower().partition("@")
    words = re.split(r"[._+-]", local)
    if any(word.rstrip("0123456789") in _OFFICE for word in words):
        return False
    if host in _PRIVATE_HOSTS:
        return True
    return _NAME_PARTS.fullmatch(local) is not None and not any(len(word) > 2 and word in host for word in words)


def without_personal_mails(text: str) -> tuple[str, list[str]]:
    """``text`` with the addresses of persons left out, and those addresses."""
    dropped: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if not is_personal_mail(match[0]):
            return match[0]
        dropped.append(match[0])
        return "[E-Mail-Adresse entfernt]"

    return (MAIL.sub(replace, text), dropped) if "@" in text else (text, [])


def read_contact(text: str | Prose) -> ContactReading:
    """The first telephone number and mail address of an organisation; mobile numbers and personal addresses are
    left out."""
    page = prose(text)
    reading = ContactReading()
    if "@" in page.text:
        for match in MAIL.finditer(page.text):
            if is_personal_mail(match[0]):
                reading.dropped.append(match[0])
            elif reading.mail is None:
                reading.mail = Found(match[0], match[0], "booking.mail", 0.9, match.span())
    for match in _PHONE.finditer(page.text):
        number = match[0].strip()
        digits = sum(char.isdigit() for char in number)
        if not 7 <= digits <= 15:
            continue
        if _MOBILE.match(number):
            reading.dropped.append(number)
        elif reading.phone is None:
            reading.phone = Found(number, number, "booking.phone", 0.85, match.span())
    return reading


def read_ways(text: str | Prose) -> list[Found[BookingWay]]:
    """Ways of booking that the text names, in its order."""
    return sorted(find_all(prose(text), _WAYS, "booking.ways"), key=lambda one: one.span)


def read_lead_days(text: str | Prose) -> list[Found[int]]:
    """How many days before the visit a booking is needed.

    >>> [one.value for one in read_lead_days("bitte mindestens zwei Wochen vorher anmelden")]
    [14]
    """
    page = prose(text)
    found = []
    for pattern in (_LEAD, _LATEST):
        for match in pattern.finditer(page.lower):
            groups = match.groupdict()
            number, unit = groups["n"] or groups.get("n2"), groups["u"] or groups.get("u2")
            clause = page.lower[slice(*page.around(match.start()))]
            if not number or not unit or number == "ein paar" or _CANCEL.search(clause):
                continue
            days = round(parse(number) * _DAYS[unit[0]]) if not unit.startswith("werk") else round(parse(number) * 1.4)
            if 1 <= days <= 730:
                found.append(
                    Found(days, page.text[match.start() : match.end()].strip(), "booking.lead", 0.88, match.span())
                )
    return found


def read_required(text: str | Prose) -> Found[bool] | None:
    """Whether registration is needed."""
    page = prose(text)
    for pattern, value in ((_NOT_REQUIRED, False), (_REQUIRED, True)):
        match = pattern.search(page.lower)
        if match:
            return Found(value, page.text[match.start() : match.end()], "booking.required", 0.85, match.span())
    return None
