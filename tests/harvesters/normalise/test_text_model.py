"""The text model: rebuilt from its texts, and what it may and may not decide beside the rules."""

import subprocess
import sys
from collections import defaultdict

import pytest

from harvesters.normalise import train
from harvesters.normalise.audience import read_audience
from harvesters.normalise.second_opinion import RULE, settle
from harvesters.normalise.text import Prose
from harvesters.normalise.text_model import MODEL, TextModel, features, load, text_model
from schemas.offer import Suitability
from schemas.vocabulary import Audience, Verdict

MODEL_SAYS_YES = TextModel({}, intercept=0, slope=1, shift=5, yes=0.9, no=0.1, least_known=0)
MODEL_SAYS_NO = TextModel({}, intercept=0, slope=1, shift=-5, yes=0.9, no=0.1, least_known=0)
UNSURE_FOR_KITAS = "Klangfestival\nMitmachkonzert für Kinder ab 4 Jahren, Dienstag 10 Uhr."


def judged(text: str, model: TextModel) -> Suitability:
    page = Prose(text)
    return settle(read_audience(page, title_end=text.find("\n")), page, model).suitability


@pytest.fixture(scope="module")
def texts() -> list[train.Text]:
    return train.read_texts()


@pytest.fixture(scope="module")
def rebuilt(texts: list[train.Text]) -> bytes:
    return train.stored(train.train(texts))


def test_the_stored_model_is_what_the_training_texts_give(rebuilt: bytes) -> None:
    assert rebuilt == MODEL.read_bytes(), "run: python -m harvesters.normalise.train"


def test_the_card_tells_the_figures_of_the_stored_model(texts: list[train.Text]) -> None:
    told = train.CARD.read_text("utf-8")

    assert train.card(told, train.figures(texts, text_model())) == told


def test_no_text_stands_twice_and_no_provider_on_both_sides(texts: list[train.Text]) -> None:
    sides = defaultdict(set)
    for text in texts:
        sides[text.group].add(text.held_out)

    assert len({(text.group, text.title, text.text) for text in texts}) == len(texts) >= 800
    assert all(len(side) == 1 for side in sides.values())
    assert {text.label for text in texts} == {"yes", "no", "unclear"}


def test_a_provider_that_is_held_out_changes_nothing(texts: list[train.Text], rebuilt: bytes) -> None:
    learned = [text for text in texts if not text.held_out]

    assert train.stored(train.train(learned)) == rebuilt


def test_names_of_a_single_provider_are_no_features(texts: list[train.Text]) -> None:
    names = {name for text in texts if text.group == "Clown Pepino Köln" for name in features(text.page.lower)}

    assert "pepino" in names
    assert "pepino" not in text_model().weights


def test_prediction_needs_no_scikit_learn() -> None:
    code = (
        "import sys; from harvesters.normalise.record import normalise; "
        "from harvesters.normalise.text_model import text_model; text_model().judge('waldtag für kitas'); "
        "print([name for name in ('sklearn', 'scipy') if name in sys.modules])"
    )

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_how_often_a_word_comes_and_how_lines_break_do_not_count() -> None:
    score = text_model().score

    assert "kinder" in text_model().weights
    assert score("kinder") == score("kinder kinder")
    assert score("vormittags im wald") == score("vormittags\nim   wald")


def test_an_empty_text_is_neither_yes_nor_no() -> None:
    opinion = text_model().judge("")

    assert text_model().no < opinion.probability < text_model().yes
    assert (opinion.known, opinion.words) == (0, ())


def test_the_loudest_words_are_on_the_side_of_the_verdict() -> None:
    model = load(
        b'{"intercept":0,"slope":1,"shift":0,"yes":0.9,"no":0.1,"least_known":0,'
        b'"features":[["kitas",1,2],["abends",1,-1],["wald",1,0.5]]}'
    )

    assert model.judge("abends im wald mit kitas").words == ("kitas", "wald")
    assert model.judge("abends").words == ("abends",)


def test_of_a_compound_the_whole_word_is_told() -> None:
    model = load(
        b'{"intercept":0,"slope":1,"shift":0,"yes":0.9,"no":0.1,"least_known":0,'
        + '"features":[["kinder…",1,1],["…ruppen",1,2]]}'.encode()
    )

    assert model.judge("für kindergruppen").words == ("kindergruppen",)


def test_the_model_decides_where_the_rules_are_unsure() -> None:
    yes, no = judged(UNSURE_FOR_KITAS, MODEL_SAYS_YES), judged(UNSURE_FOR_KITAS, MODEL_SAYS_NO)

    assert (yes.verdict, yes.probability) == (Verdict.YES, 0.993)
    assert (no.verdict, no.probability) == (Verdict.NO, 0.007)
    assert yes.reasons[0] == "Textmodell: 99 % wahrscheinlich für Kita-Gruppen"


@pytest.mark.parametrize(
    "text",
    ["Waldtag\nFür Kita-Gruppen, nach Vereinbarung.", "Weinprobe\nFür Erwachsene, Freitag 20 Uhr."],
)
@pytest.mark.parametrize("model", [MODEL_SAYS_YES, MODEL_SAYS_NO])
def test_the_rules_keep_the_last_word_where_they_are_sure(text: str, model: TextModel) -> None:
    page = Prose(text)
    judgement = read_audience(page, title_end=text.index("\n"))

    assert judgement.suitability.verdict is not Verdict.UNSURE
    assert settle(judgement, page, model) is judgement


def test_no_yes_where_nothing_was_said_for_kitas() -> None:
    assert judged("Steine bemalen\nMit Pinsel und Farbe.", MODEL_SAYS_YES).verdict is Verdict.UNSURE


def test_no_yes_where_a_clause_turns_kita_groups_away() -> None:
    page = Prose(
        "Töpfern\nVormittags für Gruppen von bis zu 12 Kindern. Kindergartengruppen sind leider nicht möglich."
    )
    judgement = read_audience(page, title_end=7)

    assert judgement.barred
    assert settle(judgement, page, MODEL_SAYS_YES).suitability.verdict is not Verdict.YES


def test_a_text_of_unknown_words_stays_unsure_with_the_opinion_among_the_reasons() -> None:
    wary = TextModel({}, intercept=0, slope=1, shift=5, yes=0.9, no=0.1, least_known=5)

    stays = judged(UNSURE_FOR_KITAS, wary)

    assert stays.verdict is Verdict.UNSURE
    assert 0.3 < stays.probability < 0.993
    assert stays.reasons[0] == ("Textmodell: 99 % wahrscheinlich für Kita-Gruppen, das entscheidet nicht allein")


def test_the_audience_agrees_with_the_verdict() -> None:
    page = Prose(UNSURE_FOR_KITAS)
    rules = read_audience(page, title_end=13)
    model = TextModel({"kinder": (1.0, 1.0)}, intercept=0, slope=1, shift=5, yes=0.9, no=0.1, least_known=1)

    yes, no = settle(rules, page, model), settle(rules, page, MODEL_SAYS_NO)
    (kita,) = [found for found in yes.audience if found.value is Audience.KITA]

    assert Audience.KITA not in [found.value for found in no.audience]
    assert page.text[kita.span[0] : kita.span[1]] == kita.evidence
    assert kita.rule in (RULE, "audience.kita")
