"""Where things are: known facts, spellings, namesakes, and what must stay unknown.

Whatever is exported (postcode, place, municipality key, Kreis, point) comes from tables without share-alike terms; the
test of the tables read holds that.
"""

import csv
import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.geography import (
    EARTH_RADIUS_KM,
    Address,
    Point,
    UnknownKeyError,
    association_members,
    distance_km,
    distances_km,
    find_municipality,
    find_places,
    kreis,
    kreis_name,
    kreis_of,
    land_name,
    land_of,
    locate,
    municipalities_in,
    municipalities_within,
    municipality,
    parse_address,
    postcode_known,
)
from schemas.geography.names import fold
from schemas.geography.outlines import Outlines
from schemas.geography.share_alike import municipalities_of_postcode
from schemas.geography.tables import municipalities, postcodes
from schemas.organisation import Precision

VG = "13075"
BERLIN, KIEL = Point(52.5170, 13.3889), Point(54.3227, 10.1356)
GERMANY = st.builds(Point, st.floats(47.2, 55.1), st.floats(5.8, 15.1))


# -- distances --------------------------------------------------------------------------------------------------------


def test_a_degree_of_latitude_and_half_the_globe_have_the_length_that_the_radius_gives():
    assert distance_km(Point(0, 0), Point(1, 0)) == pytest.approx(math.pi * EARTH_RADIUS_KM / 180, rel=1e-12)
    assert distance_km(Point(90, 0), Point(-90, 0)) == pytest.approx(math.pi * EARTH_RADIUS_KM, rel=1e-12)


def test_berlin_and_kiel_are_some_295_km_apart():
    assert distance_km(BERLIN, KIEL) == pytest.approx(294.5, abs=0.2)


@given(GERMANY, GERMANY)
def test_many_distances_at_once_are_the_single_ones_and_have_no_direction(a, b):
    many = distances_km(a.lat, a.lon, [b.lat, a.lat], [b.lon, a.lon])

    assert many[0] == pytest.approx(distance_km(a, b), rel=1e-12, abs=1e-9)
    assert many[1] == 0
    assert distance_km(a, b) == distance_km(b, a)


def test_distances_of_float32_columns_are_computed_in_float64():
    random = np.random.default_rng(1)
    lats = random.uniform(53.9, 54.2, 500).astype(np.float32)
    lons = random.uniform(13.2, 13.9, 500).astype(np.float32)
    lat, lon = float(lats[0]), float(lons[0])

    exact = np.array([distance_km(Point(lat, lon), Point(float(a), float(b))) for a, b in zip(lats, lons, strict=True)])
    ours = distances_km(lat, lon, lats, lons)

    assert ours.dtype == np.float64
    assert np.abs(ours - exact).max() < 1e-9
    assert np.abs(_chord_in_float32(lats, lons) - exact).max() > 1  # the trap: kilometres wrong, and silent


def _chord_in_float32(lats, lons):
    """Distances to the first point by `2 - 2 a·b` on unit vectors in float32, as one would write it for speed."""
    lat, lon = np.radians(lats), np.radians(lons)
    vectors = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    assert vectors.dtype == np.float32
    return np.sqrt(np.maximum(2 - 2 * (vectors @ vectors[0]), 0)) * EARTH_RADIUS_KM


def test_an_unknown_coordinate_gives_an_unknown_distance():
    assert np.isnan(distances_km(54.0, 13.0, [np.nan], [13.0])[0])


# -- official keys ----------------------------------------------------------------------------------------------------


def test_keys_lead_to_land_kreis_and_municipality():
    assert (land_of("13075"), land_name("13"), kreis_name("13075039")) == (
        "MV",
        "Mecklenburg-Vorpommern",
        "Vorpommern-Greifswald",
    )
    assert (land_of("01002000"), kreis("01002").kind, kreis_name("01002")) == ("SH", "Kreisfreie Stadt", "Kiel")
    greifswald = municipality("13075039")
    assert (greifswald.name, greifswald.designation, greifswald.kreis) == ("Greifswald", "Hansestadt", VG)
    assert greifswald.population == 59_232


def test_the_lists_are_complete():
    assert len({m.kreis for m in municipalities().values()}) == 401
    assert {land_of(f"{n:02}") for n in range(1, 17)} == {
        "SH", "HH", "NI", "HB", "NW", "HE", "RP", "BW", "BY", "SL", "BE", "BB", "MV", "SN", "ST", "TH",
    }  # fmt: skip
    assert sum(m.population for m in municipalities().values()) == pytest.approx(83.2e6, rel=0.01)


def test_municipalities_are_found_by_key_association_and_circle():
    assert len(municipalities_in(VG)) == 138
    assert [m.name for m in municipalities_in("01002")] == ["Kiel"]
    assert municipalities_in("99") == ()
    peenestrom = municipality("13075144").association
    assert {"Wolgast", "Lassan"} <= {m.name for m in association_members(peenestrom)}
    around = municipalities_within(municipality("13075005").point, 10)
    assert around[0].name == "Anklam"
    assert "Greifswald" not in {m.name for m in around}
    assert municipalities_within(Point(0, 0), 10) == ()


@pytest.mark.parametrize("look_up", [land_of, land_name, kreis, kreis_name, municipality, association_members])
def test_an_unknown_key_is_an_error_that_names_it(look_up):
    with pytest.raises(UnknownKeyError, match='"99999"'):
        look_up("99999")


def test_only_postcodes_of_places_are_known():
    assert postcode_known("17489")
    assert not postcode_known("10875")  # a single company in the original, placed in Stuttgart
    assert not postcode_known("87491")  # Austria


# -- locate -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("postcode", "locality", "lat", "lon", "ags"),
    [
        ("17489", "Greifswald", 54.0931, 13.3879, "13075039"),
        ("24103", "Kiel", 54.3227, 10.1356, "01002000"),
        ("10115", "Berlin", 52.5320, 13.3846, "11000000"),
        ("24109", "Kiel", 54.3227, 10.0500, "01002000"),  # the original puts it into the Kreis next door
        ("48157", "Münster", 52.0003, 7.6893, "05515000"),
    ],
)
def test_a_postcode_with_its_town_gives_point_and_municipality(postcode, locality, lat, lon, ags):
    found = locate(postcode, locality)

    assert distance_km(found.point, Point(lat, lon)) < 2
    assert (found.precision, found.postcode, found.locality) == (Precision.POSTCODE, postcode, locality)
    assert (found.ags, found.kreis, found.ags_source) == (ags, ags[:5], "official_name")


@pytest.mark.parametrize(
    ("written", "ags"),
    [
        ("Greifswald", "13075039"),
        ("GREIFSWALD", "13075039"),
        ("Universitäts- und Hansestadt Greifswald", "13075039"),
        ("Greifswald-Wieck", "13075039"),
        ("Kröslin OT Freest", "13075069"),
        ("Kroeslin", "13075069"),
        ("Seebad Lubmin", "13075083"),
        ("Strasburg (Um.)", "13075130"),
        ("Strasburg/Uckermark", "13075130"),
        ("Stolpe an der Peene", "13075128"),
        ("Stolpe a. d. Peene", "13075128"),
        ("Stolpe auf Usedom", "13075129"),
        ("Neuenkirchen bei Anklam", "13075101"),
        ("St. Peter-Ording", "01054113"),
        ("Sankt Peter Ording", "01054113"),
        ("Burg (Dithm.)", "01051016"),
        ("Frankfurt/M.", "06412000"),
        ("Frankfurt a. M.", "06412000"),
        ("Frankfurt (O.)", "12053000"),
        ("Rothenburg o. d. T.", "09571193"),
        ("Münster-Coerde", "05515000"),
        ("Hansestadt Stralsund", "13073088"),
        ("Cottbus", "12052000"),
        ("Weißwasser", "14626600"),
    ],
)
def test_a_town_is_found_however_it_is_spelled(written, ags):
    assert locate(None, written, near=VG).ags == ags
    assert find_municipality(written, VG).ags == ags


def test_a_name_with_several_bearers_stays_unknown_until_region_or_postcode_settle_it():
    assert locate(None, "Neuenkirchen") is None
    assert locate(None, "Neuenkirchen", near=VG) is None  # two in that Kreis alone
    assert locate(None, "Neuenkirchen", near="05").ags == "05566060"
    assert locate("48485", "Neuenkirchen").ags == "05566060"
    assert locate(None, "Frankfurt") is None
    assert locate(None, "Münster").ags == "05515000"  # a city dwarfs its namesakes


def test_the_seaside_ahlbeck_is_not_taken_for_the_municipality_of_that_name():
    seaside, village = locate("17419", "Ahlbeck"), locate("17375", "Ahlbeck")

    assert (seaside.ags, seaside.kreis) == (None, VG)
    assert village.ags == "13075001"
    assert distance_km(seaside.point, village.point) > 25
    assert locate(None, "Ahlbeck", near=VG) is None
    assert locate(None, "Ahlbeck (Usedom)", near=VG).postcode == "17419"


def test_a_bare_name_of_a_village_far_beyond_the_region_stays_unknown():
    assert locate(None, "Wieck", near=VG) is None  # the harbour of Greifswald, or the village on the Darß?
    assert locate(None, "Wieck a. Darß", near=VG).ags == "13073100"
    assert locate(None, "Demmin", near=VG).ags == "13071029"


def test_a_place_with_one_postcode_gets_it_and_a_town_with_several_does_not():
    assert locate(None, "Anklam", near=VG).postcode == "17389"
    assert locate(None, "Greifswald", near=VG).postcode is None


def test_a_postcode_of_several_places_gives_their_centre_but_no_name():
    found = locate("17440", None)

    assert (found.locality, found.ags, found.kreis) == (None, None, VG)
    assert distance_km(found.point, locate("17440", "Lassan").point) < 20


def test_an_unknown_postcode_leaves_the_name_to_decide():
    found = locate("17464", "Greifswald")  # the post box of the Kreis

    assert (found.postcode, found.precision, found.ags) == (None, Precision.MUNICIPALITY, "13075039")
    assert locate("99999", None) is None
    assert locate(None, None) is None
    assert locate("17464", "Nirgendwo") is None
    assert locate(" 17489 ", None).locality == "Greifswald"


def test_the_town_of_a_postcode_is_not_renamed_by_a_contradiction():
    found = locate("17489", "München")

    assert (found.locality, found.kreis, found.ags) == ("Greifswald", VG, None)


def test_the_time_to_locate_does_not_depend_on_the_size_of_the_tables(monkeypatch):
    calls = []
    measured = distance_km
    locate("17489", "Greifswald")  # builds the index
    monkeypatch.setattr("schemas.geography.places.distance_km", lambda a, b: calls.append(1) or measured(a, b))

    sizes = []
    for place in [places[0] for places in postcodes().values()][::200]:
        calls.clear()
        locate(place.postcode, place.place)
        sizes.append(len(calls))

    assert len(sizes) > 40
    assert max(sizes) <= 60  # bearers of one name times places of one postcode, never the table


def test_all_tables_together_take_less_than_60_mebibytes():
    peak = int(subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True).stdout)

    assert 2**20 < peak < 60 * 2**20


PEAK = """
import tracemalloc
from schemas.geography import Point, find_places, kreis_of, locate, municipalities_within
tracemalloc.start()
locate("17489", "Greifswald"), find_places("Anklam", "13")
kreis_of(Point(54, 13)), municipalities_within(Point(54, 13), 9)
print(tracemalloc.get_traced_memory()[1])
"""


# -- outlines ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lat", "lon", "key"),
    [
        (52.5170, 13.3889, "11000"),
        (54.3233, 10.1394, "01002"),
        (54.0931, 13.3879, "13075"),
        (51.76, 14.33, "12052"),  # Cottbus, a hole in the Kreis around it
        (54.18, 7.89, "01056"),  # Helgoland, an island of Pinneberg
        (53.9436, 14.1964, "13075"),  # the pier of Ahlbeck, outside the coarse outline
        (53.9100, 14.2472, None),  # Świnoujście
        (55.67, 12.56, None),
    ],
)
def test_a_point_lies_in_its_kreis(lat, lon, key):
    assert kreis_of(Point(lat, lon)) == key


def test_nearly_all_municipalities_lie_in_the_outline_of_their_kreis():
    sample = list(municipalities().values())[::7]

    wrong = [m.name for m in sample if kreis_of(m.point) != m.kreis]

    assert len(wrong) <= len(sample) // 500


def test_outlines_know_holes_and_borders():
    square_with_hole = Outlines([("ring", "0 0 1000 0 0 1000 -1000 0 0 -1000|400 400 200 0 0 200 -200 0 0 -200")])

    assert square_with_hole.find(Point(0.2, 0.2)) == "ring"
    assert square_with_hole.find(Point(0.5, 0.5)) is None
    assert square_with_hole.find(Point(0.5, -0.01)) == "ring"  # 1.1 km outside
    assert square_with_hole.border_km("ring", Point(0.5, -0.01)) == pytest.approx(1.11, abs=0.01)


# -- names in text ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "near", "names"),
    [
        ("Feuerwache Wolgast / in Ihrer Kita", VG, ["Wolgast"]),
        ("Von Stolpe an der Peene nach Greifswald-Wieck", VG, ["Stolpe an der Peene", "Greifswald"]),
        ("Museum am Hansering, 17489 Greifswald", None, ["Greifswald"]),
        ("Bibliothek, 17335 Strasburg (Um.), 1. Stock", None, ["Strasburg (Uckermark)"]),
        ("Speicher, Ueckermünde", VG, ["Ueckermünde"]),
        ("Kinos in Greifswald, Wolgast, Pasewalk", VG, ["Greifswald", "Wolgast", "Pasewalk"]),
        ("Wir gehen in den Wald, Hof und Spiele, Essen, Singen.", None, []),
        ("Wir gehen in den Wald, Hof und Spiele, Essen, Singen.", VG, []),
        ("45127 Essen", None, ["Essen"]),
        ("Ein Viereck basteln", VG, []),
        ("Treffpunkt in Viereck", VG, ["Viereck"]),
        ("Amt Usedom-Süd, Insel Usedom", VG, []),
        ("Stadt Usedom", VG, ["Usedom"]),
        ("Kitas auf Usedom", VG, []),
        ("Hammer und Säge, Hammer a. d. Uecker", VG, ["Hammer a.d. Uecker"]),
        ("Mit Händen, Füßen, Ästen", VG, []),
        ("greifswald klein geschrieben", VG, []),
        ("Hamburger Straße", VG, []),
        ("", VG, []),
    ],
)
def test_places_are_found_in_text_and_words_are_not_taken_for_places(text, near, names):
    assert [m.name for _, _, m in find_places(text, near)] == names


def test_the_position_of_a_place_is_that_of_its_name():
    text = "Hafen (Ueckermünde), Strasburg (Um.)!"

    assert [text[start:end] for start, end, _ in find_places(text, VG)] == ["Ueckermünde", "Strasburg (Um.)"]


@pytest.mark.parametrize(
    ("text", "near", "address"),
    [
        (
            "Museum am Hansering, 17489 Greifswald",
            None,
            Address(venue="Museum am Hansering", postcode="17489", locality="Greifswald"),
        ),
        ("Markt, Anklam", VG, Address(street="Markt", locality="Anklam")),
        (
            "Dyckburger Str. 224, 48157 Münster",
            None,
            Address(street="Dyckburger Str. 224", postcode="48157", locality="Münster"),
        ),
        (
            "Am Hafen, 17440 Kröslin OT Freest",
            VG,
            Address(street="Am Hafen", postcode="17440", locality="Kröslin", district="Freest"),
        ),
        ("Wissenswerkstatt, Seebad Lubmin", VG, Address(venue="Wissenswerkstatt", locality="Lubmin")),
        ("Greifswald-Wieck, Hafen", VG, Address(venue="Hafen", locality="Greifswald", district="Wieck")),
        ("Greifswald, Schönwalde", VG, Address(locality="Greifswald", district="Schönwalde")),
        (
            "Windpark bei 17335 Strasburg (Um.)",
            VG,
            Address(venue="Windpark", postcode="17335", locality="Strasburg (Um.)"),
        ),
        ("Feuerwache Wolgast", VG, Address(venue="Feuerwache Wolgast", locality="Wolgast")),
        ("Kinos in Greifswald, Wolgast, Pasewalk", VG, Address(venue="Kinos in Greifswald")),
        ("Ahlbeck", VG, Address(locality="Ahlbeck")),
        ("Ziethen OT Menzlin", VG, Address(locality="Ziethen", district="Menzlin")),
        ("Turnhalle\nDorfstraße 5\nD-17322 Rossow", VG, Address("Turnhalle", "Dorfstraße 5", "17322", "Rossow")),
        ("Haus 3, Am Markt 5, 24103 Kiel", None, Address("Haus 3", "Am Markt 5", "24103", "Kiel")),
        (
            "Dyckburger Str. 224, 48157 Münster, Münster-Coerde",
            None,
            Address(street="Dyckburger Str. 224", postcode="48157", locality="Münster", district="Coerde"),
        ),
        (
            "An der Meerwiese 25, 48157, Münster",
            None,
            Address(street="An der Meerwiese 25", postcode="48157", locality="Münster"),
        ),
        ("Nerzweg 9, 48167 Münster, 48167 Münster", None, Address(None, "Nerzweg 9", "48167", "Münster")),
        ("Greifswald-Information", VG, Address(venue="Greifswald-Information", locality="Greifswald")),
        (
            "Stralsund / Speicher am Katharinenberg",
            VG,
            Address(venue="Speicher am Katharinenberg", locality="Stralsund"),
        ),
        ("Wieck", VG, Address(venue="Wieck")),
        ("Essen, Getränke, Spiele", None, Address(venue="Essen")),
        ("Bestellnummer 12345", None, Address(venue="Bestellnummer", postcode="12345")),
        ("", None, Address()),
    ],
)
def test_an_address_is_parted(text, near, address):
    assert parse_address(text, near) == address


@given(st.text(alphabet="AaÄß1 ,;/()-.\n\u0301", max_size=400), st.sampled_from([None, VG, "01"]))
def test_no_text_breaks_the_readers(text, near):
    address = parse_address(text, near)
    found = find_places(text, near)

    assert all(part is None or part.strip() for part in (address.venue, address.street, address.locality))
    assert all(0 <= start < end <= len(text) for start, end, _ in found)
    assert [text[start:end] for start, end, _ in found] == [text[start:end].strip(" ,;") for start, end, _ in found]
    assert fold(fold(text)) == fold(text)
    located = locate(address.postcode, address.locality, near=near)
    assert located is None or kreis_of(located.point) is not None


# -- real data --------------------------------------------------------------------------------------------------------


def test_every_kita_of_schleswig_holstein_is_located_by_its_postcode(shared):
    kitas = json.loads((shared / "data/kitas/sh-kitaportal/kitas_sh.json").read_text(encoding="utf-8"))

    found = [(kita["address"], locate(kita["address"]["postalcode"], kita["address"]["town"])) for kita in kitas]
    outside = {address["town"] for address, place in found if place and land_of(place.kreis) != "SH"}
    distances = [
        distance_km(place.point, Point(address["latitude"], address["longitude"]))
        for address, place in found
        if place and address.get("latitude")
    ]

    assert len(kitas) == 1870
    assert [address for address, place in found if place is None] == []
    assert outside == {"Bremen", "Hamburg"}  # thirteen sample lines of the original, and a Kita beyond the border
    assert np.median(distances) < 1
    assert np.quantile(distances, 0.95) < 5


def test_gold_offers_and_kitas_are_located_within_five_kilometres(shared):
    folder = shared / "data/gold/vorpommern-greifswald"
    texts = [(folder / f"{name}.ndjson").read_text(encoding="utf-8") for name in ("offers", "kitas")]
    lines = [json.loads(line) for text in texts for line in text.splitlines()]
    places = [place for line in lines if (place := line.get("gold", line))["postal_code"]]

    far = []
    for place in places:
        found = locate(place["postal_code"], place["locality"], near=VG)
        if distance_km(found.point, Point(place["lat"], place["lon"])) > 5 or found.kreis != VG:
            far.append(place)

    assert len(places) > 170
    assert far == []


def test_the_share_alike_table_knows_the_municipalities_of_a_postcode():
    assert municipality("13075144").ags in municipalities_of_postcode("17438")
    assert len(municipalities_of_postcode("17440")) > 5
    assert municipalities_of_postcode("00000") == ()


def test_municipalities_found_by_name_agree_with_the_independent_list_of_postcodes(shared):
    with (shared / "data/geo/plz-ort-osm/zuordnung_plz_ort_landkreis.csv").open(encoding="utf-8") as file:
        pairs = {(row["plz"], row["ags"]) for row in csv.DictReader(file)}
    listed = {postcode for postcode, _ in pairs}

    found = [locate(p.postcode, p.place) for places in postcodes().values() for p in places if p.postcode in listed]
    certain = [each for each in found if each.ags]

    assert len(certain) > 12_000
    assert sum((each.postcode, each.ags) in pairs for each in certain) / len(certain) > 0.99


def test_what_is_exported_is_never_read_from_a_share_alike_table():
    read = subprocess.run(
        [sys.executable, "-c", TABLES_READ], capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"postcodes.csv", "municipalities.csv", "kreis_outlines.csv"} <= set(read)
    assert [table for table in read if table.startswith("odbl_")] == []


TABLES_READ = """
import sys
def note(event, args):
    if event == "open" and str(args[0]).endswith(".csv"):
        print(str(args[0]).split("/")[-1])
sys.addaudithook(note)
from schemas.geography import *
for postcode, locality in (("17489", "Greifswald"), ("17440", None), (None, "Anklam")):
    found = locate(postcode, locality, near="13075")
    kreis_of(found.point), kreis_name("13075"), land_of("13075"), association_members("130755551")
parse_address("Markt, Anklam", "13075"), find_places("Markt, Anklam", "13075"), postcode_known("17489")
"""
