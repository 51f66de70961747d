"""German words by topic: a small controlled vocabulary that joins what a Kita wishes with how an offer says it.

"Tiere" in a wish and "Hühner" in an offer share no word, but both are about animals. The words are stems of general
German, chosen from what each topic means and from no corpus.
"""

import re
from functools import lru_cache

import Stemmer

from recommender.text import fold
from schemas.vocabulary import Topic

_WORDS: dict[Topic, str] = {
    Topic.THEATRE: "theater puppentheater figurentheater puppen puppenspiel buhne schauspiel marchen kasper clown "
    "krippenspiel schattenspiel vorstellung",
    Topic.MUSEUM: "museum ausstellung sammlung galerie heimatstube museumskoffer",
    Topic.MUSIC: "musik konzert singen lieder instrumente trommeln orchester musikschule chor klang klange "
    "rhythmus orgel",
    Topic.DANCE: "tanz tanzen ballett",
    Topic.ART: "kunst kunstler kunstlerin malen farben atelier bilder zeichnen gemalde bildhauer druckwerkstatt",
    Topic.BOOKS: "buch bucher bibliothek bucherei vorlesen vorlesepate bilderbuch bilderbuchkino geschichten erzahlen "
    "lesen leseforderung lesekoffer",
    Topic.NATURE: "natur wiese moor pflanzen naturpark ranger kafer jahreszeiten krauter naturschutz wildnis",
    Topic.ANIMALS: "tier tiere hund hunde huhner schafe ziegen esel pferd ponys kaninchen vogel kraniche ganse fische "
    "otter biber insekten bienen imker igel spuren kuhe alpakas",
    Topic.FARM: "bauernhof landwirt landwirtschaft stall ernte traktor kuhe huhner hof acker melken",
    Topic.FOREST: "wald forster forst baume baum jager",
    Topic.WATER: "wasser meer strand bodden ostsee nordsee see fluss hafen schiff boot schiffe fischer watt kuste",
    Topic.EXPERIMENTS: "experimente experimentieren forschen forscher versuche labor magnet physik entdecken "
    "naturwissenschaft sternwarte planetarium sterne sternenhimmel",
    Topic.TECHNOLOGY: "technik maschinen roboter bauen energie windrad lokomotive eisenbahn computer strom",
    Topic.CRAFT: "basteln werken holz ton topfern filzen weben werkstatt",
    Topic.HISTORY: "geschichte mittelalter ritter burg schloss fruher historisch uroma archaologie slawen",
    Topic.TRAFFIC: "verkehr verkehrserziehung strasse fahrrad roller zebrastreifen schulweg bus polizei",
    Topic.FIRE_RESCUE: "feuerwehr brandschutz rettung rettungswagen notruf sanitater hilfe polizei thw seenotretter",
    Topic.SPORT: "sport turnen bewegung bewegen klettern schwimmen ball turnhalle toben yoga fussball judo",
    Topic.NUTRITION: "ernahrung kochen backen essen gemuse obst kuche brot suppe",
    Topic.HEALTH: "gesundheit zahne zahnarzt arzt korper hygiene teddyklinik erste hilfe krankenhaus entspannung",
    Topic.ENVIRONMENT: "umwelt mull abfall recycling klima kompost nachhaltigkeit wertstoff",
    Topic.MEDIA: "medien film trickfilm kino kamera foto tablet radio mikrofon aufnahmegerat horspiel digital",
    Topic.FAITH: "religion kirche bibel glaube pfarrer gottesdienst christlich krippenspiel",
    Topic.CULTURES: "mehrsprachig zweisprachig polnisch arabisch ukrainisch englisch russisch platt plattdeutsch "
    "niederdeutsch kulturen gebarden interkulturell",
    Topic.CRAFTSMANSHIP: "handwerk handwerker schmied backerei tischler topfer korbflechter muhle schuster laden "
    "werkstatt segelmacher bootsbauer weben spinnen",
}

_ORDER = tuple(Topic)
_LETTERS = re.compile(r"[a-z]{3,}")
_SUFFIX = 5


def _lexicon() -> dict[str, int]:
    stemmer = Stemmer.Stemmer("german")
    found: dict[str, int] = {}
    for topic, text in _WORDS.items():
        for stem in stemmer.stemWords(text.split()):
            found[stem] = found.get(stem, 0) | 1 << _ORDER.index(topic)
    return found


_STEMS = _lexicon()


def topics_in(text: str) -> int:
    """Topics that the words of a text name, as bits in the order of ``Topic``; compounds count by first and last part.

    >>> bin(topics_in("Waldvormittag")) == bin(1 << list(Topic).index(Topic.FOREST))
    True
    """
    found = 0
    for word in set(_LETTERS.findall(fold(text))):
        found |= _of_word(word)
    return found


@lru_cache(maxsize=65_536)
def _of_word(word: str) -> int:
    stem = Stemmer.Stemmer("german").stemWord(word)
    if stem in _STEMS:
        return _STEMS[stem]
    found = 0
    for cut in range(4, len(stem) - 3):
        found |= _STEMS.get(stem[:cut], 0) if len(stem) - cut >= _SUFFIX else 0
        found |= _STEMS.get(stem[cut:], 0) if len(stem) - cut >= _SUFFIX else 0
    return found
