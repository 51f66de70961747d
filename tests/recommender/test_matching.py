"""Two descriptions of one offer are told from two offers by evidence that adds up."""

from datetime import date
from typing import Any

import pytest

from recommender.matching import Pool, Verdict, facts_of
from schemas.offer import AgeRange, Offer, Price
from schemas.vocabulary import PriceModel
from tests.factories import make_dated_schedule, make_offer, make_place

TEXT = "Wir suchen Ammoniten im Steinbruch, putzen sie mit Bürsten und gießen zum Schluss einen Abdruck aus Gips."
RETOLD = "Mit Bürste und Lupe geht es in den Steinbruch: Die Kinder putzen Ammoniten und gießen Gipsabdrücke."


def offer(number: int, title: str = "Fossilien im Steinbruch", text: str = TEXT, **changes: Any) -> Offer:
    """One of several offers, each with a page of its own."""
    own = {"summary": None, "url": f"https://seite{number}.example/", "same_as": ()}
    return make_offer(**(own | {"id": f"o{number:015}", "title": title, "description": text} | changes))


def others() -> list[Offer]:
    """Offers of the same town that share nothing but what is usual."""
    themes = (
        "Brot backen",
        "Feuerwehr besuchen",
        "Trommeln lernen",
        "Papier schöpfen",
        "Bienen beobachten",
        "Theater spielen",
    )
    return [
        offer(100 + number, theme, f"{theme}: ein Vormittag mit {theme.split()[0]} für eure Kita. {word * 3}")
        for number, (theme, word) in enumerate(
            zip(themes, ("Teig ", "Helm ", "Takt ", "Sieb ", "Wabe ", "Bühne "), strict=True)
        )
    ]


def verdict(one: Offer, other: Offer) -> Verdict:
    (evidence,) = Pool([*others(), one, other]).compare([(one.id, other.id)])
    return evidence.verdict


def test_one_tour_told_in_other_words_by_another_source_is_found():
    assert verdict(offer(1), offer(2, "Auf Fossilienjagd", RETOLD)) is not Verdict.DIFFERENT


def test_the_same_words_and_facts_leave_no_question():
    assert verdict(offer(1), offer(2)) is Verdict.SAME


def test_two_offers_of_one_house_with_all_facts_alike_are_two():
    assert (
        verdict(offer(1), offer(2, "Papierwerkstatt", "Wir schöpfen Papier und färben es mit Beeren."))
        is Verdict.DIFFERENT
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"ages": AgeRange(min_months=120, max_months=200)},
        {"title": "Fossilien im Steinbruch, Teil 2"},
        {"schedule": make_dated_schedule(date(2026, 12, 3))},
    ],
    ids=["other children", "another part", "another day"],
)
def test_what_contradicts_makes_two_of_the_same_words(changes):
    one = offer(1, schedule=make_dated_schedule(date(2026, 12, 10))) if "schedule" in changes else offer(1)

    assert verdict(one, offer(2, **changes)) is Verdict.DIFFERENT


def test_an_age_in_a_title_is_no_part_of_a_series():
    assert verdict(offer(1, "Fossilien im Steinbruch (3+)"), offer(2)) is Verdict.SAME


def test_a_rare_fact_tells_more_than_a_common_one():
    free, rare = Price(model=PriceModel.FREE), Price(model=PriceModel.PER_CHILD, amount_eur=3.75)
    crowd = [each.model_copy(update={"price": free}) for each in others()]
    pool = Pool([*crowd, offer(1, price=free), offer(2, price=free), offer(3, price=rare), offer(4, price=rare)])

    common, uncommon = pool.compare([(f"o{1:015}", f"o{2:015}"), (f"o{3:015}", f"o{4:015}")])

    assert 0 < common.parts["amount"] < uncommon.parts["amount"]


def test_what_one_of_them_does_not_state_says_nothing():
    bare = offer(1, ages=None, price=None, place=None)
    (evidence,) = Pool([bare, offer(2)]).compare([(bare.id, f"o{2:015}")])

    assert {"youngest", "oldest", "amount", "place"}.isdisjoint(evidence.parts)
    assert "ages" not in facts_of(bare)


def test_places_count_by_distance_not_by_name():
    here = make_place(lat=54.09, lon=13.38)
    pool = Pool(
        [
            offer(1, place=here),
            offer(2, place=make_place(lat=54.10, lon=13.40)),
            offer(3, place=make_place(lat=53.85, lon=13.69)),
        ]
    )

    near, far = pool.compare([(f"o{1:015}", f"o{2:015}"), (f"o{1:015}", f"o{3:015}")])

    assert near.parts["place"] > 0 > far.parts["place"]


def test_the_order_of_offers_and_of_a_pair_decides_nothing():
    one, other = offer(1), offer(2, "Auf Fossilienjagd", RETOLD)
    (there,) = Pool([*others(), one, other]).compare([(one.id, other.id)])
    (back,) = Pool([other, one, *reversed(others())]).compare([(other.id, one.id)])

    assert there.log_odds == pytest.approx(back.log_odds)
    assert 0 < there.probability < 1


def test_offers_without_a_word_are_compared_too():
    blank = [offer(number, "2026", "") for number in (1, 2)]

    assert Pool(blank).compare([(blank[0].id, blank[1].id)])[0].verdict is Verdict.DIFFERENT
    assert Pool([]).compare([]) == []
