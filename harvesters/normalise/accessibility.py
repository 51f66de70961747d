"""Accessibility and practicalities: what a text says is there, is not there, or is there in part."""

import re
from typing import Final

from harvesters.normalise.evidence import Found
from harvesters.normalise.tables import table
from harvesters.normalise.text import Prose, prose
from schemas.vocabulary import Access, Answer, Practicality

ACCESS_PHRASES: Final[tuple[tuple[Access, float, str], ...]] = (
    (
        Access.WHEELCHAIR,
        0.9,
        r"rollst[uü]hl\w{0,20}|rolli\w{0,8}|barrierefrei\w{0,4}|barrierearm\w{0,3}|stufenlos\w{0,3}|"
        r"stufenfrei\w{0,3}|schwellenlos\w{0,3}|aufzug\b|fahrstuhl\b|lift\b|hublift\b|treppenlift\b|"
        r"plattformlift\b|behindertengerecht\w{0,3}|(?!(?:halfpipe|skate|lauf|sprung|bowling|"
        r"kugel)\w{0,8})\w{0,12}rampen?\b",
    ),
    (Access.BUGGY, 0.88, r"kinderwagen\w{0,12}|krippenwagen|buggys?\b|bollerwagen|zwillingswagen|kinderwagentauglich"),
    (
        Access.QUIET_ROOM,
        0.88,
        r"ruheraum|rückzugsraum|rückzugsort|rückzugsmöglichkeit\w{0,2}|stille[rn]? raum|"
        r"(?:ruhiger|stiller|leiser) (?:neben)?raum|ruhebereich|reizarm\w{0,3}|ruhezone|kuschelecke zum rückzug|"
        r"snoezel\w{0,6}",
    ),
    (
        Access.EASY_LANGUAGE,
        0.88,
        r"(?:in )?(?:leichte|einfache)[rn]? sprache|bildkarten|piktogramm\w{0,2}|wortlos\w{0,3}|"
        r"metacom|gebärdenunterstütz\w{0,4}|mit vielen bildern|wenig deutsch|noch (?:kein|wenig|"
        r"nicht viel) deutsch|bilderkarten|symbolkarten",
    ),
    (
        Access.HEARING,
        0.9,
        r"hörschleife\w{0,2}|induktions\w{0,10}|höranlage\w{0,2}|hör(?:geschädigt|beeinträchtig|"
        r"behinder)\w{0,6}|gehörlos\w{0,3}|gebärdensprach\w{0,14}|schriftdolmetsch\w{0,6}|ringschleife\w?|fm-anlage|"
        r"schwerhörig\w{0,3}|übertitel\w{0,3}|untertitel\w{0,3}",
    ),
    (
        Access.SIGHT,
        0.9,
        r"blind\w{0,4} (?:kind|mensch|besuch)\w{0,4}|seh(?:behinder|beeinträchtig|geschädigt)\w{0,6}|"
        r"braille\w{0,7}|blindenschrift|tastmodell\w{0,2}|tastführung\w{0,2}|audiodeskription|"
        r"blindenleit\w{0,8}|blindenhund\w{0,2}|tast(?:stationen|bilder|plan)|zum ertasten",
    ),
)
"""Code, confidence, phrases."""
PRACTICAL_PHRASES: Final[tuple[tuple[Practicality, float, str], ...]] = (
    (Practicality.TOILET, 0.85, r"toiletten?\b|wcs?\b|klo\b|wickel(?:tisch|raum|möglichkeit)\w{0,2}"),
    (Practicality.CLOAKROOM, 0.85, r"garderoben?\b|schließfächer|kleiderhaken"),
    (
        Practicality.PLACE_TO_EAT,
        0.8,
        r"frühstücksraum|frühstücksplatz|picknick\w{0,10}|vespern|pausenraum|aufenthaltsraum|"
        r"frühstücken (?:dürfen|können|kann)|(?:mitgebrachte\w? )(?:frühstück|essen|brotzeit|vesper)|"
        r"essplatz|raum (?:fürs|zum) (?:frühstück\w{0,2}|essen)|frühstückspause|platz (?:zum|"
        r"fürs) (?:frühstück\w{0,2}|essen)",
    ),
    (
        Practicality.ROOM_NEEDED,
        0.85,
        r"(?:brauchen|benötigen|benötigt wird|erforderlich ist|wird benötigt|voraussetzung ist|"
        r"nötig ist|brauchen nur)(?: nur| wir| lediglich|:)? (?:einen? )?(?:\w{1,16} )?(?:raum|"
        r"gruppenraum|turnraum|platz|fläche|küche|bewegungsraum|\d)\w{0,8}|aufbau in (?:gruppenraum|"
        r"turnraum)|raum (?:mind|von mind|ab \d|mit \d)\w{0,6}|spielfläche|leeren? raum|"
        r"abdunkelbar\w{0,3}|verdunkelbar\w{0,3}",
    ),
)
"""Code, confidence, phrases."""
_ACCESS: Final = table(ACCESS_PHRASES)
_PRACTICAL: Final = table(PRACTICAL_PHRASES)
_RANKS: Final = {Answer.NO: 0, Answer.LIMITED: 1, Answer.YES: 2}
_NO_BEFORE: Final = re.compile(
    r"(?:\bkein\w{0,3}|\bnicht|\bohne|leider (?:nicht|kein\w{0,2})|ungeeignet für|weder)\s(?:\w{1,14}\s){0,3}$"
)
_NO_AFTER: Final = re.compile(
    r"^[^.;!?]{0,44}?(?:\bnicht (?:möglich|geeignet|zugänglich|befahrbar|erreichbar|nutzbar|mit|"
    r"vorhanden|barrierefrei|hinein|rein)|leider (?:zu|nicht|kein)|ungeeignet|\bkeine?n?\b|"
    r"zu (?:eng|sandig|steil|schmal)|bleiben (?:bitte )?(?:im|draußen|vor)|"
    r"müssen (?:leider |bitte )?(?:draußen|im|unten|am|vor)\b|defekt|außer betrieb|kaputt|schwierig nicht|fehlt|"
    r"gibt es (?:leider |im \w{2,10} )?(?:nicht|keine))"
)
_NO_STEPS: Final = re.compile(r"\bkeine (?:stufen|treppen?|schwellen?|hindernisse|barrieren)\b")
_PARTLY: Final = re.compile(
    r"^[^.;!?,]{0,30}\b(?:befahrbar|zugänglich|erreichbar|nutzbar|möglich|geeignet|barrierefrei|vorhanden)\b"
    r"[^.;!?,]{0,10}, [^.;!?]{0,40}\b(?:nicht|kein\w{0,2})\b"
)
"""A yes for one part of the house and a no for another in one sentence."""
_LIMITED: Final = re.compile(
    r"eingeschränkt|teilweise|bedingt|zum teil|nur (?:das )?(?:erdgeschoss|eg)|nach absprache|"
    r"auf anfrage|mit hilfe|fast (?:überall|alle)|bei trockenheit|weitgehend|nicht alle|außer auf|"
    r"bis auf|auf den ersten|nur mit"
)


def read_accessibility(text: str | Prose) -> list[Found[tuple[Access, Answer]]]:
    """What ``text`` says about access, one answer per code; a yes outweighs a no in another clause only if it comes
    first.

    >>> [one.value[1].value for one in read_accessibility("leider nicht rollstuhlgerecht")]
    ['no']
    """
    page = prose(text)
    found: dict[Access, Found[tuple[Access, Answer]]] = {}
    for phrase, match in _ACCESS.matches(page):
        if match[0].startswith("bollerwagen"):
            continue
        answer = _answer(page, match)
        words, rule = page.text[match.start() : match.end()], f"accessibility.{phrase.code.value}"
        before = found.get(phrase.code)
        if before is None or _RANKS[answer] > _RANKS[before.value[1]]:
            found[phrase.code] = Found((phrase.code, answer), words, rule, phrase.weight, match.span())
    return list(found.values())


def read_practicalities(text: str | Prose) -> list[Found[tuple[Practicality, Answer]]]:
    """What ``text`` says about toilet, cloakroom, place to eat, and a room needed in the Kita."""
    page = prose(text)
    found: dict[Practicality, Found[tuple[Practicality, Answer]]] = {}
    for phrase, match in _PRACTICAL.matches(page):
        if phrase.code not in found:
            answer = Answer.YES if phrase.code is Practicality.ROOM_NEEDED else _answer(page, match)
            words, rule = page.text[match.start() : match.end()], f"practicalities.{phrase.code.value}"
            found[phrase.code] = Found((phrase.code, answer), words, rule, phrase.weight, match.span())
    return list(found.values())


def _answer(page: Prose, match: re.Match[str]) -> Answer:
    begin, stop = page.around(match.start())
    before = page.lower[max(begin, match.start() - 40) : match.start()]
    after = _NO_STEPS.sub("", page.lower[match.end() : min(stop, match.end() + 60)])
    if re.search(r"kein (?:problem|hindernis|thema)", after):
        return Answer.YES
    if _PARTLY.match(after):
        return Answer.LIMITED
    if _NO_BEFORE.search(before) or _NO_AFTER.match(after):
        return Answer.NO
    if _LIMITED.search(page.lower[max(begin, match.start() - 40) : min(stop, match.end() + 50)]):
        return Answer.LIMITED
    return Answer.YES
