"""The model of areas: rebuilt from its texts, and what it says of texts that it never saw."""

import subprocess
import sys

import pytest

from harvesters.normalise import train_areas
from harvesters.normalise.area_model import AREAS, MODEL, area_model, features, load, words_of
from harvesters.normalise.areas import read_areas
from harvesters.normalise.text import Prose
from harvesters.normalise.train import card, stored
from schemas.vocabulary import Area


@pytest.fixture(scope="module")
def texts() -> list[train_areas.Text]:
    return train_areas.read_texts()


def test_the_stored_model_and_its_card_are_what_the_training_texts_give(texts: list[train_areas.Text]) -> None:
    chances = train_areas.cross_validated(texts)
    told = train_areas.CARD.read_text("utf-8")
    rebuilt = stored(train_areas.fit(texts, train_areas.threshold(texts, chances)))

    assert rebuilt == MODEL.read_bytes(), "run: python -m harvesters.normalise.train_areas"
    assert card(told, train_areas.figures(texts, chances, load(rebuilt))) == told


def test_every_area_is_learned_from_many_texts_and_none_stands_twice(texts: list[train_areas.Text]) -> None:
    assert len({(text.group, text.title, text.text) for text in texts}) == len(texts) >= 1400
    assert min(sum(area in text.areas for text in texts) for area in AREAS) >= 50
    assert all(len(set(text.areas)) == len(text.areas) <= 3 for text in texts)


def test_names_of_a_single_provider_are_no_features(texts: list[train_areas.Text]) -> None:
    assert any("pepino" in text.words for text in texts)
    assert "pepino" not in area_model().features


def test_prediction_needs_no_scikit_learn() -> None:
    code = (
        "import sys; from harvesters.normalise.areas import read_areas; read_areas('waldtag für kitas'); "
        "print([name for name in ('sklearn', 'scipy', 'numpy') if name in sys.modules])"
    )

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("title", "text", "areas"),
    [
        ("Sommernachtskonzert", "Samstag 18 Uhr, Kollekte", {"music_art_theatre"}),
        ("Ferienschwimmkurs", "Zehn Vormittage im Freibad", {"movement_health"}),
        ("Kräuterbeet anlegen", "Wir säen, gießen und schnuppern.", {"nature_sustainability"}),
        ("Handpuppenspiel: Der freche Dachs", "Figurentheater ab 3, 40 Minuten", {"music_art_theatre", "language"}),
        (
            "Waldfühlpfad",
            "Barfuß balancieren und Zapfen werfen im Stadtforst",
            {"nature_sustainability", "movement_health"},
        ),
    ],
)
def test_compounds_and_what_goes_together_are_understood(title: str, text: str, areas: set[str]) -> None:
    assert {found.value.value for found in read_areas(f"{title}\n{text}", title_end=len(title))} == areas


@pytest.mark.parametrize(
    "text",
    ["", "Wir treffen uns um neun.", "Bitte melden Sie sich rechtzeitig an.", "Parkplätze sind vorhanden.", "xyzzy 42"],
)
def test_where_nothing_speaks_for_an_area_none_is_told(text: str) -> None:
    assert read_areas(text) == []


def test_evidence_are_words_of_the_text_and_the_surest_comes_first() -> None:
    page = Prose("Trommelworkshop\nRhythmus, Gesang und eine Wanderung durch den Wald.")
    found = read_areas(page, title_end=15)

    assert found[0].value is Area.MUSIC_ART_THEATRE
    assert all(page.text[slice(*one.span)] == one.evidence for one in found)
    assert [one.confidence for one in found] == sorted((one.confidence for one in found), reverse=True)


def test_an_area_without_a_stem_names_its_loudest_word() -> None:
    found = read_areas("Benefizkonzert im Rathaussaal")

    assert [(one.rule, one.evidence) for one in found] == [("areas.words", "Benefizkonzert")]


def test_how_often_a_word_comes_does_not_count_and_the_title_counts_double() -> None:
    assert words_of(Prose("Wald\nWald, Wald und Tag"), 4) == {"wald": 2.0, "und": 1.0, "tag": 1.0}
    assert list(features("tag")) == ["tag"]
    assert list(features("anananas"))[:4] == ["anananas", "~anan", "~nana", "~anas"]
