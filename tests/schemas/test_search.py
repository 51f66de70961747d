"""Words of German as search terms."""

import pytest

from schemas.search import MAX_WORDS, other_words, title_words, tokens
from tests.factories import make_offer


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("Führung", "Führungen"),
        ("fuehrungen", "Führung"),
        ("KINDER", "Kind"),
        ("Märchen", "Maerchen"),
        ("Straße", "STRASSE"),
        ("Wälder", "Wald"),
        ("café", "Cafe"),
        ("Bücher", "Buch"),
    ],
)
def test_forms_and_spellings_of_a_word_are_one(asked: str, written: str) -> None:
    assert tokens(asked) == tokens(written)


@pytest.mark.parametrize("word", ["neue", "Bauer", "Treue", "Quelle"])
def test_a_vowel_before_ue_keeps_it_apart_from_an_umlaut(word: str) -> None:
    assert tokens(word)[0].startswith(word.lower()[:3])


@pytest.mark.parametrize("text", ["", "  ", "…!?", "\x00", "日本語", '"*()^:', "' OR 1=1 --"])
def test_anything_may_be_typed_in(text: str) -> None:
    assert all(token.isascii() and token.isalnum() for token in tokens(text))


def test_title_and_the_rest_are_indexed_apart() -> None:
    offer = make_offer(title="Bienen")

    assert title_words(offer) == "bien"
    words = other_words(offer).split()
    assert {"greifswald", "17489", "knoch", "museum", "beispielmuseum"} <= set(words)


def test_an_endless_text_is_cut() -> None:
    offer = make_offer(description="ei " * 6_000)

    assert len(other_words(offer).split()) == MAX_WORDS
