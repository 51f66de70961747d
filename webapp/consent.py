"""What people agree to who confirm that they want the weekly mail; every version that was ever shown stays here."""

from collections.abc import Mapping
from typing import Final

CONSENT_VERSION: Final = "2026-11"
"""The version shown now; kept with each confirmation."""
CONSENT_TEXTS: Final[Mapping[str, str]] = {
    "2026-11": (
        "Ich möchte an diese Adresse die Wochenmail mit Angeboten für die genannte Kita erhalten. Dafür werden die "
        "Adresse, die verschickten Wochenmails und die Antworten auf Angebote gespeichert. Die Zustimmung ist "
        "freiwillig; ich kann sie jederzeit über den Link ‚Abmelden‘ in jeder Wochenmail beenden."
    ),
}
"""Version → German text."""
