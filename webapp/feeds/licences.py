"""Open licences by their URI in DCAT-AP.de: names, texts, and the names of the files that stand under them."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

_LIST: Final = "http://dcat-ap.de/def/licenses/"
_PLAIN: Final = re.compile(r"https?://[!#-;=?-~]{1,390}")
OTHER_OPEN: Final = f"{_LIST}other-open"
"""Stands in catalogues for an open licence that the list of DCAT-AP.de does not know."""


@dataclass(frozen=True, slots=True)
class OpenLicence:
    """A licence of texts or facts."""

    uri: str
    """What records name."""
    name: str
    """Short name."""
    text: str
    """Address of its text; empty where none is known."""
    slug: str
    """Part of the names of files under it."""
    listed: str
    """The concept of DCAT-AP.de that catalogues name."""


def _listed(code: str, name: str, text: str) -> OpenLicence:
    return OpenLicence(f"{_LIST}{code}", name, text, code.replace("/", "-"), f"{_LIST}{code}")


_KNOWN: Final = {
    licence.uri: licence
    for licence in (
        _listed("cc-zero", "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/deed.de"),
        _listed("cc-by/4.0", "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/deed.de"),
        _listed("cc-by-de/3.0", "CC BY 3.0 DE", "https://creativecommons.org/licenses/by/3.0/de/"),
        _listed("cc-by-sa/4.0", "CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0/deed.de"),
        _listed("cc-by-sa-de/3.0", "CC BY-SA 3.0 DE", "https://creativecommons.org/licenses/by-sa/3.0/de/"),
        _listed("dl-by-de/2.0", "dl-de/by-2-0", "https://www.govdata.de/dl-de/by-2-0"),
        _listed("dl-zero-de/2.0", "dl-de/zero-2-0", "https://www.govdata.de/dl-de/zero-2-0"),
        _listed("odbl", "ODbL 1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
        _listed("odby", "ODC-By 1.0", "https://opendatacommons.org/licenses/by/1-0/"),
        _listed("odcpddl", "PDDL 1.0", "https://opendatacommons.org/licenses/pddl/1-0/"),
        _listed("ccpdm/1.0", "Public Domain Mark 1.0", "https://creativecommons.org/publicdomain/mark/1.0/deed.de"),
    )
}
_SPELLINGS: Final = {
    "creativecommons.org/publicdomain/zero/1.0": "cc-zero",
    "creativecommons.org/licenses/by/4.0": "cc-by/4.0",
    "creativecommons.org/licenses/by/3.0/de": "cc-by-de/3.0",
    "creativecommons.org/licenses/by-sa/4.0": "cc-by-sa/4.0",
    "creativecommons.org/licenses/by-sa/3.0/de": "cc-by-sa-de/3.0",
    "www.govdata.de/dl-de/by-2-0": "dl-by-de/2.0",
    "www.govdata.de/dl-de/zero-2-0": "dl-zero-de/2.0",
    "opendatacommons.org/licenses/odbl/1-0": "odbl",
}


def open_licence(uri: str) -> OpenLicence:
    """What is known of the licence that a record calls ``uri``; a licence of another list keeps a name of its own.

    >>> open_licence("http://dcat-ap.de/def/licenses/cc-by/4.0").slug
    'cc-by-4.0'
    >>> open_licence("https://creativecommons.org/licenses/by/4.0/").listed
    'http://dcat-ap.de/def/licenses/cc-by/4.0'
    """
    if uri in _KNOWN:
        return _KNOWN[uri]
    code = _SPELLINGS.get(uri.removeprefix("https://").removeprefix("http://").rstrip("/").removesuffix("/deed.de"))
    slug = f"lizenz-{sha256(uri.encode()).hexdigest()[:8]}"
    if code is None:
        return OpenLicence(uri, uri, uri if _PLAIN.fullmatch(uri) else "", slug, OTHER_OPEN)
    known = _KNOWN[f"{_LIST}{code}"]
    return OpenLicence(uri, known.name, known.text, slug, known.listed)


def known_slugs() -> dict[str, str]:
    """The URI of every listed licence by the part of file names that stands for it."""
    return {licence.slug: uri for uri, licence in _KNOWN.items()}
