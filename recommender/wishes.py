"""How well an offer meets what a Kita wishes, is, and does not want, in words."""

import re
from typing import Final

import numpy as np

from recommender.features import Fit
from recommender.index import MODES, Floats, Ints, OfferIndex
from recommender.lexicon import topics_in
from recommender.text import fold, phrases
from schemas.kita import Kita
from schemas.vocabulary import Mode

ENOUGH_WORDS: Final = 0.34
"""Share of a phrase's content that must stand in an offer before it counts."""
_TOPIC, _MENTION = 0.6, 0.25
"""What a shared topic is worth where the offer is about it, and where its text only names it."""
_SECOND = 0.3
"""A second wish that is met adds this share of the rest."""
_CLOSE = 0.25
"""Cosine between a concept and an offer that counts as full; unrelated German texts lie below 0.03."""
_LONGER = re.compile(
    r"(?:uber|langer als|mehr als)\s(?:(\d{1,3})\s?min|(?:eine\s)?(halbe|dreiviertel|ganze)?\s?stunde)"
)
_MINUTES = {"halbe": 30, "dreiviertel": 45}
_COMES = re.compile(r"\bins haus\b|\bmobil|zu uns (?:kommt|kommen)|in die kita (?:kommt|kommen)")
_SMALL = re.compile(r"\bklein\w* (?:gruppe|runde)")
_MONEY = re.compile(r"\bgeld kostet\b|\beintritt\b")
_RIDES = re.compile(r"\b(?:bus|bahn|busfahrt\w*|bahnfahrt\w*)\b")
_LONG_RIDE_KM = 20.0
_SMALL_GROUP = 12
"""Children up to which a group counts as small."""
_IN_KITA = 1 << MODES.index(Mode.IN_KITA)
_ASKED = 0.6
"""What meeting a wish about the form of an offer is worth, beside one about its content."""
_DISLIKED = 0.6
"""Share of a phrase's content that must stand in an offer before it counts as what the Kita does not want."""


def phrase_match(phrase: str, index: OfferIndex, rows: Ints) -> Floats:
    """Per row from 0 to 1 how well an offer meets one phrase: by its words, its topic, or the form asked for."""
    covered = index.texts.covered(phrase)[rows]
    covered = np.where(covered >= ENOUGH_WORDS, covered, 0.0)
    wanted = topics_in(phrase)
    about = np.where((index.topics[rows] & wanted) != 0, _TOPIC, 0.0)
    named = np.where((index.mentions[rows] & wanted) != 0, _MENTION, 0.0)
    match = np.maximum(covered, np.maximum(about, named))
    folded = fold(phrase)
    if _COMES.search(folded):
        match = np.maximum(match, np.where((index.modes[rows] & _IN_KITA) != 0, _ASKED, 0.0))
    if _SMALL.search(folded):
        match = np.maximum(match, np.where(index.max_children[rows] <= _SMALL_GROUP, _ASKED, 0.0))
    return np.asarray(match)


def wish_match(kita: Kita, index: OfferIndex, rows: Ints) -> Floats:
    """From 0 to 1: the wish that is met best, and a little for a second one."""
    best = np.zeros(len(rows))
    second = np.zeros(len(rows))
    for phrase in phrases(kita.wishes):
        match = phrase_match(phrase, index, rows)
        second = np.maximum(second, np.minimum(best, match))
        best = np.maximum(best, match)
    return best + _SECOND * second * (1 - best)


def met_wishes(kita: Kita, index: OfferIndex, rows: Ints) -> list[str | None]:
    """Per row the wish, in the Kita's own words, that the offer meets best; None where it meets none."""
    wanted = phrases(kita.wishes)
    if not wanted:
        return [None] * len(rows)
    matches = np.stack([phrase_match(phrase, index, rows) for phrase in wanted])
    best = matches.argmax(axis=0)
    return [wanted[which] if matches[which, place] > 0 else None for place, which in enumerate(best)]


def concept_match(kita: Kita, index: OfferIndex, rows: Ints) -> Floats:
    """From 0 to 1: cosine between the Kita's wishes and concept and the offer's text, 1 at 0.25."""
    text = " ".join(filter(None, (kita.wishes, kita.concept)))
    return np.clip(index.texts.cosine(text)[rows] / _CLOSE, 0, 1)


def dislike_match(fit: Fit, index: OfferIndex, rows: Ints) -> Floats:
    """From 0 to 1: how much an offer resembles what the Kita does not want; minutes, money, rides are understood."""
    worst = np.zeros(len(rows))
    for phrase in phrases(fit.view.kita.dislikes):
        folded = fold(phrase)
        covered = index.texts.covered(phrase)[rows]
        worst = np.maximum(worst, np.where(covered >= _DISLIKED, covered, 0.0))
        longer = _LONGER.search(folded)
        if longer:
            limit = int(longer[1]) if longer[1] else _MINUTES.get(longer[2] or "", 60)
            worst = np.maximum(worst, np.where(index.minutes[rows] > limit, 1.0, 0.0))
        if _MONEY.search(folded):
            worst = np.maximum(worst, np.where(fit.cost[rows] > 0, 1.0, 0.0))
        if _RIDES.search(folded):
            walk = max((fit.view.walk_km(group) for group in range(len(fit.view.groups))), default=0.0)
            rides = (fit.road_km[rows] > walk) & ~fit.mobile[rows]
            worst = np.maximum(worst, np.where(rides, np.clip(fit.road_km[rows] / _LONG_RIDE_KM, 0, 1), 0.0))
    return worst
