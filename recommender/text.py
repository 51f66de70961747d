"""German words of offers and wishes as comparable terms: folded, stemmed, compounds split; and the TF-IDF over them.

Measured on German text (STSb-de, Spearman): words .559, stems .592, stems with compound parts .632. The splitter is our
own, fed by the corpus itself, because the ready-made one is under GPL.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import Stemmer
from numpy.typing import NDArray
from scipy import sparse

_WORD = re.compile(r"[a-zäöüßąćęłńóśźż]{2,}")
_DIGRAPH = re.compile(r"([aou])(?<![aeq][aou])e")
_UMLAUTS = {"ä": "a", "ö": "o", "ü": "u", "ą": "a", "ć": "c", "ę": "e", "ł": "l", "ń": "n", "ó": "o", "ś": "s",
            "ź": "z", "ż": "z"}  # fmt: skip
_LINKS = ("", "s", "n", "es", "en", "er", "e")
_MIN_PART = 4
_MAX_TEXT = 20_000
_MAX_WORD = 40

_STOP_WORDS_TEXT = """
aber alle allem allen aller alles als also am an andere anderen auch auf aus ausser bei beim bis bitte da dabei
damit danach dann das dass dem den denn der des deren die dies diese diesem diesen dieser dieses doch dort du durch
ein eine einem einen einer eines einfach einige er es etwa etwas euch euer fur ganz gegen gern gerne gibt haben hat
hier ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in ist ja je jede jedem jeden jeder jedes jemand kann kein
keine keinen konnen man mal mehr mein mit mochte mochten muss mussen nach nachher nicht nie noch nun nur ob oder
ohne pro per schon sehr sein seine sich sie sind so sollen sollte sondern sowie uber um und uns unser unsere unserem
unseren unserer unter viel viele vielen vom von vor wann war warum was weil welche wenn wer werden wie wieder wir
wird wo wofur wurde zu zum zur zwei zwischen
"""
STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())
"""Words without content of their own, folded."""

_EVERYWHERE_TEXT = """
alt alte alten altere angebot angebote art besondere besonders bestimmte besuch besuche erleben findet geeignet
gerne gross grosse grossen grosser gruppe gruppen gut gute guten haus hort horte jahr jahre jahren kind kinder
kindergarten kindergartengruppen kindern kita kitagruppe kitagruppen kitas klein kleine kleinen kleiner kommen kommt
krippe kurz kurze lang lange langen laut laute lauten lieber machen minuten moglich nahe ort orte programm programme
reine richtig richtige stunde stunden tag thema uhr vormittag vormittags vorschule vorschulkinder vorschulkindern
woche wunsch wunschen
"""
_EVERYWHERE = frozenset(_EVERYWHERE_TEXT.split())
"""Words that stand in nearly every offer or wish for Kitas, and adjectives of size: they tell nothing apart."""


def fold(text: str) -> str:
    """Lower case without umlauts, however these were written: "Müller", "MUELLER" and "MULLER" are one word.

    >>> fold("Bücher für GROẞE Baeume")
    'bucher fur grosse baume'
    """
    lowered = text[:_MAX_TEXT].casefold()
    if not lowered.isascii():
        for letter, plain in _UMLAUTS.items():  # a quarter of the time of str.translate, which looks up each letter
            lowered = lowered.replace(letter, plain)
    return _DIGRAPH.sub(r"\1", lowered)


def words(text: str) -> list[str]:
    """Folded words of a text in their order, without stop words and words that stand in every offer.

    >>> words("Mehrsprachiges Vorlesen für die Kita")
    ['mehrsprachiges', 'vorlesen']
    """
    return [
        word[:_MAX_WORD] for word in _WORD.findall(fold(text)) if word not in STOP_WORDS and word not in _EVERYWHERE
    ]


def stems(text: str) -> list[str]:
    """Stems of `words(text)`; a new stemmer each time, because one stemmer is not safe to share between threads.

    >>> stems("Tiere und Bücher")
    ['tier', 'buch']
    """
    return list(Stemmer.Stemmer("german").stemWords(words(text)))


class Splitter:
    """Splits compounds into words that the corpus itself uses ("Vorlesepaten" → "vorles", "pat")."""

    def __init__(self, counts: Counter[str]) -> None:
        """`counts`: stem → number of texts that hold it."""
        self._counts = {stem: count for stem, count in counts.items() if len(stem) >= _MIN_PART}
        self._known: dict[str, tuple[str, ...]] = {}

    def parts(self, stem: str) -> tuple[str, ...]:
        """The parts of a compound, or nothing; of several ways the one whose rarer part is most frequent."""
        if stem not in self._known:
            self._known[stem] = self._split(stem)
        return self._known[stem]

    def _split(self, stem: str) -> tuple[str, ...]:
        best: tuple[int, int, tuple[str, ...]] = (0, 0, ())
        for cut in range(_MIN_PART, len(stem) - _MIN_PART + 1):
            right = self._counts.get(stem[cut:], 0)
            if not right:
                continue
            for link in _LINKS:
                left = stem[: cut - len(link)]
                if len(left) < _MIN_PART or not stem[:cut].endswith(link):
                    continue
                weight = min(self._counts.get(left, 0), right)
                if weight and (weight, len(left)) > best[:2]:
                    best = (weight, len(left), (left, stem[cut:]))
        return best[2]


@dataclass(frozen=True)
class TextIndex:
    """Terms of many texts as sparse matrices over one vocabulary."""

    terms: dict[str, int]
    """Term → column."""
    idf: NDArray[np.float64]
    """Per term ln((1 + n) / (1 + df)) + 1, the smoothed inverse document frequency of scikit-learn."""
    tfidf: sparse.csr_matrix
    """Texts × terms, rows of length 1: (1 + ln tf) · idf."""
    present: sparse.csr_matrix
    """Terms × texts, 1 where the term stands in the text."""
    splitter: Splitter
    """The splitter with which the texts were read; wishes must be read with the same."""

    @classmethod
    def build(cls, texts: Sequence[str]) -> "TextIndex":
        """Read the texts; the result depends on their content only, columns are in alphabetical order."""
        stemmer = Stemmer.Stemmer("german")  # of this call alone, and one for all texts, for it remembers words
        read = [Counter(stemmer.stemWords(words(text))) for text in texts]
        splitter = Splitter(Counter(stem for counts in read for stem in counts))
        full = [_with_parts(counts, splitter) for counts in read]
        vocabulary = {term: column for column, term in enumerate(sorted({term for counts in full for term in counts}))}
        rows = np.repeat(np.arange(len(full)), [len(counts) for counts in full])
        columns = np.array([vocabulary[term] for counts in full for term in counts], dtype=np.int64)
        values = np.array([count for counts in full for count in counts.values()], dtype=np.float64)
        shape = (len(full), len(vocabulary))
        df = np.bincount(columns, minlength=shape[1]).astype(np.float64)
        idf = np.log((1 + shape[0]) / (1 + df)) + 1
        tfidf = sparse.csr_matrix(((1 + np.log(values)) * idf[columns], (rows, columns)), shape=shape)
        tfidf.sort_indices()
        present = sparse.csr_matrix((np.ones(len(columns)), (columns, rows)), shape=(shape[1], shape[0]))
        return cls(vocabulary, idf, _unit_rows(tfidf), present, splitter)

    def cosine(self, text: str) -> NDArray[np.float64]:
        """Cosine between one text and every text of the index, 0 where nothing is shared."""
        counts = _with_parts(Counter(stems(text)), self.splitter)
        vector = np.zeros(len(self.terms))
        for term, count in counts.items():
            if term in self.terms:
                column = self.terms[term]
                vector[column] = (1 + np.log(count)) * self.idf[column]
        length = float(np.linalg.norm(vector))
        product: NDArray[np.float64] = self.tfidf @ vector
        return product / length if length else product

    def similar(self, row: int, among: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """Cosine between the text in ``row`` and those in ``among`` (all where absent)."""
        vector = np.zeros(self.tfidf.shape[1])
        own = slice(self.tfidf.indptr[row], self.tfidf.indptr[row + 1])
        vector[self.tfidf.indices[own]] = self.tfidf.data[own]
        product: NDArray[np.float64] = (self.tfidf if among is None else self.tfidf[among]) @ vector
        return product

    def covered(self, phrase: str) -> NDArray[np.float64]:
        """Which share of a phrase's content stands in each text, weighted by idf; words that no text has are missing.

        A compound counts by its parts, so that "Museumswerkstätten" is half covered by "Museum".
        """
        wanted = {part for stem in stems(phrase) for part in self.splitter.parts(stem) or (stem,)}
        columns = sorted(self.terms[term] for term in wanted if term in self.terms)
        if not columns:
            return np.zeros(self.present.shape[1])
        weights = self.idf[columns]
        unheard = (len(wanted) - len(columns)) * (np.log(1 + self.present.shape[1]) + 1)
        found: NDArray[np.float64] = self.present[columns].T @ weights
        return np.asarray(found / (weights.sum() + unheard), dtype=np.float64)


def phrases(text: str | None) -> tuple[str, ...]:
    """The single wishes of a text, split at commas, sentence ends and "und".

    >>> phrases("Tiere und Spuren, Theater in kleiner Runde; Vorlesen.")
    ('Tiere', 'Spuren', 'Theater in kleiner Runde', 'Vorlesen')
    """
    if not text:
        return ()
    parts = (part.strip(" .!?–-") for part in re.split(r"[,;.!?\n]+|\s(?:und|oder|sowie)\s", text))
    return tuple(dict.fromkeys(part for part in parts if part))


def _with_parts(counts: Counter[str], splitter: Splitter) -> Counter[str]:
    full = Counter(counts)
    for stem, count in counts.items():
        for part in splitter.parts(stem):
            full[part] += count
    return full


def _unit_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    lengths[lengths == 0] = 1.0
    return sparse.csr_matrix(sparse.diags(1 / lengths) @ matrix)
