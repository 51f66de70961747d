"""What can go wrong between us and a server, in German sentences with a remedy."""

import ssl
from typing import Final

import httpx

from harvesters.problems import ReadError

LATER: Final = "Es wird beim nächsten Abruf wieder versucht; hält es an, bitte die Betreiber ansprechen."
"""What to do about troubles that pass."""
CHECK_ADDRESS: Final = "Bitte die Adresse im Browser öffnen und in der Quellenbeschreibung berichtigen."
"""What to do about a wrong address."""
TELL_SOURCE: Final = "Bitte die Betreiber der Seite darauf hinweisen."
"""What to do about a broken site."""
NOT_LISTED: Final = (
    "Diese Seite wird auf Wunsch des Anbieters nicht gelesen.",
    "Möchte der Anbieter doch gelistet werden, lässt sich das unter „Nicht listen“ zurücknehmen.",
)
"""What is said about an address that is excluded: what happened, and what to do."""
REASONS: Final = {
    "scheme": "Nur Adressen mit http:// oder https:// werden gelesen.",
    "credentials": "Adressen mit Benutzername oder Passwort werden nicht gelesen.",
    "url": "Das ist keine gültige Adresse.",
}
"""Reasons of ``addresses.plain_url`` in German."""
STATUSES: Final = {
    401: ("fetch.forbidden", "Die Seite verlangt eine Anmeldung (401).", CHECK_ADDRESS),
    403: ("fetch.forbidden", "Der Server verweigert uns die Seite (403).", "Bitte die Betreiber um Zugang bitten."),
    404: ("fetch.not_found", "Die Seite gibt es nicht (404).", CHECK_ADDRESS),
    410: ("fetch.gone", "Die Seite wurde entfernt (410).", CHECK_ADDRESS),
}
"""Status → rule, what happened, remedy."""


def is_certificate_problem(error: BaseException) -> bool:
    """Whether the server's certificate is why ``error`` was raised; trying again does not help then."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def transport_problem(error: httpx.TransportError, source: str, url: str) -> ReadError:
    """What a broken connection means, for people."""
    if is_certificate_problem(error):
        return ReadError(
            source,
            url,
            "fetch.certificate",
            "Das Zertifikat des Servers ist ungültig oder abgelaufen.",
            "Bitte die Betreiber benachrichtigen; ohne gültiges Zertifikat lesen wir nicht.",
        )
    if isinstance(error, httpx.TimeoutException):
        return ReadError(source, url, "fetch.timeout", "Der Server antwortet zu langsam.", LATER)
    if isinstance(error, httpx.RemoteProtocolError):
        return ReadError(
            source, url, "fetch.cut", "Die Antwort des Servers brach ab oder war kein gültiges HTTP.", LATER
        )
    return ReadError(source, url, "fetch.unreachable", "Der Server ist nicht erreichbar.", LATER)
