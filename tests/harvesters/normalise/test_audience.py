"""Whom an offer is made for: texts of offers, all invented, with and without the word Kita."""

import pytest

from harvesters.normalise.audience import read_audience
from schemas.vocabulary import Audience, Verdict

FOR_KITAS = [
    "Waldvormittag für Kita-Gruppen\nMit Lupe und Förster durch den Harz, bis 18 Kinder, nach Vereinbarung.",
    "Bilderbuchkino für Kitas\nDienstags 9.30 Uhr in der Stadtbücherei Hameln, bitte anmelden.",
    "Die Feuerwehr kommt\nWir besuchen die Vorschulkinder in Ihrer Einrichtung und üben den Notruf.",
    "Klangwerkstatt\nEine Musikerin kommt mit Trommeln in Ihre Kita, Gruppen bis 12 Kinder, ab 3 Jahren.",
    "Museum für die Kleinsten\nKindergartengruppen ab 4 Jahren, 60 Minuten, 2 € pro Kind, Erzieherinnen frei.",
    "Theater: Frau Holle ab 4\nVormittagsvorstellung Di 10 Uhr, 5 € pro Kind, Begleitpersonen frei.",
    "Zahnputzschule\nUnsere Fachkraft kommt in den Kindergarten. Kostenlos.",
    "Auf dem Ziegenhof\nGruppen mit Kindern von 3 bis 6 Jahren, höchstens 15 Kinder, vormittags nach Absprache.",
    "Bücherkiste ausleihen\nMedienkisten für Krippen und Kindergärten, Ausleihe vier Wochen.",
    "Tag der Vorschulkinder im Planetarium\nFür das letzte Jahr vor der Schule, Gruppenpreis 40 €.",
    "Kasper und der Räuber\nWir spielen in Kitas im Umkreis von 40 km. 180 € pro Vorstellung.",
    "Erlebnis Bäckerei\nKitas melden sich bitte zwei Wochen vorher, max. 12 Kinder.",
]
NOT_FOR_KITAS = [
    "Sommerfest der Kita Spatzennest\nSamstag ab 14 Uhr, für die ganze Familie, mit Hüpfburg und Kuchenbuffet.",
    "Kinderflohmarkt\nSonntag 10 bis 15 Uhr in der Kita Sonnenschein, Standgebühr 8 €.",
    "Eltern-Kind-Turnen\nMittwochs 16 Uhr für Kinder von 2 bis 4 Jahren mit einem Elternteil.",
    "Fortbildung: Sprache fördern\nFür pädagogische Fachkräfte aus Krippe und Kindergarten, 9 bis 16 Uhr.",
    "Ferienprogramm für Schulkinder\nKlasse 1 bis 4, in den Sommerferien.",
    "Schulklassen im Museum\nFür Klassenstufen 3 bis 6, Lehrkräfte frei.",
    "Familiensonntag im Zoo\nFühren durch das Gehege, Familienkarte 20 €, Sonntag 11 Uhr.",
    "Konzertabend\nFreitag 20 Uhr, Einlass ab 19 Uhr, VVK 14 €.",
    "Sitzung des Jugendhilfeausschusses\nTOP 3: Kita-Bedarfsplanung, Beginn 18 Uhr im Rathaus.",
    "Töpferkurs für Erwachsene\nSechs Abende, mittwochs 19 Uhr.",
    "Elternabend: Medien in der Familie\nOnline-Vortrag für Eltern von Kita-Kindern, 19.30 Uhr.",
    "Bürgerbüro geschlossen\nKita-Anträge bitte in den Briefkasten.",
    "Trickfilm im Hort\nDrei Nachmittage für Hortkinder ab Klasse 2.",
    "Adventsmarkt\nSamstag 13 bis 19 Uhr, um 15 Uhr singen die Kinder der Kita Regenbogen, Glühwein und Karussell.",
    "Klettern ab 8\nHortgruppen zahlen 9 €. Kindergartengruppen können wir aus Sicherheitsgründen leider "
    "nicht mitnehmen.",
]


@pytest.mark.parametrize("text", FOR_KITAS)
def test_offers_for_groups_of_a_kita_are_seen(text: str) -> None:
    judgement = read_audience(text, title_end=text.index("\n"))

    assert judgement.suitability.verdict is Verdict.YES, judgement.suitability
    assert Audience.KITA in [found.value for found in judgement.audience]


@pytest.mark.parametrize("text", NOT_FOR_KITAS)
def test_other_offers_are_not_taken_for_them(text: str) -> None:
    judgement = read_audience(text, title_end=text.index("\n"))

    assert judgement.suitability.verdict is not Verdict.YES, judgement.suitability


def test_a_text_that_says_nothing_is_unsure() -> None:
    judgement = read_audience("Waldspaziergang\nWir gehen durch den Wald und sammeln Blätter.")

    assert judgement.suitability.verdict is not Verdict.YES
    assert judgement.suitability.probability < 0.6
    assert judgement.audience == ()


def test_reasons_are_german_and_quote_the_text() -> None:
    judgement = read_audience("Zirkus\nFür Kitas und Kindergärten in Köln, nach Absprache.")

    assert any(
        "„Für Kitas und Kindergärten“" in reason and "spricht für Kita-Gruppen" in reason
        for reason in judgement.suitability.reasons
    )


def test_evidence_stands_in_the_text() -> None:
    text = "Hoftag\nKindergartengruppen willkommen, Schulklassen der Klasse 3 auch."

    for found in read_audience(text).audience:
        assert text[found.span[0] : found.span[1]] == found.evidence


@pytest.mark.parametrize(
    ("text", "audience"),
    [
        ("Fachtag Inklusion\nFür pädagogische Fachkräfte", Audience.STAFF),
        ("Kletterwald\nFür Hortgruppen", Audience.HORT),
        ("Physikshow\nFür Schulklassen ab Klasse 7", Audience.SCHOOL),
        ("Hoffest\nFür die ganze Familie", Audience.FAMILY),
        ("Weinprobe\nFür Erwachsene", Audience.ADULT),
    ],
)
def test_names_other_audiences(text: str, audience: Audience) -> None:
    assert read_audience(text, title_end=text.index("\n")).main is audience
