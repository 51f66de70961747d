"""German words of the desk: codes of states, reviews and fields."""

from typing import Any, Final

from flask import Flask
from flask_babel import lazy_gettext as _l

from schemas.clock import local
from schemas.harvest import RunStatus
from schemas.review import DecisionKind, ReviewKind
from schemas.store.digests import HAS_LEFT, STOPPED, TOO_LATE, DigestState
from schemas.store.held import HeldKind
from schemas.store.ledger import NO_REGION, SENDER_DIED
from schemas.store.letters import TOO_LATE as LETTER_TOO_LATE
from schemas.wording import day_words
from webapp.pages.correcting import FORMS
from webapp.pages.value_words import value_words

RUN_STATUS: Final[dict[str, Any]] = {
    RunStatus.RUNNING: _l("läuft"),
    RunStatus.COMPLETE: _l("vollständig"),
    RunStatus.UNCHANGED: _l("unverändert"),
    RunStatus.INCOMPLETE: _l("unvollständig"),
    RunStatus.FAILED: _l("fehlgeschlagen"),
    RunStatus.EXCLUDED: _l("auf Wunsch nicht gelistet"),
}
STATUS_REASON: Final[dict[str, Any]] = {
    "accepted": _l("angenommen"),
    "rejected": _l("von Hand abgelehnt"),
    "trusted": _l("vertraute Quelle"),
    "new_source": _l("neu: erst ansehen"),
    "unsure": _l("Eignung unklar"),
    "audience": _l("nicht für Kita-Gruppen"),
    "withdrawn": _l("von der Quelle zurückgezogen"),
    "excluded": _l("auf Wunsch nicht gelistet"),
    "by_provider": _l("vom Anbieter herausgenommen"),
    "deleted": _l("gelöscht"),
    "unconfirmed": _l("ein Jahr lang nicht bestätigt"),
    "cancelled": _l("abgesagt"),
    "over": _l("vorbei"),
}
REVIEW_KIND: Final[dict[str, Any]] = {
    ReviewKind.NEW_OFFER: _l("neues Angebot"),
    ReviewKind.UNSURE: _l("Eignung unklar"),
    ReviewKind.CONFLICT: _l("Widerspruch zur Korrektur"),
    ReviewKind.WITHDRAWAL: _l("bei der Quelle verschwunden"),
    ReviewKind.DUPLICATE: _l("vielleicht doppelt"),
    ReviewKind.SUGGESTION: _l("Hinweis von Besuchern"),
}
HELD_KIND: Final[dict[str, Any]] = REVIEW_KIND | {
    HeldKind.SELF_ENTRY: _l("selbst eingetragen"),
    HeldKind.WORDING: _l("nicht verstanden"),
}
DEFAULT_ACTION: Final[dict[str, Any]] = {
    "keep_correction": _l("die Korrektur bleibt"),
    "stay_held": _l("es bleibt zurückgehalten"),
    "withdraw": _l("es wird zurückgezogen"),
    "keep_both": _l("beide bleiben"),
    "keep_value": _l("die Angaben bleiben, wie sie sind"),
    "leave_empty": _l("sie zählen nicht"),
}
ACTION: Final[dict[str, Any]] = {
    "accept": _l("Angenommen"),
    "reject": _l("Abgelehnt"),
    "confirm": _l("Bestätigt: stimmt noch"),
    "correct": _l("Korrigiert"),
    "resolve_conflict": _l("Widerspruch entschieden"),
    "resolve_withdrawal": _l("Über das Verschwinden entschieden"),
    "keep_both": _l("Zwei ähnliche Angebote behalten"),
    "close_suggestion": _l("Hinweis erledigt"),
    "judge": _l("Von einem ähnlichen Angebot unterschieden"),
    "merge": _l("Mit einem anderen Angebot zusammengeführt"),
    "split": _l("Eine Quelle abgetrennt"),
    "entry.type": _l("Für den Anbieter eingetragen"),
    "entry.change": _l("Eintrag geändert"),
    "entry.pause": _l("Eintrag herausgenommen"),
    "entry.resume": _l("Eintrag wieder gezeigt"),
    "entry.delete": _l("Eintrag gelöscht"),
    "undo_correction": _l("Korrektur zurückgenommen"),
    "undo_decision": _l("Entscheidung zurückgenommen"),
}
"""What stands in the history of an offer."""
NOBODY: Final[dict[str, Any]] = {
    "default": _l("niemand: der Standard nach 14 Tagen"),
    "harvest": _l("ein Abruf"),
}
"""Who acts where no person does."""
DECISION: Final[dict[str, Any]] = {
    DecisionKind.ACCEPT: _l("Angenommen"),
    DecisionKind.REJECT: _l("Abgelehnt"),
    DecisionKind.CONFIRM: _l("Bestätigt"),
}
MAIL_STATE: Final[dict[str, Any]] = {
    DigestState.UNSURE: _l("vielleicht verschickt"),
    DigestState.FAILED: _l("nicht verschickt"),
}
MAIL_ERROR: Final[dict[str, Any]] = {
    SENDER_DIED: _l("Der Versand brach ab, bevor die Antwort des Mailservers da war."),
    TOO_LATE: _l("Der Versand gelang nicht in dieser Woche."),
    HAS_LEFT: _l("Die Adresse hat sich vorher abgemeldet."),
    STOPPED: _l("Die Mails dieser Woche wurden angehalten."),
    NO_REGION: _l("Zu diesem Gebiet gehört keine Region dieser Installation mehr."),
    LETTER_TOO_LATE: _l("Der Versand gelang nicht rechtzeitig."),
}
"""Reasons of our own; all others are shown in the words of the mail server."""
OTHER_FIELDS: Final[dict[str, Any]] = {
    "accessibility": _l("Barrierefreiheit"),
    "all_day": _l("ganztägig"),
    "booking": _l("Anmeldung"),
    "booking_url": _l("Seite der Anmeldung"),
    "capacity": _l("Kapazität"),
    "category": _l("Rubrik"),
    "entry": _l("Eintrag"),
    "dates": _l("Termine"),
    "duration": _l("Dauer"),
    "end": _l("Ende"),
    "end_date": _l("Tag des Endes"),
    "end_time": _l("Uhrzeit des Endes"),
    "funding": _l("Förderung"),
    "image": _l("Bild"),
    "image_credit": _l("Bildnachweis"),
    "image_licence": _l("Lizenz des Bildes"),
    "image_url": _l("Adresse des Bildes"),
    "languages": _l("Sprachen"),
    "lat": _l("Breite"),
    "lead_time": _l("Vorlauf"),
    "locality": _l("Gemeinde"),
    "lon": _l("Länge"),
    "mail": _l("E-Mail"),
    "offers": _l("Zahl der Angebote"),
    "phone": _l("Telefon"),
    "place_name": _l("Name des Ortes"),
    "postcode": _l("Postleitzahl"),
    "practicalities": _l("Praktisches"),
    "provider": _l("Anbieter"),
    "provider_url": _l("Seite des Anbieters"),
    "record": _l("Datensatz"),
    "rrule": _l("Wiederholung"),
    "run": _l("Abruf"),
    "season": _l("Saison"),
    "service_area": _l("Einsatzgebiet"),
    "source": _l("Quelle"),
    "start": _l("Beginn"),
    "start_date": _l("Tag des Beginns"),
    "start_time": _l("Uhrzeit des Beginns"),
    "status": _l("Stand"),
    "street": _l("Straße und Hausnummer"),
    "subtitle": _l("Untertitel"),
    "text": _l("Text"),
    "updated": _l("geändert"),
    "weather": _l("Wetter"),
}
"""Fields of offers and Records that have no form of their own."""


def init_app(app: Flask) -> None:
    """Registers the filters of the desk's templates."""
    app.jinja_env.filters.update(
        run_status=lambda code: RUN_STATUS.get(code, code),
        status_reason=lambda code: STATUS_REASON.get(code, code or ""),
        review_kind=lambda code: REVIEW_KIND.get(code, code),
        default_action=lambda code: DEFAULT_ACTION.get(code, code),
        decision_kind=lambda code: DECISION.get(code, code),
        mail_state=lambda code: MAIL_STATE.get(code, code),
        mail_error=lambda words: MAIL_ERROR.get(words, words or ""),
        held_kind=lambda code: HELD_KIND.get(code, code),
        action_words=lambda code: ACTION.get(code, code),
        actor=lambda name: NOBODY.get(name, name),
        date_of=lambda moment: day_words(local(moment).date(), weekday="none"),
        missing_in=lambda fields, values: [name for name in fields if not values[name]],
        field_name=field_name,
        share=lambda share: "–" if share is None else f"{share:.0%}".replace("%", " %"),
        value_words=value_words,
    )


def field_name(field: str) -> Any:
    """What people call a field of an offer or a Record; the field itself where it has no German name."""
    return FORMS[field].label if field in FORMS else OTHER_FIELDS.get(field, field)
