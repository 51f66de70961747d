"""How well offers that two sources both have are found on a gold corpus, the way a night at the desk does it.

Every line counts as read from a source of its own, from raw text. A pair is *found* where a person would be asked or
the evidence leaves no question (``recommender.matching``); it is right where gold puts both into one
``same_as_group``. A false merge is a pair without a question that gold keeps apart.
"""

from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

from recommender.matching import Pool, Verdict
from schemas.clock import next_monday
from schemas.identifiers import provider_key
from schemas.offer import Offer
from schemas.search import other_words, title_words
from schemas.store.pairs import Sketch, rare_words
from webapp.duplicates import meeting
from webapp.evaluation.corpus import Corpus, read_corpus
from webapp.evaluation.extraction import Tally
from webapp.evaluation.raw import read_raw


def evaluate_matching(folder: Path) -> dict[str, Any]:
    """Figures for the corpus in ``folder``; raises ``CorpusError`` for a bad corpus.

    ``pairs`` counts those of gold, ``compared`` those that met, ``unmet`` those of gold that did not.
    """
    corpus = read_corpus(folder)
    offers = read_raw(corpus, next_monday(corpus.seen_on))
    met = meeting(_sketches(offers))
    verdicts = {pair: evidence.verdict for pair, evidence in zip(met, Pool(offers).compare(met), strict=True)}
    gold = _gold_pairs(corpus)
    found = {pair for pair, verdict in verdicts.items() if verdict is not Verdict.DIFFERENT}
    tally = Tally(len(found & gold), len(found - gold), len(gold - found))
    return {
        "corpus": corpus.name,
        "pairs": len(gold),
        **tally.figures(),
        "false_merges": sum(verdict is Verdict.SAME and pair not in gold for pair, verdict in verdicts.items()),
        "compared": len(met),
        "unmet": len(gold - set(met)),
    }


def _sketches(offers: list[Offer]) -> list[Sketch]:
    words = {offer.id: {*title_words(offer).split(), *other_words(offer).split()} for offer in offers}
    counts = Counter(word for each in words.values() for word in each)
    return [
        Sketch(
            offer.id,
            offer.region,
            rare_words(words[offer.id], counts),
            provider_key(offer.provider.name) if offer.provider else None,
            offer.place.locality if offer.place else None,
            frozenset({offer.id}),
        )
        for offer in offers
    ]


def _gold_pairs(corpus: Corpus) -> set[tuple[str, str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for offer_id, group in corpus.same_as.items():
        groups[group].append(offer_id)
    return {(one, other) for ids in groups.values() for one, other in combinations(sorted(ids), 2)}
