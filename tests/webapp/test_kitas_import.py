"""Lists of Kitas: the register of Schleswig-Holstein, and our own model."""

import json

import pytest
from click.testing import CliRunner

from schemas.exceptions import CorpusError
from schemas.kita import Group, Kita, Recipient
from schemas.organisation import Precision
from schemas.store.kitas import import_kitas, kita_by_id, recipients, save_kita
from webapp.cli import main
from webapp.kitas import read_kitas

PORTAL_ENTRY = {
    "id": 4711,
    "name": "  Kita   Beispiel ",
    "address": {"street": "Musterweg", "number": "3", "postalcode": "24103 ", "town": "Kiel", "district": " "},
    "careFrom": 12,
    "careTo": 83,
    "educationalConcept": " ",
    "mehrsprachigkeit": "Deutsch, Dansk, Klingonisch",
}


def portal(*entries: dict[str, object]) -> bytes:
    return json.dumps(entries).encode()


@pytest.fixture(scope="module")
def register(shared) -> bytes:
    return (shared / "data/kitas/sh-kitaportal/kitas_sh.json").read_bytes()


def test_the_register_of_schleswig_holstein_is_read_whole(register):
    found = read_kitas(register, where="kitas_sh.json")

    assert found.counts.kitas == found.counts.read == 1870
    assert found.skipped == ()
    assert found.counts.located_by_postcode == 112
    assert found.counts.coordinates_refused == 1
    assert found.counts.not_located == 0
    assert sum(k.place.precision is Precision.POSTCODE for k in found.kitas) == 112 + 1
    assert all(k.recipients == () for k in found.kitas), "a register makes nobody a recipient"
    assert all(group.assumed for k in found.kitas for group in k.groups)
    assert all(len(k.groups) <= 1 for k in found.kitas)


def test_161_of_its_kitas_are_in_kiel(register):
    found = read_kitas(register, where="kitas_sh.json", region="01002")

    assert found.counts.kitas == 161
    assert found.counts.elsewhere == 1870 - 161
    assert {k.region for k in found.kitas} == {"01002"}


def test_blanks_count_as_not_stated_and_the_place_comes_from_the_postcode():
    (kita,) = read_kitas(portal(PORTAL_ENTRY), where="list").kitas

    assert (kita.id, kita.name, kita.region) == ("sh-4711", "Kita Beispiel", "01002")
    assert kita.place.postcode == "24103"
    assert kita.place.precision is Precision.POSTCODE
    assert kita.concept is None
    assert kita.languages == ("de", "da")
    assert kita.groups == (Group(name="Alle Kinder", min_months=12, max_months=83, assumed=True),)


def test_coordinates_far_from_the_postcode_are_not_believed():
    address = PORTAL_ENTRY["address"] | {"latitude": 53.44, "longitude": 10.61}

    found = read_kitas(portal(PORTAL_ENTRY | {"address": address}), where="list")

    assert found.counts.coordinates_refused == 1
    assert found.counts.located_by_postcode == 0
    assert found.kitas[0].place.lat == pytest.approx(54.3, abs=0.1)


@pytest.mark.parametrize("ages", [{"careFrom": None, "careTo": None}, {"careFrom": 83, "careTo": 12}, {"careTo": 999}])
def test_ages_that_make_no_sense_give_no_group(ages):
    found = read_kitas(portal(PORTAL_ENTRY | ages), where="list")

    assert found.kitas[0].groups == ()
    assert found.counts.without_groups == 1


def test_one_bad_entry_does_not_lose_the_others():
    found = read_kitas(portal(PORTAL_ENTRY, {"id": 1, "address": {}, "name": " "}, PORTAL_ENTRY), where="list")

    assert len(found.kitas) == 1
    assert [s.where for s in found.skipped] == ["list, entry 2", "list, entry 3"]
    assert "name is empty" in found.skipped[0].why
    assert "second time" in found.skipped[1].why


def test_our_own_model_is_read_from_one_kita_per_line():
    kita = Kita(id="kita-1", name="Kita Nordlicht", region="01002", example=True)

    assert read_kitas(kita.model_dump_json().encode() + b"\n\n", where="kitas.ndjson").kitas == (kita,)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>Wartung</html>", "line 1, column 1"),
        (b"", "read none"),
        (b"[]", "read none"),
        (b"[1, 2]", "a list of objects"),
        (b'[{"id": 1}]', "none of 1 entries is a Kita"),
        ("Käthe".encode("latin-1"), "not UTF-8"),
        (b'[{"id": 1', "line 1"),
    ],
)
def test_a_file_that_is_no_list_of_kitas_is_refused_with_the_place_and_the_remedy(content, said):
    with pytest.raises(CorpusError, match=r"list\.json") as refusal:
        read_kitas(content, where="list.json")

    assert said in str(refusal.value)


def test_importing_again_changes_nothing_and_a_changed_entry_flows(database, frozen_now):
    (kita,) = read_kitas(portal(PORTAL_ENTRY), where="list").kitas

    with database.begin() as session:
        first = import_kitas(session, [kita], now=frozen_now)
        second = import_kitas(session, [kita], now=frozen_now)
        third = import_kitas(session, [kita.model_copy(update={"name": "Kita Neu"})], now=frozen_now)
        stored = kita_by_id(session, kita.id)

    assert (first.new, second.unchanged, third.changed) == (1, 1, 1)
    assert stored is not None
    assert stored.name == "Kita Neu"


def test_a_register_never_overwrites_a_profile_that_the_kita_looks_after(database, frozen_now):
    (kita,) = read_kitas(portal(PORTAL_ENTRY), where="list").kitas
    own = kita.model_copy(update={"groups": (Group(name="Möwen", min_months=36, max_months=59),)})
    with database.begin() as session:
        save_kita(session, own, now=frozen_now)

        saved = import_kitas(session, [kita], now=frozen_now)

        assert saved.kept == 1
        assert kita_by_id(session, kita.id) == own


def test_a_kita_with_a_recipient_owns_its_profile_too(database, frozen_now):
    (kita,) = read_kitas(portal(PORTAL_ENTRY), where="list").kitas
    with database.begin() as session:
        save_kita(
            session,
            kita.model_copy(update={"recipients": (Recipient(address="leitung@kita.example"),)}),
            now=frozen_now,
        )

        saved = import_kitas(session, [kita.model_copy(update={"name": "Anders"})], now=frozen_now)

        assert saved.kept == 1
        assert [r.recipient.address for r in recipients(session, kita.id)] == ["leitung@kita.example"]


def test_the_command_counts_what_it_read_and_stored(tmp_path, sqlite_url):
    file = tmp_path / "liste.json"
    file.write_bytes(portal(PORTAL_ENTRY))
    arguments = ["kitas", "import", str(file), "--database", sqlite_url, "--json"]

    result = CliRunner().invoke(main, arguments, env={"KITALOTSE_DATA_DIR": str(tmp_path)})

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["kitas"] == document["saved"]["new"] == 1
    assert document["located_by_postcode"] == 1


def test_the_command_refuses_a_file_that_is_no_list(tmp_path, sqlite_url):
    file = tmp_path / "seite.html"
    file.write_text("<html>")

    result = CliRunner().invoke(
        main, ["kitas", "import", str(file), "--database", sqlite_url], env={"KITALOTSE_DATA_DIR": str(tmp_path)}
    )

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "expected a JSON list of the Kita portal" in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[" * 200_000, "line 1, column 1026: depth limit exceeded"),
        (b'{"id": "a"}\n{"id": ', "line 2, column "),
        (portal({"id": 1, "name": "Kita", "address": "Am Wall 1"}), "address is 'Am Wall 1'; expected an object"),
    ],
    ids=["deep", "second line", "address"],
)
def test_the_command_never_ends_in_a_traceback(tmp_path, sqlite_url, content, said):
    file = tmp_path / "list.json"
    file.write_bytes(content)

    result = CliRunner().invoke(main, ["kitas", "import", str(file), "--database", sqlite_url])

    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr
