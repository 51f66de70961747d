"""German words become comparable terms."""

import numpy as np
import pytest

from recommender.lexicon import topics_in
from recommender.text import TextIndex, fold, phrases, stems, words
from schemas.vocabulary import Topic

TEXTS = [
    "Vorlesen auf Platt in der Bibliothek",
    "Museum mit Werkstatt und Koffer",
    "Vorlesekoffer kommen in die Kita",
    "Museumswerkstätten für alle",
    "",
]


@pytest.fixture(scope="module")
def index() -> TextIndex:
    return TextIndex.build(TEXTS)


@pytest.mark.parametrize("spelling", ["Bücher", "BÜCHER", "Buecher", "BUCHER"])
def test_umlauts_may_be_written_as_one_likes(spelling):
    assert stems(spelling) == ["buch"]


def test_the_letters_of_bauer_and_neue_stay_together():
    assert fold("Bauer, neue Quelle") == "bauer, neue quelle"


def test_words_that_every_offer_has_are_left_out():
    assert words("Wir kommen gern für eine Gruppe in die Kita: Töpfern") == ["topfern"]


def test_compounds_are_found_by_their_parts(index):
    assert index.covered("Museumswerkstatt")[[1, 3]] == pytest.approx([1, 1])
    assert index.covered("Vorlesen")[[0, 2]] == pytest.approx([1, 1])
    assert index.covered("Vorlesen")[1] == 0


def test_a_word_that_no_offer_uses_counts_as_missing(index):
    assert 0 < index.covered("Platt und Quallen")[0] < 1
    assert not index.covered("Quallen").any()


def test_the_cosine_of_a_text_with_itself_is_one(index):
    for row, text in enumerate(TEXTS[:4]):
        assert index.cosine(text)[row] == pytest.approx(1)
        assert index.similar(row)[row] == pytest.approx(1)
    assert index.similar(0, np.array([1, 0])) == pytest.approx(index.similar(0)[[1, 0]])


def test_empty_texts_and_an_empty_index_are_nothing_special(index):
    assert not index.cosine("").any()
    assert index.cosine("Museum")[4] == 0
    assert len(TextIndex.build([]).covered("Museum")) == 0
    assert TextIndex.build(["", ""]).cosine("Museum").tolist() == [0, 0]


def test_terms_do_not_depend_on_the_order_of_the_texts():
    assert TextIndex.build(TEXTS).terms == TextIndex.build(TEXTS[::-1]).terms


def test_wishes_are_told_apart():
    assert phrases("Otter und Biber; Theater in kleiner Runde.") == ("Otter", "Biber", "Theater in kleiner Runde")
    assert phrases(None) == ()
    assert phrases(" , ;") == ()


def has(text: str, topic: Topic) -> bool:
    return bool(topics_in(text) >> list(Topic).index(topic) & 1)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Tiere", Topic.ANIMALS),
        ("Hühner füttern", Topic.ANIMALS),
        ("Puppentheater", Topic.THEATRE),
        ("Waldvormittag", Topic.FOREST),
        ("plattdeutsche Lieder", Topic.MUSIC),
        ("Brandschutzerziehung", Topic.FIRE_RESCUE),
    ],
)
def test_a_wish_and_an_offer_meet_in_a_topic(text, topic):
    assert has(text, topic)


def test_texts_about_nothing_have_no_topic():
    assert topics_in("Bitte vorher anmelden") == 0
    assert topics_in("") == 0


def test_very_long_words_and_texts_are_bounded():
    assert len(stems("a" * 100_000)) == 1
    assert len(fold("ä" * 100_000)) == 20_000
