"""How good ranking is on a gold corpus: with gold fields, end to end from raw text, and beside simple baselines.

The figures are defined in ``recommender.metrics``. Ranking is as of the first Monday after the latest ``seen_on``, with
nothing sent or answered before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from recommender import metrics
from recommender.groups import is_hort
from recommender.index import OfferIndex
from recommender.recommend import recommend
from recommender.sessions import sessions
from schemas.clock import next_monday
from schemas.kita import Kita
from schemas.offer import Offer
from schemas.vocabulary import PriceModel, Status
from webapp.evaluation.baselines import Ranked, Ranker, baselines, with_equals
from webapp.evaluation.corpus import Corpus, OfferLine, read_corpus
from webapp.evaluation.gold import completed
from webapp.evaluation.raw import read_raw
from webapp.ranking import holidays_around

PLACES: Final = 8
DEPTH: Final = 30
"""How deep a list is looked at for recall."""
BUDGET_TOLERANCE: Final = 1.05


def evaluate_ranking(folder: Path) -> dict[str, Any]:
    """Figures for the corpus in ``folder`` in the form of DESIGN §9; raises ``CorpusError`` for a bad corpus."""
    corpus = read_corpus(folder)
    today = next_monday(corpus.seen_on)
    read = read_raw(corpus, today)
    gold = completed(corpus.gold_offers, {offer.id: offer for offer in read})
    return {
        "corpus": corpus.name,
        "kitas": len(corpus.kitas),
        "gold": _report(corpus, gold, today),
        "end_to_end": _report(corpus, [offer for offer in read if offer.status is not Status.HELD], today),
    }


def _report(corpus: Corpus, offers: Sequence[Offer], today: date) -> dict[str, Any]:
    index = OfferIndex.build(offers, today)
    context = holidays_around(today)
    forbidden = {kita.id: violating(kita, corpus, today) for kita in corpus.kitas}

    def ours(kita: Kita) -> Ranked:
        shown = recommend(kita, index, context, limit=PLACES).recommendations
        deep = recommend(kita, index, context, limit=DEPTH, least_share=0).recommendations
        return Ranked([each.offer for each in shown], [each.offer for each in deep])

    judged = _judge(corpus, ours, forbidden)
    return {
        **judged.figures,
        "se": judged.errors,
        "baselines": {
            name: _judge(corpus, ranker, forbidden).figures for name, ranker in baselines(corpus, index, DEPTH).items()
        },
        "per_kita": {
            kita: {"ndcg@8": round(ndcg, 4), "top": list(judged.lists[kita])} for kita, ndcg in judged.ndcg.items()
        },
    }


@dataclass(frozen=True)
class _Judged:
    figures: dict[str, float]
    errors: dict[str, float]
    lists: dict[str, Sequence[str]]
    ndcg: dict[str, float]


def _judge(corpus: Corpus, ranker: Ranker, forbidden: Mapping[str, frozenset[str]]) -> _Judged:
    """Every figure of one ranker; shares of what is shown are pooled over the Kitas, the others are means over them."""
    ranked = {kita.id: ranker(kita) for kita in corpus.kitas}
    lists = {kita: each.shown[:PLACES] for kita, each in ranked.items()}
    grades = corpus.qrels
    per_kita = {
        "ndcg@8": {kita: metrics.ndcg(top, grades[kita], corpus.same_as, PLACES) for kita, top in lists.items()},
        "precision@8": {k: metrics.precision(top, grades[k], corpus.same_as, PLACES) for k, top in lists.items()},
        "recall@30": {kita: metrics.recall(r.deep, grades[kita], corpus.same_as, DEPTH) for kita, r in ranked.items()},
    }
    counts = {
        "unfit@8": {kita: metrics.unfit(top, grades[kita], corpus.same_as, PLACES) for kita, top in lists.items()},
        "violations@8": {kita: metrics.violations(top, forbidden[kita], PLACES) for kita, top in lists.items()},
    }
    figures = {name: metrics.mean(list(values.values())) for name, values in per_kita.items()}
    errors = {name: metrics.standard_error(list(values.values())) for name, values in per_kita.items()}
    for name, values in counts.items():
        figures[name] = sum(values.values()) / max(sum(map(len, lists.values())), 1)
        errors[name] = metrics.standard_error([values[kita] / len(top) for kita, top in lists.items() if top])
    good = {offer for each in grades.values() for offer, grade in each.items() if grade >= 1}
    figures["coverage@8"] = metrics.coverage(list(lists.values()), good, PLACES)
    return _Judged(_rounded(figures), _rounded(errors), lists, per_kita["ndcg@8"])


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}


def violating(kita: Kita, corpus: Corpus, today: date) -> frozenset[str]:
    """Offers that by the gold fields must not be shown to a Kita; what it graded 1 or better is never among them.

    Cancelled, past, for another audience, without any group of that age, already used (itself or its equal in another
    source), or over the budget: a price per group is shared by the largest group allowed, or by all children of groups
    whose age overlaps where these are fewer; 5 % tolerance; a series counts per session where its text says so.
    """
    grades = corpus.qrels[kita.id]
    used = with_equals(kita.already_used, corpus.same_as)
    return frozenset(
        line.id
        for line, offer in zip(corpus.lines, corpus.gold_offers, strict=True)
        if grades.get(line.id, 0) < 1 and (line.id in used or _breaks(kita, line, offer, today))
    )


def _breaks(kita: Kita, line: OfferLine, offer: Offer, today: date) -> bool:
    addressed = [group for group in kita.groups if line.gold.audience == ("hort" if is_hort(group) else "kita")]
    low = line.gold.age_min_months or 0
    high = line.gold.age_max_months if line.gold.age_max_months is not None else 1200
    fitting = [group for group in addressed if group.min_months <= high and group.max_months >= low]
    return (
        line.gold.cancelled
        or (offer.schedule is not None and offer.schedule.is_over(today))
        or not fitting
        or _over_budget(kita, offer, sum(group.children or 0 for group in fitting))
    )


def _over_budget(kita: Kita, offer: Offer, children: int) -> bool:
    price, budget = offer.price, kita.max_cost_per_child_eur
    if budget is None or price is None or not price.amount_eur or price.model is PriceModel.DONATION:
        return False
    cost = price.amount_eur / sessions(offer)
    if price.model is PriceModel.PER_GROUP:
        largest = offer.group_size.children_max if offer.group_size else None
        cost /= max(min(largest or children, children), 1)
    return cost > budget * BUDGET_TOLERANCE
