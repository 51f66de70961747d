"""What a text must hold for a pattern to match: looking it up may save time, never a match."""

import importlib
import pkgutil
import re

import pytest

import harvesters.normalise
from harvesters.normalise.cues import anchors_of, cues_of
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
        (r"\b(?:ab|bis)\s", {"ab", "bi"}),
        (r"(?<![\w.])([12]|ein)", {"1", "2", "ei"}),
        (r"\b(?<![.,])\d", set("0123456789")),
        (r"ab\s", set()),
        (r"\bab|bis", set()),
        (r"\bx?yz", {"x", "yz"}),
    ],
)
def test_finds_the_letters_at_which_words_must_begin(pattern: str, anchors: set[str]) -> None:
    assert anchors_of(pattern) == anchors
