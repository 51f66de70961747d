"""Dates and clock times in German wording, with the year inferred where none is written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final

from harvesters.normalise.text import Prose, all_matches, search

MONTHS: Final[dict[str, int]] = {
    name: number
    for number, names in enumerate(
        (
            "januar jan jänner",
            "februar feb feber",
            "märz mär mrz",
            "april apr",
            "mai",
            "juni jun",
            "juli jul",
            "august aug",
            "september sept sep",
            "oktober okt",
            "november nov",
            "dezember dez",
        ),
        start=1,
    )
    for name in names.split()
}
"""Month names and abbreviations in lower case."""
MONTH: Final = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_LONG_WEEKDAY: Final = "montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag"
_WEEKDAY: Final = rf"(?:{_LONG_WEEKDAY}|mo|di|mi|do|fr|sa|so)"
WEEKDAY_NUMBERS: Final[dict[str, int]] = {"mo": 0, "di": 1, "mi": 2, "do": 3, "fr": 4, "sa": 5, "so": 6, "sonnabend": 5}
MAX_DATES: Final = 200
"""Most dates of one text that are looked at."""
PAST_TOLERANCE: Final = timedelta(days=120)
"""A date without year that is longer past than this is meant for the next year."""

_DATE: Final = re.compile(
    rf"(?:(?<![\wäöüß])(?P<wd>{_WEEKDAY})(?:s)?\.?,?\s{{0,2}}(?:den |dem |der )?)?(?<![\d.:,-])(?<!\d/)"
    rf"(?:(?P<iy>\d{{4}})-(?P<im>\d{{2}})-(?P<id>\d{{2}})(?!\d)"
    rf"|(?P<d>\d{{1,2}})\.\s?(?:(?P<m>\d{{1,2}})\.(?!\d{{1,2}}\.)\s?(?P<y>\d{{4}}|"
    rf"\d{{2}}(?![\d.:,]|\s?(?:uhr|h\b|€|-\s?\d|–\s?\d)))?|(?P<mn>{MONTH})(?:\s(?P<y2>\d{{4}}))?))"
)
_EARLIER: Final = re.compile(
    rf"(?:(?<![\wäöüß])(?P<wd>{_WEEKDAY})\.?,?\s{{0,2}}(?:den )?)?"
    r"(?<![\d.:,/])(?P<d>\d{1,2})\.(?:(?P<m>\d{1,2})\.)?\s{0,2}"
    r"(?P<c>,|/|und|sowie|oder|u\.|\+|&|–|—|-|bis(?: zum)?)\s{0,2}"
    rf"(?:(?:den|dem|{_WEEKDAY})\.?,?\s)?$"
)
_MONTH_FIRST: Final = re.compile(
    rf"\b(?P<mn>{MONTH})(?:\s(?P<y>\d{{4}}))?(?P<lead>\s?:\s?|\s)(?:jeweils )?(?P<am>am |den )?"
    r"(?P<days>\d{1,2}\.(?:\s?(?:,|und|u\.|/|&|\+|sowie|oder)\s?(?:am |den )?\d{1,2}\.)*)"
    rf"(?!\s?(?:{MONTH}|\d|klass|stund|-))"
)
_DAY_AHEAD: Final = re.compile(r"\d\. ?$")
_NTH_DAY: Final = re.compile(
    rf"\b(?P<o>ersten?|zweiten?|dritten?|vierten?|letzten?|[1-4]\.)\s(?P<wd>{_LONG_WEEKDAY})"
    rf"(?:vormittag|nachmittag|abend)?\sim\s(?P<mn>{MONTH})(?:\s(?P<y>\d{{4}}))?"
)
_ADVENT_DAYS: Final = re.compile(
    r"\b(?:an|zu) (?:den|allen|jedem)(?: vier| 4)? advents(?P<d>sonntag|samstag|sonnabend)(?:e?n)?\b"
)
_TO: Final = re.compile(rf"\s?(?:-|–|—|bis(?: zum| einschließlich)?)\s?(?:{_WEEKDAY},?\s|den\s)?")
_FEASTS: Final[tuple[tuple[str, str], ...]] = (
    (r"(?:am )?(?P<n>ersten?|zweiten?|dritten?|vierten?|1\.|2\.|3\.|4\.) advent(?:ssonntag|swochenende)?", "advent"),
    (r"(?P<n>ersten?|zweiten?|1\.|2\.) weihnachts(?:feier)?tag", "christmas"),
    (r"heilig(?:er )?abend", "12-24"),
    (r"silvester\b", "12-31"),
    (r"neujahr(?:stag)?\b", "01-01"),
    (r"nikolaustag\b|am nikolaus\b", "12-06"),
    (r"martinstag\b", "11-11"),
    (r"ostersonntag", "easter+0"),
    (r"ostermontag", "easter+1"),
    (r"karfreitag", "easter-2"),
    (r"(?:christi )?himmelfahrt(?:stag)?", "easter+39"),
    (r"pfingstsonntag", "easter+49"),
    (r"pfingstmontag", "easter+50"),
    (r"heilige drei könige|dreikönigstag", "01-06"),
    (r"tag der deutschen einheit", "10-03"),
    (r"reformationstag", "10-31"),
    (r"(?:internationaler )?(?:kindertag|internationalen kindertag)\b(?= |,|\.)", "06-01"),
    (r"weltkindertag", "09-20"),
)
_FEAST: Final = re.compile(
    "|".join(f"(?P<f{i}>{pattern.replace('?P<n>', f'?P<n{i}>')})" for i, (pattern, _) in enumerate(_FEASTS))
)
_FEAST_CUE: Final = re.compile(
    r"advent|weihnacht|heilig|silvester|neujahr|nikolaus|martinstag|oster|karfreitag|himmelfahrt|"
    r"pfingst|einheit|reformation|kindertag|dreikönig"
)
_ORDINALS: Final = {"erst": 1, "1.": 1, "zweit": 2, "2.": 2, "dritt": 3, "3.": 3, "viert": 4, "4.": 4}


@dataclass(frozen=True, slots=True)
class DateFound:
    """One day, or a span of days, with the words it was read from."""

    first: date
    last: date
    start: int
    end: int
    year_written: bool
    weekday_fits: bool = True
    """False where a weekday is written that the date does not have."""


@dataclass(frozen=True, slots=True)
class Impossible:
    """A day that no calendar has, as written."""

    words: str
    start: int


@dataclass(frozen=True, slots=True)
class TimesFound:
    """One expression of clock times: starts, or a start and an end."""

    starts: tuple[time, ...]
    ending: time | None
    start: int
    end: int


def read_dates(page: Prose, today: date) -> tuple[list[DateFound], list[Impossible]]:
    """All calendar days that ``page`` names, in order, and those that cannot be."""
    found: list[DateFound] = []
    impossible: list[Impossible] = []
    if "." in page.lower or "-" in page.lower:
        for match in all_matches(_DATE, page):
            days = _resolve(page, match, today, impossible)
            if days:
                found.extend(days)
        found.extend(_month_first(page, today))
    found.extend(_nth_days(page, today))
    if search(_FEAST_CUE, page):
        found.extend(_feasts(page, today))
    found.sort(key=lambda one: (one.start, one.first))
    del found[MAX_DATES:]
    return _spans(page, found), impossible


def _month_first(page: Prose, today: date) -> Iterator[DateFound]:
    """ "Dezember: 3., 10. und 17.", "im Januar am 12. und 19."."""
    for match in all_matches(_MONTH_FIRST, page):
        days = list(re.finditer(r"\d{1,2}", match["days"]))
        if len(days) == 1 and ":" not in match["lead"] and not match["am"]:
            continue
        if _DAY_AHEAD.search(page.lower, max(0, match.start() - 4), match.start()):
            continue
        year = int(match["y"]) if match["y"] else None
        for one in days:
            day = _infer(year, MONTHS[match["mn"].rstrip(".")], int(one[0]), None, today)
            if day is not None:
                start = match.start("days") + one.start()
                yield DateFound(day, day, start, start + len(one[0]) + 1, year is not None)


def _nth_days(page: Prose, today: date) -> Iterator[DateFound]:
    """ "Am ersten Freitag im Februar", "an den Adventssonntagen"."""
    for match in all_matches(_NTH_DAY, page):
        month, weekday = MONTHS[match["mn"].rstrip(".")], weekday_number(match["wd"])
        for year in (int(match["y"]),) if match["y"] else (today.year, today.year + 1):
            days = [date(year, month, n) for n in range(1, 29) if date(year, month, n).weekday() == weekday]
            last = days[-1] + timedelta(weeks=1)
            if match["o"].startswith("letzt"):
                day = last if last.month == month else days[-1]
            else:
                day = days[_ORDINALS[next(k for k in _ORDINALS if match["o"].startswith(k))] - 1]
            if match["y"] or day >= today - PAST_TOLERANCE:
                yield DateFound(day, day, match.start(), match.end(), bool(match["y"]))
                break
    for match in all_matches(_ADVENT_DAYS, page):
        back = 0 if match["d"] == "sonntag" else 1
        for sunday in range(1, 5):
            day = _feast_day("advent", sunday, today.year) - timedelta(days=back)
            if day >= today:
                yield DateFound(day, day, match.start(), match.end(), False)


def _spans(page: Prose, found: list[DateFound]) -> list[DateFound]:
    """ "21. Dezember bis 2. Januar" is one span of days."""
    joined: list[DateFound] = []
    for one in found:
        if joined and one.first > joined[-1].last and _TO.fullmatch(page.lower, joined[-1].end, one.start):
            first = joined.pop()
            begin = first.first
            later = _day(begin.year + 1, begin.month, begin.day)
            if not first.year_written and one.year_written and later and later <= one.last:
                begin = later
            one = DateFound(
                begin, one.last, first.start, one.end, one.year_written, first.weekday_fits and one.weekday_fits
            )
        joined.append(one)
    return joined


def _resolve(page: Prose, match: re.Match[str], today: date, impossible: list[Impossible]) -> list[DateFound]:
    if match["iy"]:
        day = _day(int(match["iy"]), int(match["im"]), int(match["id"]))
        if day is None:
            impossible.append(Impossible(page.text[match.start() : match.end()], match.start()))
            return []
        return [DateFound(day, day, match.start(), match.end(), True, _fits(match["wd"], day))]
    end = match.start() + len(match[0].rstrip())
    number, month = int(match["d"]), int(match["m"]) if match["m"] else MONTHS[match["mn"].rstrip(".")]
    if not 1 <= month <= 12 or not 1 <= number <= 31:
        return []
    written = match["y"] or match["y2"]
    year = _year(written) if written else None
    day = _infer(year, month, number, match["wd"], today)
    if day is None:
        impossible.append(Impossible(page.text[match.start() : match.end()], match.start()))
        return []
    last = DateFound(day, day, match.start(), end, year is not None, _fits(match["wd"], day))
    return _with_earlier(page, last, today)


def _with_earlier(page: Prose, last: DateFound, today: date) -> list[DateFound]:
    """Days in front that share month and year with the date behind them: "5., 12. und 19. Mai", "12.–14.3.2027"."""
    days = [last]
    for _ in range(12):
        before = page.lower[max(0, days[0].start - 34) : days[0].start]
        match = _EARLIER.search(before)
        if match is None:
            break
        following = days[0]
        month = int(match["m"]) if match["m"] else following.first.month
        span = match["c"] in ("–", "—", "-") or match["c"].startswith("bis")
        if match["m"] and not span:
            break
        if not 1 <= month <= 12:
            break
        year = following.first.year - (1 if month > following.first.month else 0)
        day = _day(year, month, int(match["d"]))
        if day is None or day > following.first:
            break
        start = days[0].start - len(before) + match.start()
        if span:
            days[0] = DateFound(
                day, following.last, start, following.end, following.year_written, following.weekday_fits
            )
        else:
            days.insert(
                0,
                DateFound(
                    day,
                    day,
                    start,
                    start + match.end("d") - match.start() + 1,
                    following.year_written,
                    _fits(match["wd"], day),
                ),
            )
    return days


def _year(written: str) -> int:
    return int(written) if len(written) == 4 else 2000 + int(written)


def _day(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None


def _infer(year: int | None, month: int, number: int, weekday: str | None, today: date) -> date | None:
    """The day meant: by its written year, by its weekday, or else the next one that is not long past."""
    if year is not None:
        return _day(year, month, number)
    near = [day for y in (today.year, today.year + 1, today.year - 1) if (day := _day(y, month, number))]
    if not near:
        return _day(today.year + (-today.year) % 4, month, number)
    if weekday:
        fitting = [day for day in near if day.weekday() == weekday_number(weekday) and day >= today - PAST_TOLERANCE]
        if fitting:
            return fitting[0]
    return next((day for day in sorted(near) if day >= today - PAST_TOLERANCE), near[-1])


def weekday_number(word: str) -> int:
    """0 for Monday … of a German weekday or its abbreviation in lower case."""
    return WEEKDAY_NUMBERS[word] if word in WEEKDAY_NUMBERS else WEEKDAY_NUMBERS[word[:2]]


def _fits(weekday: str | None, day: date) -> bool:
    return weekday is None or weekday_number(weekday) == day.weekday()


def easter(year: int) -> date:
    """Easter Sunday (Gregorian; the anonymous algorithm of *Nature* 1876)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (a + 11 * h) // 319
    r = (2 * e + 2 * i - k - h + m + 32) % 7
    month, day = divmod(h - m + r + 90, 25)[0], (h - m + r + (h - m + r + 90) // 25 + 19) % 32
    return date(year, month, day)


def _feast_day(code: str, ordinal: int, year: int) -> date:
    if code == "advent":
        christmas = date(year, 12, 25)
        fourth = christmas - timedelta(days=christmas.weekday() + 1)
        return fourth - timedelta(weeks=4 - ordinal)
    if code == "christmas":
        return date(year, 12, 24 + ordinal)
    if code.startswith("easter"):
        return easter(year) + timedelta(days=int(code[6:]))
    return date(year, int(code[:2]), int(code[3:]))


def _feasts(page: Prose, today: date) -> list[DateFound]:
    found = []
    for match in all_matches(_FEAST, page):
        index = next(i for i in range(len(_FEASTS)) if match[f"f{i}"])
        code = _FEASTS[index][1]
        named = match[f"n{index}"] if f"n{index}" in match.re.groupindex else None
        ordinal = _ORDINALS[next(k for k in _ORDINALS if named.startswith(k))] if named else 1
        day = _feast_day(code, ordinal, today.year)
        if day < today - timedelta(days=30):
            day = _feast_day(code, ordinal, today.year + 1)
        found.append(DateFound(day, day, match.start(), match.end(), False))
    return found


_CLOCK: Final = (
    r"(?:[01]?\d|2[0-4])(?:[.:][0-5]\d)?(?![\d€%]|[.,:]\d|\.\s?\d{1,2}\.|\.\s?[a-zäöü]|"
    r"\s(?:€|eur|cent|km\b|m\b|min|kinder|person|pl[aä]tze?|jahr|teiln|termin|mal\b))"
)
_TIMES: Final = re.compile(
    rf"(?<![\d.:,/])(?P<list>{_CLOCK}\s?(?:uhr|h\b)?(?:\s?(?:-|–|—|bis|und|u\.|\+|,|/|sowie|oder|"
    rf"&)\s?(?:um |ca\. |etwa |gegen |ab )?{_CLOCK}\s?(?:uhr|h\b)?){{0,6}})"
)
_HOUR_WORDS: Final = ("eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf")
_HOURS: Final = {word: number for number, word in enumerate(_HOUR_WORDS, start=1)}
_WORD_CLOCK: Final = re.compile(
    rf"\bhalb (?P<half>\d{{1,2}}|{'|'.join(_HOURS)})\b(?! stunde)|\b(?P<full>{'|'.join(_HOURS)}) uhr\b"
)
_LATE: Final = re.compile(r"abend|nachmittag|nachts?\b")
_PLAIN_TIME: Final = re.compile(
    r"(?:0\d|[1-9]|1\d|2[0-3]):[0-5]\d(?:\s?(?:-|–|bis|und|,|/)\s?[012]?\d:[0-5]\d){1,3}|(?:0[6-9]|[7-9]|1\d|"
    r"2[0-3]):[0-5]\d|"
    r"(?:0?[6-9]|1\d|2[0-3])\.[0-5]\d\s?(?:-|–|bis)\s?[012]?\d\.[0-5]\d"
)
"""Times without "Uhr" that are hardly anything else: with a colon, or a span with minutes on both sides."""
_SAYS_TIME: Final = re.compile(r"uhr|h\b|[.:]\d\d")
_ONE_CLOCK: Final = re.compile(r"(\d{1,2})(?:[.:](\d{2}))?\s?(uhr|h\b)?")
_NOT_A_START: Final = re.compile(
    r"(?:einlass|türöffnung|tür(?:en)? öffne\w{0,2}|küche|kasse\w{0,6}|öffnungszeit\w{0,3}|"
    r"tel\w{0,6}|telefonisch\w{0,2}|erreichbar|bürozeit\w{0,2}|anmeldung|"
    r"sprechzeit\w{0,2})\W{0,2}(?:bis|ab|von|um|zwischen)?\s?$"
)


def read_times(page: Prose, start: int, end: int) -> list[TimesFound]:
    """Clock times between two positions; an expression counts where "Uhr" or "h" stands in it."""
    found = []
    for match in _TIMES.finditer(page.lower, start, end):
        words = match["list"]
        if "uhr" not in words and not re.search(r"\dh\b|\d h\b", words) and not _PLAIN_TIME.fullmatch(words.strip()):
            continue
        clocks = [(m.start(), m.end(), _time(m)) for m in _ONE_CLOCK.finditer(words)]
        times = [clock for _, _, clock in clocks if clock]
        if len(times) != len(clocks) or not times:
            continue
        if _NOT_A_START.search(page.lower[max(0, match.start() - 30) : match.start()]):
            continue
        if re.search(
            r"\b(?:bis|ende:?|schluss:?) (?:um )?(?:ca\. |spätestens |gegen |etwa )?$",
            page.lower[max(start, match.start() - 16) : match.start()],
        ):
            continue
        starts, ending, previous_end = [times[0]], None, clocks[0][1]
        said = max((stop for begin, stop, _ in clocks if _SAYS_TIME.search(words, begin, stop)), default=len(words))
        for (begin, stop, _), clock in zip(clocks[1:], times[1:], strict=True):
            connector = words[previous_end:begin]
            if begin >= said and ("," in connector or "ab " in connector):
                words = words[:previous_end]  # "14 Uhr, ab 8" goes on with an age or a number
                break
            if re.search(r"-|–|—|bis", connector) or (
                " und" in connector and "zwischen" in page.lower[max(start, match.start() - 12) : match.start()]
            ):
                ending = clock
            else:
                starts.append(clock)
            previous_end = stop
        if ending and len(starts) == 1 and ending <= starts[0]:
            ending = None
        found.append(TimesFound(tuple(starts), ending, match.start(), match.start() + len(words.rstrip())))
    if found:
        return found
    return [one for one in page.once(_word_clocks) if start <= one.start and one.end <= end]


def _word_clocks(page: Prose) -> list[TimesFound]:
    return [_in_words(page, match) for match in all_matches(_WORD_CLOCK, page)]


def _in_words(page: Prose, match: re.Match[str]) -> TimesFound:
    """ "Um halb sechs", "neun Uhr": half past one to six is in the afternoon, and what an evening or afternoon is
    said of."""
    written = match["half"] or match["full"]
    hour = (int(written) if written.isdigit() else _HOURS[written]) % 12 - (1 if match["half"] else 0)
    late = _LATE.search(page.clauses[page.clause_index(match.start())]) is not None
    if hour < (12 if late else 7):
        hour += 12
    return TimesFound((time(hour % 24, 30 if match["half"] else 0),), None, match.start(), match.end())


def _time(match: re.Match[str]) -> time | None:
    hour, minute = int(match[1]), int(match[2] or 0)
    if hour == 24 and minute == 0:
        return time(23, 59)
    return time(hour, minute) if hour < 24 and minute < 60 else None
