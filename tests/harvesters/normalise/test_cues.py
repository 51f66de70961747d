"""What a text must hold for a pattern to match: looking it up may save time, never a match."""

import importlib
import pkgutil
import re

import pytest

import harvesters.normalise
from harvesters.normalise import lexicon
from harvesters.normalise.cues import anchors_of, cues_of, first_letters
from harvesters.normalise.text import Prose, all_matches
from tests.harvesters.normalise.test_ages import WORDINGS as AGES
from tests.harvesters.normalise.test_audience import FOR_KITAS, NOT_FOR_KITAS
from tests.harvesters.normalise.test_prices import WORDINGS as PRICES

TEXTS = [
    *(wording for wording, *_ in AGES),
    *(wording for wording, *_ in PRICES),
    *FOR_KITAS,
    *NOT_FOR_KITAS,
    "Jeden 2. Dienstag im Monat, Mai bis September, 9.30 Uhr; nicht in den Ferien. Max. 12 Kinder, je 6 Kinder eine "
    "Begleitperson. Platz für 15 Kinder (max. 20), 10er-Gruppen. Im Umkreis von 20 km. Bitte melden Sie sich an.",
]
PATTERNS = {
    f"{module.name}.{name}": value
    for module in pkgutil.iter_modules(harvesters.normalise.__path__)
    for name, value in vars(importlib.import_module(f"harvesters.normalise.{module.name}")).items()
    if isinstance(value, re.Pattern)
}


@pytest.mark.parametrize("name", PATTERNS)
def test_no_match_is_lost(name: str) -> None:
    pattern = PATTERNS[name]
    lexicon.LEXICON.learn(pattern)

    for text in TEXTS:
        page = Prose(text)
        assert [one.span() for one in all_matches(pattern, page)] == [
            one.span() for one in pattern.finditer(page.lower)
        ]


@pytest.mark.parametrize(
    ("pattern", "cues"),
    [
        (r"wald(?:tag)?", {"wald"}),
        (r"(?:am |im )?see\b|teich", {"see", "teich"}),
        (r"\d{1,2} ?(?:uhr|h\b)", set()),
        (r"(?P<name>moor|heide)\w*", {"moor", "heide"}),
        (r"(?<!kein )garten(?! eden)", {"garten"}),
        (r"ba?ch", {"ch"}),
        (r"\u2013x|[abc]d", set()),
    ],
)
def test_finds_the_words_that_must_be_there(pattern: str, cues: set[str]) -> None:
    assert cues_of(pattern) == cues


@pytest.mark.parametrize(
    ("pattern", "anchors"),
    [
        (r"\b(?:ab|bis)\s", {"ab", "bis"}),
        (r"(?<![\w.])([12]|ein)", {"1", "2", "ein"}),
        (r"\b(?<![.,])\d", set("0123456789")),
        (r"ab\s", set()),
        (r"\bab|bis", set()),
        (r"\bx?yz", {"xyz", "yz"}),
        (r"\bfreilichtbühne|\bfrei(?:bad|e)?", {"frei"}),
    ],
)
def test_finds_the_letters_at_which_words_must_begin(pattern: str, anchors: set[str]) -> None:
    assert anchors_of(pattern) == anchors


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        (r"\b(?:sams|sonn)tags?|(?<!x)feiertag", set("sf")),
        (r"(?:am )?see|€|\$|\d\d", set("as€$0123456789")),
        (r"[12]?\. klasse", set("12.")),
        (r"(?:^|\D)uhr", set()),
        (r"[^a]b|c", set()),
        (r"x?", set()),
    ],
)
def test_finds_the_letters_at_which_matches_must_begin(pattern: str, letters: set[str]) -> None:
    assert first_letters(pattern) == letters


def test_a_text_that_is_read_already_does_without_a_pattern_that_is_learned_meanwhile() -> None:
    known, new = re.compile(r"\bseehund"), re.compile(r"\bkegelrobbe")
    page, later = Prose("Kegelrobben und Seehunde"), Prose("Kegelrobben und Seehunde")

    assert [list(all_matches(pattern, page)) != [] for pattern in (known, new)] == [True, True]
    assert [one.span() for one in all_matches(new, later)] == [(0, 10)]


def test_words_are_known_however_many_came_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "_MAX_KNOWN", 3)
    pattern = re.compile(r"\bqualle|feuerqualle")
    list(all_matches(pattern, Prose("x")))

    for text in ("eins zwei drei vier fünf Quallen", "sechs sieben acht Feuerquallen", "x" * 100 + "feuerqualle"):
        assert list(all_matches(pattern, Prose(text)))
