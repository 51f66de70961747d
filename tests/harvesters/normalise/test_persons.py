"""Persons named as contacts are left out; everybody else stays. Wordings and persons are invented."""

from datetime import UTC, date, datetime

import pytest

from harvesters.normalise.persons import is_personal_mail, without_persons
from harvesters.normalise.record import normalise
from schemas.harvest import Record
from schemas.offer import SourceKey
from schemas.organisation import Booking

NAME, PHONE, MAIL = "[Name entfernt]", "[Telefonnummer entfernt]", "[E-Mail-Adresse entfernt]"


@pytest.mark.parametrize(
    ("address", "personal"),
    [
        ("erika.mustermann@verein.example", True),
        ("e.mustermann@stadt.example", True),
        ("waldpaedagogik@forst.example", False),
        ("info@museum.example", False),
        ("kita.anmeldung@theater.example", False),
        ("puppenbuehne-sonne@puppenbuehne-sonne.example", False),
        ("irgendwer77@gmx.de", True),
    ],
)
def test_knows_addresses_of_persons(address: str, personal: bool) -> None:
    assert is_personal_mail(address) is personal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Anmeldung bei Frau Quast, Mobil 0171 2345678", f"Anmeldung bei {NAME}, Mobil {PHONE}"),
        ("Ansprechpartnerin Ann-Kathrin Z. 0431 765432", f"Ansprechpartnerin {NAME} {PHONE}"),
        ("Ansprechpartner ist Zoltan Brückner.", f"Ansprechpartner ist {NAME}."),
        ("Ansprechpartnerin:\nFrau Quast\nTel.: 0431 765432", f"Ansprechpartnerin:\n{NAME}\nTel.: {PHONE}"),
        ("Kontakt: Ralf Quast, ralf@web.de, 0431 765432", f"Kontakt: {NAME}, {MAIL}, {PHONE}"),
        ("Fragen an Herrn Dr. med. Quast oder Frau Ohm", f"Fragen an {NAME} oder {NAME}"),
        ("Bitte melden Sie sich bei Herrn Ohm (ohm@wehr.example)", f"Bitte melden Sie sich bei {NAME} ({MAIL})"),
        ("Familie Ohm, 0152/9876543", f"{NAME}, {PHONE}"),
        ("0431 765432 (Frau Ohm)", f"{PHONE} ({NAME})"),
        ("Termine nach Absprache mit Frau van der Ohm", f"Termine nach Absprache mit {NAME}"),
        ("Frau Ohm beantwortet gern Ihre Fragen.", f"{NAME} beantwortet gern Ihre Fragen."),
        ("anmelden bei der Försterin Ines Ohm", f"anmelden bei der Försterin {NAME}"),
        ("Rufen Sie an: +49 (0) 160 1234567", f"Rufen Sie an: {PHONE}"),
    ],
)
def test_persons_to_ask_are_left_out(text: str, shown: str) -> None:
    assert without_persons(text)[0] == shown


@pytest.mark.parametrize(
    "text",
    [
        "Wir spielen Frau Holle. Karten: 0431 765432",
        "Ein Nachmittag mit Frau Holle, Anmeldung unter 0431 765432",
        "Herr der Diebe, Anmeldung 0431 765432",
        "Zu Besuch bei Meister Eder, Anmeldung erforderlich",
        "Frau Elster und Herr Fuchs streiten sich.",
        "Lesung mit Anna Ohm, Anmeldung unter 0431 765432",
        "Ein Stück über Peter Pan, Anmeldung erforderlich",
        "Ansprechpartner: Museum am Hafen, Tel. 0431 765432",
        "Kontakt: Töpferei Ohm, info@ohm.example, 0431 765432",
        "Anmeldung bei der Anna-Seghers-Bibliothek",
        "Für die ganze Familie. Anmeldung: 0431 765432",
        "Frau Ohm zeigt den Kindern die Werkstatt.",
        "Der Kurs hat die Nummer 26-0171, Kosten 0,50 €",
    ],
)
def test_figures_artists_and_houses_stay(text: str) -> None:
    assert without_persons(text)[0] == text


def test_names_stay_in_titles_but_numbers_do_not() -> None:
    shown, _ = without_persons("Anmeldung bei Frau Ohm: 0171 2345678", names=False)

    assert shown == f"Anmeldung bei Frau Ohm: {PHONE}"


def test_the_contact_of_the_organisation_stays() -> None:
    _, contact = without_persons(
        "Frau Muster, erika.muster@haus.example, 0171 2345678, Zentrale 0431 123456, buchung@haus.example"
    )

    assert contact.mail is not None
    assert contact.mail.value == "buchung@haus.example"
    assert contact.phone is not None
    assert contact.phone.value == "0431 123456"
    assert contact.personal_phone is None
    assert contact.dropped == ["Frau Muster", "erika.muster@haus.example", "0171 2345678"]


@pytest.mark.parametrize(
    "text",
    ["Tel. 0431 765432, ohm77@gmx.de", "E-Mail: ohm77@gmx.de\nTelefon: 0431 765432", "Info: Frau Ohm, 0431 765432"],
)
def test_a_landline_beside_a_person_is_the_persons(text: str) -> None:
    _, contact = without_persons(text)

    assert contact.phone is None
    assert contact.personal_phone is not None
    assert contact.personal_phone.value == "0431 765432"


def test_under_its_own_name_every_person_is_a_contact() -> None:
    shown, _ = without_persons("Frau Ohm vom Förderverein", is_contact=True)

    assert shown == f"{NAME} vom Förderverein"


def test_what_a_text_says_of_persons_reaches_the_desk_only() -> None:
    record = Record(
        origin=SourceKey(source="st_bach", key="1"),
        format="ical",
        title="Bachforscher",
        text="Anmeldung bei Frau Quast, 0431 765432, oder mobil 0171 2345678.",
        words={"subtitle": "Fragen an Herrn Ohm, ohm77@gmx.de", "dates": "nach Absprache mit Frau Quast"},
        fetched_at=datetime(2026, 11, 23, 6, tzinfo=UTC),
    )

    result = normalise(record, None, today=date(2026, 11, 23))

    fields = result.offer.fields
    contact = fields.booking.contact
    assert contact is not None
    assert contact.personal
    assert contact.phone == "0431 765432"
    shown = fields.model_copy(update={"booking": Booking()}).model_dump_json()
    assert not any(word in shown for word in ("Quast", "Ohm", "ohm77", "765432", "2345678"))
    assert [issue.rule for issue in result.issues].count("booking.personal_contact") == 1
