"""Wording that stands under its own name and is shorter than prose.

"3-6" under ages, "PT1H" under duration, "5.00" under price.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeVar

from harvesters.normalise.ages import read_ages
from harvesters.normalise.dates import MONTH, MONTHS
from harvesters.normalise.durations import read_duration
from harvesters.normalise.evidence import Found, best
from harvesters.normalise.group_sizes import read_group_size
from harvesters.normalise.prices import Unit, adults_free, read_amounts, read_price
from harvesters.normalise.text import Prose, search
from schemas.offer import AgeRange, GroupSize, Price
from schemas.vocabulary import Code, PriceModel

C = TypeVar("C", bound=Code)

_AGE_FIGURES: Final = re.compile(r"(\d{1,2})\s?(?:(?:-|–|bis)\s?(\d{1,2})?|\+)?(?:\s?(?:jahren?|j\.?))?")
_ISO_DURATION: Final = re.compile(r"p(?:(\d{1,2})d)?(?:t(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:\d{1,5}s)?)?")
_BARE_NUMBER: Final = re.compile(r"(\d{1,4})(?:[.,](\d{1,2}))?")
_ODD_NUMBER: Final = re.compile(r"(?:^|[\s:(])[-\u2212]\d|^\u2013\d|\d[.,]?\d?e[+-]?\d")
_OWN_FREE: Final = re.compile(
    r"(?:frei|ehrenamtlich\w{0,2}|nichts|keine?)(?=$|[,;.(\n]|\s(?:gefördert|dank|durch|für (?:kitas|kinder|alle)))"
)
_LONE_AMOUNT: Final = re.compile(r"\d{1,5}(?:[.,]\d{1,2})?\s?(?:€|eur|euro)?")
_UNIT_FOLLOWS: Final = re.compile(r"\n(?=(?:pro|je|für|pauschal\w{0,2}|inkl\w{0,6}|zzgl|plus)\b|/|\+)", re.I)
_SIZE_FIGURES: Final = re.compile(
    r"(?:max\.?|maximal|bis(?: zu)?|höchstens)?\s?(\d{1,4})(?:\s?(?:-|–|bis)\s?(\d{1,4}))?"
)
_SIZE_OF: Final = re.compile(
    r"(?:^|\b\d ?[x×] ?|\bgruppen (?:zu|à|von|mit) )(\d{1,3})(?:\s?(?:-|–|bis)\s?(\d{1,3}))?"
    r"(?=\s(?:kinder|personen|plätze|teilnehm)|$|[,;.])"
)
_FROM_AGE: Final = re.compile(r"\bab (\d{1,2})\b(?! ?(?:personen|kinder|uhr))")
_ADULTS: Final = re.compile(r"(?:für |nur )?erwachsene\b")
_SEASON_PARTS: Final = re.compile(r",|;|/|\bund\b|\bsowie\b|\boder\b|&")
_MONTHS: Final = re.compile(
    rf"(?:(?:nur|jeweils|immer|von|vom|im|in den monaten|zwischen)\s){{0,2}}(?:(?:anfang|mitte|ende)\s)?(?P<a>{MONTH})"
    rf"(?:\s?(?:-|–|bis)\s?(?:(?:anfang|mitte|ende)\s)?(?P<b>{MONTH}))?"
)
_DAYTIME: Final = re.compile(r"(?:nur |am )?(?:vor|nach)mittags?|ganztags|nach (?:absprache|vereinbarung)|auf anfrage")
_SEPARATOR: Final = re.compile(r"\s*[,;|/\n]\s*|\s+und\s+")


def own_ages(page: Prose) -> list[Found[AgeRange]]:
    """Ages under their own name: as in prose, bare figures as years ("3-6", "4+", schema.org's "5-"), and grown-ups."""
    match = _AGE_FIGURES.fullmatch(page.lower.strip())
    if match is None:
        return read_ages(page) or _grown_up(page)
    first, last = int(match[1]), int(match[2]) if match[2] else None
    if first > 99 or (last is not None and last < first):
        return []
    high = (last + 1) * 12 - 1 if last is not None and last < 99 else None
    if not re.search(r"-|–|bis|\+", match[0]):
        high = (first + 1) * 12 - 1
    if first == 0 and high is None:
        return []
    return [
        Found(
            AgeRange(min_months=first * 12, max_months=high), page.text, "ages.own_figures", 0.95, (0, len(page.text))
        )
    ]


def _grown_up(page: Prose) -> list[Found[AgeRange]]:
    """ "ab 60", "Erwachsene und Jugendliche ab 14", "Erwachsene": ages that prose rules leave to the context."""
    since = search(_FROM_AGE, page)
    named = _ADULTS.match(page.lower)
    if since is None and named is None:
        return []
    low = int(since[1]) * 12 if since else 216
    span = since.span() if since else (0, named.end() if named else 0)
    return [Found(AgeRange(min_months=low), page.text[slice(*span)], "ages.own_from", 0.9, span)]


def own_season(page: Prose) -> tuple[int, ...]:
    """Months that stand alone under dates, in order: "nur September und Oktober", "Februar bis Mai, vormittags".

    Empty where anything else is said as well.

    >>> own_season(Prose("November bis Januar sowie im April"))
    (1, 4, 11, 12)
    """
    months: set[int] = set()
    for part in _SEASON_PARTS.split(page.lower.strip()):
        match = _MONTHS.fullmatch(part.strip())
        if match is None:
            if _DAYTIME.fullmatch(part.strip()) and months:
                continue
            return ()
        first = MONTHS[match["a"].rstrip(".")]
        last = MONTHS[match["b"].rstrip(".")] if match["b"] else first
        months.update(range(first, last + 1) if first <= last else (*range(first, 13), *range(1, last + 1)))
    return tuple(sorted(months))


def own_price(page: Prose) -> list[Found[Price]]:
    """Prices under their own name: as in prose, a bare number as Euro per person ("0" is free), "frei" alone, and
    what an amount is for on the next line. A number with a sign or an exponent is none."""
    if search(_ODD_NUMBER, page):
        return []
    match = _BARE_NUMBER.fullmatch(page.lower.strip())
    if match is not None:
        amount = float(f"{match[1]}.{match[2] or 0}")
        model = PriceModel.FREE if amount == 0 else PriceModel.PER_CHILD
        return [Found(Price(model=model, amount_eur=amount), page.text, "price.own_number", 0.9, (0, len(page.text)))]
    free = _OWN_FREE.match(page.lower)
    if free is not None and not any(one.unit is not Unit.EXTRA for one in read_amounts(page)):
        said = best(read_price(f"kostenlos{page.text[free.end() :]}"))
        price = said.value if said else Price(model=PriceModel.FREE, amount_eur=0)
        return [Found(price, page.text[: free.end()], "price.own_free", 0.9, free.span())]
    joined = _UNIT_FOLLOWS.sub(" ", page.text)
    return [replace(one, evidence=page.text[slice(*one.span)]) for one in read_price(joined)]


def agreed_price(own: Found[Price], wording: str, page: Prose) -> Found[Price]:
    """A lone amount under its own name with what the text says about the same amount: whether the child or the group
    pays it, what comes on top, and whether adults pay."""
    if _LONE_AMOUNT.fullmatch(wording.lower().strip()) is None:
        return own
    same = best(one for one in read_price(page) if one.value.amount_eur == own.value.amount_eur)
    if same is not None:
        return replace(same, confidence=max(own.confidence, same.confidence))
    return replace(own, value=own.value.model_copy(update={"adults_free": adults_free(page)}))


def own_duration(page: Prose) -> list[Found[int]]:
    """Durations under their own name: as in prose, ISO 8601 ("PT1H30M"), and a bare number as minutes."""
    text = page.lower.strip()
    iso = _ISO_DURATION.fullmatch(text)
    if iso is not None and any(iso.groups()):
        minutes = int(iso[1] or 0) * 1440 + int(iso[2] or 0) * 60 + int(iso[3] or 0)
        return [Found(minutes, page.text, "duration.iso", 0.98, (0, len(page.text)))] if 1 <= minutes <= 20_160 else []
    if text.isdigit():
        minutes = int(text[:6])
        return (
            [Found(minutes, page.text, "duration.own_minutes", 0.9, (0, len(page.text)))]
            if 5 <= minutes <= 1440
            else []
        )
    return read_duration(page)


def own_group_size(page: Prose) -> list[Found[GroupSize]]:
    """Sizes under their own name: as in prose, bare figures ("15" is at most, "10-15" a span), and figures with a word
    for the group ("12 Kinder", "2 x 10 Kinder", "in Gruppen zu 8")."""
    match = _SIZE_FIGURES.fullmatch(page.lower.strip())
    if match is None:
        said = read_group_size(page)
        match = None if said else search(_SIZE_OF, page)
        if match is None:
            return said
    first, last = int(match[1]), int(match[2]) if match[2] else None
    if last is not None and last < first:
        return []
    size = GroupSize(children_min=first if last else None, children_max=last or first)
    return [Found(size, page.text[slice(*match.span())], "group.own_figures", 0.93, match.span())]


def codes(text: str, vocabulary: Iterable[C]) -> tuple[list[C], list[str]]:
    """Codes or German labels in a list like "nature, Musik", and the parts that are neither.

    >>> from schemas.vocabulary import Mode
    >>> codes("in der Kita; outdoor; im Keller", Mode)
    ([<Mode.IN_KITA: 'in_kita'>, <Mode.OUTDOOR: 'outdoor'>], ['im Keller'])
    """
    known = {name.casefold(): code for code in vocabulary for name in (code.value, code.label)}
    found: list[C] = []
    unknown: list[str] = []
    whole = known.get(text.strip().casefold())
    for part in [text] if whole else _SEPARATOR.split(text):
        code = known.get(part.strip().casefold())
        if code is None:
            if part.strip():
                unknown.append(part.strip())
        elif code not in found:
            found.append(code)
    return found, unknown
