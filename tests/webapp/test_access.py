"""What a view says about who may use it is what happens; whoever says nothing keeps the app from starting."""

from collections.abc import Callable

import pytest
from flask import Blueprint, Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import CSRFProtect

from tests.webapp.site import COORDINATOR, HERE, Site
from webapp import access, app
from webapp.access import Who, who, who_may


@pytest.fixture
def site_with_probes(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site, with one view for everything that a view can say."""
    probes = Blueprint("probe", __name__, url_prefix="/desk/probe")
    for may in Who:
        probes.add_url_rule(f"/{may}", may.value, who(may)(answer(may)), methods=["GET", "POST"])

    def init_app(made: Flask, csrf: CSRFProtect) -> None:
        made.register_blueprint(probes)
        real(made, csrf)

    real = access.init_app
    monkeypatch.setattr(access, "init_app", init_app)
    return Site(site.database, site.folder)


def answer(may: Who) -> Callable[[], str]:
    """A view of its own for each."""

    def view() -> str:
        return str(may)

    view.__name__ = may.value
    return view


def test_a_view_that_says_nothing_stops_the_app(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = Blueprint("silent", __name__)
    silent.add_url_rule("/heimlich", "view", lambda: "x")
    monkeypatch.setattr(app, "csrf", CSRFProtect())
    real = access.init_app

    def init_app(made: Flask, csrf: CSRFProtect) -> None:
        made.register_blueprint(silent)
        real(made, csrf)

    monkeypatch.setattr(access, "init_app", init_app)

    with pytest.raises(RuntimeError, match=r"silent\.view: say who may use it"):
        Site(site.database, site.folder)


def test_two_views_of_one_name_of_which_one_needs_a_token_stop_the_app(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exemptions go by module and name, so that one would take the token of the other away."""
    namesakes = Blueprint("namesakes", __name__)
    for may in (Who.EVERYBODY, Who.COORDINATOR):
        view = answer(may)
        view.__name__ = "view"
        namesakes.add_url_rule(f"/{may}", may.value, who(may)(view), methods=["POST"])
    monkeypatch.setattr(app, "csrf", CSRFProtect())
    real = access.init_app

    def init_app(made: Flask, csrf: CSRFProtect) -> None:
        made.register_blueprint(namesakes)
        real(made, csrf)

    monkeypatch.setattr(access, "init_app", init_app)

    with pytest.raises(RuntimeError, match=r"namesakes\.coordinator: .* same name"):
        Site(site.database, site.folder)


def test_every_view_says_one_of_the_known_things(site: Site) -> None:
    said = {who_may(site.app, endpoint) for endpoint in site.app.view_functions}

    assert said == set(Who)
    assert who_may(site.app, "nichts") is None
    assert who_may(site.app, None) is None


@pytest.mark.parametrize(
    ("may", "visitor", "coordinator"),
    [
        (Who.EVERYBODY, 200, 200),
        (Who.LINK, 200, 200),
        (Who.SIGN_IN, 400, 400),
        (Who.COORDINATOR, 400, 400),
    ],
)
def test_a_form_needs_a_token_only_where_a_cookie_acts(
    site_with_probes: Site, may: Who, visitor: int, coordinator: int
) -> None:
    path = f"/desk/probe/{may}"

    assert site_with_probes.client().post(path).status_code == visitor
    assert site_with_probes.coordinator().post(path).status_code == coordinator


@pytest.mark.parametrize(("may", "status"), [(Who.EVERYBODY, 200), (Who.LINK, 200), (Who.COORDINATOR, 403)])
def test_only_coordinators_see_what_is_theirs(site_with_probes: Site, may: Who, status: int) -> None:
    assert site_with_probes.client().get(f"/desk/probe/{may}").status_code == status
    assert site_with_probes.coordinator().get(f"/desk/probe/{may}").status_code == 200


@pytest.mark.parametrize("may", list(Who))
def test_what_is_not_for_everybody_is_kept_by_nobody(site_with_probes: Site, may: Who) -> None:
    headers = site_with_probes.coordinator().get(f"/desk/probe/{may}").headers

    assert headers["Cache-Control"] == ("no-cache" if may is Who.EVERYBODY else "private, no-store")
    assert headers.get("X-Robots-Tag") == (None if may is Who.EVERYBODY else "noindex")


def test_signing_in_begins_a_session_of_its_own(site: Site) -> None:
    """A session that somebody else planted is worth nothing afterwards, and keeps nothing of theirs."""
    client = site.client()
    with client.session_transaction(base_url=f"http://{HERE}/desk/") as planted:
        planted["region"], planted["name"], planted["planted"] = "13075", "Jemand", "x"
    before = cookie(client)

    signed_in = site.coordinator()

    assert client.get("/desk/").status_code == 403
    assert cookie(signed_in) != before
    with signed_in.session_transaction(base_url=f"http://{HERE}/desk/") as own:
        assert "planted" not in own
        assert (own["region"], own["name"]) == ("13075", COORDINATOR)


def test_a_session_with_a_forged_signature_is_none(site: Site) -> None:
    client = site.client()
    client.set_cookie("kitalotse_desk", "eyJyZWdpb24iOiIxMzA3NSJ9.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb", domain=HERE)

    assert client.get("/desk/").status_code == 403
    assert not session


def cookie(client: FlaskClient) -> str | None:
    found = client.get_cookie("kitalotse_desk", domain=HERE, path="/desk")
    return found.value if found else None
