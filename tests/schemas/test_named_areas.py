"""Islands and former Kreise."""

from schemas.geography import former_kreise, islands, municipalities_in, municipality


def test_the_former_kreise_of_one_new_kreis_and_its_city_do_not_overlap():
    rügen, north = set(former_kreise()["ruegen"]), set(former_kreise()["nordvorpommern"])

    assert not rügen & north
    assert rügen | north | {"13073088"} == {m.ags for m in municipalities_in("13073")}


def test_what_came_from_demmin_and_greifswald_is_of_neither_former_kreis():
    east, south = set(former_kreise()["ostvorpommern"]), set(former_kreise()["uecker-randow"])
    others = {municipality(m.ags).name for m in municipalities_in("13075") if m.ags not in east | south}

    assert not east & south
    assert {"Greifswald", "Jarmen", "Loitz"} <= others
    assert not others & {"Anklam", "Wolgast", "Pasewalk", "Heringsdorf"}


def test_every_island_has_municipalities_of_one_kreis():
    assert all(members for members in islands().values())
    assert {len({key[:5] for key in members}) for members in islands().values()} == {1}
    assert len(islands()["foehr"]) == 12
