"""Why an offer is shown, in German: a reason belongs to a part of the score that added to it; doubts are cautions."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from recommender.calendar import next_day
from recommender.context import Context
from recommender.features import NO_DAY, Fit, is_open, window_end
from recommender.index import ACCESS_LIMITED, ACCESS_UNKNOWN, ACCESS_YES, DATED, NEEDS, ON_REQUEST, Floats, OfferIndex
from recommender.parts import PARTS
from recommender.service import INSIDE
from schemas.offer import AgeRange
from schemas.recommendation import Reason, ScorePart
from schemas.vocabulary import LANGUAGES, TravelMeans
from schemas.wording import age_words, day_words, distance_words, euro_words, month_words

_ENDS_SOON = 120


@dataclass(frozen=True)
class Facts:
    """What is told about one offer for one Kita."""

    parts: tuple[ScorePart, ...]
    reasons: tuple[Reason, ...]
    day: date | None


def facts(fit: Fit, index: OfferIndex, context: Context, row: int, values: Floats, wish: str | None) -> Facts:
    """Parts, reasons and first day of the offer in one row; ``values`` are its values in the order of
    ``PARTS``, ``wish`` the wish that it meets."""
    day = first_day(fit, index, context, row)
    told = {
        "age": _age(fit, index, row),
        "way": _way(fit, index, row),
        "cost": _cost(fit, index, row),
        "timing": _timing(fit, index, row, day),
        "areas": _areas(fit, index, row),
        "wishes": _reason("wishes.met", f"trifft Ihren Wunsch: {wish}") if wish else (),
        "languages": _languages(fit, index, row),
        "needs": _needs(fit, index, row),
        "group_size": _group_size(fit, index, row),
    }
    parts = tuple(
        ScorePart(
            name=part.name, value=round(float(value), 6), weight=part.weight, words=_words(told.get(part.name, ()))
        )
        for part, value in zip(PARTS, values, strict=True)
    )
    order = sorted(parts, key=lambda part: (-part.contribution, part.name))
    good = [r for part in order if part.contribution > 0 for r in told.get(part.name, ()) if not r.caution]
    cautions = [reason for part in parts for reason in told.get(part.name, ()) if reason.caution]
    return Facts(parts, (*good, *cautions), day)


def first_day(fit: Fit, index: OfferIndex, context: Context, row: int) -> date | None:
    """The first date that suits; None where days are by arrangement or not known."""
    if fit.first_day[row] < NO_DAY:
        return context.today + timedelta(days=int(fit.first_day[row]))
    schedule = index.offers[row].schedule
    if schedule is None:
        return None
    first = context.today + timedelta(days=int(max(index.lead_days[row], index.wait[row])))
    return next_day(schedule, first, window_end(context), lambda day: is_open(fit.view, day, context))


def _words(reasons: tuple[Reason, ...]) -> str | None:
    return " · ".join(reason.text for reason in reasons) or None


def _reason(code: str, text: str) -> tuple[Reason, ...]:
    return (Reason(code=code, text=text),)


def _caution(code: str, text: str) -> tuple[Reason, ...]:
    return (Reason(code=code, text=text, caution=True),)


def _age(fit: Fit, index: OfferIndex, row: int) -> tuple[Reason, ...]:
    if not index.age_known[row]:
        return _caution("age.unknown", "Alter nicht angegeben: bitte nachfragen")
    if fit.group[row] < 0:
        return ()
    group = fit.view.groups[int(fit.group[row])]
    span = age_words(AgeRange(min_months=group.min_months, max_months=group.max_months))
    if fit.age[row] > 0.99:
        return _reason("age.covers", f"passt zum Alter der Gruppe {group.name} ({span})")
    low, high = max(group.min_months, int(index.age_min[row])), min(group.max_months, int(index.age_max[row]))
    span = age_words(AgeRange(min_months=low, max_months=high))
    return _reason("age.part", f"für die Kinder der Gruppe {group.name} im Alter {span}")


def _way(fit: Fit, index: OfferIndex, row: int) -> tuple[Reason, ...]:
    if fit.mobile[row] and fit.service[row] == INSIDE:
        return _reason("way.comes", "kommt zu Ihnen")
    if fit.may_go[row] and not np.isnan(fit.road_km[row]):
        return _distance(fit, row)
    if fit.may_come[row]:
        return (
            *_reason("way.comes", "kommt in die Kita"),
            *_caution("way.area_unknown", "Einsatzgebiet nicht sicher: bitte fragen, ob es bis zu Ihnen reicht"),
        )
    if fit.online[row]:
        return _reason("way.online", "online")
    return _caution("way.unknown", "Ort nicht sicher bekannt: bitte den Weg prüfen")


def _distance(fit: Fit, row: int) -> tuple[Reason, ...]:
    road = float(fit.road_km[row])
    text = "im selben Ort" if road < 1 else f"etwa {distance_words(road)}"
    told = _reason("way.near", text)
    if road > fit.view.reach_km:
        return (*told, *_caution("way.far", "etwas weiter, als Sie angegeben haben"))
    if fit.view.kita.travel is TravelMeans.PUBLIC_TRANSPORT and road >= 1:
        return (*told, *_caution("way.timetable", "Busverbindung prüfen"))
    return told


def _cost(fit: Fit, index: OfferIndex, row: int) -> tuple[Reason, ...]:
    cost, base = float(fit.cost[row]), float(fit.base_cost[row])
    if index.donation[row]:
        return _reason("cost.donation", "gegen eine freiwillige Spende")
    if np.isnan(cost):
        return _caution("price.unknown", "Preis nicht angegeben: bitte nachfragen")
    series = f" und Termin ({index.sessions[row]:.0f} Termine)" if index.sessions[row] > 1 else ""
    told = _reason("cost.free", "kostenfrei")
    if cost > 0:
        shared = f", {fit.sharing[row]:.0f} Kinder gerechnet" if index.per_group[row] else ""
        told = _reason("cost.amount", f"{euro_words(cost)} pro Kind{series}{shared}")
    budget = fit.view.kita.max_cost_per_child_eur
    if budget is not None and cost > budget >= base:
        return (*told, *_caution("cost.extra", f"davon {euro_words(cost - base)} für Material oder Essen"))
    return told


def _timing(fit: Fit, index: OfferIndex, row: int, day: date | None) -> tuple[Reason, ...]:
    kind = index.schedule[row]
    schedule = index.offers[row].schedule
    if kind == DATED and index.dated[row]:
        return _reason("timing.date", f"am {day_words(day, weekday='long')}") if day else ()
    if schedule is None:
        return _caution("timing.unknown", "Termine nicht angegeben: bitte nachfragen")
    if index.wait[row] > 0:
        starts = index.today + timedelta(days=int(index.wait[row]))
        return _reason("timing.season", f"ab {month_words(starts)}")
    last = index.today + timedelta(days=int(index.left[row]))
    ends = f", nur noch bis {month_words(last)}" if index.left[row] < _ENDS_SOON else ""
    if kind == ON_REQUEST:
        morning = 0 <= index.opens_minute[row] < 12 * 60
        return _reason("timing.request", ("vormittags " if morning else "") + "nach Vereinbarung" + ends)
    if kind == DATED:
        return _caution("timing.unknown", "Termin nicht angegeben: bitte nachfragen")
    return _reason(
        "timing.regular",
        (f"regelmäßig, zum Beispiel am {day_words(day, weekday='long')}" if day else "regelmäßig") + ends,
    )


def _areas(fit: Fit, index: OfferIndex, row: int) -> tuple[Reason, ...]:
    wanted = [area.label for area in index.offers[row].areas if area in fit.view.kita.areas_wanted]
    return _reason("areas.wanted", f"Ihr Schwerpunkt: {' und '.join(wanted)}") if wanted else ()


def _languages(fit: Fit, index: OfferIndex, row: int) -> tuple[Reason, ...]:
    shared = [c for c in index.offers[row].languages if c != "de" and c in fit.view.kita.languages]
    named = [LANGUAGES.get(code, code) for code in shared]
    return _reason("languages.shared", f"auch auf {' und '.join(named)}") if named else ()


def _needs(fit: Fit, index: OfferIndex, row: int) -> tuple[Reason, ...]:
    known = {need: int(index.access[row, NEEDS.index(need)]) for need in fit.view.kita.needs}
    met = [need.label for need, answer in known.items() if answer == ACCESS_YES]
    limited = [need.label for need, answer in known.items() if answer == ACCESS_LIMITED]
    unknown = [need.label for need, answer in known.items() if answer == ACCESS_UNKNOWN]
    return (
        *(_reason("needs.met", "wie Sie es brauchen: " + ", ".join(met)) if met else ()),
        *(_caution("needs.limited", f"nur eingeschränkt: {', '.join(limited)}") if limited else ()),
        *(_caution("needs.unknown", f"nicht angegeben, bitte nachfragen: {', '.join(unknown)}") if unknown else ()),
    )


def _group_size(fit: Fit, index: OfferIndex, row: int) -> tuple[Reason, ...]:
    most = index.max_children[row]
    if fit.group[row] < 0 or np.isinf(most):
        return ()
    children = fit.view.children[int(fit.group[row])]
    if np.isnan(children):
        return _caution("group_size.unknown", f"für höchstens {most:.0f} Kinder")
    if most >= children:
        return _reason("group_size.fits", f"bis {most:.0f} Kinder")
    return _caution("group_size.split", f"höchstens {most:.0f} Kinder auf einmal: in kleineren Gruppen")
