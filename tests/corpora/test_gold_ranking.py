"""Ranking on the gold corpus: floors under the measured figures, so that no change makes lists worse unnoticed."""

from typing import Any

import pytest

from webapp.evaluation.ranking import evaluate_ranking


@pytest.fixture(scope="module")
def figures(shared) -> dict[str, Any]:
    return evaluate_ranking(shared / "data" / "gold" / "vorpommern-greifswald")


def test_lists_with_gold_fields_are_good_and_break_no_rule(figures):
    gold = figures["gold"]

    assert figures["kitas"] == 26
    assert gold["ndcg@8"] >= 0.72
    assert gold["unfit@8"] <= 0.11
    assert gold["recall@30"] >= 0.92
    assert gold["violations@8"] == 0


def test_lists_from_raw_text_stay_near_those_with_gold_fields(figures):
    raw = figures["end_to_end"]

    assert raw["ndcg@8"] >= 0.64
    assert raw["violations@8"] <= 0.02


@pytest.mark.parametrize("offers", ["gold", "end_to_end"])
def test_every_baseline_is_beaten_clearly(figures, offers):
    ours = figures[offers]["ndcg@8"]

    assert all(ours >= line["ndcg@8"] + 0.15 for line in figures[offers]["baselines"].values())
