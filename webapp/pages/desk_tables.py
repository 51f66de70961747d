"""Tables of offers or of providers, uploaded at the desk: file → columns → preview → taken over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import Forbidden, RequestEntityTooLarge

from harvesters.formats import table
from harvesters.formats.grid import Grid
from harvesters.formats.text import line
from harvesters.problems import ReadError
from schemas.harvest import Access, AccessKind, Source
from schemas.store.drafts import DraftKind, DraftState, add_draft, change_draft, draft, drafts, drop_draft
from schemas.store.runs import sources
from schemas.store.uploads import drop_upload, save_upload
from schemas.store.work import latest_work, somebody_works
from schemas.vocabulary import RightsKind
from webapp.access import Who, signed_in, who
from webapp.db import current_region, now, reading, state, writing
from webapp.pages.source_form import LICENCES, RIGHTS, TRUSTS, SourceForm
from webapp.provider_tables import sort_rows, take_over_providers
from webapp.table_columns import GROUPS, PROVIDER_GROUPS, codes, suggest, wrong_columns
from webapp.tables import (
    AT_ONCE,
    WORK,
    Plan,
    TableDraft,
    head,
    plan_of,
    proceed,
    remembered,
    table_draft,
    take_over,
    wait_for,
)

pages = Blueprint("tables", __name__, url_prefix="/desk/tabellen")

MAX_UPLOAD: Final = 10 * 1024 * 1024
"""Bytes of an uploaded table, on this one route; everywhere else the app's own limit holds."""
MAX_DRAINED: Final = 100 * 1024 * 1024
"""Bytes of a refused upload that are read and thrown away, so that the browser shows our answer and not a broken
connection."""
FIRST_VALUES: Final = 3
"""Cells of a column that are shown beside it."""
_ASKED: Final = ("title", "provider", "trust", "rights")
"""Fields of the source that the form of the columns asks for besides."""
_AS_ASKED: Final = {"rhythm": "monthly", "trust": "hold", "rights": RightsKind.FACTS_ONLY.value}
"""What counts where the form leaves something out."""
_SHOWN_STATES: Final = (DraftState.NEW, DraftState.WAITING, DraftState.READY, DraftState.FAILED)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the form."""

    place: int
    """Its place in the table, for the name of the input."""
    name: str
    """Its heading."""
    values: tuple[str, ...]
    """Its first values."""
    code: str
    """What it means so far; empty for nothing."""


@pages.url_value_preprocessor
def _allow_files(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """A coordinator may send a file; this comes before anything looks into the request."""
    if endpoint == "tables.upload_table" and request.method == "POST" and signed_in() is not None:
        request.max_content_length = MAX_UPLOAD


@pages.errorhandler(RequestEntityTooLarge)
def _too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    name = signed_in()
    if name is None:
        return current_app.handle_http_exception(Forbidden())
    g.coordinator = name  # the refusal comes before anybody is let in
    _drain()
    problem = _(
        "Diese Datei ist zu groß. Eine Tabelle darf höchstens %(n)s MB haben; gespeichert wurde nichts. Bitte laden "
        "Sie nur das Blatt mit den Angeboten hoch, oder teilen Sie die Tabelle auf.",
        n=MAX_UPLOAD // 1024**2,
    )
    return _home(problem), 413


@pages.get("/")
@who(Who.COORDINATOR)
def home() -> ResponseReturnValue:
    """Upload a table; tables in the making; tables that are sources."""
    return _home()


@pages.post("/")
@who(Who.COORDINATOR)
def upload_table() -> ResponseReturnValue:
    """Keep the file, look at its beginning, and ask what its columns mean."""
    file = request.files.get("datei")
    providers = request.form.get("was") == "anbieter"
    if file is None or not file.filename:
        return _home(_("Bitte wählen Sie zuerst eine Datei aus."), providers=providers), 400
    name = line(file.filename.replace("\\", "/").rpartition("/")[2])[:200] or _("Tabelle")
    content = file.stream.read()
    region = current_region().key
    try:
        grid = head(content, name=name, region=region, now=now())
    except ReadError as error:
        problem = _("„%(name)s“: %(what)s %(remedy)s", name=name, what=error.happened, remedy=error.remedy)
        return _home(problem, providers=providers), 400
    plan = _first_plan(grid, name, providers=providers)
    with writing() as change:
        kept = save_upload(change, region, name=name, content=content, by=g.coordinator, now=now())
        number = add_draft(
            change,
            region,
            DraftKind.TABLE,
            name,
            source=plan.model_dump(mode="json"),
            by=g.coordinator,
            now=now(),
            upload_id=kept,
        )
    return redirect(url_for("tables.columns", number=number), 303)


@pages.get("/<int(max=2147483647):number>/spalten")
@who(Who.COORDINATOR)
def columns(number: int) -> ResponseReturnValue:
    """Which column is what."""
    found = _own(number)
    return _columns_page(found, found.plan)


@pages.post("/<int(max=2147483647):number>/spalten")
@who(Who.COORDINATOR)
def map_columns(number: int) -> ResponseReturnValue:
    """Keep what the columns mean, and preview the table, at once or as work."""
    found = _own(number)
    if (sheet := request.form.get("blatt")) and sheet != found.plan.sheet:
        return _other_sheet(found, sheet)
    grid = _grid(found, found.plan.sheet)
    plan, asked, wrong = _entered(found, grid)
    if wrong or asked.errors:
        return _columns_page(found, plan, wrong, grid=grid, asked=asked), 400
    return _proceed(found, plan.model_copy(update={"step": "preview"}))


@pages.get("/<int(max=2147483647):number>")
@who(Who.COORDINATOR)
def show(number: int) -> ResponseReturnValue:
    """What was found in the table; of a list of providers also what became of it."""
    found = draft(reading(), number)
    if found is None or found.region != current_region().key or found.kind is not DraftKind.TABLE:
        abort(404)
    plan = plan_of(found)
    if plan.what == "providers" and found.result is not None:
        rows = found.result["rows"]
        sorted_rows = None if found.state is DraftState.DONE else sort_rows(reading(), found.region, rows)
        return render_template("pages/table_providers.html", draft=found, plan=plan, rows=rows, sorted=sorted_rows)
    if found.state is DraftState.DONE:
        return redirect(url_for("tables.home"), 303)
    if found.state is DraftState.NEW:
        return redirect(url_for("tables.columns", number=number), 303)
    source = Source.model_validate(found.result["source"]) if found.result else None
    waiting = found.state is DraftState.WAITING
    work = latest_work(reading(), f"{WORK}{number}") if waiting else None
    return render_template(
        "pages/table_preview.html",
        draft=found,
        plan=plan,
        preview=found.result,
        source=source,
        broken=work is not None and work.broken,
        nobody=waiting and not somebody_works(reading(), now=now()),
    )


@pages.post("/<int(max=2147483647):number>/uebernehmen")
@who(Who.COORDINATOR)
def take(number: int) -> ResponseReturnValue:
    """Make the table a source, or its next version; the addresses of a list of providers become drafts."""
    found = _own(number)
    if found.draft.state is not DraftState.READY or found.draft.result is None:
        flash(_("Bitte sehen Sie sich zuerst die Vorschau an."))
        return redirect(url_for("tables.show", number=number), 303)
    if found.plan.what == "providers":
        with writing() as change:
            taken = take_over_providers(change, found, by=g.coordinator, now=now())
        flash(_("%(n)s Adressen werden jetzt geprüft. Die Ergebnisse stehen bei den Quellen.", n=taken))
        return redirect(url_for("tables.show", number=number), 303)
    if found.plan.long:
        with writing() as change:
            wait_for(change, number, found.plan.model_copy(update={"step": "take"}), now=now())
        return redirect(url_for("tables.show", number=number), 303)
    run = take_over(state().database, found, now=now())
    flash(_("Übernommen: %(message)s", message=run.message or ""))
    return redirect(url_for("sources.show", name=run.source), 303)


@pages.post("/<int(max=2147483647):number>/verwerfen")
@who(Who.COORDINATOR)
def drop(number: int) -> ResponseReturnValue:
    """Forget a table and its file; what was taken over stays."""
    found = draft(reading(), number)
    if found is None or found.region != current_region().key or found.kind is not DraftKind.TABLE:
        abort(404)
    with writing() as change:
        drop_draft(change, number, by=g.coordinator, now=now())
        if found.upload_id is not None:
            drop_upload(change, found.upload_id)
    flash(_("Verworfen: %(name)s", name=found.address))
    return redirect(url_for("tables.home"), 303)


def _home(problem: str | None = None, *, providers: bool = False) -> str:
    region = current_region().key
    known = [each for each in sources(reading(), region) if each.access.kind is AccessKind.TABLE]
    found = drafts(reading(), region, kinds=(DraftKind.TABLE,))
    return render_template(
        "pages/tables.html",
        problem=problem,
        providers=providers,
        open=[(each, plan_of(each)) for each in found if each.state in _SHOWN_STATES],
        lists=[each for each in found if each.state is DraftState.DONE and each.result],
        known=known,
        most=MAX_UPLOAD // 1024**2,
    )


def _own(number: int) -> TableDraft:
    """The table if it belongs to this Region and is not taken over yet; 404 otherwise."""
    found = table_draft(reading(), number)
    if found is None or found.draft.region != current_region().key:
        abort(404)
    return found


def _tables() -> list[Source]:
    return [each for each in sources(reading(), current_region().key) if each.access.kind is AccessKind.TABLE]


def _first_plan(grid: Grid, name: str, *, providers: bool) -> Plan:
    """A plan with good guesses: as the same header row was read last time, else by the words of the headings."""
    title = name.rpartition(".")[0] or name
    rows = len(grid.lines)
    fit = None if providers else remembered(_tables(), grid.names)
    if fit is None:
        guessed = suggest(grid.names, providers=providers)
        return Plan(what="providers" if providers else "offers", columns=guessed, title=title[:200], rows=rows)
    known, mapping = fit
    said = {field: getattr(known, field) for field in ("provider", "trust", "rights")}
    # A sheet that was named for the last version is looked for by its headings again.
    return Plan(columns=mapping, table=known.name, title=known.title or title, rows=rows, **said)


def _undescribed(region: str, plan: Plan) -> Source:
    """What the form of the columns is filled with."""
    said = {name: getattr(plan, name) for name in _ASKED}
    return Source(name="tabelle", region=region, access=Access(kind=AccessKind.TABLE), **said)


def _grid(found: TableDraft, sheet: str | None) -> Grid:
    """The beginning of the table; the page with what is wrong where it cannot be read any more."""
    source = Source(name="tabelle", region=found.draft.region, access=Access(kind=AccessKind.TABLE, items=sheet))
    try:
        return table.read(
            found.upload.content, source=source, url=found.upload.name, fetched_at=now(), first=AT_ONCE + 1
        )
    except ReadError as error:
        abort(400, f"{error.happened} {error.remedy}")


def _other_sheet(found: TableDraft, sheet: str) -> ResponseReturnValue:
    """Show another sheet of the workbook, with guesses for its columns."""
    grid = _grid(found, sheet)
    providers = found.plan.what == "providers"
    guessed = suggest(grid.names, providers=providers)
    plan = found.plan.model_copy(update={"sheet": sheet, "columns": guessed, "rows": len(grid.lines)})
    with writing() as change:
        change_draft(change, found.number, source=plan.model_dump(mode="json"), state=DraftState.NEW, now=now())
    return redirect(url_for("tables.columns", number=found.number), 303)


def _entered(found: TableDraft, grid: Grid) -> tuple[Plan, SourceForm, list[tuple[str | None, str]]]:
    """The plan as the form says it, the form's lower half, and what is wrong with the columns."""
    form, providers = request.form, found.plan.what == "providers"
    possible = codes(PROVIDER_GROUPS if providers else GROUPS)
    mapping = {
        name: code
        for place, name in enumerate(grid.names)
        if name and (code := form.get(f"spalte-{place}", "")) in possible
    }
    plan = found.plan.model_copy(update={"columns": mapping, "rows": len(grid.lines)})
    asked = SourceForm(_AS_ASKED | form.to_dict())
    if not providers:
        said = asked.read()
        table_name = form.get("fassung") or None
        if table_name is not None and table_name not in {each.name for each in _tables()}:
            abort(400)
        plan = plan.model_copy(update={"table": table_name})
        if said is not None:
            plan = Plan.model_validate(plan.model_dump() | {name: said[name] for name in _ASKED})
    return plan, asked, wrong_columns(mapping, providers=providers)


def _columns_page(
    found: TableDraft,
    plan: Plan,
    wrong: Sequence[tuple[str | None, str]] = (),
    *,
    grid: Grid | None = None,
    asked: SourceForm | None = None,
) -> str:
    grid = grid or _grid(found, plan.sheet)
    shown = [
        Column(
            place,
            name,
            tuple(filter(None, (each.cells[place][:80] for each in grid.lines[:20])))[:FIRST_VALUES],
            plan.columns.get(name, ""),
        )
        for place, name in enumerate(grid.names)
    ]
    return render_template(
        "pages/table_columns.html",
        draft=found.draft,
        plan=plan,
        grid=grid,
        columns=[each for each in shown if each.name],
        nameless=[each for each in shown if not each.name and each.values],
        groups=PROVIDER_GROUPS if plan.what == "providers" else GROUPS,
        known=_tables(),
        wrong=wrong,
        form=asked or SourceForm.of(_undescribed(found.draft.region, plan)),
        licences=LICENCES,
        trusts=TRUSTS,
        rights=RIGHTS,
        at_once=AT_ONCE,
    )


def _proceed(found: TableDraft, plan: Plan) -> ResponseReturnValue:
    """Read the table now if it is short, else put it on the list of work."""
    with writing() as change:
        if plan.long:
            wait_for(change, found.number, plan, now=now())
        else:
            change_draft(change, found.number, source=plan.model_dump(mode="json"), state=DraftState.NEW, now=now())
    if not plan.long:
        proceed(state().database, found.number, now=now())
    return redirect(url_for("tables.show", number=found.number), 303)


def _drain() -> None:
    """Read a refused body to its end, within bounds."""
    left = min(request.content_length or 0, MAX_DRAINED)
    stream = request.environ["wsgi.input"]
    while left > 0 and (piece := stream.read(min(left, 64 * 1024))):
        left -= len(piece)
    current_app.logger.info("upload refused: %s bytes", request.content_length)
