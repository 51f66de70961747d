"""The one door: what to recommend to a Kita, what was left out and why, and the arithmetic behind one offer."""

from dataclasses import dataclass

import numpy as np

from recommender.context import Context
from recommender.diversify import choose
from recommender.features import Fit, fit
from recommender.filters import RULES, Removals, first_rule
from recommender.groups import view
from recommender.index import Floats, OfferIndex
from recommender.reasons import facts
from recommender.scoring import WEIGHTS, values
from recommender.wishes import met_wishes
from schemas.kita import Kita
from schemas.recommendation import Recommendation, Removed

LEAST_SHARE = 0.6
"""An offer with less than this share of the best score is not shown: a short list is better than a filled-up one."""


@dataclass(frozen=True)
class Result:
    """One Kita's ranking."""

    recommendations: tuple[Recommendation, ...]
    """The list, best first; shorter than asked for where little fits."""
    removed: Removals
    """What the hard rules took out, in order of the ids."""
    note: str | None = None
    """A German sentence for an empty list that says why it is empty."""


def recommend(
    kita: Kita, index: OfferIndex, context: Context, *, limit: int = 8, least_share: float = LEAST_SHARE
) -> Result:
    """Recommend at most ``limit`` offers of the index to a Kita; the same arguments always give the same result.

    Offers with less than ``least_share`` of the best score are left out (0 fills the list with all that is possible).
    Raises ``ValueError`` where index and context are about different days.
    """
    facts_of_all, rule = _judge(kita, index, context)
    rows = np.flatnonzero(rule < 0)
    matrix = values(facts_of_all, index, context, rows)
    scores = _sums(matrix)
    best = scores.max(initial=0.0)
    enough = scores >= least_share * best
    places = {int(row): place for place, row in enumerate(rows)}
    chosen = choose(index, rows[enough], scores[enough], limit)
    wishes = met_wishes(kita, index, np.array(chosen, dtype=np.int64))
    recommendations = tuple(
        _recommendation(facts_of_all, index, context, row, matrix[places[row]], wish, rank)
        for rank, (row, wish) in enumerate(zip(chosen, wishes, strict=True), start=1)
    )
    removals = Removals(facts_of_all, index, rule)
    return Result(recommendations, removals, None if recommendations else _why_empty(facts_of_all, index, removals))


def explain(kita: Kita, offer_id: str, index: OfferIndex, context: Context) -> Recommendation | Removed:
    """The arithmetic of one offer for one Kita, with rank 1, or the rule that removes it.

    Raises ``KeyError`` for an offer that is not in the index.
    """
    facts_of_all, rule = _judge(kita, index, context)
    row = index.rows[offer_id]
    if rule[row] >= 0:
        chosen = RULES[rule[row]]
        return Removed(offer=offer_id, rule=chosen.name, words=chosen.words(facts_of_all, index, row))
    only = np.array([row])
    matrix = values(facts_of_all, index, context, only)
    return _recommendation(facts_of_all, index, context, row, matrix[0], met_wishes(kita, index, only)[0], 1)


def scores_of(kita: Kita, index: OfferIndex, context: Context) -> Floats:
    """The score per row of the index, -inf for what a hard rule removes; before diversity and without a limit."""
    facts_of_all, rule = _judge(kita, index, context)
    rows = np.flatnonzero(rule < 0)
    scores = np.full(len(index), -np.inf)
    scores[rows] = _sums(values(facts_of_all, index, context, rows))
    return scores


def _judge(kita: Kita, index: OfferIndex, context: Context) -> tuple[Fit, np.ndarray]:
    if index.today != context.today:
        raise ValueError(f"the index is about {index.today}, the context about {context.today}; build both for one day")
    facts_of_all = fit(view(kita), index, context)
    return facts_of_all, first_rule(facts_of_all, index, context)


def _sums(matrix: Floats) -> Floats:
    """Scores to nine decimals, so that the order of summation cannot decide between equals."""
    return np.asarray(np.round(matrix @ WEIGHTS, 9))


def _recommendation(
    fit_: Fit, index: OfferIndex, context: Context, row: int, values_: Floats, wish: str | None, rank: int
) -> Recommendation:
    told = facts(fit_, index, context, row, values_, wish)
    group = int(fit_.group[row])
    road, cost = float(fit_.road_km[row]), float(fit_.cost[row])
    return Recommendation(
        kita=fit_.view.kita.id,
        offer=index.offers[row].id,
        rank=rank,
        score=float(_sums(values_[np.newaxis])[0]),
        group=fit_.view.groups[group].name if group >= 0 else None,
        parts=told.parts,
        reasons=told.reasons,
        distance_km=round(road, 1) if fit_.may_go[row] and not np.isnan(road) else None,
        cost_per_child_eur=None if np.isnan(cost) else round(cost, 2),
        day=told.day,
    )


def _why_empty(fit_: Fit, index: OfferIndex, removals: Removals) -> str:
    if not len(index):
        return "Zurzeit liegen keine Angebote vor."
    if not fit_.view.groups:
        return "Im Profil Ihrer Kita ist noch keine Gruppe eingetragen; bitte ergänzen Sie mindestens eine."
    counts = removals.counts()
    most = max(counts, key=lambda name: (counts[name], name))
    reason = next(rule for rule in RULES if rule.name == most)
    return f"Zurzeit passt keines der {len(index)} Angebote; am häufigsten war der Grund: {reason.summary}"
