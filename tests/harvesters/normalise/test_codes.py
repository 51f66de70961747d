"""Areas, topics, languages, access, modes, booking, state: wordings of providers, all invented."""

import pytest

from harvesters.normalise.accessibility import read_accessibility, read_practicalities
from harvesters.normalise.areas import read_areas, read_topics
from harvesters.normalise.booking import read_lead_days, read_required, read_ways
from harvesters.normalise.languages import read_languages
from harvesters.normalise.modes import read_cancelled, read_funding, read_kind, read_modes, read_sold_out
from harvesters.normalise.own_words import codes
from harvesters.normalise.places import venue_words
from schemas.vocabulary import Mode, Topic


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("Vorlesen mit Handpuppe", "language"),
        ("Wir experimentieren mit Magneten", "stem"),
        ("Trickfilm mit dem Tablet", "media"),
        ("Puppentheater für die Jüngsten", "music_art_theatre"),
        ("Turnen und Toben, Yoga für Kinder", "movement_health"),
        ("Mit dem Förster im Wald", "nature_sustainability"),
        ("Ritter im Mittelalter, Führung durch die Burg", "world_region_society"),
        ("Gefühle, Streit und Freundschaft", "social_values"),
        ("Kräuter im Garten, Bienen und Insekten", "nature_sustainability"),
        ("Trommeln, Singen, Orchester zum Anfassen", "music_art_theatre"),
    ],
)
def test_the_first_area_is_the_most_fitting(text: str, area: str) -> None:
    assert read_areas(text)[0].value.value == area


def test_never_more_than_three_areas() -> None:
    text = "Vorlesen, Experimente, Trickfilm, Theater, Turnen, Wald, Museum, Kirche"

    assert len(read_areas(text)) <= 3


def test_practical_notes_do_not_make_an_area() -> None:
    assert read_areas("Bitte Turnschuhe mitbringen, Parkplätze am Stadion") == []


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Feuerwehr und Brandschutz", Topic.FIRE_RESCUE),
        ("Zu Besuch auf dem Bauernhof", Topic.FARM),
        ("Kochen mit Gemüse", Topic.NUTRITION),
        ("In der Moschee", Topic.FAITH),
    ],
)
def test_names_topics(text: str, topic: Topic) -> None:
    assert topic in [found.value for found in read_topics(text)]


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("Vorlesen auf Deutsch und Türkisch", ["de", "tr"]),
        ("Geschichten auf Plattdeutsch", ["nds"]),
        ("Erzählstunde auf Arabisch und Ukrainisch", ["ar", "uk"]),
        ("mit Gebärdensprachdolmetscherin", ["gsg"]),
        ("Führung auf Englisch möglich", ["en"]),
        ("Zweisprachiges Theater deutsch-polnisch", ["de", "pl"]),
        ("Deutsch und Dänisch", ["de", "da"]),
        ("italienische Küche und polnische Grenze", []),
        ("Wir lesen vor.", []),
    ],
)
def test_reads_languages(text: str, languages: list[str]) -> None:
    assert [found.value for found in read_languages(text)] == languages


@pytest.mark.parametrize(
    ("text", "code", "answer"),
    [
        ("Das Haus ist rollstuhlgerecht.", "wheelchair", "yes"),
        ("Der Eingang ist barrierefrei", "wheelchair", "yes"),
        ("leider nicht rollstuhlgerecht", "wheelchair", "no"),
        ("Der Hof ist mit Rollstuhl befahrbar, die Mühle leider nicht.", "wheelchair", "limited"),
        ("Ein Aufzug ist vorhanden, keine Stufen im Haus.", "wheelchair", "yes"),
        ("Mit dem Kinderwagen ist die Warft nicht erreichbar.", "buggy", "no"),
        ("kein Aufzug", "wheelchair", "no"),
        ("Der Weg ist für Rollstühle leider zu sandig", "wheelchair", "no"),
        ("eingeschränkt barrierefrei", "wheelchair", "limited"),
        ("Kinderwagen sind kein Problem", "buggy", "yes"),
        ("Ein Ruheraum ist vorhanden", "quiet_room", "yes"),
        ("Wir sprechen in einfacher Sprache", "easy_language", "yes"),
        ("Höranlage im Saal", "hearing", "yes"),
        ("mit Tastmodell für blinde Kinder", "sight", "yes"),
    ],
)
def test_reads_access(text: str, code: str, answer: str) -> None:
    found = {found.value[0].value: found.value[1].value for found in read_accessibility(text)}

    assert found[code] == answer


def test_what_is_not_said_about_access_is_absent() -> None:
    assert read_accessibility("Bitte feste Schuhe anziehen.") == []


@pytest.mark.parametrize(
    ("text", "code", "answer"),
    [
        ("Toiletten sind vorhanden", "toilet", "yes"),
        ("es gibt keine Toilette", "toilet", "no"),
        ("Frühstücksraum vorhanden", "place_to_eat", "yes"),
        ("Wir brauchen einen Raum mit Steckdose", "room_needed", "yes"),
    ],
)
def test_reads_practicalities(text: str, code: str, answer: str) -> None:
    assert {found.value[0].value: found.value[1].value for found in read_practicalities(text)} == {code: answer}


@pytest.mark.parametrize(
    ("text", "place", "modes"),
    [
        ("Wir kommen in Ihre Kita.", "", ["in_kita"]),
        ("Unser Anhänger rollt auf euren Schulhof.", "euer Hof", ["in_kita"]),
        ("Die Medienkiste kommt frei Haus.", "", ["in_kita"]),
        ("Wir kommen im ganzen Kreis vorbei.", "", ["in_kita"]),
        ("Kochen am Nachmittag", "Hort", ["in_kita"]),
        ("Auf unserem Hof in der Hofstraße", "Hofladen Ebert", ["at_provider"]),
        ("Konzert in der Marktstraße", "Marktplatz 3, Jena", ["at_provider"]),
        ("Singen auf dem Marktplatz", "Jena", ["at_provider", "outdoor"]),
        ("Unsere Vorleserin kommt einmal im Monat für eine Stunde in die Gruppe.", "", ["in_kita"]),
        ("Die Zahnärztin besucht im Frühjahr alle Kitas.", "", ["in_kita"]),
        ("Unser Team kommt an Schulen im ganzen Kreis.", "", ["in_kita"]),
        ("Ein Stück über Mut, zwei Spielende.", "Ihre Einrichtung", ["in_kita"]),
        ("Das Mobil kommt zu Ihnen.", "in Ihrer Einrichtung", ["in_kita"]),
        ("Führung durch die Ausstellung", "Stadtmuseum, Halle", ["at_provider"]),
        ("Waldspaziergang mit Matschhose", "Forsthaus Solling", ["at_provider", "outdoor"]),
        ("Vortrag per Zoom", "", ["online"]),
        ("Online-Anmeldung erforderlich. Führung im Museum.", "Museum Jena", ["at_provider"]),
        ("Hunde müssen draußen bleiben.", "Bücherei Ulm", ["at_provider"]),
    ],
)
def test_reads_modes(text: str, place: str, modes: list[str]) -> None:
    found = read_modes(text, place=place, has_venue=bool(venue_words(place)))

    assert [one.value.value for one in found] == modes


@pytest.mark.parametrize(
    "text",
    ["Der Aufzug ist zurzeit defekt.", "Kinderwagen müssen leider am Eingang bleiben.", "Fahrstuhl außer Betrieb"],
)
def test_what_is_broken_or_stays_outside_is_no_access(text: str) -> None:
    assert {found.value[1].value for found in read_accessibility(text)} == {"no"}


def test_a_ramp_for_sport_is_no_access() -> None:
    assert read_accessibility("Halfpiperampen und Skaterampen") == []


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("bitte zwei Wochen vorher anmelden", 14),
        ("mindestens 10 Tage vorher", 10),
        ("wir brauchen rund 4 Wochen Vorlauf", 28),
        ("Anmeldung mind. 1 Monat vorher", 30),
        ("bitte drei Wochen im Voraus anfragen", 21),
        ("bis spätestens 3 Tage vor dem Termin", 3),
    ],
)
def test_reads_lead_times(text: str, days: int) -> None:
    assert days in [found.value for found in read_lead_days(text)]


def test_cancelling_is_no_lead_time() -> None:
    assert read_lead_days("Stornierung bis 14 Tage vorher kostenlos") == []


@pytest.mark.parametrize(
    ("text", "way"),
    [("bitte telefonisch anmelden", "phone"), ("Anmeldung per E-Mail", "mail"), ("Anmeldung per Formular", "form")],
)
def test_reads_ways_of_booking(text: str, way: str) -> None:
    assert way in [found.value.value for found in read_ways(text)]


@pytest.mark.parametrize(("text", "required"), [("Anmeldung erforderlich", True), ("ohne Anmeldung", False)])
def test_reads_whether_registration_is_needed(text: str, required: bool) -> None:
    found = read_required(text)

    assert found is not None
    assert found.value is required


@pytest.mark.parametrize(
    ("text", "title_end", "cancelled"),
    [
        ("Waschtag – ABGESAGT\nAm 3. Dezember", 20, True),
        ("Lesung\nDie Veranstaltung muss leider ausfallen.", 6, True),
        ("Lesung\nDie Lesung fällt leider aus.", 6, True),
        ("Strandtag\nBei Sturm fällt der Ausflug aus.", 9, False),
        ("Kurs\nBei Bezug von BuT entfällt der Betrag.", 4, False),
        ("Kurs\nAbsage bitte bis 3 Tage vorher.", 4, False),
        ("Führung\nWir freuen uns.", 7, False),
    ],
)
def test_reads_whether_it_is_off(text: str, title_end: int, cancelled: bool) -> None:
    assert (read_cancelled(text, title_end=title_end) is not None) is cancelled


@pytest.mark.parametrize(
    ("text", "sold_out"),
    [("AUSGEBUCHT: Waldwoche", True), ("Waldwoche. Die Termine sind oft schnell ausgebucht.", False)],
)
def test_reads_whether_it_is_sold_out(text: str, sold_out: bool) -> None:
    assert (read_sold_out(text) is not None) is sold_out


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Bücherkiste zum Ausleihen", "loan_kit"),
        ("Schwimmkurs mit 10 Terminen", "course"),
        ("Fortbildung für Teams", "staff_training"),
        ("Lesepaten kommen", "volunteer"),
    ],
)
def test_reads_kinds(text: str, kind: str) -> None:
    found = read_kind(text)

    assert found is not None
    assert found.value.value == kind


def test_reads_funding() -> None:
    assert [
        found.value.value
        for found in read_funding("abrechenbar über Bildung und Teilhabe, gefördert durch die Stiftung")
    ] == ["but", "local"]


def test_reads_codes_and_labels_in_lists() -> None:
    assert codes("outdoor, in der Kita, im Keller", Mode) == ([Mode.OUTDOOR, Mode.IN_KITA], ["im Keller"])
