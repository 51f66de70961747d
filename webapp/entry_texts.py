"""What providers agree to, and what Kitas are told about private persons; every version ever shown stays here."""

from collections.abc import Mapping
from typing import Final

from schemas.region import Region

CONTACT_VERSION: Final = "kontakt-2026-11"
"""The version shown now; kept with each consent."""
CONTACT_TEXTS: Final[Mapping[str, str]] = {
    "kontakt-2026-11": (
        "Mein Name, meine Telefonnummer und meine E-Mail-Adresse für die Anmeldung dürfen im Portal und in den Mails "
        "an Kitas gezeigt werden. In offene Daten kommen sie nicht. Die Zustimmung ist freiwillig; ich kann sie "
        "jederzeit über den Link in meiner Mail beenden, dann wird der Kontakt sofort nicht mehr gezeigt."
    ),
}
"""Version → German text."""
PRIVATE_PERSONS: Final = (
    "Dieses Angebot kommt von einer Privatperson. Träger von Kitas prüfen nach § 72a SGB VIII, ob sie sich für eine "
    "ehrenamtliche Tätigkeit mit Kindern ein erweitertes Führungszeugnis vorlegen lassen; das richtet sich nach Art, "
    "Intensität und Dauer des Kontakts mit den Kindern. Wir haben die Person nicht geprüft und bewerten sie nicht. "
    "Fachkräfte der Kita bleiben während des Angebots dabei."
)
"""Default of ``Region.private_persons``."""


def about_private_persons(region: Region) -> str:
    """What is said beside offers of private persons in ``region``."""
    return region.private_persons or PRIVATE_PERSONS
