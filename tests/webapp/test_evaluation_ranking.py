"""Reading a corpus and measuring ranking on it, on a corpus small enough to reckon by hand."""

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from recommender.index import OfferIndex
from schemas.exceptions import CorpusError
from schemas.vocabulary import Area, Mode, PriceModel, ScheduleKind, Verdict
from webapp.cli import main
from webapp.evaluation.baselines import baselines, with_equals
from webapp.evaluation.corpus import read_corpus
from webapp.evaluation.ranking import evaluate_ranking, violating

GOLD: dict[str, Any] = {
    "suitable_for_kita": True,
    "audience": "kita",
    "age_min_months": 36,
    "age_max_months": 83,
    "price": {"model": "per_child", "amount_eur": 2, "extra_eur": None, "adults_free": None},
    "group_max": 20,
    "mode": ["at_provider"],
    "schedule": "on_request",
    "topics": ["stem"],
    "languages": ["de"],
    "postal_code": "17489",
    "locality": "Greifswald",
    "lat": 54.09,
    "lon": 13.39,
    "same_as_group": None,
    "a_key_we_do_not_know": 1,
}
KITA: dict[str, Any] = {
    "id": "kita-1",
    "name": "Kita Wolke",
    "postal_code": "17489",
    "locality": "Greifswald",
    "lat": 54.09,
    "lon": 13.39,
    "groups": [{"name": "Wolken", "age_from_months": 36, "age_to_months": 83, "children": 18}],
    "focus_topics": ["stem"],
    "max_distance_km": 10,
    "max_cost_per_child_eur": 3,
    "wishes": "Vorlesen",
    "already_used": [],
    "closed": ["2026-12-21/2027-01-03"],
}


def offer(identifier: str, title: str = "Forschen im Museum", **gold: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "title": title,
        "text": "Für Kita-Gruppen von 3 bis 6 Jahren in Greifswald.",
        "provider": f"Museum {identifier}",
        "url": f"https://museum.example/{identifier}",
        "seen_on": "2026-11-23",
        "gold": GOLD | gold,
    }


OFFERS = [
    offer("good"),
    offer("twin", "Ganz anders benannt", same_as_group="g", price={"model": "free", "amount_eur": 0}),
    offer("used", "Bauernhof mit Kühen", same_as_group="g"),
    offer("dear", "Bernstein schleifen", price={"model": "per_group", "amount_eur": 90}, group_max=12),
    offer("adult", "Weinprobe", audience="adult", suitable_for_kita=False, age_min_months=216, age_max_months=None),
    offer("past", "Laternenfest", schedule="dated", occurrences=["2026-11-11T10:00"]),
    offer("gone", "Puppenspiel", cancelled=True),
    offer("hort", "Roboter bauen", audience="hort", suitable_for_kita=False, age_min_months=72, age_max_months=131),
]
QRELS = [("kita-1", "good", 3), ("kita-1", "twin", 2), ("kita-1", "dear", 0)]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write(tmp_path, OFFERS, [KITA | {"already_used": ["used"]}], QRELS)


def write(folder: Path, offers: list[dict[str, Any]], kitas: list[dict[str, Any]], qrels: list[Any]) -> Path:
    (folder / "offers.ndjson").write_text("\n".join(json.dumps(line) for line in offers), encoding="utf-8")
    (folder / "kitas.ndjson").write_text("\n".join(json.dumps(line) for line in kitas), encoding="utf-8")
    rows = "".join(f'{kita},{offer},{grade},"weil, nun ja"\n' for kita, offer, grade in qrels)
    (folder / "qrels.csv").write_text("kita_id,offer_id,relevance,why\n" + rows, encoding="utf-8")
    return folder


# -- reading ----------------------------------------------------------------------------------------------------------


def test_gold_lines_become_offers_and_kitas(corpus):
    read = read_corpus(corpus)

    good, twin = read.gold_offers[:2]
    assert read.region == "13075"
    assert read.seen_on == date(2026, 11, 23)
    assert (good.ages.min_months, good.ages.max_months) == (36, 83)
    assert (good.price.model, good.price.amount_eur) == (PriceModel.PER_CHILD, 2)
    assert good.modes == (Mode.AT_PROVIDER,)
    assert good.areas == (Area.STEM,)
    assert good.schedule.kind is ScheduleKind.ON_REQUEST
    assert good.place.ags == "13075039"
    assert good.kita_suitability.verdict is Verdict.YES
    assert twin.price.model is PriceModel.FREE
    assert read.kitas[0].groups[0].children == 18
    assert read.kitas[0].closed[0].end == date(2027, 1, 3)
    assert read.qrels == {"kita-1": {"good": 3, "twin": 2, "dear": 0}}
    assert read.same_as == {"twin": "g", "used": "g"}


BROKEN = {
    "no JSON": (["{"], [KITA], [], "offers.ndjson line 1: not JSON"),
    "a list": (["[]"], [KITA], [], "offers.ndjson line 1: read list"),
    "nothing": ([], [KITA], [], "offers.ndjson: no lines"),
    "no title": ([json.dumps(offer("a") | {"title": ""})], [KITA], [], "offers.ndjson line 1: title"),
    "unknown mode": ([json.dumps(offer("a", mode=["moon"]))], [KITA], [], "offers.ndjson line 1: gold.mode.0"),
    "unknown audience": ([json.dumps(offer("a", audience="cats"))], [KITA], [], "offers.ndjson line 1: gold.audience"),
    "bad occurrence": ([json.dumps(offer("a", occurrences=["soon"]))], [KITA], [], "occurrence 'soon'"),
    "an id twice": ([json.dumps(offer("a")), json.dumps(offer("a"))], [KITA], [], "offers.ndjson line 2: id 'a'"),
    "a place that is none": (
        [json.dumps(offer("a"))],
        [KITA | {"postal_code": "00000", "locality": "X"}],
        [],
        "line 1",
    ),
    "ages the wrong way round": (
        [json.dumps(offer("a", age_min_months=80, age_max_months=40))],
        [KITA],
        [],
        "offers.ndjson line 1",
    ),
    "bad closing days": ([json.dumps(offer("a"))], [KITA | {"closed": ["Ostern"]}], [], "closed 'Ostern'"),
    "a grade that is none": ([json.dumps(offer("a"))], [KITA], [("kita-1", "a", 4)], "qrels.csv line 2: relevance '4'"),
    "an unknown offer": ([json.dumps(offer("a"))], [KITA], [("kita-1", "b", 1)], "qrels.csv line 2: 'kita-1' or 'b'"),
    "a pair twice": (
        [json.dumps(offer("a"))],
        [KITA],
        [("kita-1", "a", 1), ("kita-1", "a", 2)],
        "qrels.csv line 3: kita-1 and a",
    ),
}


@pytest.mark.parametrize(("offers", "kitas", "qrels", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_corpus_is_an_error_with_file_and_line(tmp_path, offers, kitas, qrels, message):
    write(tmp_path, [], kitas, qrels)
    (tmp_path / "offers.ndjson").write_text("\n".join(offers), encoding="utf-8")

    with pytest.raises(CorpusError) as raised:
        read_corpus(tmp_path)

    assert message in str(raised.value)


def test_a_missing_file_and_a_missing_column_are_named(corpus):
    (corpus / "qrels.csv").write_text("kita_id,offer_id\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="no column relevance"):
        read_corpus(corpus)

    (corpus / "qrels.csv").unlink()
    with pytest.raises(CorpusError, match="cannot be read"):
        read_corpus(corpus)


# -- measuring --------------------------------------------------------------------------------------------------------


def test_violations_are_what_the_gold_fields_forbid(corpus):
    read = read_corpus(corpus)

    forbidden = violating(read.kitas[0], read, date(2026, 11, 30))

    assert forbidden == {"used", "dear", "adult", "past", "gone", "hort"}


def test_a_pair_that_was_graded_is_never_a_violation(tmp_path):
    write(tmp_path, OFFERS, [KITA | {"already_used": ["used"]}], [*QRELS, ("kita-1", "past", 1)])
    read = read_corpus(tmp_path)

    assert "past" not in violating(read.kitas[0], read, date(2026, 11, 30))
    assert "twin" not in violating(read.kitas[0], read, date(2026, 11, 30))


def test_a_series_counts_per_session(tmp_path):
    series = offer("series", price={"model": "per_group", "amount_eur": 150}, group_max=15)
    series["text"] = "An fünf Vormittagen, 150 € für die ganze Reihe."
    read = read_corpus(write(tmp_path, [series], [KITA], []))

    assert violating(read.kitas[0], read, date(2026, 11, 30)) == frozenset()


def test_the_document_has_the_agreed_form(corpus):
    figures = evaluate_ranking(corpus)

    names = {"ndcg@8", "precision@8", "recall@30", "unfit@8", "violations@8", "coverage@8"}
    assert {"corpus", "kitas", "gold", "end_to_end"} <= set(figures)
    assert figures["kitas"] == 1
    for report in (figures["gold"], figures["end_to_end"]):
        assert names <= set(report)
        assert set(report["baselines"]) == {"random", "nearest", "newest", "popular", "tfidf"}
        assert all(set(line) == names for line in report["baselines"].values())
        assert set(report["per_kita"]) == {"kita-1"}
    gold = figures["gold"]
    assert gold["per_kita"]["kita-1"]["top"] == ["twin", "good"]
    assert gold["ndcg@8"] == pytest.approx((3 + 7 / math.log2(3)) / (7 + 3 / math.log2(3)), abs=1e-4)
    assert gold["violations@8"] == 0
    assert gold["unfit@8"] == 0
    assert gold["precision@8"] == 2 / 8
    assert gold["recall@30"] == 1
    assert gold["coverage@8"] == 1


def test_the_twin_of_a_used_offer_is_found_by_the_corpus_only_where_it_says_so(corpus):
    read = read_corpus(corpus)

    assert with_equals(["used"], read.same_as) == {"used", "twin"}
    assert with_equals(["good"], read.same_as) == {"good"}


def test_baselines_order_as_they_are_named(tmp_path):
    near, far = offer("far", lat=53.5), offer("near")
    soon = offer("soon", schedule="dated", occurrences=["2026-12-10T10:00"], lat=53.9)
    other = KITA | {"id": "kita-2", "already_used": ["far"]}
    read = read_corpus(write(tmp_path, [near, far, soon], [KITA, other], []))
    index = OfferIndex.build(read.gold_offers, date(2026, 11, 30))

    rankers = baselines(read, index, 2)

    assert rankers["nearest"](read.kitas[0]).shown == ["near", "soon"]
    assert rankers["newest"](read.kitas[0]).shown == ["soon", "far"]
    assert rankers["popular"](read.kitas[0]).shown == ["far", "near"]
    assert rankers["popular"](read.kitas[1]).shown == ["near", "soon"]
    assert rankers["random"](read.kitas[0]).shown == rankers["random"](read.kitas[0]).shown


def test_the_command_prints_a_document_or_a_table(corpus):
    document = CliRunner().invoke(main, ["evaluate", "ranking", str(corpus), "--json"])
    table = CliRunner().invoke(main, ["evaluate", "ranking", str(corpus)])

    assert document.exit_code == 0
    assert json.loads(document.stdout)["corpus"] == corpus.name
    assert table.exit_code == 0
    assert "nearest" in table.stdout


def test_the_command_fails_with_a_message_for_a_broken_corpus(corpus):
    (corpus / "offers.ndjson").write_text("{", encoding="utf-8")

    result = CliRunner().invoke(main, ["evaluate", "ranking", str(corpus), "--json"])

    assert result.exit_code == 1
    assert "offers.ndjson line 1: not JSON" in result.stderr
