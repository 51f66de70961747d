"""One offer in two sources is one offer; two offers of one house are two."""

import numpy as np

from recommender.index import OfferIndex
from recommender.twins import HARDLY_LIKE_TEXT, LIKE_TEXT, twins_of
from schemas.offer import AgeRange, GroupSize, Offer, Price
from schemas.organisation import Provider
from schemas.vocabulary import Audience, PriceModel
from tests.factories import TODAY, make_offer, make_place

CALENDAR = Provider(name="Kulturkalender")


def same(one: Offer, other: Offer) -> bool:
    index = OfferIndex.build([one, other], TODAY)
    there = twins_of(index, 0).tolist()

    assert there[0]
    assert there == twins_of(index, 1).tolist()[::-1]
    assert twins_of(index, 0, np.array([1])).tolist() == there[1:]
    return there[1]


ONE = make_offer(id="o1", url="https://museum.example/1")


def test_a_copied_text_is_the_same_offer():
    assert same(ONE, make_offer(id="o2", url=None, provider=CALENDAR))


def test_a_copied_text_in_another_town_or_for_others_is_not():
    assert not same(ONE, make_offer(id="o2", url=None, provider=CALENDAR, place=make_place(lat=53.5)))
    assert not same(ONE, make_offer(id="o2", url=None, ages=AgeRange(min_months=96)))
    assert not same(ONE, make_offer(id="o2", url=None, audience=(Audience.HORT,)))


def test_a_linked_address_decides():
    other = make_offer(
        id="o2",
        title="Ganz anderes",
        description="Nichts davon.",
        place=make_place(lat=53.5),
        url="https://elsewhere.example",
        same_as=("https://museum.example/1",),
    )

    assert same(ONE, other)


def test_like_words_need_facts_that_agree():
    told = {"title": "Urzeit im Beispielmuseum", "description": "Knochen der Urzeit, Ammoniten gießen.", "url": None}
    other = make_offer(id="o2", provider=CALENDAR, **told)

    assert same(ONE, other)
    assert not same(
        ONE,
        other.model_copy(
            update={
                "price": Price(model=PriceModel.FREE),
                "duration_minutes": 120,
                "group_size": GroupSize(children_max=10),
                "ages": AgeRange(min_months=36, max_months=71),
            }
        ),
    )


def test_two_offers_of_one_provider_are_two():
    other = make_offer(
        id="o2", title="Fossilien gießen", description="Wir gießen einen Ammoniten und suchen Knochen.", url=None
    )

    assert not same(ONE, other)


def test_nearly_all_facts_make_one_offer_of_words_that_are_hardly_alike():
    told = make_offer(
        id="o1",
        title="Spurensuche",
        summary=None,
        description="Wir suchen Fährten im Schnee und gießen Gips.",
        url=None,
    )
    retold = make_offer(
        id="o2",
        provider=CALENDAR,
        title="Tiere im Winter",
        summary=None,
        description="Hase, Reh und Fuchs lassen Fährten zurück; aus Gips wird ein Andenken für die Gruppe.",
        url=None,
    )

    index = OfferIndex.build([told, retold], TODAY)
    assert HARDLY_LIKE_TEXT < index.texts.similar(0)[1] < LIKE_TEXT
    assert same(told, retold)
    assert not same(told, retold.model_copy(update={"duration_minutes": 45}))
    assert not same(told, retold.model_copy(update={"description": "Flöte und Trommel ausprobieren."}))
