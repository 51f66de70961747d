"""Cleaning of what sources write: the dirty cases of the harvesting study (31 to 36) that concern text."""

import pytest

from harvesters.normalise.text import Prose, clean, clean_line


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("FÃ¼r Kinder ab 4 â€“ groÃŸ und klein", "Für Kinder ab 4 – groß und klein"),
        ("\ufeffKita", "Kita"),
        ("Vor\u00adschul\u00adkinder", "Vorschulkinder"),
        ("3\u00a0€\u202fpro Kind", "3 € pro Kind"),
        ("Mu\u0308hle", "Mühle"),
        ("M&uuml;hle &amp; Hof", "Mühle & Hof"),
        ("&amp;nbsp;Kita", "Kita"),
        ("<p>Erster</p><p>Zweiter</p>", "Erster\nZweiter"),
        ("Eins<br/>&nbsp;<br/>Zwei", "Eins\nZwei"),
        ("<script>alert(1)</script>Kita <img src=x onerror=alert(1)>", "Kita"),
        ("Ihre Vorschul-\nkinder", "Ihre Vorschulkinder"),
        ("Vor-\nund Nachmittag", "Vor-\nund Nachmittag"),
        ("3 < 4 und 5 > 2", "3 < 4 und 5 > 2"),
        ("  viele   Leerzeichen \n\n\n hier ", "viele Leerzeichen\nhier"),
        ("Ãœbung: GÃ¤nse", "Übung: Gänse"),
        ("São Paulo und Ärger", "São Paulo und Ärger"),
        ("a\x00b\x07c", "abc"),
    ],
)
def test_cleans(raw: str, expected: str) -> None:
    assert clean(raw) == expected


def test_cleaning_twice_changes_nothing() -> None:
    once = clean("<p>F&uuml;r&nbsp;Kitas</p><li>ab 3</li>")

    assert clean(once) == once


def test_a_long_line_is_cut_at_a_word() -> None:
    assert clean_line("Ein langer Titel über den Wald", 20) == "Ein langer Titel…"


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Ab 4 J., ca. 60 Min. im Wald. Danach Pause.", 2),
        ("Am 5. Dezember um 9 Uhr. Bitte anmelden.", 2),
        ("Jeden 1. Mittwoch im Monat. Kostenlos.", 2),
        ("Dauer 1 Std. · max. 15 Kinder · 2 € p. P.", 3),
        ("Für die 3. Klasse. Im Museum.", 2),
        ("Eins; zwei; drei", 3),
    ],
)
def test_divides_into_clauses(text: str, clauses: int) -> None:
    assert len(Prose(text).clauses) == clauses


def test_no_clause_is_endless() -> None:
    assert max(map(len, Prose("wald " * 5000).clauses)) <= 700


def test_lower_case_keeps_every_character_at_its_place() -> None:
    page = Prose("İstanbul und GROẞ")

    assert len(page.lower) == len(page.text)
