"""Which clause speaks to whom. A price for schools on the page of a Kita offer is not the Kita's price."""

import re
from typing import Final

from harvesters.normalise.evidence import Found, T
from harvesters.normalise.lexicon import quick
from harvesters.normalise.text import Prose
from schemas.vocabulary import Audience

_KITA: Final = re.compile(
    r"\bkitas?\b|kita-|kitagrupp|kitakind|kindergart|kindergärt|vorsch(?:ul|ül)(?!klass)|krippe|"
    r"kindergrupp|erzieher|kindertages|tagesm[uü]"
)
_SCHOOL: Final = re.compile(
    r"schulklass|klassenstufe|grundsch(?:ul|ül)|\bschüler|lehrkr|sekundar|\bklassen?\b|"
    r"\bschulen\b|unterricht|gymnasi|jahrgangsstufe"
)
_HORT: Final = re.compile(r"\bhort|schulkind|ferienkind")
_ADULT: Final = re.compile(
    r"\berwachsene(?:n|ngruppen)?\b(?! (?:frei|zahlen nichts|kostenlos|person))|senior|reisegruppen|vereine|betriebs"
)
_FAMILY: Final = re.compile(r"\bfamilie(?:n|nkarte|ntag)\b|geburtstag|elternteil|mit ihren eltern|eltern-kind")
_ELSEWHERE: Final = re.compile(
    r"\bsiehe\b|andere[rnm] (?:menüpunkt|seite|stelle|angebot)|eigene[nrms]? (?:seiten?|"
    r"angebot\w?|programm\w?|kurs\w?|tag)|gesondert|wenden sich|nebenan\b|auf einer eigenen|"
    r"separate?[nrms]? |"
    r"finden sie (?:unter|auf|hier)|bieten wir (?:auch )?(?:ein|eigene)|leider nicht|"
    r"nicht geeignet|\bnicht möglich|ungeeignet|nicht (?:mitnehmen|teilnehmen|dürfen|gedacht|"
    r"empfohlen|zugelassen)|rät bei|dürfen (?:leider )?nicht|"
    r"gibt es (?:bei uns )?(?:zurzeit |derzeit |leider |momentan |noch )*(?:nicht|kein\w{0,2})\b|\bplanen wir\b|"
    r"nehmen wir (?:\w{1,14} ){0,5}nicht\b|\bführen\b[^.]{0,40}\bauf$|\btreten (?:\w{1,14} ){0,3}auf\b|"
    r"können wir (?:leider )?(?:\w{1,14} ){0,4}nicht|können (?:leider )?(?:\w{1,14} ){0,2}nicht"
)
_QUICK_ELSEWHERE: Final = quick(_ELSEWHERE)
_CHECKS: Final = (
    (Audience.KITA, quick(_KITA)),
    (Audience.SCHOOL, quick(_SCHOOL)),
    (Audience.HORT, quick(_HORT)),
    (Audience.ADULT, quick(_ADULT)),
    (Audience.FAMILY, quick(_FAMILY)),
)


def audiences_of(clause: str) -> frozenset[Audience]:
    """Whom a clause (lower case) speaks to; empty where it names nobody."""
    return frozenset(audience for audience, pattern in _CHECKS if pattern.search(clause))


def points_elsewhere(clause: str) -> bool:
    """Whether a clause (lower case) sends people to another offer, or turns them away."""
    return _QUICK_ELSEWHERE.search(clause) is not None


class Scopes:
    """Weights of clauses for an offer whose main audience is known."""

    def __init__(self, page: Prose, main: Audience | None) -> None:
        self._page = page
        self._main = main
        self._weights: dict[int, float] = {}

    def weigh(self, found: list[Found[T]]) -> list[Found[T]]:
        """``found`` with the confidence of values lowered that belong to another audience or offer."""
        return [one.weighed(self.weight(self._page.clause_index(one.span[0]))) for one in found]

    def weight(self, index: int) -> float:
        """1 for a clause that may speak of this offer, less where it speaks to others."""
        if index not in self._weights:
            self._weights[index] = self._judge(self._page.clauses[index])
        return self._weights[index]

    def _judge(self, clause: str) -> float:
        factor = 0.55 if points_elsewhere(clause) else 1.0
        named = audiences_of(clause)
        if self._main and named and self._main not in named and self._main is not Audience.STAFF:
            factor *= 0.62
        elif self._main in named:
            factor *= 1.05
        return factor
