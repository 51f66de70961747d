"""Words of service areas as sets of official municipalities; real names of places, invented wordings."""

import pytest

from harvesters.normalise.area_words import area_of
from schemas.geography import find_municipality
from schemas.offer import ServiceArea


def holds(area: ServiceArea, town: str, near: str | None) -> bool:
    municipality = find_municipality(town, near)
    assert municipality is not None, town
    return any(municipality.ags.startswith(key) for key in area.municipalities)


@pytest.mark.parametrize(
    ("words", "near", "inside", "outside"),
    [
        ("Amt Lubmin und Stadt Lassan", "13075", ("Kröslin", "Lassan"), ("Wolgast", "Anklam")),
        ("Amtsbereich Landhagen", "13075", ("Hinrichshagen",), ("Greifswald",)),
        ("Ämter Landhagen und Züssow", "13075", ("Gützkow", "Hinrichshagen"), ("Greifswald",)),
        ("Samtgemeinde Sottrum", "03357", ("Horstedt",), ("Rotenburg (Wümme)",)),
        ("im gesamten Landkreis", "01057", ("Preetz", "Plön"), ("Kiel",)),
        ("Landkreis Rostock", None, ("Güstrow",), ("Rostock",)),
        ("Kreise Plön und Ostholstein", "01057", ("Eutin", "Preetz"), ("Kiel",)),
        ("Altkreis Ostvorpommern", "13075", ("Anklam", "Wolgast"), ("Pasewalk", "Greifswald", "Jarmen")),
        ("Altkreis Nordvorpommern", "13073", ("Grimmen",), ("Stralsund", "Binz")),
        ("auf der Insel Sylt", "01054", ("Hörnum (Sylt)",), ("Husum",)),
        ("auf ganz Rügen und Hiddensee", "13073", ("Sassnitz", "Insel Hiddensee"), ("Stralsund",)),
        ("in ganz Schleswig-Holstein", None, ("Kiel",), ("Hamburg",)),
        ("landesweit", "03", ("Lüneburg",), ("Hamburg",)),
        ("bundesweit", None, ("Kiel", "München"), ()),
        ("Kreis Plön außer Preetz", "01057", ("Plön",), ("Preetz",)),
        ("Stadtgebiet Kiel", "01002", ("Kiel",), ("Preetz",)),
        ("Sachsen-Anhalt", None, ("Magdeburg",), ("Dresden",)),
    ],
)
def test_names_in_the_register_are_a_sure_set(words, near, inside, outside):
    area = area_of(words, near=near)

    assert area.words == words
    assert area.sure
    assert [town for town in inside if not holds(area, town, near)] == []
    assert [town for town in outside if holds(area, town, near)] == []


@pytest.mark.parametrize(
    ("words", "near", "inside", "outside"),
    [
        ("Raum Eutin–Malente–Plön", "01055", ("Eutin", "Plön"), ("Heiligenhafen",)),
        ("Raum Eutin", "01055", ("Eutin", "Malente"), ("Heiligenhafen",)),
        ("zwischen Plön und Preetz", "01057", ("Plön", "Preetz"), ("Lütjenburg",)),
        ("Kiel und angrenzende Gemeinden", "01002", ("Kiel",), ("Plön",)),
        ("Plön und die Dörfer am See", "01057", ("Plön",), ("Preetz",)),
        ("Altkreis Uecker-Randow, weiter nach Absprache", "13075", ("Pasewalk",), ("Wolgast",)),
        ("Insel Usedom von Zinnowitz bis Benz", "13075", ("Zinnowitz",), ("Pasewalk",)),
    ],
)
def test_what_is_only_roughly_drawn_is_unsure(words, near, inside, outside):
    area = area_of(words, near=near)

    assert not area.sure
    assert [town for town in inside if not holds(area, town, near)] == []
    assert [town for town in outside if holds(area, town, near)] == []


@pytest.mark.parametrize(
    "words",
    [
        "bundesweit nicht",
        "Landkreis Plön leider nicht.",
        "Kreis nördlich der Linie Plön–Preetz",
        "im Nordosten",
        "Altkreis Grafschaft Hügelland",
        "in Angeln und Schwansen",
        "nach Vereinbarung",
    ],
)
def test_what_nothing_settles_stays_words(words):
    assert area_of(words, near="01057") == ServiceArea(words=words)


@pytest.mark.parametrize(
    ("words", "radius", "centre", "others", "sure"),
    [
        ("Stadtgebiet Kiel und Umland bis 20 km", 20, "Kiel", (), True),
        ("18 km um Plön mit Preetz", 18, "Plön", ("Preetz",), True),
        ("Eutin und 25 km Umkreis", 25, "Eutin", (), True),
        ("ohne Aufpreis bis 12 km ab Plön", 12, "Plön", (), False),
        ("rund 10 km um die Stadt Preetz und das Hügelland", 10, "Preetz", (), False),
    ],
)
def test_a_distance_is_drawn_around_its_town(words, radius, centre, others, sure):
    area = area_of(words, near="01", radius_km=radius)
    middle = find_municipality(centre, "01")

    assert middle is not None
    assert (area.radius_km, area.lat, area.lon) == (radius, middle.point.lat, middle.point.lon)
    assert all(holds(area, town, "01") for town in others)
    assert len(area.municipalities) == len(others)
    assert area.sure is sure


def test_a_distance_between_towns_is_the_limit_of_what_they_draw():
    area = area_of("von Plön bis Eutin, höchstens 8 km", near="01", radius_km=8)

    assert (area.lat, area.sure) == (None, False)
    assert holds(area, "Malente", "01")
    assert not holds(area, "Preetz", "01")
