"""How many sessions a price pays for: a series is judged by what one session costs, as funding is usual there."""

import re

from recommender.text import fold
from schemas.offer import Offer

_NUMBERS = {"zwei": 2, "drei": 3, "vier": 4, "funf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10,
            "zwolf": 12}  # fmt: skip
_MOST = 40
_SESSION = (
    r"(?:einheiten|termine|terminen|treffen|vormittage|vormittagen|nachmittage|nachmittagen|wochen|tage|tagen|mal)"
)
_SERIES = re.compile(rf"\b({'|'.join(_NUMBERS)}|\d{{1,2}})\s?(?:x\b|×)?\s?(?:\w{{1,20}}\s)?{_SESSION}\b")
_ONE = r"(?:einheit|termin|treffen|vormittag|nachmittag|besuch|tag|mal|stunde)\b"
_MONEY = r"(?:€|euro|eur)"
_EACH = re.compile(rf"{_MONEY}[^.;\d]{{0,25}}\b(?:je|pro)\s{_ONE}|\b(?:je|pro)\s{_ONE}:?\s?\d+(?:,\d+)?\s?{_MONEY}")
_WHOLE = re.compile(
    rf"(?:reihe|kurs|block|zyklus|serie)\s(?:\w{{1,20}}\s)?(?:kostet|kosten)|fur alle \w{{1,20}} {_SESSION}"
    r"|fur (?:die|den|das) (?:ganze|gesamte)[nrs]? (?:reihe|kurs|block|zyklus|serie)"
    rf"|(?:{'|'.join(_NUMBERS)}|\d{{1,2}})\s?(?:x\b|×)?\s?{_SESSION}[^.]{{0,60}}?\d+(?:,\d+)?\s?{_MONEY}"
)


def sessions(offer: Offer) -> int:
    """Sessions that the stated price covers; 1 unless the text says that it is the price of a series.

    The price must be named as that of the whole ("die Reihe kostet", "für alle drei Nachmittage", "6 Termine 80 €") and
    not "pro Termin".
    """
    if offer.price is None or not offer.price.amount_eur:
        return 1
    text = fold(" ".join(filter(None, (offer.title, offer.summary, offer.description, offer.price.conditions))))
    if not _WHOLE.search(text) or _EACH.search(text):
        return 1
    counts = [int(match[1]) if match[1].isdigit() else _NUMBERS[match[1]] for match in _SERIES.finditer(text)]
    return max((count for count in counts if 2 <= count <= _MOST), default=1)
