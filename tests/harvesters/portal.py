"""An open-data portal of our own on loopback: CKAN's action API, pages for people, files."""

import json
from typing import Any
from urllib.parse import urlencode

from tests.harvesters.loopback import Answer, Site

CSV = "Titel;Beschreibung;Alter;Preis\nWaldtag;Für Kita-Gruppen.;ab 4 Jahren;2 € pro Kind\n"
FIGURES = "Stadtteil;Jahr;Einwohner\nNord;2025;1200\nSüd;2025;1400\n"


def package(*resources: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What CKAN says of a dataset."""
    return {
        "id": "11111111-aaaa",
        "name": "kurse",
        "title": "Kurse für Kinder",
        "notes": "Angebote der Volkshochschule.",
        "tags": [{"name": "kinder", "display_name": "Kinder"}],
        "organization": {"title": "Stadt Wald", "name": "stadt-wald"},
        "maintainer_email": "opendata@wald.example",
        "license_id": "dl-de-by-2.0",
        "license_url": "https://www.govdata.de/dl-de/by-2-0",
        "metadata_modified": "2026-11-20T10:00:00.000000",
        "state": "active",
        "private": False,
        "resources": list(resources),
    } | changes


def resource(url: str, label: str = "CSV", **changes: Any) -> dict[str, Any]:
    """What CKAN says of a file."""
    return {"id": "f1", "name": "Kurse", "url": url, "format": label, "mimetype": None, "state": "active"} | changes


def answer(result: Any, **changes: Any) -> str:
    """An answer of the action API."""
    return json.dumps({"help": "…", "success": True, "result": result} | changes, ensure_ascii=False)


def show(site: Site, *resources: dict[str, Any], **changes: Any) -> str:
    """Let the portal tell of a dataset, by name and id; the address of its page for people."""
    told = package(*resources, **changes)
    for name in (told["name"], told["id"]):
        site.put(f"/api/3/action/package_show?id={name}", answer(told))
    return site.put(
        f"/dataset/{told['name']}", "<!doctype html><html><title>Kurse - Portal</title><h1>Kurse</h1></html>"
    )


def search(site: Site, packages: list[dict[str, Any]], count: int | None = None, **query: Any) -> str:
    """Let the portal answer a search; its address."""
    result = {"count": len(packages) if count is None else count, "results": packages}
    path = "/api/3/action/package_search" + (f"?{urlencode(query)}" if query else "")
    return site.put(path, answer(result))


def moved(site: Site, path: str, to: str) -> None:
    """Let ``path`` lead to another."""
    site.answers[path] = Answer(status=302, headers={"Location": to})
