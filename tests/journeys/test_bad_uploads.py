"""What coordinators upload by mistake, over the real server: refused or read, with words that help, nothing lost.

`kitalotse serve` with its own processes, a signed-in coordinator, forms with their CSRF token, real multipart bodies.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from lxml import html

from tests.harvesters.workbooks import with_parts, workbook
from tests.journeys.served import free_port
from tests.journeys.test_commands import wait_for
from tests.journeys.test_two_regions import KITALOTSE, ROOT
from tests.journeys.visitor import words

HEADER = ("Angebot", "Alter von", "Alter bis", "Preis pro Kind", "Ort")
ROW = ("Führung für Kitas", "3", "6", "2,50", "Greifswald")
TABLE = "\r\n".join(";".join(row) for row in (HEADER, ROW)) + "\r\n"
PLAIN = workbook([HEADER, ROW])
SHEET = "xl/worksheets/sheet1.xml"
MACROS = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A coordinator at the desk of a real server."""
    home: Path = tmp_path_factory.mktemp("uploads")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    (home / "data" / "regions").mkdir(parents=True)
    (home / "data" / "regions" / "13075.toml").write_text(
        f'key = "13075"\nname = "Vorpommern-Greifswald"\nland = "MV"\nbase_url = "{base}"\n'
        'coordinators = [{ name = "Vera", mail = "vera@kreis.example" }]\n',
        encoding="utf-8",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KITALOTSE_", "XDG_"))}
    environment = kept | {
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "KITALOTSE_DATA_DIR": str(home / "data"),
    }

    def kitalotse(*arguments: str) -> str:
        command = [KITALOTSE, *arguments]
        done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=110)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    kitalotse("migrate")
    with (home / "serve.log").open("w") as log:
        server = subprocess.Popen([KITALOTSE, "serve", "--port", str(port)], env=environment, cwd=home, stderr=log)
    try:
        with httpx.Client(base_url=base, timeout=120, follow_redirects=True, trust_env=False) as client:
            wait_for(lambda: server.poll() is not None or _reaches(client))
            assert server.poll() is None, (home / "serve.log").read_text()
            link = kitalotse("desk-link", "Vera").strip()
            assert client.post(link, data={"csrf_token": _token(client, link)}).status_code == 200
            yield client
    finally:
        server.terminate()
        server.wait(30)


def _reaches(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def _token(client: httpx.Client, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def send(desk: httpx.Client, content: bytes, name: str) -> httpx.Response:
    """Upload a file as the form does, to the page that follows."""
    token = _token(desk, "/desk/tabellen/")
    return desk.post("/desk/tabellen/", data={"csrf_token": token}, files={"datei": (name, content)})


def said(answer: httpx.Response) -> str:
    return words(html.document_fromstring(answer.text))


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        pytest.param(b"", "leer.csv", "Die Tabelle ist leer", id="empty"),
        pytest.param(
            b"<!DOCTYPE html><html><body><table><tr><td>Angebot</table>",
            "angebote.csv",
            "Das ist eine Internetseite, keine Tabelle. Bitte laden Sie dort die Tabelle selbst herunter",
            id="page saved as a table",
        ),
        pytest.param(
            with_parts(PLAIN, {"xl/media/a.xml": b"<a>" + b" " * 90 * MEGABYTE + b"</a>"}),
            "bombe.xlsx",
            "größer als 64 MB",
            id="zip bomb",
        ),
    ],
)
def test_what_is_no_table_is_refused_with_a_remedy(
    desk: httpx.Client, content: bytes, name: str, sentence: str
) -> None:
    answer = send(desk, content, name)

    assert answer.status_code == 400
    assert f"„{name}“:" in said(answer)
    assert sentence in said(answer)
    assert "Bitte" in said(answer)


def test_fifty_megabytes_are_answered_and_the_server_goes_on(desk: httpx.Client) -> None:
    answer = send(desk, b"x" * 50 * MEGABYTE, "gross.csv")

    assert answer.status_code == 413
    assert "höchstens 10 MB" in said(answer)
    assert desk.get("/desk/tabellen/").status_code == 200


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param(TABLE.encode("utf-16"), "utf16.csv", id="UTF-16"),
        pytest.param(TABLE.encode("cp1252"), "cp1252.csv", id="cp1252"),
        pytest.param(
            with_parts(
                PLAIN,
                {
                    "[Content_Types].xml": lambda old: re.sub(
                        rb"application/vnd\.openxmlformats-officedocument\.spreadsheetml\.sheet\.main\+xml",
                        MACROS.encode(),
                        old,
                    )
                },
            ),
            "makros.xlsm",
            id="xlsm",
        ),
        pytest.param(workbook([("Angebote 2026",), HEADER, ROW]), "kopf.xlsx", id="title above the header"),
        pytest.param(workbook([HEADER, ("", "Jahre", "Jahre", "€", ""), ROW]), "zwei.xlsx", id="two header rows"),
    ],
)
def test_what_can_be_read_is_read_whole(desk: httpx.Client, content: bytes, name: str) -> None:
    answer = send(desk, content, name)

    assert (answer.status_code, answer.url.path.endswith("/spalten")) == (200, True), said(answer)
    assert "Führung für Kitas" in said(answer)
    assert all(heading in said(answer) for heading in HEADER)


def test_formulas_without_a_result_are_said_with_their_row(desk: httpx.Client) -> None:
    columns = send(desk, workbook([HEADER, ("Führung für Kitas", "=1+2", "6", "2,50", "Greifswald")]), "formeln.xlsx")
    preview = send_columns(desk, columns)

    assert preview.status_code == 200
    assert "Formel" in said(preview)


def test_a_half_filled_form_of_columns_keeps_what_was_chosen(desk: httpx.Client) -> None:
    columns = send(desk, TABLE.encode(), "halb.csv")

    answer = send_columns(desk, columns, title="Museen im Kreis", without="title")

    assert answer.status_code == 400
    form = _form(answer)
    assert form.fields["title"] == "Museen im Kreis"
    assert "Bitte" in said(answer)


def send_columns(desk: httpx.Client, columns: httpx.Response, *, without: str = "", **typed: str) -> httpx.Response:
    """Send the form of the columns as guessed, with ``typed`` in it, and no column that means ``without``."""
    data = {name: "" if without and value == without else value for name, value in _form(columns).form_values()}
    return desk.post(columns.url, data=data | typed)


def _form(answer: httpx.Response) -> html.FormElement:
    page = html.document_fromstring(answer.text)
    (form,) = (each for each in page.forms if (each.action or "").endswith("/spalten"))
    return form


def test_five_thousand_addresses_are_refused_and_stay_in_the_form(desk: httpx.Client) -> None:
    page = html.document_fromstring(desk.get("/desk/quellen").text)
    (form,) = (each for each in page.forms if "addresses" in each.fields)
    typed = "\n".join(f"https://haus{number}.example/kita" for number in range(5_000))

    answer = desk.post("/desk/quellen", data=dict(form.form_values()) | {"addresses": typed})

    assert answer.status_code == 400
    assert "höchstens 200 auf einmal" in said(answer)
    assert "https://haus4999.example/kita" in answer.text
