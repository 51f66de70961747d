"""German words of the desk: codes of states, reviews and fields, and values in JSON form."""

from typing import Any, Final

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from schemas.harvest import RunStatus
from schemas.review import DecisionKind, ReviewKind
from webapp.pages.correcting import FORMS

RUN_STATUS: Final[dict[str, Any]] = {
    RunStatus.RUNNING: _l("läuft"),
    RunStatus.COMPLETE: _l("vollständig"),
    RunStatus.UNCHANGED: _l("unverändert"),
    RunStatus.INCOMPLETE: _l("unvollständig"),
    RunStatus.FAILED: _l("fehlgeschlagen"),
}
WHY: Final[dict[str, Any]] = {
    "accepted": _l("angenommen"),
    "rejected": _l("von Hand abgelehnt"),
    "trusted": _l("vertraute Quelle"),
    "new_source": _l("neue Quelle: erst ansehen"),
    "unsure": _l("Eignung unklar"),
    "audience": _l("nicht für Kita-Gruppen"),
    "withdrawn": _l("von der Quelle zurückgezogen"),
    "cancelled": _l("abgesagt"),
    "expired": _l("vorbei"),
}
REVIEW_KIND: Final[dict[str, Any]] = {
    ReviewKind.NEW_OFFER: _l("neues Angebot"),
    ReviewKind.UNSURE: _l("Eignung unklar"),
    ReviewKind.CONFLICT: _l("Widerspruch zur Korrektur"),
    ReviewKind.WITHDRAWAL: _l("verschwunden"),
}
DEFAULT_ACTION: Final[dict[str, Any]] = {
    "keep_correction": _l("die Korrektur bleibt"),
    "stay_held": _l("es bleibt zurückgehalten"),
    "withdraw": _l("es wird zurückgezogen"),
}
DECISION: Final[dict[str, Any]] = {
    DecisionKind.ACCEPT: _l("Angenommen"),
    DecisionKind.REJECT: _l("Abgelehnt"),
}


def init_app(app: Flask) -> None:
    """Registers the filters of the desk's templates."""
    app.jinja_env.filters.update(
        run_status=lambda code: RUN_STATUS.get(code, code),
        why_held=lambda code: WHY.get(code, code or ""),
        review_kind=lambda code: REVIEW_KIND.get(code, code),
        default_action=lambda code: DEFAULT_ACTION.get(code, code),
        decision_kind=lambda code: DECISION.get(code, code),
        field_name=field_name,
        json_words=json_words,
    )


def field_name(field: str) -> Any:
    """What people call a field; the field itself where it has no German name."""
    return FORMS[field].label if field in FORMS else field


def json_words(value: Any, depth: int = 0) -> str:
    """A value in JSON form as one line; what is not stated says so."""
    if value is None or value == [] or value == {}:
        return "" if depth else _("nicht angegeben")
    if isinstance(value, bool):
        return _("ja") if value else _("nein")
    if isinstance(value, dict):
        parts = [f"{key}: {words}" for key, item in value.items() if (words := json_words(item, depth + 1))]
        return ", ".join(parts)
    if isinstance(value, list):
        return "; ".join(json_words(item, depth + 1) for item in value[:12]) + (" …" if len(value) > 12 else "")
    text = str(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
