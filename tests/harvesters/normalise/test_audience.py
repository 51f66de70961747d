"""Whom an offer is made for: texts of offers, all invented, with and without the word Kita."""

from datetime import date, time

import pytest

from harvesters.normalise.audience import read_audience
from schemas.offer import Occurrence
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


@pytest.mark.parametrize(
    "text",
    [
        "Waldspaziergang\nWir gehen durch den Wald und sammeln Blätter.",
        "Steine bemalen\nMit Pinsel und Farbe, bitte alte Kleidung anziehen.",
        "Der Imker erzählt\nWie kommt der Honig ins Glas?",
    ],
)
def test_a_text_that_says_nothing_is_unsure(text: str) -> None:
    judgement = read_audience(text, title_end=text.index("\n"))

    assert judgement.suitability.verdict is Verdict.UNSURE
    assert judgement.audience == ()


@pytest.mark.parametrize(
    "text",
    [
        "Blues im Hafen\nJazz und Blues mit der Hausband, Tickets an der Kasse.",
        "Aquarelle aus drei Jahrzehnten\nAusstellung, Öffnungszeiten Di bis So 10 bis 17 Uhr.",
        "Lesung am Kamin\n20 Uhr, Eintritt 8 €.",
        "Rundgang durch die Altstadt\nTäglich ab Markt.",
        "Robotik\nFür Kinder von 9 bis 12 Jahren.",
        "Malen in Öl\nZielgruppe: Erwachsene",
    ],
)
def test_a_public_event_without_a_word_for_kitas_is_not_for_them(text: str) -> None:
    assert read_audience(text, title_end=text.index("\n")).suitability.verdict is Verdict.NO


@pytest.mark.parametrize(
    "text",
    [
        "Klangfestival\nMitmachkonzert für Kinder ab 4 Jahren, Dienstag 10 Uhr.",
        "Kinderführung im Kloster\nDonnerstag 11 Uhr, wer mag, bringt die Familie mit; bis 20 Teilnehmende.",
    ],
)
def test_a_public_event_for_children_goes_to_the_desk(text: str) -> None:
    assert read_audience(text, title_end=text.index("\n")).suitability.verdict is Verdict.UNSURE


MORNINGS = (Occurrence(day=date(2027, 3, 2), start=time(9, 30)), Occurrence(day=date(2027, 3, 4), start=time(10)))
EVENING = (Occurrence(day=date(2027, 3, 2), start=time(18)),)
SATURDAY = (Occurrence(day=date(2027, 3, 6), start=time(10)),)


@pytest.mark.parametrize(
    ("dates", "verdict"),
    [(MORNINGS, Verdict.YES), ((), Verdict.UNSURE), (EVENING, Verdict.NO), (SATURDAY, Verdict.NO)],
)
def test_dates_given_as_data_are_weighed(dates: tuple[Occurrence, ...], verdict: Verdict) -> None:
    text = "Seifenblasen\nWir lassen es schillern. Für Kinder ab 4 Jahren."

    assert read_audience(text, title_end=12, dates=dates).suitability.verdict is verdict


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
