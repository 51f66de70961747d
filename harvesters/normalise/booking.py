"""How to get an offer: ways, lead time, whether registration is needed (``persons`` reads the contacts)."""

import re
from typing import Final

from harvesters.normalise.evidence import Found
from harvesters.normalise.numbers import NUMBER, parse
from harvesters.normalise.tables import find_all, table
from harvesters.normalise.text import Prose, all_matches, prose, search
from schemas.vocabulary import BookingWay

_WAYS: Final = table(
    (
        (BookingWay.PHONE, 0.85, r"telefonisch|tel\.|telefon\b|anrufen|anruf\b|durchrufen|rufen sie|fon\b|ruf uns"),
        (BookingWay.MAIL, 0.85, r"per (?:e-?)?mail|e-?mail\b|via (?:e-?)?mail|mail an\b|schreiben sie|schreibt uns"),
        (BookingWay.FORM, 0.85, r"formular\w{0,3}|anmeldebogen|anmeldeformular\w{0,2}|buchungsformular"),
        (
            BookingWay.LINK,
            0.7,
            r"online (?:buch|anmeld|reservier)\w{0,4}|online-?(?:buchung|anmeldung|reservierung)|"
            r"buchungsportal|über unsere (?:web|internet)seite|unter ~~~",
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
        for match in all_matches(pattern, page):
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
        match = search(pattern, page)
        if match:
            return Found(value, page.text[match.start() : match.end()], "booking.required", 0.85, match.span())
    return None
