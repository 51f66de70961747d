"""The named parts of the score with their weights: one table for the ranking, its reasons and the pages. Pure."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Part:
    """One named part of the score."""

    name: str
    """Its name, as in ``ScorePart.name``."""
    label: str
    """What people call it, in German."""
    weight: float
    """How much it counts, against the others."""
    meaning: str
    """What it says, in German, for the page that shows the arithmetic."""


PARTS: Final = (
    Part(
        "age",
        "Alter",
        3.0,
        "Wie viel von der Altersspanne der Gruppe das Angebot anspricht; unbekanntes Alter zählt wenig.",
    ),
    Part("way", "Weg", 2.5, "Wie weit es ist, gemessen an dem, was die Kita fährt; was in die Kita kommt, zählt voll."),
    Part("cost", "Kosten", 1.5, "Was ein Kind kostet, gemessen am Rahmen der Kita; unbekannte Preise zählen wenig."),
    Part("timing", "Zeitpunkt", 2.5, "Ob ein Termin in die Planungszeit passt und die Saison läuft oder bald beginnt."),
    Part("areas", "Bildungsbereiche", 1.5, "Ob es die Bildungsbereiche trifft, die die Kita sucht."),
    Part("wishes", "Ihre Wünsche", 3.0, "Ob es trifft, was die Kita sich in Worten wünscht."),
    Part("concept", "Ihr Konzept", 1.0, "Wie nah seine Worte dem Konzept der Kita sind."),
    Part("dislikes", "Was Sie nicht möchten", 2.5, "Ob es nach etwas klingt, das die Kita nicht möchte; zieht nur ab."),
    Part("languages", "Sprachen", 1.5, "Ob es Sprachen der Kinder spricht, neben Deutsch."),
    Part("needs", "Barrierefreiheit", 1.5, "Was über die nötige Barrierefreiheit bekannt ist."),
    Part("group_size", "Gruppengröße", 1.0, "Ob die Gruppe hineinpasst, ohne geteilt zu werden."),
    Part("suitability", "Für Kitas gemacht", 1.0, "Wie sicher es für Kita-Gruppen gemacht ist."),
    Part("quality", "Beschreibung", 0.5, "Wie vollständig das Angebot beschrieben ist."),
    Part("freshness", "Aktualität", 0.5, "Wie lange es her ist, dass eine Quelle oder ein Mensch es bestätigt hat."),
)
"""The parts and their weights: a documented prior, set by what educators say decides (can we, may we, do we want to),
not fitted to any corpus. Age, way and wishes count most; what the description looks like counts least."""
