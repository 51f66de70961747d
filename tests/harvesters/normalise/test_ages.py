"""Ages in wordings of providers, all invented."""

import pytest

from harvesters.normalise.ages import read_ages
from harvesters.normalise.evidence import best
from harvesters.normalise.own_words import own_ages
from harvesters.normalise.text import Prose

WORDINGS = [
    ("Waldtag in Tharandt, ab 3 J.", 36, None),
    ("Alter: vier bis sechs. Mai bis Juli.", 48, 83),
    ("Vorschulkinder und ihre kleinen Freunde (4 bis 6)", 48, 83),
    ("ab Jahrgang 8", 156, None),
    ("Kinder im letzten Kindergartenjahr", 60, 83),
    ("Jahrgang 5 und 6", 120, 155),
    ("Für alle Altersgruppen, auch Krippe", 0, 83),
    ("Für Kinder ab vier Jahren.", 48, None),
    ("Kinder von drei bis sechs Jahren", 36, 83),
    ("für 3- bis 6-Jährige", 36, 83),
    ("für 4-6jährige Kinder", 48, 83),
    ("Alter: 3–6", 36, 83),
    ("Altersgruppe: 4 bis 6", 48, 83),
    ("Altersempfehlung: 5-7 Jahre", 60, 95),
    ("Kinder im Alter von 2 bis 4 Jahren", 24, 59),
    ("Kinder zwischen 4 und 6 Jahren", 48, 83),
    ("im Alter von 5 und 6 Jahren", 60, 83),
    ("für Kinder von 1 bis 3 Jahren", 12, 47),
    ("36 bis 72 Monate", 36, 72),
    ("ab 18 Monaten", 18, None),
    ("Musikgarten, 20 Monate bis 3 Jahre", 20, 47),
    ("von 4 Jahren bis zum Schuleintritt", 48, 83),
    ("für Kinder von zwei Jahren bis zur Einschulung", 24, 83),
    ("6–12 Monate", 6, 12),
    ("Figurentheater Knirps (3+)", 36, None),
    ("Das kleine Ich (ab 2)", 24, None),
    ("Ab 4.", 48, None),
    ("Kindergartengruppen ab drei kneten bei uns", 36, None),
    ("ab 3 Jahren bis zum Schuleintritt", 36, 83),
    ("ab 4 bis Vorschule", 48, 83),
    ("Kinder ab ca. 5 Jahren", 60, None),
    ("Kinder ab fünfeinhalb", 66, None),
    ("Alter 4,5 bis 6 Jahre", 54, 83),
    ("Kinder müssen mindestens 5 Jahre alt sein", 60, None),
    ("Die Kinder sollten 4 Jahre alt sein.", 48, None),
    ("Mindestalter: 8 Jahre", 96, None),
    ("Für Vorschulkinder", 60, 83),
    ("im letzten Jahr vor der Schule", 60, 83),
    ("für unsere künftigen Schulkinder", 60, 83),
    ("Angebot für die Wackelzähne", 60, 83),
    ("für Krippenkinder", 0, 35),
    ("U3-Gruppen", 0, 35),
    ("Für Krippe und Kindergarten", 0, 83),
    ("3. Klasse", 96, 119),
    ("Klasse 1–4", 72, 131),
    ("2.–4. Klasse", 84, 131),
    ("Klassenstufen 5 bis 6", 120, 155),
    ("Hortkinder ab Klasse 2", 84, 131),
    ("Jahrgangsstufe 7", 144, 167),
    ("Zwei Altersstufen: ab 2 Jahren (20 Minuten) oder 4–6 Jahre (45 Minuten)", 24, 83),
    ("Ü3-Gruppen", 36, 83),
    ("ab dem 3. Lebensjahr", 24, None),
    ("Kinder (3 bis 6)", 36, 83),
    ("für Fünf- und Sechsjährige", 60, 83),
    ("Erstklässler", 72, 95),
    ("ab Vorschulalter", 60, None),
    ("für Kinder ab Schuleintritt", 72, None),
    ("3 bis 99 Jahre", 36, None),
    ("5-jährige Kinder", 60, 71),
    ("ab 2½ Jahren", 30, None),
    ("1,5 bis 3 Jahre", 18, 47),
    ("Kinder unter 3 Jahren", None, 35),
]

NO_AGE = [
    "Einlass ab 19 Uhr",
    "ab 9.30 Uhr",
    "Gruppen ab 15 Kindern",
    "Kinder bis 6 Jahre frei, Erwachsene 4 €",
    "ab 14.01. jeden Dienstag",
    "seit 5 Jahren gibt es uns",
    "Eintritt 6 €, Kinder 3–14 Jahre 4 €",
    "ab 3 km Entfernung",
    "Ein Angebot auch für die Krippe",
    "Der Wein ist ein 2019er Jahrgang",
    "10–16 Kinder",
    "U3 willkommen",
    "Kinder unter sechs Jahren nur mit Eltern",
    "12.1. 10 h / 13.1. 9 h",
]


@pytest.mark.parametrize(("wording", "low", "high"), WORDINGS)
def test_reads_ages_in_months(wording: str, low: int | None, high: int | None) -> None:
    found = best(read_ages(wording))

    assert found is not None
    assert (found.value.min_months, found.value.max_months) == (low, high)
    assert found.evidence in wording


@pytest.mark.parametrize("wording", NO_AGE)
def test_takes_no_other_figure_for_an_age(wording: str) -> None:
    assert best(read_ages(wording), least=0.5) is None


@pytest.mark.parametrize(
    ("wording", "low", "high"),
    [
        ("3-6", 36, 83),
        ("4+", 48, None),
        ("3 bis 5", 36, 71),
        ("letztes Kindergarten-Jahr", 60, 83),
        ("Erwachsene", 216, None),
        ("ab 55", 660, None),
        ("Jugendliche ab 13", 156, None),
        ("8. Jahrgang", 156, 179),
        ("7-", 84, None),
        ("5", 60, 71),
        ("ab 3", 36, None),
        ("Vorschulkinder", 60, 83),
    ],
)
def test_reads_figures_under_their_own_name(wording: str, low: int | None, high: int | None) -> None:
    found = best(own_ages(Prose(wording)))

    assert found is not None
    assert (found.value.min_months, found.value.max_months) == (low, high)


@pytest.mark.parametrize("wording", ["für alle", "0-99", "6-3", "auf Anfrage"])
def test_own_wording_without_an_age_gives_none(wording: str) -> None:
    assert own_ages(Prose(wording)) == []
