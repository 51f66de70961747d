"""How many children, and how many adults, may or must come."""

import re
from typing import Final

from harvesters.normalise.evidence import Found, outermost
from harvesters.normalise.numbers import NUMBER, START, whole
from harvesters.normalise.text import Prose, matches, prose, search
from schemas.offer import GroupSize

_WHO: Final = (
    r"(?:\w{1,12}-?)?(?:kind(?:er|ern)?|personen|person|teilnehm\w{0,8}|teilnehmenden?|tn|"
    r"plätze\w?|zuschauer\w{0,2}|schüler\w{0,6}|gäst\w{1,3}|zuhörer\w{0,2}|kids|ki\.|kd\.|köpfe\w?|"
    r"mädchen und jungen|jugendliche[rn]?|kleine\w?|knirpse|jungen und mädchen)\b"
)
_UP_TO: Final = re.compile(
    rf"\b(?:max\.|maximal|maximum|höchstens|bis(?: zu)?(?: max\.| maximal)?|nicht mehr als|"
    rf"bis höchstens|max|je|jeweils|für(?: je)?)\s?(?:ca\.\s|etwa\s|rund\s)?({NUMBER})\s?(?:{_WHO})"
)
_GROUP_TO: Final = re.compile(
    rf"(?:gruppe|gruppen|kleingruppen?|gruppengröße|gruppenstärke|teilnehmerzahl|kinderzahl|"
    rf"teilnehmer|durchgang|vorstellung)\w{{0,2}}:?\s\(?(?:(?:von|mit|zu|à|jeweils|je|auf|"
    rf"pro \w{{1,8}})\s)?(?:(?:max\.|maximal|höchstens|bis(?: zu)?|nicht mehr als|"
    rf"begrenzt auf)\s)(?:ca\.\s|etwa\s|rund\s)?({NUMBER})(?![\d:/€%]|[.,]\d|\s?(?:uhr|jahr|monat|"
    rf"€|euro|min|std|stund|km|mitglied|grupp|tage|woch))"
)
_BARE: Final = re.compile(
    rf"\b(?:höchstens|maximal|max\.|bis zu)\s({NUMBER})(?=\s?(?:[.,;)·|]|$|\n|mit\b|pro gruppe|"
    rf"je gruppe|pro durchgang|pro termin|je termin|je vormittag))(?![.,]\d)"
    rf"|\bbis\s({NUMBER})\s(?:pro|je) (?:gruppe|durchgang|termin)"
    rf"|\b({NUMBER})\s(?:kinder|personen)\s(?:haben|finden) (?:bequem )?platz|\bplatz für (?:bis zu |"
    rf"max\. |maximal |ca\. )?({NUMBER})\s(?:kinder|personen)"
    rf"|\bhaben ({NUMBER}) kinder (?:bequem )?platz"
)
_GROUP_WITH: Final = re.compile(
    rf"\b(?:gruppen?|kleingruppen?|pro gruppe|je gruppe|pro durchgang)\s(?:mit |à |von |zu |"
    rf"a )?(?:je |jeweils |max\. |maximal )?({NUMBER})\s(?:kinder|kindern|personen)\b"
    rf"|\bgruppen? à ({NUMBER})\b|\b(?<![.,])(\d{{1,2}})er-?\s?gruppen?\b|\b(?:begrenzt auf|"
    rf"auf maximal) ({NUMBER})\b|\bauf ({NUMBER}) (?:kinder |personen |plätze )?begrenzt"
    rf"|\b(?<=\()max\.? ({NUMBER})(?=\))|\b(?<![.,])(\d{{1,3}}) plätze\b(?! frei)|\bes gibt ({NUMBER}) plätze\b"
)
_LIST_RANGE: Final = re.compile(
    rf"\b(?:teilnehmer|tn|kinder|personen)\w{{0,6}}:\s?({NUMBER})\s?(?:-|–|"
    rf"bis)\s?({NUMBER})\b(?!\s?(?:jahr|j\.|uhr|monat))"
)
_LEAST_MOST: Final = re.compile(
    rf"\b(?:mind(?:estens)?\.?|min\.|ab)\s({NUMBER})(?:\s(?:kinder|personen|"
    rf"teilnehm\w{{1,6}}))?\s?(?:,|/|und|–|-)\s?(?:max(?:imal)?\.?|höchstens|"
    rf"bis(?: zu)?)\s({NUMBER})\s(?:{_WHO})"
)
_AGE_AHEAD: Final = re.compile(r"ab \w+,")
_COUNTED: Final = re.compile(rf"\b({NUMBER}) (?:kinder|kids)(?=\s?(?:[,;·|]|$))", re.M)
_COUNT_AHEAD: Final = re.compile(r"(?:^|[,;·|] ?|\n)$")
_MAY_COME: Final = re.compile(
    rf"\b(?:können|dürfen|nehmen wir|wir nehmen)(?: \w{{1,12}})? ({NUMBER}) kinder "
    rf"(?:teilnehmen|mitmachen|dabei|kommen|mit\b)"
)
_BARE_RANGE: Final = re.compile(
    rf"{START}({NUMBER})\s?(?:-|–|bis)\s?({NUMBER})\s(?:je|pro) (?:gruppe|vormittag|termin|durchgang|kurs)"
)
_GROUP_OF: Final = re.compile(
    rf"(?:gruppengröße|gruppenstärke|teilnehmerzahl|kinderzahl)\s?:?\s?(?:ca\.\s|max\.\s|maximal\s|"
    rf"bis\s|höchstens\s)?({NUMBER})(?:\s?(?:-|–|—|bis)\s?({NUMBER}))?"
)
_RANGE: Final = re.compile(
    rf"{START}({NUMBER})\s?(?:-|–|—|bis(?: zu)?|oder)\s?(?:max\.\s|maximal\s|"
    rf"höchstens\s)?({NUMBER})\s(?:{_WHO})"
)
_AT_LEAST: Final = re.compile(
    rf"\b(?:ab|mindestens|mind\.|min\.|nicht unter|wenigstens)\s(?:ca\.\s|"
    rf"etwa\s)?({NUMBER})\s?(?:{_WHO})"
)
_ADULTS: Final = re.compile(
    rf"\b(?:mindestens|mind\.|plus|mit|und|bitte|"
    rf"wenigstens)\s({NUMBER})\s(?:\w{{1,14}}\s)?(?:erzieher|betreu|begleit|aufsicht|erwachsene|"
    rf"pädagog|fachkr)"
)
_RATIO: Final = re.compile(
    r"(?:\bje|pro|für je|auf|für jeweils)\s(?:je )?\w{1,6}\s(?:kinder|kindern|personen|"
    r"teilnehm\w{0,6}|schüler\w{0,3})[^.;]{0,40}(?:begleit|betreu|erwachsen|aufsicht|erzieh|lehr|"
    r"teilen|zweite|frei)"
)
_RATIO_BEFORE: Final = re.compile(
    r"(?:begleit\w{0,10}|betreu\w{0,10}|erwachsene\w?|aufsicht\w{0,10}|erzieh\w{0,10}|elternteil|"
    r"fachkraft|person|lehrkraft|leiter\w{0,3}) (?:pro|je|auf|für)(?: je)?\s$"
)
_MONEY: Final = re.compile(r"preis|kosten|€|gebühr|stunden|minuten|km\b")
_NOT_A_GROUP: Final = re.compile(
    r"teilen wir|wird geteilt|zwei gruppen bilden|\b\bfamilie|mitgliede|\bverein\b|ehrenamt|"
    r"freie plätze|noch \w{1,4} plätze|restplätze|"
    r"parkplätze|sitzplätze im|einwohner|gewinn"
)


def read_group_size(text: str | Prose) -> list[Found[GroupSize]]:
    """The sizes of a group that ``text`` names; the surest bounds of one text are put together.

    >>> [one.value.children_max for one in read_group_size("Gruppen ab 8 Kindern, maximal 20")]
    [20]
    """
    page = prose(text)
    low: list[Found[int]] = []
    high: list[Found[int]] = []
    for match in matches(_RANGE, page):
        first, last = whole(match[1]), whole(match[2])
        if first is not None and last is not None and 1 <= first < last and not _other(page, match):
            low.append(_bound(page, match, first, "group.range", 0.93))
            high.append(_bound(page, match, last, "group.range", 0.93))
    for match in matches(_GROUP_OF, page):
        first, last = whole(match[1]), whole(match[2]) if match[2] else None
        if first is None or _other(page, match):
            continue
        if last is None:
            high.append(_bound(page, match, first, "group.size", 0.85))
        elif first < last:
            low.append(_bound(page, match, first, "group.size", 0.92))
            high.append(_bound(page, match, last, "group.size", 0.92))
    for pattern, rule, confidence in ((_UP_TO, "group.up_to", 0.88), (_GROUP_TO, "group.up_to_bare", 0.84)):
        for match in matches(pattern, page):
            number = whole(match[1])
            if number is None or not 2 <= number <= 1000 or _other(page, match):
                continue
            words = match[0]
            sure = confidence - (
                0.25 if words.startswith("für") else 0.12 if words.startswith(("je", "jeweils")) else 0.0
            )
            high.append(_bound(page, match, number, rule, sure))
    for match in matches(_BARE, page):
        number = whole(next(group for group in match.groups() if group))
        if (
            number is not None
            and 2 <= number <= 1000
            and not _other(page, match)
            and not _MONEY.search(page.lower[max(0, match.start() - 20) : match.start()])
        ):
            high.append(_bound(page, match, number, "group.bare", 0.72))
    for match in matches(_GROUP_WITH, page):
        number = whole(next(group for group in match.groups() if group))
        if number is not None and 2 <= number <= 1000 and not _other(page, match):
            high.append(_bound(page, match, number, "group.with", 0.7))
    for pattern in (_LIST_RANGE, _LEAST_MOST):
        for match in matches(pattern, page):
            first, last = whole(match[1]), whole(match[2])
            if first is not None and last is not None and 1 <= first < last and not _other(page, match):
                if _AGE_AHEAD.match(match[0]):  # "Ab 4, max. 15 Kinder"
                    high.append(_bound(page, match, last, "group.up_to", 0.88))
                    continue
                low.append(_bound(page, match, first, "group.least_most", 0.94))
                high.append(_bound(page, match, last, "group.least_most", 0.94))
    for pattern in (_COUNTED, _MAY_COME):
        for match in matches(pattern, page):
            number = whole(match[1])
            if number is None or not 2 <= number <= 60 or _other(page, match):
                continue
            if pattern is _MAY_COME or _COUNT_AHEAD.search(page.lower, max(0, match.start() - 2), match.start()):
                high.append(_bound(page, match, number, "group.counted", 0.62))
    for match in matches(_BARE_RANGE, page):
        first, last = whole(match[1]), whole(match[2])
        if first is not None and last is not None and 1 <= first < last:
            low.append(_bound(page, match, first, "group.bare", 0.8))
            high.append(_bound(page, match, last, "group.bare", 0.8))
    for match in matches(_AT_LEAST, page):
        number = whole(match[1])
        if number is None or not 1 <= number <= 500 or _other(page, match):
            continue
        low.append(_bound(page, match, number, "group.at_least", 0.88))
        rest = re.match(
            r"[^.;]{0,3}\b(?:,\s)?(?:und )?(?:max\.|maximal|höchstens|bis(?: zu)?)\s(\d{1,3})\b(?!\s?(?:€|"
            r"uhr|jahr|min))",
            page.lower[match.end() : match.end() + 30].lstrip(" ,"),
        )
        if rest:
            span = (match.start(), match.end() + 2 + rest.end())
            high.append(Found(int(rest[1]), page.text[span[0] : span[1]].strip(), "group.at_least_up_to", 0.9, span))
    return _together(page, outermost(low), outermost(high))


def _bound(page: Prose, match: re.Match[str], value: int, rule: str, confidence: float) -> Found[int]:
    return Found(value, page.text[match.start() : match.end()], rule, confidence, match.span())


def _other(page: Prose, match: re.Match[str]) -> bool:
    """Whether the figure is a ratio of adults, a threshold for splitting, or counts something else."""
    begin, stop = page.around(match.start())
    around = page.lower[max(begin, match.start() - 40) : min(stop, match.end() + 45)]
    for ratio in _RATIO.finditer(around):
        offset = max(begin, match.start() - 40)
        if ratio.start() + offset <= match.end() and match.start() <= ratio.start() + offset + 30:
            return True
    if _RATIO_BEFORE.search(page.lower[max(begin, match.start() - 30) : match.start()]):
        return True
    if _RATIO_BEFORE.search(page.lower[max(begin, match.start() - 30) : match.start() + 4]):
        return True
    return _NOT_A_GROUP.search(around) is not None


def _together(page: Prose, low: list[Found[int]], high: list[Found[int]]) -> list[Found[GroupSize]]:
    """Each upper bound, with the lower bound that stands nearest to it and below it."""
    adults = search(_ADULTS, page)
    count = whole(adults[1]) if adults else None
    found: list[Found[GroupSize]] = []
    for top in high:
        below = [one for one in low if one.value <= top.value]
        base = min(below, key=lambda one: abs(one.span[0] - top.span[0]), default=None)
        size = GroupSize(children_min=base.value if base else None, children_max=top.value, adults=count)
        evidence = (
            top.evidence
            if base is None or base.span == top.span
            else page.text[min(base.span[0], top.span[0]) : max(base.span[1], top.span[1])]
        )
        found.append(Found(size, evidence, top.rule, top.confidence, top.span))
    if not high:
        found.extend(
            Found(GroupSize(children_min=one.value, adults=count), one.evidence, one.rule, one.confidence, one.span)
            for one in low
        )
    return found
