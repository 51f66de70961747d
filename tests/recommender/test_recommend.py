"""The door of ranking: what always holds, whatever the offers and Kitas are."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.context import Context
from recommender.index import OfferIndex
from recommender.recommend import explain, recommend, scores_of
from schemas.kita import Kita
from schemas.offer import AgeRange, GroupSize, Offer, Price, Schedule, ServiceArea
from schemas.organisation import Place, Provider
from schemas.recommendation import Recommendation, Removed
from schemas.vocabulary import Answered, Area, Audience, Mode, PriceModel, ScheduleKind, TravelMeans
from tests.factories import TODAY, make_dated_schedule, make_feedback, make_group, make_kita, make_offer, make_place

CONTEXT = Context(TODAY)
WORDS = ["Vorlesen", "Theater", "Museum", "Wald", "Tiere", "Feuerwehr", "Musik", "Experimente", "Platt", "Kochen"]

# -- what hypothesis builds -------------------------------------------------------------------------------------------

ages = st.none() | st.tuples(st.integers(0, 120), st.integers(0, 60)).map(
    lambda pair: AgeRange(min_months=pair[0], max_months=pair[0] + pair[1])
)
prices = st.none() | st.builds(
    Price,
    model=st.sampled_from(list(PriceModel)),
    amount_eur=st.none() | st.floats(0, 200).map(lambda x: round(x, 2)),
    extra_eur=st.none() | st.floats(0, 10).map(lambda x: round(x, 2)),
)
places = st.none() | st.builds(
    lambda lat, lon: Place(locality="Dorf", lat=lat, lon=lon), st.floats(53.3, 54.4), st.floats(12.9, 14.4)
)
schedules = st.one_of(
    st.none(),
    st.builds(Schedule, kind=st.just(ScheduleKind.ON_REQUEST), months=st.sets(st.integers(1, 12)).map(tuple)),
    st.lists(st.integers(-30, 200), min_size=1, max_size=4).map(
        lambda days: make_dated_schedule(*(TODAY + timedelta(days=day) for day in days))
    ),
)


@st.composite
def offers(draw: st.DrawFn) -> list[Offer]:
    number = draw(st.integers(0, 12))
    return [
        make_offer(
            id=f"o{position:03d}",
            url=f"https://museum.example/{position}",
            title=" ".join(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3))),
            description=" ".join(draw(st.lists(st.sampled_from(WORDS), max_size=6))) or None,
            provider=draw(st.none() | st.sampled_from("ABC").map(lambda name: Provider(name=name))),
            ages=draw(ages),
            price=draw(prices),
            place=draw(places),
            schedule=draw(schedules),
            audience=draw(st.sampled_from([(), (Audience.KITA,), (Audience.HORT,), (Audience.FAMILY,)])),
            modes=draw(st.sets(st.sampled_from(list(Mode))).map(lambda modes: tuple(sorted(modes)))),
            areas=draw(st.lists(st.sampled_from(list(Area)), max_size=3, unique=True).map(tuple)),
            group_size=draw(st.none() | st.builds(GroupSize, children_max=st.integers(1, 40))),
            cancelled=draw(st.booleans()),
        )
        for position in range(number)
    ]


@st.composite
def kitas(draw: st.DrawFn) -> Kita:
    groups = draw(
        st.lists(st.tuples(st.integers(0, 90), st.integers(0, 60), st.none() | st.integers(1, 80)), max_size=3)
    )
    return make_kita(
        groups=tuple(
            make_group(f"Gruppe {n}", min_months=low, max_months=low + span, children=children)
            for n, (low, span, children) in enumerate(groups)
        ),
        travel=draw(st.none() | st.sampled_from(list(TravelMeans))),
        max_distance_km=draw(st.none() | st.floats(0, 80)),
        max_cost_per_child_eur=draw(st.none() | st.floats(0, 12)),
        wishes=draw(st.none() | st.lists(st.sampled_from(WORDS), max_size=3).map(", ".join)),
        dislikes=draw(st.none() | st.sampled_from(WORDS)),
        place=draw(st.sampled_from([make_place(), Place(), Place(postcode="99999", locality="Nirgendwo")])),
        accepts_mobile=draw(st.none() | st.booleans()),
    )


anything = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# -- always -----------------------------------------------------------------------------------------------------------


@anything
@given(kitas(), offers(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(kita, pool, chance):
    mixed = list(pool)
    chance.shuffle(mixed)

    one = recommend(kita, OfferIndex.build(pool, TODAY), CONTEXT)
    other = recommend(kita, OfferIndex.build(mixed, TODAY), CONTEXT)

    assert one.recommendations == other.recommendations
    assert list(one.removed) == list(other.removed)


@anything
@given(kitas(), offers())
def test_nothing_that_a_rule_removed_is_recommended(kita, pool):
    result = recommend(kita, OfferIndex.build(pool, TODAY), CONTEXT)

    shown = {each.offer for each in result.recommendations}
    removed = {each.offer for each in result.removed}
    assert not shown & removed
    assert not shown & {offer.id for offer in pool if offer.cancelled}
    assert removed | shown <= {offer.id for offer in pool}


@anything
@given(kitas(), offers())
def test_every_reason_belongs_to_a_part_that_adds_to_the_score(kita, pool):
    for each in recommend(kita, OfferIndex.build(pool, TODAY), CONTEXT).recommendations:
        parts = {part.name: part for part in each.parts}

        assert each.score == pytest.approx(sum(part.contribution for part in each.parts), abs=1e-4)
        for reason in each.reasons:
            name = {"price": "cost"}.get(prefix := reason.code.split(".")[0], prefix)
            assert reason.caution or parts[name].contribution > 0


@anything
@given(kitas(), offers())
def test_an_empty_list_says_why(kita, pool):
    result = recommend(kita, OfferIndex.build(pool, TODAY), CONTEXT)

    assert (result.note is None) == bool(result.recommendations)
    assert [each.rank for each in result.recommendations] == list(range(1, len(result.recommendations) + 1))


@anything
@given(kitas(), offers())
def test_no_provider_fills_the_list(kita, pool):
    by_id = {offer.id: offer for offer in pool}
    names = [
        by_id[each.offer].provider.name
        for each in recommend(kita, OfferIndex.build(pool, TODAY), CONTEXT).recommendations
        if by_id[each.offer].provider
    ]

    assert all(names.count(name) <= 2 for name in names)


# -- more distance, price, age gap never helps ------------------------------------------------------------------------


def score(kita: Kita, offer: Offer) -> float:
    return float(scores_of(kita, OfferIndex.build([offer], TODAY), CONTEXT)[0])


@anything
@given(kitas(), st.floats(0, 1), st.floats(0, 1))
def test_a_longer_way_never_raises_the_score(kita, nearer, farther):
    nearer, farther = sorted((nearer, farther))
    start = make_place()

    def at(distance: float) -> Offer:
        return make_offer(place=make_place(lat=start.lat - distance), group_size=None)

    assert score(kita, at(farther)) <= score(kita, at(nearer))


@anything
@given(kitas(), st.sampled_from([PriceModel.PER_CHILD, PriceModel.PER_GROUP]), st.floats(0, 300), st.floats(0, 300))
def test_a_higher_price_never_raises_the_score(kita, model, cheaper, dearer):
    cheaper, dearer = sorted((cheaper, dearer))

    def at(amount: float) -> Offer:
        return make_offer(price=Price(model=model, amount_eur=amount), group_size=None)

    assert score(kita, at(dearer)) <= score(kita, at(cheaper))


@anything
@given(kitas(), st.integers(0, 90), st.integers(0, 40), st.integers(0, 40))
def test_a_narrower_age_span_never_raises_the_score(kita, low, span, less):
    def at(months: int) -> Offer:
        return make_offer(ages=AgeRange(min_months=low, max_months=low + months), price=None, group_size=None)

    assert score(kita, at(max(span - less, 0))) <= score(kita, at(span))


# -- single cases -----------------------------------------------------------------------------------------------------


def test_no_offers_no_list_and_a_sentence():
    result = recommend(make_kita(), OfferIndex.build([], TODAY), CONTEXT)

    assert result.recommendations == ()
    assert len(result.removed) == 0
    assert result.note == "Zurzeit liegen keine Angebote vor."


def test_a_kita_without_groups_is_asked_to_enter_one():
    result = recommend(make_kita(groups=()), OfferIndex.build([make_offer()], TODAY), CONTEXT)

    assert result.recommendations == ()
    assert "noch keine Gruppe" in (result.note or "")
    assert [each.rule for each in result.removed] == ["no_groups"]


def test_a_kita_in_an_unknown_place_still_gets_a_list_and_is_told_to_check_the_way():
    kita = make_kita(place=Place(postcode="99999", locality="Nirgendwo"))

    result = recommend(kita, OfferIndex.build([make_offer()], TODAY), CONTEXT)

    assert [each.offer for each in result.recommendations] == [make_offer().id]
    assert "Ort nicht sicher bekannt: bitte den Weg prüfen" in [r.text for r in result.recommendations[0].reasons]
    assert result.recommendations[0].distance_km is None


def test_a_region_that_is_in_no_list_is_ranked_like_any_other():
    kita = make_kita(region="99999", place=Place())
    offer = make_offer(region="99999", modes=(Mode.IN_KITA,), service_area=ServiceArea(words="im ganzen Landkreis"))

    assert recommend(kita, OfferIndex.build([offer], TODAY), CONTEXT).recommendations


def test_an_offer_with_nothing_but_a_title_passes_with_questions():
    bare = Offer(id="o1", region="13075", title="Waldtag")

    result = recommend(make_kita(), OfferIndex.build([bare], TODAY), CONTEXT)

    cautions = {reason.code for reason in result.recommendations[0].reasons if reason.caution}
    assert {"age.unknown", "price.unknown", "timing.unknown", "way.unknown"} <= cautions


def test_the_fitting_group_is_named_with_the_cost_for_it():
    kita = make_kita(groups=(make_group("Krippe", min_months=6, max_months=35), make_group("Große", min_months=60)))

    best = recommend(kita, OfferIndex.build([make_offer()], TODAY), CONTEXT).recommendations[0]

    assert best.group == "Große"
    assert best.cost_per_child_eur == 2.5
    assert "passt zum Alter der Gruppe Große (5 bis 6 Jahre)" in [reason.text for reason in best.reasons]


def test_explain_gives_the_arithmetic_of_a_shown_offer_and_the_rule_of_a_removed_one():
    index = OfferIndex.build([make_offer(id="o1"), make_offer(id="o2", cancelled=True)], TODAY)

    shown = explain(make_kita(), "o1", index, CONTEXT)
    removed = explain(make_kita(), "o2", index, CONTEXT)

    assert isinstance(shown, Recommendation)
    assert shown.score == recommend(make_kita(), index, CONTEXT).recommendations[0].score
    assert removed == Removed(offer="o2", rule="unavailable", words="Abgesagt, ausgebucht oder nicht mehr im Angebot.")
    with pytest.raises(KeyError):
        explain(make_kita(), "o3", index, CONTEXT)


def test_index_and_context_must_be_about_one_day():
    index = OfferIndex.build([make_offer()], TODAY)

    with pytest.raises(ValueError, match="build both for one day"):
        recommend(make_kita(), index, Context(date(2026, 11, 30)))


def test_equal_offers_of_two_sources_take_one_place():
    twice = [make_offer(id="o1"), make_offer(id="o2", provider=Provider(name="Kulturkalender"), url=None)]

    result = recommend(make_kita(), OfferIndex.build(twice, TODAY), CONTEXT)

    assert [each.offer for each in result.recommendations] == ["o1"]


def test_an_offer_that_was_turned_down_does_not_come_again_nor_its_equal():
    twice = [make_offer(id="o1"), make_offer(id="o2", provider=Provider(name="Kulturkalender"), url=None)]
    context = replace(CONTEXT, feedback=(make_feedback("o2", Answered.NOT_FOR_US),))

    result = recommend(make_kita(), OfferIndex.build(twice, TODAY), context)

    assert [each.rule for each in result.removed] == ["answered", "answered"]


def test_a_weak_offer_does_not_fill_the_list():
    good = make_offer(id="o1")
    weak = make_offer(
        id="o2",
        title="Vortrag",
        description=None,
        ages=AgeRange(min_months=80, max_months=140),
        audience=(),
        kita_suitability=None,
        price=None,
        schedule=None,
        areas=(),
        topics=(),
        group_size=None,
        place=make_place(lat=53.93, locality="Anklam"),
    )

    result = recommend(make_kita(), OfferIndex.build([good, weak], TODAY), CONTEXT)

    assert [each.offer for each in result.recommendations] == ["o1"]
