"""Columns of offers."""

from datetime import timedelta

import numpy as np
import pytest

from recommender.context import Context
from recommender.facts import NEGLECTED_DAYS
from recommender.features import fit
from recommender.groups import view
from recommender.index import OfferIndex
from recommender.sessions import sessions
from schemas.entry import TYPED
from schemas.offer import GroupSize, Price
from schemas.organisation import Provider
from schemas.vocabulary import PriceModel
from tests.factories import NOW, TODAY, make_group, make_kita, make_offer, make_place, make_provenance


def test_rows_are_in_order_of_the_ids_and_the_newest_version_counts():
    old, new = make_offer(id="o1", title="alt", version=1), make_offer(id="o1", title="neu", version=2)
    other = make_offer(id="o1", title="anders", version=2)

    index = OfferIndex.build([make_offer(id="o2"), new, old], TODAY)

    assert [(offer.id, offer.title) for offer in index.offers] == [("o1", "neu"), ("o2", "Dinosaurier entdecken")]
    assert index.rows == {"o1": 0, "o2": 1}
    assert OfferIndex.build([other, new], TODAY).offers == OfferIndex.build([new, other], TODAY).offers
    assert len(index) == 2


def test_an_empty_index_has_empty_columns():
    index = OfferIndex.build([], TODAY)

    assert len(index) == 0
    assert index.access.shape == (0, 6)
    assert index.signature.shape[0] == 0
    assert fit(view(make_kita()), index, Context(TODAY)).takes.shape == (1, 0)


def test_coordinates_are_kept_in_double_precision():
    index = OfferIndex.build([make_offer(place=make_place(lat=54.123456789))], TODAY)

    assert index.lat.dtype == np.float64
    assert index.lat[0] == 54.123456789


@pytest.mark.parametrize("children", [1, 7, 18])
@pytest.mark.parametrize(
    "price",
    [
        Price(model=PriceModel.FREE),
        Price(model=PriceModel.FREE, extra_eur=1.5),
        Price(model=PriceModel.PER_CHILD, amount_eur=3, extra_eur=0.5),
        Price(model=PriceModel.PER_GROUP, amount_eur=45, extra_eur=2),
        Price(model=PriceModel.PER_GROUP, amount_eur=45, extra_eur=20, extra_per_child=False),
        Price(model=PriceModel.PER_CHILD),
        Price(model=PriceModel.UNKNOWN),
        None,
    ],
)
def test_columns_and_the_model_reckon_the_same_cost_per_child(price, children):
    offer = make_offer(price=price, ages=None, group_size=GroupSize(children_max=100))
    kita = make_kita(groups=(make_group(children=children),))

    cost = fit(view(kita), OfferIndex.build([offer], TODAY), Context(TODAY)).cost[0]

    expected = price.per_child(children) if price else None
    assert (None if np.isnan(cost) else cost) == pytest.approx(expected)


def test_providers_are_one_whatever_the_case_and_the_nameless_are_many():
    pool = [
        make_offer(id="o1", provider=Provider(name="Museum")),
        make_offer(id="o2", provider=Provider(name="MUSEUM")),
        make_offer(id="o3", provider=None),
        make_offer(id="o4", provider=None),
    ]

    providers = OfferIndex.build(pool, TODAY).provider

    assert providers[0] == providers[1]
    assert len(set(providers)) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("An fünf Vormittagen; 180 € für die ganze Reihe je Gruppe. Je Termin 45 Minuten.", 5),
        ("Der Kurs kostet 80 Euro, 10 Einheiten.", 10),
        ("Gruppenpreis 120 € für alle drei Nachmittage.", 3),
        ("6 Termine 60 €", 6),
        ("6 Termine, 12 € pro Termin", 1),
        ("sechs Einheiten, je Einheit 35 €", 1),
        ("Geöffnet an fünf Tagen. Eintritt 4 €.", 1),
        ("Eine Führung für 4 €.", 1),
    ],
)
def test_a_price_is_that_of_a_series_only_where_the_text_says_so(text, expected):
    assert sessions(make_offer(title="Kurs", summary=None, description=text)) == expected


def test_a_typed_offer_that_nobody_confirmed_for_half_a_year_is_as_old_as_can_be():
    said = make_provenance("title", rule=TYPED, fetched_at=NOW - timedelta(days=200))
    fresh = make_provenance("title", rule=TYPED, fetched_at=NOW - timedelta(days=100))
    old, young = (make_offer(id=name, provenance={"title": one}) for name, one in (("a", said), ("b", fresh)))

    index = OfferIndex.build([old, young], TODAY)

    assert list(index.age_days) == [NEGLECTED_DAYS, 100]
