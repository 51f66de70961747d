"""Rebuild the text model: ``python -m harvesters.normalise.train`` writes it and the figures of its card.

Texts of one provider never stand on both sides of a split. One provider in five is held out for the figures and used
for nothing else. On the others, ten rounds of grouped cross-validation give each text a score by a model that knows
nothing of its provider; these scores calibrate the probability (Platt) and choose the thresholds. Nothing is drawn at
random, and the solver goes to machine precision, so that the rounded coefficients come out the same.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from harvesters.normalise.audience import AudienceJudgement, read_audience
from harvesters.normalise.second_opinion import may_turn_no, may_turn_yes, settle
from harvesters.normalise.text import Prose
from harvesters.normalise.text_model import MODEL, TextModel, features, load
from schemas.vocabulary import Verdict

TEXTS: Final = Path(__file__).parent / "training"
CARD: Final = Path(__file__).with_name("text_model.md")
_MARKS: Final = ("<!-- figures -->\n", "<!-- end of figures -->\n")
_FOLDS: Final = 10
_PROVIDERS: Final = 3
"""A feature counts when texts of that many providers have it: names of providers and places never do."""
_STRENGTH: Final = 10.0
"""Inverse strength of the regularisation; 3 and 30 differ by less than a hundredth in every figure."""
_BANDS: Final = (60, 130, 220)
"""Lengths (characters) between which "yes" and "no" weigh the same, so that no word speaks for a side because texts of
that side are long."""
_UNCLEAR: Final = 3.0
"""Weight of a text of which a careful reader cannot say: they are few, and a guess about them is wrong either way."""
_RIGHT_YES, _RIGHT_NO = 0.95, 0.97
"""Least share of right answers among the texts that the model decides, on cross-validated scores; an unclear text
counts as wrong."""
_LEAST_TEXTS: Final = 10
_LEAST_KNOWN: Final = 5
_DRAWS: Final = 1000

Floats = NDArray[np.float64]
Weights = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Text:
    """One labelled text."""

    group: str
    """Its provider or list."""
    label: str
    """``yes``, ``no``, or ``unclear``: a careful reader could not say."""
    title: str
    text: str
    areas: tuple[str, ...] = ()
    """Its areas of learning, of which ``train_areas`` learns."""

    @cached_property
    def page(self) -> Prose:
        """As the normaliser reads it."""
        return Prose("\n".join(filter(None, (self.title, self.text))))

    @cached_property
    def features(self) -> list[str]:
        """What the model sees, in a fixed order."""
        return sorted(features(self.page.lower))

    @cached_property
    def judgement(self) -> AudienceJudgement:
        """What the rules say."""
        return read_audience(self.page, title_end=len(self.title))

    @property
    def held_out(self) -> bool:
        """Whether it is kept for the figures; decided by the name of its provider alone."""
        return hashlib.sha256(self.group.encode()).digest()[0] % 5 == 0


def read_texts(folder: Path = TEXTS) -> list[Text]:
    """All labelled texts, in the order of the files."""
    return [
        Text(**orjson.loads(line))
        for path in sorted(folder.glob("*.ndjson"))
        for line in path.read_bytes().splitlines()
    ]


def _labelled(texts: Sequence[Text]) -> list[Text]:
    return [text for text in texts if text.label != "unclear"]


def fit(texts: Sequence[Text]) -> tuple[Weights, float]:
    """Features with their rarity and coefficient, and the intercept, learned from ``texts``."""
    providers: defaultdict[str, set[str]] = defaultdict(set)
    for text in texts:
        for name in text.features:
            providers[name].add(text.group)
    names = sorted(name for name, seen in providers.items() if len(seen) >= _PROVIDERS)
    index = {name: column for column, name in enumerate(names)}
    columns = [[index[name] for name in text.features if name in index] for text in texts]
    counts = np.bincount([c for row in columns for c in row], minlength=len(names))
    rare = np.round(np.log((1 + len(texts)) / (1 + counts)) + 1, 4)
    starts = np.cumsum([0, *map(len, columns)])
    values = [rare[row] / max(1.0, float(np.linalg.norm(rare[row]))) for row in columns]
    matrix = csr_array(
        (np.concatenate(values), np.concatenate([np.array(row, dtype=np.int32) for row in columns]), starts),
        shape=(len(texts), len(names)),
    )
    rows, yes, sample_weight = _targets(texts)
    model = LogisticRegression(C=_STRENGTH, solver="newton-cg", tol=1e-12)
    model.fit(matrix[rows], yes, sample_weight=sample_weight)
    pairs = zip(rare.tolist(), np.round(model.coef_[0], 4).tolist(), strict=True)
    return dict(zip(names, pairs, strict=True)), round(float(model.intercept_[0]), 4)


def _targets(texts: Sequence[Text]) -> tuple[NDArray[np.intp], NDArray[np.bool_], Floats]:
    """Rows, whether they are "yes", and their weights: both labels weigh half in every band of length, and what is
    unclear counts as half a "yes" and half a "no"."""
    kinds = [(sum(len(text.page.text) > limit for limit in _BANDS), text.label) for text in texts]
    sizes = Counter(kinds)
    targets: list[tuple[int, bool, float]] = []
    for row, (band, label) in enumerate(kinds):
        if label == "unclear":
            targets += [(row, True, _UNCLEAR / 2), (row, False, _UNCLEAR / 2)]
        else:
            both = sizes[band, "yes"] + sizes[band, "no"]
            targets.append((row, label == "yes", both / (2 * sizes[band, label])))
    rows, yes, weights = zip(*targets, strict=True)
    return np.array(rows), np.array(yes), np.array(weights)


def train(texts: Sequence[Text]) -> dict[str, Any]:
    """The model in its stored form, from the texts that are not held out."""
    texts = [text for text in texts if not text.held_out]
    scores = _cross_validated(texts)
    rows, targets, sample_weight = _targets(texts)
    platt = LogisticRegression(C=1e6, solver="newton-cg", tol=1e-12)
    platt.fit(scores[rows, None], targets, sample_weight=sample_weight)
    slope, shift = round(float(platt.coef_[0, 0]), 3), round(float(platt.intercept_[0]), 3)
    chances = 1 / (1 + np.exp(-(slope * scores + shift)))
    weights, intercept = fit(texts)
    model = TextModel(weights, intercept, slope, shift, yes=1, no=0, least_known=_LEAST_KNOWN)
    said = np.array([text.label for text in texts])
    known = np.array([model.judge(text.page.lower).known for text in texts]) >= _LEAST_KNOWN
    yes, no = (known & np.array([may(text.judgement) for text in texts]) for may in (may_turn_yes, may_turn_no))
    return {
        "intercept": intercept,
        "slope": slope,
        "shift": shift,
        "yes": _threshold(chances[yes], said[yes] == "yes", _RIGHT_YES),
        "no": round(1 - _threshold(1 - chances[no], said[no] == "no", _RIGHT_NO), 2),
        "least_known": _LEAST_KNOWN,
        "features": [[name, rare, weight] for name, (rare, weight) in weights.items() if weight],
    }


def _cross_validated(texts: Sequence[Text]) -> Floats:
    scores = np.zeros(len(texts))
    for learned, left in GroupKFold(_FOLDS).split(texts, groups=[text.group for text in texts]):
        weights, intercept = fit([texts[i] for i in learned])
        fold = TextModel(weights, intercept, slope=1, shift=0, yes=1, no=0, least_known=0)
        scores[left] = [fold.score(texts[i].page.lower) for i in left]
    return scores


def _threshold(probabilities: Floats, right: NDArray[np.bool_], share: float) -> float:
    """The least probability in hundredths from which the share of right verdicts reaches ``share``, there and at every
    higher step that still decides enough texts; 1.01, never reached, where there is none."""
    found = 1.01
    for step in range(100, 49, -1):
        decided = probabilities >= step / 100
        if decided.sum() < _LEAST_TEXTS:
            continue
        if right[decided].mean() < share:
            break
        found = step / 100
    return found


def stored(model: dict[str, Any]) -> bytes:
    """One feature a line, so that a change can be read."""
    head = {key: value for key, value in model.items() if key != "features"}
    lines = ",\n".join(orjson.dumps(row).decode() for row in model["features"])
    return (orjson.dumps(head).decode()[:-1] + ',"features":[\n' + lines + "\n]}\n").encode()


def figures(texts: Sequence[Text], model: TextModel) -> str:
    """The measured part of the card, in Markdown: all on the texts that are held out."""
    held = [text for text in texts if text.held_out]
    clear = _labelled(held)
    chances = np.array([model.judge(text.page.lower).probability for text in clear])
    yes = np.array([text.label == "yes" for text in clear])
    lines = ["| texts | yes | no | unclear | providers |", "|---|---|---|---|---|"]
    for name, some in (("learned from", [text for text in texts if not text.held_out]), ("held out", held)):
        labels = Counter(text.label for text in some)
        counts = " | ".join(str(labels[label]) for label in ("yes", "no", "unclear"))
        lines.append(f"| {name} | {counts} | {len({text.group for text in some})} |")
    lines += [
        "",
        f"{len(model.weights)} features. Length alone tells yes from no with an AUC of "
        f"{_auc(np.array([len(text.page.text) for text in _labelled(texts)]), _is_yes(_labelled(texts))):.2f} in these "
        "texts (0.5: not at all); weights take that out of the learning (see Data).",
        "",
        "**The model alone**, held-out providers (in brackets: 95 % of 1,000 draws of providers):",
        "",
        "| AUC | Brier score | right at 0.5 |",
        "|---|---|---|",
        "| " + " | ".join(_with_bounds(clear, chances, yes, measure) for measure in (_auc, _brier, _right)) + " |",
        "",
        "**Calibration**, held-out providers; the last column weighs both labels half, as the learning does:",
        "",
        "| said | texts | said on average | were yes | were yes, half and half |",
        "|---|---|---|---|---|",
    ]
    half = np.where(yes, 0.5 / yes.sum(), 0.5 / (~yes).sum())
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.7), (0.7, 0.9), (0.9, 1.01)):
        these = (chances >= low) & (chances < high)
        if these.any():
            shown = f"{low:.1f}–{min(high, 1):.1f}"
            means = (chances[these].mean(), yes[these].mean(), np.average(yes[these], weights=half[these]))
            lines.append(f"| {shown} | {these.sum()} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")
    lines += [
        "",
        f"**Thresholds**: yes from {model.yes:.2f}, no up to {model.no:.2f}.",
        "",
        "**Rules, and rules with the model**, held-out providers:",
        "",
        "| label | | yes | unsure | no |",
        "|---|---|---|---|---|",
    ]
    for label in ("yes", "no", "unclear"):
        some = [text for text in held if text.label == label]
        alone = Counter(text.judgement.suitability.verdict for text in some)
        both = Counter(settle(text.judgement, text.page, model).suitability.verdict for text in some)
        for name, of in (("rules", alone), ("with the model", both)):
            lines.append(f"| {label} | {name} | {of[Verdict.YES]} | {of[Verdict.UNSURE]} | {of[Verdict.NO]} |")
    return "\n".join(lines) + "\n"


def _is_yes(texts: Sequence[Text]) -> NDArray[np.bool_]:
    return np.array([text.label == "yes" for text in texts])


def _auc(values: NDArray[Any], yes: NDArray[np.bool_]) -> float:
    higher = np.sign(values[yes][:, None] - values[~yes][None, :])
    return float((higher.mean() + 1) / 2)


def _brier(values: Floats, yes: NDArray[np.bool_]) -> float:
    return float(np.mean((values - yes) ** 2))


def _right(values: Floats, yes: NDArray[np.bool_]) -> float:
    return float(np.mean((values >= 0.5) == yes))


def _with_bounds(texts: Sequence[Text], values: Floats, yes: NDArray[np.bool_], measure: Any) -> str:
    groups = sorted({text.group for text in texts})
    rows = {group: [i for i, text in enumerate(texts) if text.group == group] for group in groups}
    random = np.random.default_rng(1)
    drawn = []
    for _ in range(_DRAWS):
        some = [i for pick in random.integers(len(groups), size=len(groups)) for i in rows[groups[pick]]]
        if 0 < yes[some].sum() < len(some):
            drawn.append(measure(values[some], yes[some]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{measure(values, yes):.3f} ({low:.2f}–{high:.2f})"


def card(old: str, new_figures: str) -> str:
    """The card with its measured part written anew."""
    before, _, rest = old.partition(_MARKS[0])
    return before + _MARKS[0] + "\n" + new_figures + "\n" + _MARKS[1] + rest.partition(_MARKS[1])[2]


def main() -> None:
    """Write the model and its card."""
    texts = read_texts()
    content = stored(train(texts))
    MODEL.write_bytes(content)
    CARD.write_text(card(CARD.read_text("utf-8"), figures(texts, load(content))), "utf-8")


if __name__ == "__main__":
    main()
