"""The figures by hand."""

import math

import pytest

from recommender.metrics import coverage, gains, mean, ndcg, precision, recall, standard_error, unfit, violations

GRADES = {"a": 3, "b": 2, "c": 1, "d": 0, "a2": 3}
SAME = {"a": "g", "a2": "g"}


def test_the_best_list_scores_one():
    assert ndcg(["a", "b", "c"], GRADES, SAME) == pytest.approx(1.0)
    assert ndcg(["a2", "b", "c"], GRADES, SAME) == pytest.approx(1.0)


def test_ndcg_discounts_by_rank_and_gives_an_equal_offer_nothing():
    ideal = 7 + 3 / math.log2(3) + 1 / 2

    assert ndcg(["b", "a"], GRADES, SAME) == pytest.approx((3 + 7 / math.log2(3)) / ideal)
    assert ndcg(["a", "a2", "b"], GRADES, SAME) == pytest.approx((7 + 3 / 2) / ideal)
    assert ndcg(["x", "d"], GRADES, SAME) == 0


def test_only_the_first_places_count():
    assert ndcg(["x"] * 8 + ["a"], GRADES, SAME) == 0
    assert unfit(["x", "a", "y"], GRADES, SAME, places=2) == 1


def test_a_kita_for_which_nothing_is_good_is_served_best_by_an_empty_list():
    assert ndcg([], {"d": 0}, {}) == 1
    assert ndcg(["d"], {"d": 0}, {}) == 0


def test_shares_count_equal_offers_once():
    assert gains(["a", "a2", "c", "x"], GRADES, SAME) == [3, 0, 1, 0]
    assert precision(["a", "a2", "c", "x"], GRADES, SAME) == 2 / 8
    assert unfit(["a", "a2", "c", "x"], GRADES, SAME) == 2
    assert recall(["a2"], GRADES, SAME) == 1 / 2
    assert recall([], {"c": 1}, {}) == 1


def test_violations_and_coverage_look_at_what_is_shown():
    assert violations(["a", "b", "c"], {"b", "c"}, places=2) == 1
    assert coverage([["a", "b"], ["b", "x"]], {"a", "b", "c", "d"}) == 3 / 4
    assert coverage([["a"]], set()) == 0


def test_the_standard_error_is_that_of_the_mean():
    assert mean([]) == 0
    assert standard_error([1.0]) == 0
    assert standard_error([1.0, 2.0, 3.0]) == pytest.approx(1 / math.sqrt(3))
