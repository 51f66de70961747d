"""Weekdays, monthly rules and seasons in German wording."""

import re
from dataclasses import dataclass
from typing import Final

from harvesters.normalise.dates import MONTH, MONTHS, weekday_number
from harvesters.normalise.text import Prose, all_matches, search
from schemas.vocabulary import Weekday

MAX_DAYS: Final = 40
"""Most expressions of weekdays of one text that are looked at."""
DAYS: Final = tuple(Weekday)
_LONG: Final = (
    r"(?:(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag)(?:s|en|"
    r"e)?(?:vor|nach)?(?:mittags?|abends?)?)"
)
_SHORT: Final = r"(?:(?:mo|di|mi|do|fr|sa|so)\b\.?)"
_CONNECT: Final = r"\s{0,2}(?:,|/|und|oder|\+|&|-|–|—|bis|sowie|u\.)\s{0,2}(?:vor|nach)?(?:am )?"
_DAYS: Final = re.compile(
    rf"(?<![\wäöüß-])(?:{_LONG}|{_SHORT})(?:{_CONNECT}(?:{_LONG}|"
    rf"{_SHORT})(?![\wäöüß])){{0,6}}(?![\wäöüß])"
)
_ONE: Final = re.compile(rf"(?:{_LONG}|{_SHORT})(?![\wäöüß])")
_DATE_FOLLOWS: Final = re.compile(
    rf"(?:vormittag|nachmittag|abend)?\sim\s{MONTH}|"
    rf",?\s{{0,2}}(?:den |dem |der )?\d{{1,2}}\.\s?(?:\d{{1,2}}\.|{MONTH}|(?:und|bis|/|-|–))|"
    rf",?\s?\d{{4}}-"
)
_TIME_FOLLOWS: Final = re.compile(
    r"[:,]?\s?(?:von |um |ab |je |jeweils )?\d{1,2}(?:[.:]\d{2})?\s?(?:uhr|h\b|-|–|bis|und\s\d)"
)
_ORDINAL: Final = r"(?:1\.|2\.|3\.|4\.|ersten?|zweiten?|dritten?|vierten?|letzten?|vorletzten?)"
_MONTHLY: Final = re.compile(
    rf"(?:\b(?:jeden|jeweils (?:am )?|immer (?:am )?|am|an jedem|jedem|jeder|der|"
    rf"alle)\s{{0,2}})?(?P<o>{_ORDINAL})(?:\s?(?:und|/|\+|&|"
    rf",)\s?(?P<o2>{_ORDINAL}))?\s(?P<d>montag|dienstag|mittwoch|donnerstag|freitag|samstag|"
    rf"sonnabend|sonntag|(?:mo|di|mi|do|fr|sa|so)\b\.?(?=\s(?:im|des|jeden) ))s?(?:vor|nach)?(?:mittag|"
    rf"abend)?s?(?P<m>\s(?:im|des|eines|jeden|"
    rf"jedes) (?:\w{{1,10}} )?monat\w{{0,2}})?"
)
_MONTHLY_CUE: Final = re.compile(r"einmal im monat|monatlich|einmal pro monat|jeden monat|1x im monat|1 ?x monatlich")
_ORDINAL_NUMBERS: Final = {
    "1.": 1,
    "2.": 2,
    "3.": 3,
    "4.": 4,
    "erste": 1,
    "zweite": 2,
    "dritte": 3,
    "vierte": 4,
    "letzte": -1,
    "vorletzte": -2,
}
_WORKDAYS: Final = re.compile(r"\b(?:werktags|wochentags|an (?:werk|wochen)tagen|unter der woche)\b")
_WEEKENDS: Final = re.compile(r"\b(?:an|am) (?:allen )?wochenenden?\b")

_MONTH_RANGE: Final = re.compile(
    rf"(?:(?P<f>anfang|mitte|ende) )?(?<!\d\. )(?<!\d\.)(?P<a>{MONTH})\s?(?:-|–|—|"
    rf"bis(?: einschließlich)?|und)\s?(?:(?:anfang|mitte|ende) )?(?P<b>{MONTH})(?!\s?\d{{1,2}}\.)"
)
_DATED_RANGE: Final = re.compile(
    rf"\b(?:0?1|[23]\d)\. ?(?P<a>{MONTH})\s?(?:-|–|—|"
    rf"bis)\s?(?:zum )?\d{{1,2}}\. ?(?P<b>{MONTH})(?! \d{{4}})"
)
_MONTH_LIST: Final = re.compile(
    rf"\b(?:im|nur im|jeweils im|in den monaten)\s(?P<a>{MONTH})(?:\s?(?:,|und|/|"
    rf"oder)\s?(?P<b>{MONTH}))?(?:\s?(?:,|und|/|oder)\s?(?P<c>{MONTH}))?(?! \d{{4}})"
)
_SEASONS: Final[tuple[tuple[re.Pattern[str], tuple[int, ...]], ...]] = (
    (re.compile(r"\bwinterhalbjahr|wintermonate\w?"), (1, 2, 3, 10, 11, 12)),
    (re.compile(r"\bsommerhalbjahr|sommermonate\w?"), (4, 5, 6, 7, 8, 9)),
)


@dataclass(frozen=True, slots=True)
class DaysFound:
    """Weekdays that are named together."""

    days: tuple[Weekday, ...]
    start: int
    end: int
    is_range: bool
    """ "Di–Fr", not "dienstags und freitags"."""
    adverb: bool
    """ "dienstags", "jeden Dienstag": said of every week."""
    every: bool
    """ "jeden", "immer", "wöchentlich" stands before it."""


@dataclass(frozen=True, slots=True)
class MonthlyFound:
    """A rule like the second Thursday of the month."""

    ordinals: tuple[int, ...]
    day: Weekday
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MonthsFound:
    """Months of a season."""

    months: tuple[int, ...]
    start: int
    end: int


def read_weekdays(page: Prose) -> list[DaysFound]:
    """Weekdays said of many weeks; those that belong to a date are left to ``dates``."""
    found = []
    for match in all_matches(_DAYS, page):
        words = match[0]
        if _DATE_FOLLOWS.match(page.lower, match.end()) or _DATE_FOLLOWS.match(page.lower, match.end() - 1):
            continue
        tokens = [(m.start(), m.end(), m[0]) for m in _ONE.finditer(words)]
        short = [token for token in tokens if len(token[2].rstrip(".")) == 2]
        if any(not page.text[match.start() + token[0]].isupper() for token in short):
            continue
        before = page.lower[max(0, match.start() - 24) : match.start()]
        every = (
            re.search(
                r"\b(?:jeden|jede woche|immer|wöchentlich|jeweils|jedem|stets|regelmäßig)(?: am|"
                r" immer)?,?\s(?:vor|nach)?$",
                before,
            )
            is not None
        )
        after_time = _TIME_FOLLOWS.match(page.lower, match.end()) is not None
        if re.search(r"außer (?:am )?$", before):
            named, _ = _days(words, tokens)
            rest = tuple(day for day in DAYS[: 7 if "täglich" in before else 5] if day not in named)
            found.append(DaysFound(rest, match.start(), match.end(), True, False, False))
            continue
        if len(tokens) == 1 and short and not after_time and not every and not re.search(r"nur\s$", before):
            continue
        days, is_range = _days(words, tokens)
        if not days:
            continue
        adverb = all(re.match(r"\w+?(?:tag|abend|woch)s|\w+mittags|\w+abends", token[2]) for token in tokens) or bool(
            short and after_time and len(tokens) > 1
        )
        found.append(DaysFound(days, match.start(), match.end(), is_range, adverb, every))
    for match in all_matches(_WORKDAYS, page):
        found.append(DaysFound(DAYS[:5], match.start(), match.end(), True, True, False))
    for match in all_matches(_WEEKENDS, page):
        found.append(DaysFound(DAYS[5:], match.start(), match.end(), False, True, False))
    return sorted(found, key=lambda one: one.start)[:MAX_DAYS]


def _days(words: str, tokens: list[tuple[int, int, str]]) -> tuple[tuple[Weekday, ...], bool]:
    numbers = [weekday_number("sonnabend" if token[2].startswith("sonnab") else token[2][:2]) for token in tokens]
    chosen: list[int] = [numbers[0]]
    is_range = False
    for (_, previous_end, _), (begin, _, _), number in zip(tokens, tokens[1:], numbers[1:], strict=False):
        if re.search(r"-|–|—|bis", words[previous_end:begin]):
            is_range = True
            step = chosen[-1]
            while step != number:
                step = (step + 1) % 7
                chosen.append(step)
        else:
            chosen.append(number)
    return tuple(DAYS[n] for n in sorted(set(chosen))), is_range and len(set(chosen)) > 2


def read_monthly(page: Prose) -> list[MonthlyFound]:
    """Rules like "jeden 1. und 3. Mittwoch im Monat"."""
    found = []
    monthly = None
    for match in all_matches(_MONTHLY, page):
        if monthly is None:
            monthly = search(_MONTHLY_CUE, page) is not None
        if len(match["d"]) <= 3 and not page.text[match.start("d")].isupper():
            continue
        lead = page.lower[match.start() : match.start("o")]
        if not (match["m"] or monthly or re.search(r"jeden|jeweils|immer|jedem", lead)):
            continue
        ordinals = tuple(
            _ORDINAL_NUMBERS[word if word.endswith(".") else word.rstrip("n")]
            for word in (match["o"], match["o2"])
            if word
        )
        found.append(
            MonthlyFound(
                ordinals,
                DAYS[weekday_number("sonnabend" if match["d"] == "sonnabend" else match["d"][:2])],
                match.start(),
                match.end(),
            )
        )
    return found


def read_months(page: Prose) -> list[MonthsFound]:
    """Seasons: "April bis Oktober", "im Winterhalbjahr"."""
    found = []
    for pattern in (_MONTH_RANGE, _DATED_RANGE):
        for match in all_matches(pattern, page):
            first, last = MONTHS[match["a"].rstrip(".")], MONTHS[match["b"].rstrip(".")]
            if re.match(r"\s\d{4}", page.lower[match.end() : match.end() + 5]) or (
                " und " in match[0] and "zwischen" not in page.lower[max(0, match.start() - 10) : match.start()]
            ):
                continue
            months = tuple(range(first, last + 1)) if first <= last else (*range(1, last + 1), *range(first, 13))
            if 1 < len(months) < 12:
                found.append(MonthsFound(months, match.start(), match.end()))
    for match in all_matches(_MONTH_LIST, page):
        months = tuple(sorted({MONTHS[word.rstrip(".")] for word in (match["a"], match["b"], match["c"]) if word}))
        found.append(MonthsFound(months, match.start(), match.end()))
    for pattern, months in _SEASONS:
        for match in all_matches(pattern, page):
            found.append(MonthsFound(months, match.start(), match.end()))
    return sorted(found, key=lambda one: one.start)
