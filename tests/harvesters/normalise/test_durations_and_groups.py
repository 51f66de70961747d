"""Durations and sizes of groups in wordings of providers, all invented."""

import pytest

from harvesters.normalise.durations import read_duration
from harvesters.normalise.evidence import best
from harvesters.normalise.group_sizes import read_group_size
from harvesters.normalise.own_words import own_duration, own_group_size
from harvesters.normalise.text import Prose

DURATIONS = [
    ("Dauer: 90 Minuten", 90),
    ("Dauer ca. 60 Min.", 60),
    ("45min", 45),
    ("eine Dreiviertelstunde", 45),
    ("Das dauert eine halbe Stunde.", 30),
    ("anderthalb Stunden", 90),
    ("zweieinhalb Stunden", 150),
    ("1,5 Std.", 90),
    ("1 ½ Stunden", 90),
    ("etwa eine knappe Stunde", 60),
    ("60–75 Minuten", 75),
    ("2 bis 3 Stunden", 180),
    ("2 Schulstunden", 90),
    ("eine Unterrichtsstunde", 45),
    ("eine Doppelstunde", 90),
    ("Klasse 3–4\nDoppelstunde", 90),
    ("1 Std. 30 Min.", 90),
    ("Spiel 35 Min. + Übung 30 Min.", 65),
    ("Die erste halbe Stunde sind wir drinnen, danach 45 Minuten im Wald.", 75),
    ("2 × 60 Min.", 60),
    ("drei Einheiten von je 45 Minuten", 45),
    ("9 bis 11 Uhr", 120),
    ("von 9.15–10.00 Uhr", 45),
    ("10:00 - 11:30 Uhr", 90),
    ("zweistündige Führung", 120),
    ("90-minütiger Rundgang", 90),
    ("Spieldauer 40 Minuten, Aufbau 1 Stunde vorher", 40),
]
NO_DURATION = [
    "10 Minuten zu Fuß vom Bahnhof",
    "Mit dem Bus 20 Minuten",
    "bitte 15 Minuten vorher da sein",
    "alle 20 Minuten wechseln die Kinder",
    "14 Uhr",
    "Wir sind 24 Stunden erreichbar",
    "Sprechstunde, Spielstunde, Märchenstunde",
]
GROUPS = [
    ("max. 15 Kinder", None, 15),
    ("bis zu 25 Jugendliche", None, 25),
    ("Es gibt zwölf Plätze.", None, 12),
    ("Ab 4, max. 15 Kinder", None, 15),
    ("ab 8 bis 16 Kinder", 8, 16),
    ("Hort, 14 Kinder, 2 Stunden", None, 14),
    ("Es können 16 Kinder teilnehmen.", None, 16),
    ("höchstens zwölf Kinder", None, 12),
    ("Gruppen bis 20 Kinder", None, 20),
    ("maximal 18 Personen", None, 18),
    ("10 bis 16 Kinder", 10, 16),
    ("6–12 Kinder je Kurs", 6, 12),
    ("acht bis zwölf Kinder", 8, 12),
    ("Gruppengröße: 8–15", 8, 15),
    ("Gruppengröße max. 12", None, 12),
    ("Gruppen ab 8 Kindern, maximal 20", 8, 20),
    ("mindestens 10 Kinder", 10, None),
    ("ab 12 Personen", 12, None),
    ("Kleingruppen zu höchstens 6 Kindern", None, 6),
    ("eine Gruppe bis ca. 20", None, 20),
    ("bis zu 25 Kinder pro Führung", None, 25),
    ("Drinnen haben 20 Kinder Platz", None, 20),
    ("Höchstens 20.", None, 20),
    ("für max. 60 Zuschauer", None, 60),
    ("Gruppe mit 15 Kindern", None, 15),
    ("Gruppen à 10 Kinder", None, 10),
    ("10er-Gruppe", None, 10),
    ("Teilnehmer: 8-12", 8, 12),
    ("mind. 8, max. 16 Kinder", 8, 16),
    ("mindestens 8 und höchstens 15 Kinder", 8, 15),
    ("begrenzt auf 12 Kinder", None, 12),
    ("12 Plätze", None, 12),
]
NO_GROUP = [
    "je 8 Kinder eine Begleitperson frei",
    "ein Betreuer pro 10 Kinder",
    "ab 40 Kindern teilen wir auf",
    "Für je fünf Kinder hat ein Erwachsener freien Eintritt",
    "höchstens 3 Stunden",
    "bis 12 Uhr",
    "Beim Umzug liefen 300 Kinder mit.",
    "Zwei Kinder lachten, drei weinten.",
]


@pytest.mark.parametrize(("wording", "minutes"), DURATIONS)
def test_reads_minutes(wording: str, minutes: int) -> None:
    found = best(read_duration(wording))

    assert found is not None
    assert found.value == minutes
    assert found.evidence in wording


@pytest.mark.parametrize("wording", NO_DURATION)
def test_takes_no_other_time_for_a_duration(wording: str) -> None:
    assert read_duration(wording) == []


@pytest.mark.parametrize(("wording", "low", "high"), GROUPS)
def test_reads_group_sizes(wording: str, low: int | None, high: int | None) -> None:
    found = best(read_group_size(wording))

    assert found is not None
    assert (found.value.children_min, found.value.children_max) == (low, high)
    assert found.evidence in wording


@pytest.mark.parametrize("wording", NO_GROUP)
def test_takes_no_ratio_for_a_group(wording: str) -> None:
    assert read_group_size(wording) == []


@pytest.mark.parametrize(("wording", "minutes"), [("PT1H30M", 90), ("PT45M", 45), ("60", 60), ("1 Stunde", 60)])
def test_reads_durations_under_their_own_name(wording: str, minutes: int) -> None:
    assert [found.value for found in own_duration(Prose(wording))] == [minutes]


@pytest.mark.parametrize(
    ("wording", "low", "high"),
    [
        ("15", None, 15),
        ("8-12", 8, 12),
        ("max. 20", None, 20),
        ("9 Kinder", None, 9),
        ("2 x 7 Kinder", None, 7),
        ("14 Kinder, mehr nach Absprache", None, 14),
        ("6 Kinder je Boot", None, 6),
        ("ganzes Haus, in Gruppen zu 9", None, 9),
    ],
)
def test_reads_sizes_under_their_own_name(wording: str, low: int | None, high: int | None) -> None:
    found = best(own_group_size(Prose(wording)))

    assert found is not None
    assert (found.value.children_min, found.value.children_max) == (low, high)


@pytest.mark.parametrize("wording", ["ganze Gruppe", "ausgebucht", "3 Gruppen", "1 x im Monat"])
def test_own_wording_without_a_size_gives_none(wording: str) -> None:
    assert own_group_size(Prose(wording)) == []


def test_counts_adults_who_must_come() -> None:
    found = best(read_group_size("bis 12 Kinder und mindestens zwei Erzieher"))

    assert found is not None
    assert found.value.adults == 2
