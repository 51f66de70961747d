"""The score: a sum of named parts, each a value from -1 to 1 times a weight that is written down here."""

from typing import Final

import numpy as np

from recommender.context import Context
from recommender.features import NO_DAY, Fit
from recommender.index import (
    ACCESS_LIMITED,
    ACCESS_NO,
    ACCESS_UNKNOWN,
    ACCESS_YES,
    AREAS,
    DATED,
    NEEDS,
    UNKNOWN,
    Floats,
    Ints,
    OfferIndex,
    bits,
    language_bits,
)
from recommender.parts import PARTS
from recommender.service import INSIDE, OUTSIDE
from recommender.wishes import concept_match, dislike_match, wish_match
from schemas.vocabulary import TravelMeans

WEIGHTS: Final = np.array([part.weight for part in PARTS])

_FAR_DAYS, _TOO_FAR_DAYS = 60, 150
_SCARCE_DAYS = 60
_WINTER_MONTHS = frozenset({11, 12, 1, 2, 3})
_FRESH_DAYS, _STALE_DAYS = 60, 730
_COST_WITHOUT_BUDGET = 8.0
_OVER_BUDGET = 0.5
_NOT_SERVED = 0.5
_USUAL_ROUND_KM = 60.0
_UNKNOWN_PLACE, _UNKNOWN_AREA = -0.2, 0.2  # a place one does not know is out of reach more often than not
_GERMAN = language_bits(["de"])
_NATURE = bits([area for area in AREAS if area == "nature_sustainability"], AREAS)


def values(fit: Fit, index: OfferIndex, context: Context, rows: Ints) -> Floats:
    """Rows × parts: the value of each part for the given rows of the index, each within -1 and 1."""
    columns = (
        _age(fit, index, rows),
        _way(fit, index, rows),
        _cost(fit, index, rows),
        _timing(fit, index, context, rows),
        _areas(fit, index, rows),
        wish_match(fit.view.kita, index, rows),
        concept_match(fit.view.kita, index, rows),
        -dislike_match(fit, index, rows),
        _languages(fit, index, rows),
        _needs(fit, index, rows),
        _group_size(fit, index, rows),
        np.where(np.isnan(index.suitable[rows]), 0.3, index.suitable[rows]),
        index.completeness[rows],
        _freshness(index, rows),
    )
    return np.asarray(np.clip(np.stack(columns, axis=1), -1.0, 1.0))


def _age(fit: Fit, index: OfferIndex, rows: Ints) -> Floats:
    """Overlap with the best group; an unknown age is worth a third of a perfect one."""
    return np.where(index.age_known[rows], fit.age[rows], 1 / 3)


def _way(fit: Fit, index: OfferIndex, rows: Ints) -> Floats:
    """1 at the door down to 0 at the limit and below beyond it; on foot the group's own range is the best part.

    A visit to somebody who also comes, but not as far as this Kita, loses half a point: the area says whom they serve.
    """
    reach = max(fit.view.reach_km, 0.1)
    road = fit.road_km[rows]
    going = 1 - road / reach
    if fit.view.kita.travel is TravelMeans.FOOT:
        walk = np.array([fit.view.walk_km(group) for group in range(len(fit.view.groups))])
        own = walk[np.maximum(fit.group[rows], 0)] if len(walk) else np.full(len(rows), 0.0)
        going = np.where(road <= own, 1 - 0.3 * road / np.maximum(own, 0.1), np.minimum(going, 0.7))
    home = np.nan_to_num(fit.home_km[rows], nan=0.0)
    going = np.where(np.isnan(road), np.minimum(_UNKNOWN_PLACE, 0.8 - home / reach), going)
    going = np.where(fit.mobile[rows] & (fit.service[rows] == OUTSIDE), going - _NOT_SERVED, going)
    maybe = np.clip(2 * _UNKNOWN_AREA - home / _USUAL_ROUND_KM, -1.0, _UNKNOWN_AREA)
    coming = np.where(fit.service[rows] == INSIDE, 1.0, maybe)
    never = np.full(len(rows), -1.0)
    best = np.where(fit.may_go[rows], going, never)
    best = np.maximum(best, np.where(fit.may_come[rows], coming, never))
    return np.maximum(best, np.where(fit.online[rows], 0.2, never))


def _cost(fit: Fit, index: OfferIndex, rows: Ints) -> Floats:
    """1 for free down to 0.4 at the budget: what a Kita can pay is no hindrance. Beyond it, with extras, it falls fast.

    An unknown price is worth a little.
    """
    budget = fit.view.kita.max_cost_per_child_eur
    frame = _COST_WITHOUT_BUDGET if budget is None else max(budget, 0.5)
    cost = fit.cost[rows]
    value = np.where(cost <= 0, 1.0, 0.9 - 0.5 * cost / frame)
    value = np.where(cost > frame, value - _OVER_BUDGET, value)
    value = np.where(index.donation[rows], 0.6, value)
    return np.where(np.isnan(cost), 0.1, value)


def _timing(fit: Fit, index: OfferIndex, context: Context, rows: Ints) -> Floats:
    """Dates past the planning lead and within two months are best; later seasons sink; scarce ones rise."""
    lead = max(fit.view.kita.planning_lead_days, 1)
    dated = (index.schedule[rows] == DATED) & index.dated[rows]
    days = fit.first_day[rows].astype(np.float64)
    dated_value = np.where(days < lead, 0.7 * np.clip(days / lead, 0, 1) + 0.1, _later(days, 0.9))
    dated_value = np.where(fit.first_day[rows] >= NO_DAY, 0.1, dated_value)
    regular = np.where(index.schedule[rows] == UNKNOWN, 0.3, _later(index.wait[rows], 0.7))
    ends = index.left[rows]
    regular = regular + np.where((index.wait[rows] == 0) & (ends < _SCARCE_DAYS * 2) & (ends >= lead), 0.2, 0.0)
    value = np.where(dated, dated_value, regular)
    closes = index.booking_closes[rows]
    opens = index.booking_opens[rows]
    value = value + np.where((closes <= _SCARCE_DAYS) & (closes >= 0), 0.1, 0.0)
    value = value - np.where(opens > _SCARCE_DAYS, 0.4, 0.0)
    cold = context.today.month in _WINTER_MONTHS and not bits(fit.view.kita.areas_wanted, AREAS) & _NATURE
    year_round = (index.wait[rows] == 0) & (ends > 365) & ~dated
    return value - (0.2 * (index.outdoor[rows] & year_round) if cold else 0.0)


def _later(days: Floats, best: float) -> Floats:
    """``best`` up to two months ahead, then falling to -0.5 at five months."""
    return best - (best + 0.5) * np.clip((days - _FAR_DAYS) / (_TOO_FAR_DAYS - _FAR_DAYS), 0, 1)


def _areas(fit: Fit, index: OfferIndex, rows: Ints) -> Floats:
    """1 where the main area is wanted, 0.6 where another one is."""
    wanted = bits(fit.view.kita.areas_wanted, AREAS)
    main = np.where(index.main_area[rows] >= 0, 1 << np.maximum(index.main_area[rows], 0), 0)
    return np.where((main & wanted) != 0, 1.0, np.where((index.areas[rows] & wanted) != 0, 0.6, 0.0))


def _languages(fit: Fit, index: OfferIndex, rows: Ints) -> Floats:
    """1 where it speaks another language of the Kita."""
    wanted = language_bits(fit.view.kita.languages) & ~_GERMAN
    return np.where((index.languages[rows] & wanted) != 0, 1.0, 0.0)


def _needs(fit: Fit, index: OfferIndex, rows: Ints) -> Floats:
    """Mean over the Kita's needs: met 1, limited 0, unknown -0.3, not met -1; 0 for a Kita without needs."""
    needs = [NEEDS.index(need) for need in fit.view.kita.needs]
    if not needs:
        return np.zeros(len(rows))
    worth = np.zeros(4)
    worth[[ACCESS_UNKNOWN, ACCESS_YES, ACCESS_LIMITED, ACCESS_NO]] = -0.3, 1.0, 0.0, -1.0
    return np.asarray(worth[index.access[rows][:, needs]].mean(axis=1))


def _group_size(fit: Fit, index: OfferIndex, rows: Ints) -> Floats:
    """The share of the group's fitting children that may come at once; 0.5 where either number is unknown."""
    if not len(fit.view.groups):
        return np.zeros(len(rows))
    group = np.maximum(fit.group[rows], 0)
    fitting = fit.view.children[group] * np.where(index.age_known[rows], fit.age[rows], 1.0)
    share = np.clip(index.max_children[rows] / np.maximum(fitting, 1.0), 0, 1)
    return np.where(np.isnan(fitting) | np.isinf(index.max_children[rows]), 0.5, share)


def _freshness(index: OfferIndex, rows: Ints) -> Floats:
    """1 up to two months after the last confirmation, falling to -1 after two years; 0 where unknown."""
    age = index.age_days[rows]
    value = 1 - 2 * np.clip((age - _FRESH_DAYS) / (_STALE_DAYS - _FRESH_DAYS), 0, 1)
    return np.where(np.isnan(age), 0.0, value)
