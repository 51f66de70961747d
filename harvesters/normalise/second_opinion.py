"""Where the rules are unsure, the text model is asked; where they are sure, they keep the last word.

Beyond thresholds that were chosen on texts of its own, the model turns "unsure" into "yes" or "no". "Yes" needs some
word for Kita groups among the evidence of the rules as well, and is barred where a clause turns them away or the page
is no offer: a useless mail to a Kita costs more than a look at the desk. About a text of which it knows hardly a word
the model decides nothing.
"""

import math
from dataclasses import replace
from typing import Final

from harvesters.normalise.audience import AudienceJudgement
from harvesters.normalise.evidence import Found
from harvesters.normalise.text import Prose
from harvesters.normalise.text_model import Opinion, TextModel
from schemas.offer import Suitability
from schemas.vocabulary import Audience, Verdict

RULE: Final = "audience.text_model"


def may_turn_no(judgement: AudienceJudgement) -> bool:
    """Whether the model may say "no" about this judgement of the rules."""
    return judgement.suitability.verdict is Verdict.UNSURE


def may_turn_yes(judgement: AudienceJudgement) -> bool:
    """Whether the model may say "yes"."""
    unsure = judgement.suitability.verdict is Verdict.UNSURE
    return unsure and not judgement.barred and judgement.points[Audience.KITA] > 0


def settle(judgement: AudienceJudgement, page: Prose, model: TextModel) -> AudienceJudgement:
    """``judgement`` of the rules on a text with the opinion of ``model``; itself where they are sure."""
    rules = judgement.suitability
    if rules.verdict is not Verdict.UNSURE:
        return judgement
    opinion = model.judge(page.lower)
    verdict = _verdict(judgement, opinion, model)
    chance = opinion.probability if verdict is not Verdict.UNSURE else _between(rules.probability, opinion.probability)
    suitability = Suitability(verdict=verdict, probability=chance, reasons=(_reason(opinion, verdict), *rules.reasons))
    return replace(judgement, suitability=suitability, audience=_audience(judgement, verdict, opinion, page))


def _verdict(judgement: AudienceJudgement, opinion: Opinion, model: TextModel) -> Verdict:
    if opinion.known < model.least_known:
        return Verdict.UNSURE
    if opinion.probability >= model.yes and may_turn_yes(judgement):
        return Verdict.YES
    if opinion.probability <= model.no and may_turn_no(judgement):
        return Verdict.NO
    return Verdict.UNSURE


def _audience(
    judgement: AudienceJudgement, verdict: Verdict, opinion: Opinion, page: Prose
) -> tuple[Found[Audience], ...]:
    """Audiences that agree with the verdict."""
    found = judgement.audience
    if verdict is Verdict.NO:
        return tuple(one for one in found if one.value is not Audience.KITA)
    if verdict is Verdict.YES and all(one.value is not Audience.KITA for one in found):
        starts = [(page.lower.find(word), len(word)) for word in opinion.words]
        start, length = next((place for place in starts if place[0] >= 0), (0, 0))
        span = (start, start + length)
        return (*found, Found(Audience.KITA, page.text[span[0] : span[1]], RULE, opinion.probability, span))
    return found


def _between(one: float, other: float) -> float:
    """The probability half-way between two, in log odds: what the desk is told where neither decides."""
    odds = [math.log(p / (1 - p)) for p in (min(max(p, 0.01), 0.99) for p in (one, other))]
    return round(1 / (1 + math.exp(-sum(odds) / 2)), 3)


def _reason(opinion: Opinion, verdict: Verdict) -> str:
    said = f"Textmodell: {round(100 * opinion.probability)} % wahrscheinlich für Kita-Gruppen"
    words = ", ".join(f"„{word}“" for word in opinion.words)
    undecided = ", das entscheidet nicht allein" if verdict is Verdict.UNSURE else ""
    return f"{said}{undecided}" + (f" (stärkste Wörter: {words})" if words else "")
