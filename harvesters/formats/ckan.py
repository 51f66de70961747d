"""The action API of CKAN and its relatives (DKAN, DUVA, Piveau) → datasets; and the addresses that it answers at."""

import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit

from pydantic import JsonValue

from harvesters.formats.datasets import Catalogue, Dataset, Distribution, day_of
from harvesters.formats.json_api import document_of
from harvesters.formats.pages import joined
from harvesters.formats.records import Origin
from harvesters.formats.text import line, lines
from harvesters.problems import ReadError
from schemas.harvest import Issue

FORMAT: Final = "ckan"
MAX_BYTES: Final = 5_000_000
"""Largest answer; at worst it becomes 250 MB in memory."""
MAX_DATASETS: Final = 1_000
"""Datasets of one answer that are read."""
_MAX_FILES: Final = 500
_PAGE: Final = re.compile(r"^(.*?)(?:/[a-z]{2}(?:_[A-Z]{2})?)?/dataset/([^/?#]+)(?:/resource/([^/?#]+))?/?$")
_ACTION: Final = re.compile(r"^(.*?)/api/(?:\d/)?action/(\w+)/?$")
_PART: Final = re.compile(r"^(.*?)(?:/[a-z]{2}(?:_[A-Z]{2})?)?/(organization|group)/(?:about/)?([^/?#]+)/?$")
_PACKAGE: Final = frozenset(("title", "resources"))
"""What a dataset has, one of them at least."""
_NO_DATASET: Final = frozenset(("new", "edit", "activity", "groups"))
_CREDIT: Final = frozenset(("licenseattributionbytext", "license_attribution", "attribution", "attribution_text"))
_NO: Final = (False, "false", "False", 0, "0")


def is_answer(content: bytes, url: str) -> bool:
    """Whether ``content`` is an answer of the action API, by its address, or by what only portals speak of.

    >>> is_answer(b'{"success": true, "result": [{"title": "Waldtag"}]}', "https://museum.example/api/events")
    False
    """
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return False
    answers = b'"success"' in content and (b'"result"' in content or b'"error"' in content)
    return answers and (b'"resources"' in content or _ACTION.match(urlsplit(url).path) is not None)


def parse(content: bytes, origin: Origin, charset: str | None = None) -> Catalogue:
    """The datasets of an answer to ``package_show``, ``package_search`` and what lists datasets otherwise.

    DKAN puts the result into a list, or a list into a list, and the answer itself too. Raises ``ReadError`` where the
    portal refuses (``success`` is false), for an answer that is too large and for what is none.
    """
    if len(content) > MAX_BYTES:
        raise ReadError(
            origin.source.name, origin.url, "ckan.too_large", "Die Auskunft des Portals ist zu groß.",
            "Bitte die Adresse der Seite des einzelnen Datensatzes nehmen.",
        )  # fmt: skip
    issues: list[Issue] = []
    document = document_of(content, origin, charset, issues)
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    if not isinstance(document, dict) or not ({"result", "error"} & document.keys()):
        raise ReadError(
            origin.source.name, origin.url, "ckan.no_answer", "Das ist keine Antwort eines Open-Data-Portals (CKAN).",
            "Bitte die Adresse der Seite des Datensatzes nehmen.",
        )  # fmt: skip
    if document.get("success") in _NO or "result" not in document:
        error = document.get("error")
        said = error.get("message") if isinstance(error, dict) else error
        raise ReadError(
            origin.source.name, origin.url, "ckan.refused",
            f"Das Portal gibt die Auskunft nicht: {line(str(said or 'ohne Begründung'))[:200].rstrip('.')}.",
            "Bitte im Portal nachsehen, ob es den Datensatz noch gibt; vielleicht heißt er jetzt anders.",
        )  # fmt: skip
    result = document["result"]
    total = None
    if isinstance(result, dict) and isinstance(result.get("results"), list):
        count = result.get("count")
        total = int(count) if isinstance(count, int | str) and str(count).isdecimal() else None
        result = result["results"]
    found = list(_packages(result))
    datasets = tuple(
        _dataset(package, origin.url)
        for package in found[:MAX_DATASETS]
        if package.get("private") is not True and package.get("state", "active") in ("active", None, "")
    )
    return Catalogue(datasets, total, _next(origin.url, len(found), total), tuple(issues))


def _packages(result: JsonValue) -> Iterator[dict[str, JsonValue]]:
    """The packages in what an answer holds, also in lists of lists; an activity or a resource is none."""
    if isinstance(result, dict):
        if _PACKAGE & result.keys():
            yield result
    elif isinstance(result, list):
        for member in result[: MAX_DATASETS + 1]:
            for inner in member if isinstance(member, list) else [member]:
                if isinstance(inner, dict) and _PACKAGE & inner.keys():
                    yield inner


def _dataset(package: dict[str, JsonValue], url: str) -> Dataset:
    key, name = _text(package.get("id")), _text(package.get("name"))
    extras = _extras(package.get("extras"))
    organisation = package.get("organization")
    owner = _text(organisation.get("title")) if isinstance(organisation, dict) else ""
    credit = next((value for extra, value in extras.items() if extra.lower() in _CREDIT), "")
    resources = package.get("resources")
    files = [each for each in resources if isinstance(each, dict)] if isinstance(resources, list) else []
    changed = package.get("metadata_modified") or extras.get("modified")
    page = f"{base_of(url) or ''}/dataset/{quote(name or key)}" if base_of(url) else ""
    return Dataset(
        key=key or name,
        also=tuple(filter(None, (name, extras.get("identifier", "")))),
        title=line(_text(package.get("title")))[:300] or name or key or "ohne Titel",
        text=lines(_text(package.get("notes")))[:5_000],
        keywords=tuple(_tags(package.get("tags"))),
        publisher=line(owner or extras.get("publisher_name", "") or credit)[:400],
        licences=_licences(package),
        attribution=line(credit)[:400],
        page=page,
        contact=_text(package.get("maintainer_email")) or _text(package.get("author_email")),
        modified=day_of(changed),
        distributions=tuple(filter(None, (_file(each, url) for each in files[:_MAX_FILES]))),
    )


def _licences(package: dict[str, JsonValue]) -> tuple[str, ...]:
    stated = dict.fromkeys(filter(None, (_text(package.get(name)) for name in ("license_id", "license_url"))))
    return tuple(stated) or tuple(filter(None, (_text(package.get("license_title")),)))


def _file(resource: dict[str, JsonValue], base: str) -> Distribution | None:
    address = joined(base, _text(resource.get("url")))
    if address is None or resource.get("state", "active") not in ("active", None, ""):
        return None
    changed = (resource.get(name) for name in ("last_modified", "modified", "metadata_modified", "created"))
    return Distribution(
        url=address,
        key=_text(resource.get("id")),
        name=line(_text(resource.get("name")) or _text(resource.get("description")))[:300],
        label=_text(resource.get("format"))[:100],
        media_type=_text(resource.get("mimetype"))[:100],
        modified=next((day for said in changed if (day := day_of(said)) is not None), None),
        licences=tuple(filter(None, (_text(resource.get("license")),))),
    )


def _extras(said: JsonValue) -> dict[str, str]:
    """Extra fields: a list of keys and values, or an object."""
    pairs: list[tuple[JsonValue, JsonValue]] = []
    if isinstance(said, dict):
        pairs = list(said.items())
    elif isinstance(said, list):
        pairs = [(each.get("key"), each.get("value")) for each in said if isinstance(each, dict)]
    return {_text(key): text for key, value in pairs if (text := _unquoted(_text(value)))}


def _unquoted(text: str) -> str:
    """Old portals keep extra fields as JSON within JSON."""
    if text[:1] != '"':
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return text


def _tags(said: JsonValue) -> Iterator[str]:
    for tag in said[:100] if isinstance(said, list) else []:
        word = (tag.get("display_name") or tag.get("name")) if isinstance(tag, dict) else tag
        if text := line(_text(word))[:100]:
            yield text


def _text(value: JsonValue) -> str:
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


# -- addresses --------------------------------------------------------------------------------------------------------


def base_of(url: str) -> str | None:
    """Where a portal begins, by the address of a dataset's page or an answer of its API.

    >>> base_of("https://daten.example/api/3/action/package_show?id=1"), base_of("https://x.example/de/dataset/kurse")
    ('https://daten.example', 'https://x.example')
    """
    parts = urlsplit(url)
    for pattern in (_ACTION, _PAGE, _PART):
        if (match := pattern.match(parts.path)) is not None:
            return str(urlunsplit((parts.scheme, parts.netloc, match[1], "", "")))
    return None


def show_address(url: str) -> tuple[str, str | None] | None:
    """Where the API tells about the dataset at ``url``, and the id of a file where that is a file's page.

    >>> show_address("https://x.example/dataset/kurse/resource/7")
    ('https://x.example/api/3/action/package_show?id=kurse', '7')
    >>> show_address("https://x.example/kurse")
    """
    parts = urlsplit(url)
    action = _ACTION.match(parts.path)
    if action is not None and action[2] in ("package_show", "dataset_show") and parse_qs(parts.query).get("id"):
        return url, None
    match = _PAGE.match(parts.path)
    if match is None or match[2] in _NO_DATASET:
        return None
    base = urlunsplit((parts.scheme, parts.netloc, match[1], "", ""))
    return f"{base}/api/3/action/package_show?{urlencode({'id': match[2]})}", match[3]


def by_key(show: str, key: str) -> str:
    """``show`` (an address of ``package_show``) with the id that stays when a dataset is renamed."""
    return urlunsplit(urlsplit(show)._replace(query=urlencode({"id": key}))) if key else show


def search_addresses(url: str, words: tuple[str, ...], rows: int) -> list[str]:
    """Where the portal at ``url`` lists what has to do with ``words``, or with what ``url`` itself searches for.

    Of the page of an organisation or group only its datasets are asked for. None where ``url`` is such a search.

    >>> search_addresses("https://x.example/organization/kiel", ("kita",), 50)
    ['https://x.example/api/3/action/package_search?q=kita&rows=50&fq=organization%3Akiel']
    """
    parts = urlsplit(url)
    action, part = _ACTION.match(parts.path), _PART.match(parts.path)
    query = parse_qs(parts.query)
    if action is not None and {"q", "fq"} & query.keys():
        return []
    base = base_of(url) or urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    within = {"fq": f"{'organization' if part[2] == 'organization' else 'groups'}:{part[3]}"} if part else {}
    return [
        f"{base}/api/3/action/package_search?{urlencode({'q': word, 'rows': str(rows)} | within)}"
        for word in query.get("q", words)
    ]


def _next(url: str, found: int, total: int | None) -> str | None:
    """The address of a search's next page, where the portal claims that there is one."""
    parts = urlsplit(url)
    action = _ACTION.match(parts.path)
    if action is None or action[2] != "package_search" or not found or total is None:
        return None
    query = parse_qs(parts.query, keep_blank_values=True)
    begun = query.get("start", ["0"])[0]
    following = (int(begun[:9]) if begun.isdecimal() else 0) + found
    if following >= total:
        return None
    return urlunsplit(parts._replace(query=urlencode(query | {"start": [str(following)]}, doseq=True)))
