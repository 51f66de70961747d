"""Languages that an offer names, by ISO 639 code."""

import re
from typing import Final

from harvesters.normalise.evidence import Found
from harvesters.normalise.tables import find_all, table
from harvesters.normalise.text import Prose, prose

STEMS: Final[tuple[tuple[str, float, str], ...]] = (
    ("en", 0.85, r"englisch\w{0,3}|in english|english\b"),
    ("pl", 0.88, r"polnisch\w{0,5}|deutsch-polnisch\w{0,4}|po polsku|zapraszamy|dwujęzyczn\w{0,3}|polski\w{0,2}"),
    ("uk", 0.88, r"ukrainisch\w{0,5}|українськ\w{0,4}"),
    ("ru", 0.85, r"russisch\w{0,5}|русск\w{0,4}"),
    ("ar", 0.88, r"arabisch\w{0,5}"),
    ("tr", 0.85, r"türkisch\w{0,5}|türkçe"),
    ("fa", 0.85, r"persisch\w{0,5}|farsi\b|dari\b"),
    ("ku", 0.85, r"kurdisch\w{0,5}|kurmand\w{0,6}"),
    ("fr", 0.8, r"französisch\w{0,3}|en français"),
    ("es", 0.8, r"spanisch\w{0,3}|en español"),
    ("it", 0.7, r"italienisch\w{0,3}"),
    ("ro", 0.8, r"rumänisch\w{0,3}"),
    ("bg", 0.8, r"bulgarisch\w{0,3}"),
    ("vi", 0.8, r"vietnamesisch\w{0,3}"),
    ("da", 0.8, r"dänisch\w{0,3}|på dansk"),
    ("frr", 0.85, r"nordfriesisch\w{0,3}|friesisch(?:e|er|en)? sprache|auf friesisch"),
    ("nds", 0.9, r"plattdeutsch\w{0,3}|niederdeutsch\w{0,3}|op platt|auf platt\b|platt snacken|plattdüütsch\w{0,3}"),
    ("gsg", 0.92, r"(?:deutsche[rn]? )?gebärden(?:sprach\w{0,12}|dolmetsch\w{0,6}|begleit\w{0,8})|\bdgs\b|in gebärden"),
)
"""Code, confidence, stems."""
_TABLE: Final = table(STEMS)
_NOT_SPOKEN: Final = re.compile(r"(?:\bkein\w{0,3}|nicht auf|nicht in|ohne)\s$")
_NOT_A_LANGUAGE: Final = re.compile(
    r"\s(?:grenze|küste|seite|essen|spezialität\w{0,3}|restaurant|küche|gebäck|tee\b|garten|"
    r"film\w{0,2}|doggen?|komponist\w{0,3}|maler\w{0,2}|ostsee|schul\w{0,8}|partner\w{0,8}|"
    r"volkslied\w{0,3}|bulldogg\w{0,2}|nationalpark|gäste)"
)
_GERMAN: Final = table(
    (("de", 0.8, r"auf deutsch|deutsch-\w{5,12}|deutsch und \w{2,12}isch|zweisprachig|in deutscher sprache"),)
)


def read_languages(text: str | Prose) -> list[Found[str]]:
    """Languages named in ``text``; German only where it is named as well. Origins ("polnische Küche") are none.

    >>> [one.value for one in read_languages("Kamishibai auf Deutsch und Polnisch")]
    ['de', 'pl']
    """
    page = prose(text)
    if not any(
        cue in page.lower
        for cue in (
            "isch",
            "english",
            "platt",
            "gebärd",
            "dgs",
            "polsk",
            "zapr",
            "farsi",
            "dari",
            "zweisprach",
            "auf deutsch",
            "spañol",
            "dansk",
            "україн",
            "русск",
            "türkçe",
            "dwuj",
        )
    ):
        return []
    found = [
        one
        for one in find_all(page, _TABLE, "languages.named", skip=_NOT_SPOKEN)
        if not _NOT_A_LANGUAGE.match(page.lower, one.span[1])
    ]
    german = find_all(page, _GERMAN, "languages.named")
    return sorted([*german, *found] if found else [], key=lambda one: (one.value != "de", one.span))
