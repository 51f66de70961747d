"""axe-core finds nothing on any page: every route that answers, forms with errors, error pages, letters; on a screen
and on a phone, in light and dark. And nothing scrolls sideways at 320 pixels.

axe runs in the real browser. Our pages forbid every script, so this test alone opens them in a context that lets its
own script in (``bypass_csp``); that the policy allows none is asserted in ``test_security``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route
from sqlalchemy import select

from schemas.review import DecisionKind
from schemas.store.reviews import decide
from schemas.tables.letters import letters
from tests.factories import make_source_offer
from tests.webapp.site import HERE, csrf_token
from tests.webapp.test_security import ROUTES, Stage, stage  # noqa: F401  # the fixture

AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MAIL_TAGS: Final = [tag for tag in TAGS if tag != "best-practice"]
"""A mail is a part of another page, the mail program's: landmarks of its own would double that page's."""
SCREENS: Final = ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"))
REFLOW: Final = 320
"""Width in pixels that WCAG 1.4.10 asks for: 1280 at 400 %."""
MAILS: Final = ("/outbox/<name>", "/outbox/<name>/html", "/desk/woche/<name:kita_id>/html")
"""Routes that show a mail."""
RUN: Final = """async tags => {
  const found = await axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']});
  return found.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.html.slice(0, 160)} (${n.failureSummary})`));
}"""
EXCESS: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Looking:
    """A browser that gets every page from the app itself, as whoever asks."""

    page: Page
    client: FlaskClient
    seen: dict[str, Any] = field(default_factory=dict)
    """Responses that no address gives again: forms with errors, letters."""

    def __post_init__(self) -> None:
        self.page.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        parts = urlsplit(route.request.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        response = self.seen.get(path) or self.client.get(path)
        kind = response.headers.get("Content-Type", "text/html")
        route.fulfill(status=200, headers={"Content-Type": kind}, body=response.data)

    def keep(self, name: str, response: Any) -> str:
        """An address at which the browser sees ``response``."""
        self.seen[f"/gesehen/{name}"] = response
        return f"/gesehen/{name}"

    def findings(self, path: str, tags: list[str] = TAGS) -> list[str]:
        """What axe finds at ``path``, and whether it does not fit a narrow screen."""
        found = []
        self.page.goto(f"http://{HERE}{path}")
        self.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        self.page.evaluate(AXE)
        for width, scheme in SCREENS:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found += [f"{path} at {width} px, {scheme}: {one}" for one in self.page.evaluate(RUN, tags)]
        self.page.set_viewport_size({"width": REFLOW, "height": 700})
        if (excess := self.page.evaluate(EXCESS)) > 0:
            found.append(f"{path} is {excess} px wider than a screen of {REFLOW} px")
        return found


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[[FlaskClient], Looking]]:
    """Makes a browser that looks with the eyes of a client."""
    contexts = []

    def open_as(client: FlaskClient) -> Looking:
        context = browser.new_context(locale="de-DE", bypass_csp=True)
        contexts.append(context)
        return Looking(context.new_page(), client)

    yield open_as
    for context in contexts:
        context.close()


def pages(stage: Stage, client: FlaskClient, *, desk: bool) -> list[str]:  # noqa: F811
    """Addresses of all pages of the desk, or of all others, that ``client`` can open."""
    found = []
    for method, rule in ROUTES:
        if method != "GET" or rule.startswith("/desk") is not desk or rule in MAILS:
            continue
        path = stage.path(rule)
        response = client.get(path)
        if response.status_code == 200 and response.mimetype == "text/html":
            found.append(path)
    return found


@pytest.mark.timeout(600)
def test_axe_finds_nothing_on_pages_for_everybody(stage, look):  # noqa: F811
    site = stage.site
    shown, gone = site.harvest(make_source_offer("zwei", title="Zweites"), make_source_offer("drei", title="Drittes"))
    with site.database.begin() as session:
        decide(session, gone, DecisionKind.REJECT, by="x", now=site.now)
    client = site.client()
    looking = look(client)
    addresses = pages(stage, client, desk=False)
    addresses += [
        "/?alter=99&ort=Atlantis&umkreis=7&kinder=x&kosten=x&tag=x&datum=x&bereich=x&thema=x&sortierung=x",
        "/?ort=17489&umkreis=10&alter=4&kinder=12&kosten=50&mobil=1&q=nirgendwo",
        "/?ort=17489&alter=4&kinder=12",
        "/anbieter?bereich=x",
        f"/angebote/{shown}?kinder=x",
        looking.keep("fort", client.get(f"/angebote/{gone}")),
        looking.keep("nichts", client.get("/nichts")),
        looking.keep("verboten", client.get("/desk/")),
        looking.keep(
            "abgemeldet",
            client.post("/desk/offen/1", data={"why": "viele Worte"}, headers={"Sec-Fetch-Site": "same-origin"}),
        ),
        looking.keep("melden", client.post(f"/angebote/{shown}/melden", data={"feld": "x"})),
        looking.keep("anbieten", client.post("/anbieten", data={"title": "x"})),
        looking.keep("link", client.post("/anbieten/link", data={"address": "x"})),
        looking.keep("405", client.delete("/daten")),
    ]

    assert len(addresses) > 25
    assert "\n".join(finding for path in addresses for finding in looking.findings(path)) == ""


@pytest.mark.timeout(600)
def test_axe_finds_nothing_on_the_desk(stage, look):  # noqa: F811
    client = stage.site.coordinator()
    looking = look(client)
    addresses = pages(stage, client, desk=True)
    token = csrf_token(client.get("/desk/").text)
    for number, path in enumerate(("/desk/quellen", "/desk/eintragen/", "/desk/nicht-listen", "/desk/tabellen/")):
        response = client.post(path, data={"csrf_token": token})
        if response.mimetype == "text/html" and response.status_code < 500 and response.status_code not in (303, 405):
            addresses.append(looking.keep(f"desk{number}", response))

    assert len(addresses) > 10
    assert "\n".join(finding for path in addresses for finding in looking.findings(path)) == ""


@pytest.mark.timeout(300)
def test_axe_finds_nothing_in_letters(stage, look):  # noqa: F811
    with stage.site.database.read() as session:
        written = session.execute(select(letters.c.kind, letters.c.html)).all()
    looking = look(stage.site.coordinator())
    addresses = [stage.path("/desk/woche/<name:kita_id>/html")]
    for number, row in enumerate(written):
        addresses.append(looking.keep(f"brief{number}", stage.site.app.response_class(row.html)))

    assert len(addresses) > 1
    assert [finding for path in addresses for finding in looking.findings(path, MAIL_TAGS)] == []


def test_pages_are_read_and_used_without_colours_of_their_own(stage, look):  # noqa: F811
    looking = look(stage.site.client())
    looking.page.emulate_media(forced_colors="active")
    looking.page.goto(f"http://{HERE}/?alter=4&ort=17489")
    looking.page.focus("#q")

    style = "getComputedStyle(document.activeElement)"
    assert looking.page.evaluate(f"{style}.outlineStyle") == "solid"
    assert looking.page.evaluate(f"{style}.borderStyle") == "solid"


def test_the_keyboard_reaches_every_control_in_the_order_of_the_page(stage, look):  # noqa: F811
    looking = look(stage.site.client())
    for path in ("/?alter=4&ort=17489&kosten=x", "/anbieter", stage.path("/angebote/<offer:offer_id>")):
        looking.page.goto(f"http://{HERE}{path}")
        expected = looking.page.evaluate(
            "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, '"
            " + '.scroll[tabindex]')]"
            ".filter(e => e.tabIndex >= 0 && e.checkVisibility()).length"
        )
        reached = []
        for _ in range(expected):
            looking.page.keyboard.press("Tab")
            reached.append(
                looking.page.evaluate(
                    "[...document.querySelectorAll('*')].indexOf(document.activeElement)"
                    " * (getComputedStyle(document.activeElement).outlineStyle === 'none' ? -1 : 1)"
                )
            )

        assert reached == sorted(set(reached)), path
        assert len(reached) == expected
        assert min(reached) > 0
