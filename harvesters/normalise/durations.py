"""How long one unit takes, in minutes. Of a range the upper value; a school lesson has 45 minutes."""

import re
from itertools import pairwise
from typing import Final

from harvesters.normalise.evidence import Found, outermost
from harvesters.normalise.numbers import NUMBER, START, parse
from harvesters.normalise.text import Prose, matches, prose

_UNIT: Final = (
    r"(?P<unit>minuten\b|minute\b|min\b\.?|'(?!\w)|zeitstunden?\b|schulstunden?\b|"
    r"unterrichtsstunden?\b|unterrichtseinheit(?:en)?\b|ue\b|"
    r"doppelstunden?\b|stunden?\b|std\b\.?|stdn\b\.?|h\b)"
)
_FIGURE: Final = re.compile(
    rf"{START}(?P<first>{NUMBER})(?:\s?(?:-|–|—|bis(?: zu)?|oder|"
    rf"/)\s?(?P<last>{NUMBER}))?[ -]?(?:volle |kurze |knappe |gute |gut )?{_UNIT}"
)
_HOURS_AND_MINUTES: Final = re.compile(
    rf"{START}({NUMBER})\s?(?:stunden?|std\.?|h)\s(?:und\s)?(\d{{1,2}})\s?(?:minuten|min\b\.?)"
)
_CLOCK_LENGTH: Final = re.compile(rf"{START}(?P<h>\d{{1,2}}):(?P<m>[0-5]\d)\s?(?:h|std|stunden)\b")
_HALF: Final = re.compile(
    r"\b(?:eine[rn]?|je|ca\.|etwa|rund|pro|die|erste) (?:\w{1,8} )?(?P<what>halbe|dreiviertel|"
    r"viertel)[\s-]?(?P<stunde>stunde)|\b(?P<what2>dreiviertel|viertel)stunde|"
    r"\bhalbstündig\w{0,2}|\b(?P<adj>ein|zwei|drei|vier|fünf|anderthalb|eineinhalb|"
    r"zweieinhalb)stündig\w{0,2}|\b(?P<minadj>\d{2,3})-?minütig\w{0,2}"
)
_KNAPP: Final = re.compile(r"\b(?:eine )?(?:knappe|gute|gut eine|knapp eine|volle|etwa eine|rund eine) stunde\b")
_LESSONS: Final = re.compile(r"\bdoppelstunde\b")
_WINDOW: Final = re.compile(
    r"(?<![\d.,:])(?P<h1>[01]?\d|2[0-4])(?:[.:](?P<m1>[0-5]\d))?\s?(?:uhr|h)?\s?(?:-|–|—|bis|"
    r"und)\s?(?:etwa |ca\. |gegen )?(?P<h2>[01]?\d|2[0-4])(?:[.:](?P<m2>[0-5]\d))?\s?(?:uhr\b|h\b)"
)
_NOT_A_DURATION: Final = re.compile(
    r"gehmin|fu(?:ß|ss)weg|zu fuß|gehzeit|anreise|anfahrt\b|fahrzeit|fahrt\b|vorher\b|vorab|"
    r"im voraus|bus\b|bahn(?:hof)?\b|haltestelle|aufbau|abbau|vorlauf|geöffnet|öffnungszeit|"
    r"entfernt|parken|"
    r"takt|einlass|beginnt\b .{0,12}vorher|wechseln|mittagspause|rüstzeit|\bpause \(?(?:ca\. )?$|"
    r"^\s?pause|pünktlich|früher|stornier|absag|abmeld|nach beginn|verspät|telefon|sprechzeit|"
    r"erreichbar|büro"
)
_LEAD: Final = re.compile(
    r"dauer\w{0,2}|dauert|zeitumfang|umfang|länge|spieldauer|spielzeit|zeit(?:bedarf|rahmen)|"
    r"einplanen|führung|laufzeit|programm"
)
_YOUNGEST: Final = re.compile(r"krippe|nestgruppe|\bu ?3\b|kleinst")
_EACH: Final = re.compile(
    r"(?:\bje|jeweils|\bà|einheiten? (?:von|zu)|termine? (?:von|zu)|\d ?[x×])\s?(?:ca\.\s|etwa\s|"
    r"von\s)?$"
)
_THEN: Final = re.compile(
    r"\b(?:danach|anschließend|dann|im anschluss|hinterher|gefolgt von)\b|(?:\+|plus|"
    r"und)\s?(?:\w{1,14}\s){0,2}$"
)
_PARTS: Final = re.compile(r"erste|zunächst|zuerst|anfangs|\+")
_MINUTES: Final = {"halbe": 30, "dreiviertel": 45, "viertel": 15}


def read_duration(text: str | Prose) -> list[Found[int]]:
    """The lengths of time that ``text`` names for one unit.

    >>> [one.value for one in read_duration("Dauer: 60–75 Minuten")]
    [75]
    """
    page = prose(text)
    found: list[Found[int]] = []
    if any(cue in page.lower for cue in ("min", "stund", "std", " h", "'", "stündig", " ue")):
        found.extend(_figures(page))
        found.extend(_words(page))
    found = outermost([one for one in found if not _is_other_time(page, one)])
    found = _added(page, found)
    if "uhr" in page.lower or re.search(r"\d ?h\b", page.lower):
        found.extend(_windows(page))
    return found


def _length(value: float, unit: str) -> int:
    if unit.startswith(("schulst", "unterricht", "ue")):
        return round(value * 45)
    if unit.startswith("doppel"):
        return round(value * 90)
    if unit.startswith(("min", "'")):
        return round(value)
    return round(value * 60)


def _figures(page: Prose) -> list[Found[int]]:
    found = []
    for match in matches(_FIGURE, page):
        unit = match["unit"]
        minutes = _length(parse(match["last"] or match["first"]), unit)
        if unit == "h" and page.lower[max(0, match.start() - 4) : match.start()].endswith(("um ", "ab ")):
            continue
        if unit == "h" and re.search(
            r"\d{1,2}\.\d{1,2}\.(?:\d{2,4})?,? ?(?:um )?$|[+/] ?$",
            page.lower[max(0, match.start() - 14) : match.start()],
        ):
            continue
        if not 5 <= minutes <= 720:
            continue
        begin, _ = page.around(match.start())
        before = page.lower[max(begin, match.start() - 40) : match.start()]
        confidence = 0.9 if _LEAD.search(before) else 0.82
        if _EACH.search(before):
            confidence = 0.88
        if _YOUNGEST.search(before):
            confidence -= 0.12
        found.append(
            Found(minutes, page.text[match.start() : match.end()], "duration.figure", confidence, match.span())
        )
    for match in matches(_HOURS_AND_MINUTES, page):
        minutes = round(parse(match[1]) * 60) + int(match[2])
        found.append(
            Found(minutes, page.text[match.start() : match.end()], "duration.hours_minutes", 0.92, match.span())
        )
    for match in matches(_CLOCK_LENGTH, page):
        minutes = int(match["h"]) * 60 + int(match["m"])
        before = page.lower[max(0, match.start() - 30) : match.start()]
        if _LEAD.search(before):
            found.append(
                Found(minutes, page.text[match.start() : match.end()], "duration.clock_length", 0.85, match.span())
            )
    return found


def _words(page: Prose) -> list[Found[int]]:
    found = []
    for match in matches(_HALF, page):
        if match["what"] or match["what2"]:
            minutes = _MINUTES[match["what"] or match["what2"]]
        elif match["adj"]:
            minutes = round(parse(match["adj"]) * 60)
        elif match["minadj"]:
            minutes = int(match["minadj"])
        else:
            minutes = 30
        found.append(Found(minutes, page.text[match.start() : match.end()], "duration.words", 0.85, match.span()))
    for match in matches(_LESSONS, page):
        found.append(Found(90, page.text[match.start() : match.end()], "duration.words", 0.8, match.span()))
    for match in matches(_KNAPP, page):
        found.append(Found(60, page.text[match.start() : match.end()], "duration.words", 0.84, match.span()))
    return found


def _is_other_time(page: Prose, one: Found[int]) -> bool:
    """Whether the minutes are a walk, a bus ride, an interval or a deadline."""
    begin, stop = page.around(one.span[0])
    before = page.lower[max(begin, one.span[0] - 28) : one.span[0]]
    after = page.lower[one.span[1] : min(stop, one.span[1] + 24)]
    comma = max(before.rfind(","), before.rfind("("), before.rfind(" und "))
    close = after.find(",")
    if _NOT_A_DURATION.search(before[comma + 1 :]) or _NOT_A_DURATION.search(after if close < 0 else after[:close]):
        return True
    return re.search(
        r"\b(?:alle|nach|in|bis|vor|spätestens|seit|mindestens)\s(?:ca\.\s|etwa\s|den\s|der\s)?$", before
    ) is not None and not re.search(r"dauer[nt]?\b|dauer:", before)


def _added(page: Prose, found: list[Found[int]]) -> list[Found[int]]:
    """Parts that follow each other in one clause are added: "35 Min. + 30 Min."."""
    for first, second in pairwise(found):
        between = page.lower[first.span[1] : second.span[0]]
        if len(between) > 90 or "krippe" in between or "oder" in between:
            continue
        same = page.clause_index(first.span[0]) == page.clause_index(second.span[0])
        if same and (
            ("+" in between and len(between) < 25)
            or (_THEN.search(between) and _PARTS.search(page.clauses[page.clause_index(first.span[0])]))
        ):
            span = (first.span[0], second.span[1])
            return [*found, Found(first.value + second.value, page.text[span[0] : span[1]], "duration.sum", 0.93, span)]
    return found


def _windows(page: Prose) -> list[Found[int]]:
    """From "9 bis 11 Uhr": the length of a window of time, where nothing else is said."""
    found = []
    for match in matches(_WINDOW, page):
        start = int(match["h1"]) * 60 + int(match["m1"] or 0)
        end = int(match["h2"]) * 60 + int(match["m2"] or 0)
        begin, _ = page.around(match.start())
        before = page.lower[max(begin, match.start() - 40) : match.start()]
        if not 15 <= end - start <= 600 or _NOT_A_DURATION.search(before):
            continue
        words = match[0]
        if " und " in words and "zwischen" not in before[-12:]:
            continue
        confidence = 0.55 if "zwischen" in before[-14:] else 0.66
        found.append(
            Found(end - start, page.text[match.start() : match.end()], "duration.window", confidence, match.span())
        )
    return found
