"""The outbox exists in the demo only; a mail is fenced in; nothing outside the folder can be read."""

from email.message import EmailMessage
from pathlib import Path

import pytest
from lxml import html

from tests.webapp.site import HERE, Site, settings_for
from webapp.app import create_app
from webapp.mail.transports import Outbox


@pytest.fixture
def outbox(site: Site) -> Path:
    message = EmailMessage()
    message["Subject"] = "Dinos <b>für</b> Kita Wolkenschiff"
    message["To"] = "leitung@kita.example"
    message["Date"] = "Mon, 23 Nov 2026 07:00:00 +0000"
    message["Message-ID"] = "<abc@kitalotse.example>"
    message.set_content("Guten Tag <script>")
    message.add_alternative('<html><head></head><body><p style="color:red">Hallo</p></body></html>', subtype="html")
    folder = site.folder / "outbox"
    with Outbox(folder) as transport:
        transport.send(message)
    (site.folder / "geheim.eml").write_text("Subject: geheim\n\n", encoding="utf-8")
    return folder


def mail_path(site: Site) -> str:
    return str(html.fromstring(site.client().get("/outbox/").text).cssselect(".cards a")[0].get("href"))


def test_mails_are_listed_with_subject_recipient_and_time(site, outbox):
    page = html.fromstring(site.client().get("/outbox/").text)
    (card,) = page.cssselect(".cards .card")

    assert card.cssselect("a")[0].text_content() == "Dinos <b>für</b> Kita Wolkenschiff"
    assert "leitung@kita.example" in card.text_content()
    assert "23. November 2026, 8:00 Uhr" in card.text_content()


def test_an_empty_outbox_says_so(site):
    assert "Noch keine Mails." in site.client().get("/outbox/").text


def test_a_mail_shows_headers_text_and_html_in_a_frame(site, outbox):
    response = site.client().get(mail_path(site))
    page = html.fromstring(response.text)

    assert page.cssselect("pre")[0].text_content().strip() == "Guten Tag <script>"
    assert page.cssselect("iframe")[0].get("src") == f"{mail_path(site)}/html"
    assert "frame-src 'self'" in response.headers["Content-Security-Policy"]


def test_the_html_part_can_run_load_and_submit_nothing_and_its_links_leave_the_frame(site, outbox):
    response = site.client().get(f"{mail_path(site)}/html")
    policy = response.headers["Content-Security-Policy"]

    assert '<head><base target="_top"><style>' in response.text
    assert "default-src 'none'" in policy
    assert "sandbox allow-top-navigation-by-user-activation" in policy
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("name", ["nichts", "..%2Fgeheim", "..", "%00", "*", "a" * 5000])
def test_nothing_else_can_be_read(site, outbox, name):
    assert site.client().get(f"/outbox/{name}").status_code == 404
    assert site.client().get(f"/outbox/{name}/html").status_code == 404


def test_outside_the_demo_there_is_no_outbox(site, outbox):
    app = create_app(settings_for(site.folder, KITALOTSE_DEMO="no"), site.database)
    client = app.test_client()

    assert client.get("/outbox/", base_url=f"http://{HERE}", buffered=True).status_code == 404
    assert "Postausgang" not in client.get("/", base_url=f"http://{HERE}", buffered=True).text
