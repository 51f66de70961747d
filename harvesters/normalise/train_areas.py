"""Rebuild the model of areas: ``python -m harvesters.normalise.train_areas`` writes it and the figures of its card.

Texts of one provider never stand on both sides of a split: five rounds of grouped cross-validation give each text
probabilities by a model that knows nothing of its provider. They choose the one threshold and give the figures of the
card. Nothing is drawn at random, and the solver goes to machine precision, so that the rounded coefficients come out
the same.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from harvesters.normalise.area_model import AREAS, MODEL, AreaModel, features, load, of_stems, words_of
from harvesters.normalise.areas import MAX_AREAS, likeliest, stem_scores
from harvesters.normalise.text import Prose
from harvesters.normalise.train import card, stored
from schemas.vocabulary import Area

TEXTS: Final = Path(__file__).parent / "training"
CARD: Final = Path(__file__).with_name("area_model.md")
_FOLDS: Final = 5
_PROVIDERS: Final = 3
"""A feature counts when texts of that many providers have it: names of providers and places never do."""
_STRENGTH: Final = 10.0
"""Inverse strength of the regularisation; 3 and 30 differ by less than a hundredth of F1."""
_STEPS: Final = (0.3, 0.35, 0.4, 0.45, 0.5)
"""Thresholds to choose from: what is less likely than three in ten is not told, whatever F1 says."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Text:
    """One text with the areas that a careful reader gives it, the most fitting first; none where it is no offer."""

    group: str
    """Its provider or list."""
    title: str
    text: str
    areas: tuple[Area, ...]

    @cached_property
    def page(self) -> Prose:
        """As the normaliser reads it."""
        return Prose("\n".join(filter(None, (self.title, self.text))))

    @cached_property
    def words(self) -> dict[str, float]:
        """Its words with their weights."""
        return words_of(self.page, len(self.title))

    @cached_property
    def stems(self) -> dict[Area, float]:
        """What the stems say."""
        return stem_scores(self.page, len(self.title))[0]

    @cached_property
    def features(self) -> frozenset[str]:
        """What the model may learn from."""
        return frozenset(name for word in self.words for name in features(word))


def read_texts(folder: Path = TEXTS) -> list[Text]:
    """All texts, in the order of the files: those of the text model for suitability, and those written for areas."""
    lines = [
        orjson.loads(line)
        for path in (*sorted(folder.glob("*.ndjson")), *sorted(folder.glob("areas/*.ndjson")))
        for line in path.read_bytes().splitlines()
    ]
    return [Text(one["group"], one["title"], one["text"], tuple(map(Area, one["areas"]))) for one in lines]


def fit(texts: Sequence[Text], least: float = 0.0) -> dict[str, Any]:
    """The model in its stored form, learned from ``texts``."""
    providers: defaultdict[str, set[str]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text.features)
        for name in text.features:
            providers[name].add(text.group)
    names = sorted(name for name, seen in providers.items() if len(seen) >= _PROVIDERS)
    rare = np.round(np.log((1 + len(texts)) / (1 + np.array([counts[name] for name in names]))) + 1, 2)
    matrix = hstack([_weighed(texts, names, rare), csr_array([of_stems(text.stems) for text in texts])]).tocsr()
    weights, stems, intercepts = [], [], []
    for area in AREAS:
        model = LogisticRegression(C=_STRENGTH, solver="newton-cg", tol=1e-12)
        model.fit(matrix, np.array([area in text.areas for text in texts]))
        weights.append(np.round(model.coef_[0, : len(names)], 2))
        stems.append(np.round(model.coef_[0, len(names) :], 2).tolist())
        intercepts.append(round(float(model.intercept_[0]), 2))
    columns = np.column_stack(weights).tolist()
    return {
        "least": least,
        "intercepts": intercepts,
        "stems": stems,
        "features": [[name, seldom, *row] for name, seldom, row in zip(names, rare.tolist(), columns, strict=True)],
    }


def _weighed(texts: Sequence[Text], names: list[str], rare: Floats) -> csr_array:
    """One row a text: each feature as often as words hold it, weighed by title and rarity, scaled as the model does."""
    index = {name: column for column, name in enumerate(names)}
    starts, columns, values = [0], [], []
    for text in texts:
        row = [(index[f], w * rare[index[f]]) for word, w in text.words.items() for f in features(word) if f in index]
        norm = float(np.sqrt(sum(value * value for _, value in row))) or 1.0
        columns += [column for column, _ in row]
        values += [value / norm for _, value in row]
        starts.append(len(columns))
    matrix = csr_array((values, columns, starts), shape=(len(texts), len(names)))
    matrix.sum_duplicates()
    return matrix


def cross_validated(texts: Sequence[Text]) -> list[dict[Area, float]]:
    """The probabilities of each text by a model that does not know its provider."""
    found: list[dict[Area, float]] = [{} for _ in texts]
    for learned, left in GroupKFold(_FOLDS).split(texts, groups=[text.group for text in texts]):
        model = load(stored(fit([texts[i] for i in learned])))
        for i in left:
            found[i] = model.judge(texts[i].words, texts[i].stems)
    return found


@dataclass(frozen=True)
class Figures:
    """Decisions over texts: areas told and right, told, and meant."""

    right: int
    told: int
    meant: int

    @property
    def row(self) -> str:
        """Precision, recall and F1 for a table."""
        return (
            f"{self.right / max(1, self.told):.3f} | {self.right / max(1, self.meant):.3f} | "
            f"{2 * self.right / max(1, self.told + self.meant):.3f}"
        )


def figures_of(texts: Sequence[Text], said: Sequence[Sequence[Area]], areas: Sequence[Area] = AREAS) -> Figures:
    """How ``said`` fits the texts, as far as ``areas`` go."""
    pairs = [(set(areas) & set(text.areas), set(areas) & set(told)) for text, told in zip(texts, said, strict=True)]
    return Figures(
        sum(len(meant & told) for meant, told in pairs),
        sum(len(told) for _, told in pairs),
        sum(len(meant) for meant, _ in pairs),
    )


def told(texts: Sequence[Text], chances: Sequence[dict[Area, float]], least: float) -> list[list[Area]]:
    """The areas told from a probability on."""
    return [likeliest(one, text.stems, least) for text, one in zip(texts, chances, strict=True)]


def threshold(texts: Sequence[Text], chances: Sequence[dict[Area, float]]) -> float:
    """The step with the best F1, of equal ones the highest."""

    def f1(least: float) -> tuple[float, float]:
        figures = figures_of(texts, told(texts, chances, least))
        return round(2 * figures.right / (figures.told + figures.meant), 4), least

    return max(_STEPS, key=f1)


def figures(texts: Sequence[Text], chances: Sequence[dict[Area, float]], model: AreaModel) -> str:
    """The measured part of the card, in Markdown: every text judged by a model that did not know its provider."""
    said = told(texts, chances, model.least)
    groups = {text.group for text in texts}
    lines = [
        f"{len(texts)} texts of {len(groups)} providers, {sum(not t.areas for t in texts)} of them without any area; "
        f"{len(model.features)} features. An area for which a stem speaks is told from a probability of "
        f"{model.least}, at most {MAX_AREAS}.",
        "",
        "| area | texts | precision | recall | F1 |",
        "|---|---|---|---|---|",
    ]
    for area in AREAS:
        count = sum(area in text.areas for text in texts)
        lines.append(f"| {area.value} | {count} | {figures_of(texts, said, [area]).row} |")
    lines.append(f"| all | {sum(len(text.areas) for text in texts)} | {figures_of(texts, said).row} |")
    lines += ["", "| said | decisions | said on average | were right |", "|---|---|---|---|"]
    pairs = [(one[area], area in text.areas) for text, one in zip(texts, chances, strict=True) for area in AREAS]
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.0)):
        some = [pair for pair in pairs if low <= pair[0] < high]
        mean, right = (sum(pair[i] for pair in some) / max(1, len(some)) for i in (0, 1))
        lines.append(f"| {low}–{high} | {len(some)} | {mean:.2f} | {right:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the model and its card."""
    texts = read_texts()
    chances = cross_validated(texts)
    content = stored(fit(texts, threshold(texts, chances)))
    MODEL.write_bytes(content)
    CARD.write_text(card(CARD.read_text("utf-8"), figures(texts, chances, load(content))), "utf-8")


if __name__ == "__main__":
    main()
