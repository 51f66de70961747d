"""Areas of learning and topics: stems of words, which a learned model weighs for the areas (``area_model``)."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

from harvesters.normalise.area_model import area_model, words_of
from harvesters.normalise.evidence import Found
from harvesters.normalise.tables import find_all, table
from harvesters.normalise.text import Prose, prose
from schemas.vocabulary import Area, Topic

AREA_STEMS: Final[tuple[tuple[Area, float, str], ...]] = (
    (
        Area.LANGUAGE,
        3.0,
        r"vorles\w*|bilderbuch\w*|bücherei\w*|biblioth?ek\w*|sprachförder\w*|sprachbildung\w*|"
        r"kamishibai|erzähl(?:theater|koffer|stunde|kreis|cafe|zeit)\w*|lese(?:zwerg|maus|stunde|ecke|"
        r"fest|paten|patin|nest|start|kiste)\w*|plattdeutsch\w*|reim\w*|zweisprachig\w*|"
        r"fingerspiel\w*|sprachen?\b",
    ),
    (
        Area.LANGUAGE,
        1.5,
        r"geschichten?\b|märchen\w*|buch\b|bücher\w*|bildkarten|erzähl\w*|sprach\w*|deutsch lernen|"
        r"wörter\w*|hörspiel\w*|lauschen|zuhören",
    ),
    (
        Area.SOCIAL_VALUES,
        2.6,
        r"kirche\w*|kirchen\w*|gott\w*|religi\w*|moschee\w*|synagoge\w*|gefühle?n?\b|streit\w*|"
        r"konflikt\w*|trösten|mut(?:ig|mach)\w*|freundschaft\w*|kinderrechte\w*|krippenspiel\w*|"
        r"teilen lernen|gewalt\w*|notruf\w*|ehrenamt\w*|generation\w*|senior\w*|inklusion\w*|"
        r"achtsam\w*|nikolaus\w*|sankt martin|st\. martin",
    ),
    (
        Area.SOCIAL_VALUES,
        1.3,
        r"gemeinsam\w*|miteinander|zusammen(?:halt|leben)|verkehrs\w*|polizei\w*|feuerwehr\w*|"
        r"rettung\w*|erste hilfe|sicher\w* über die straße|hilfe holen|rücksicht\w*|philosoph\w*|"
        r"angst\b|vielfalt|interkulturell\w*|zebrastreifen",
    ),
    (
        Area.STEM,
        3.0,
        r"experiment\w*|forsch\w*|mint\b|naturwissenschaft\w*|physik\w*|chemi\w*|mathe\w*|zahlen\w*|"
        r"technik\w*|technisch\w*|magnet\w*|strom\b|elektr\w*|planetarium\w*|sternwarte\w*|"
        r"sternenhimmel\w*|robot\w*|programmier\w*|windrad\w*|bau(?:en|stelle|klötz)\w*|mikroskop\w*|"
        r"lupe\w*|stereolupe\w*|energie\w*|werkbank\w*|sägen\w*|hämmern\w*|labor\w*",
    ),
    (
        Area.STEM,
        1.4,
        r"messen\b|wiegen|maschine\w*|motor\w*|schwerkraft|schwimmt|versuch\w*|"
        r"konstruier\w*|werkstatt\w*|werken|holz\w*|flug\w*|rakete\w*|mond\b|stern\w*|notruf|löschen|"
        r"feuer\b|fahrzeug\w*|atemschutz\w*",
    ),
    (
        Area.MEDIA,
        3.0,
        r"medien\w*|trickfilm\w*|tablet\w*|kino\b|filme?\b|film\w*|foto\w*|kamera\w*|radio\w*|"
        r"podcast\w*|mikrofon\w*|hörspiel\w*|digital\w*|internet\w*|app\b|computer\w*|video\w*|"
        r"stop-motion\w*|animationsfilm\w*",
    ),
    (
        Area.MUSIC_ART_THEATRE,
        3.0,
        r"theater\w*|puppen(?:theater|spiel|bühne)\w*|figurentheater\w*|puppenbühne\w*|bühne\w*|"
        r"musik\w*|konzert\w*|instrument\w*|sing\w*|lieder\w*|chor\b|orchester\w*|trommel\w*|malen\w*|"
        r"mal(?:atelier|werkstatt|kurs)\w*|zeichn\w*|kunst\w*|gemälde\w*|atelier\w*|ton\b|töpfer\w*|"
        r"skulptur\w*|bildhauer\w*|aquarell\w*|galerie\w*|tanz\w*|tanzen|ballett\w*|oper\w*|klang\w*|"
        r"rhythm\w*|filzen\w*|druckwerkstatt|drucken|linoldruck|zirkus\w*|marionette\w*|clown\w*|"
        r"gestalten|bastel\w*|puppenspiel\w*|weben|orgel\w*|geige\w*|flöte\w*",
    ),
    (
        Area.MOVEMENT_HEALTH,
        3.0,
        r"turn(?!halle|raum|ier)\w*|beweg\w*|sport\w*|schwimm(?:en|kurs|halle|bad)\w*|wassergewöhn\w*|yoga\w*|tanz\w*|"
        r"klettern?\b|kletter\w*|ball(?:spiel|schule|zwerg)\w*|fußball\w*|gesund\w*|zahn\w*|zähne\w*|"
        r"ernähr\w*|kochen\b|koch\w*|backen\b|gemüse\w*|erste hilfe\w*|pflaster\w*|entspann\w*|"
        r"reiten\w*|fahrrad\w*|laufrad\w*|balanc\w*|judo\w*|motorik\w*|barfuß\w*|körper\w*|kanu\w*|"
        r"psychomotor\w*|krankenhaus\w*|arzt\w*|teddyklinik\w*|teddykrankenhaus\w*|roller\w*|hüpf\w*|"
        r"kneipp\w*|rettungswagen\w*",
    ),
    (
        Area.MOVEMENT_HEALTH,
        1.2,
        r"wander\w*|spazier\w*|essen\b|frühstück\w*|suppe\w*|brot\w*|verkehrs\w*|toben|rennen|"
        r"parcours\w*|schnippeln",
    ),
    (
        Area.NATURE_SUSTAINABILITY,
        3.0,
        r"wald\w*|förster\w*|forst\w*|natur\w*|umwelt\w*|nachhaltig\w*|müll\w*|abfall\w*|recycl\w*|"
        r"tier(?:e|en|park|spur|heim|garten|pfleg)\w*|zoo\b|bauernhof\w*|hof\b|biene\w*|imker\w*|"
        r"honig\w*|garten\b|gärtner\w*|gärtnerei\w*|beet\w*|pflanz\w*|kräuter\w*|vogel\w*|vögel\w*|"
        r"insekt\w*|schmetterling\w*|regenw[uü]rm\w*|wiese\w*|wattwander\w*|strand\w*|meer\w*|"
        r"ostsee\w*|nordsee\w*|teich\w*|bach\b|fluss\w*|moor\w*|igel\w*|fledermaus\w*|fledermäuse\w*|"
        r"frosch\w*|fische?n?\b|fisch\w*|aquarium\w*|zieg\w*|schaf\w*|kühe?\b|milch\w*|pferd\w*|"
        r"hühner\w*|ernte\w*|apfel\w*|äpfel\w*|saft\w*|kartoffel\w*|klima\w*|wetter\w*|kompost\w*|"
        r"gänse\w*|fraßspuren|wertstoff\w*|steine\b|bernstein\w*|muschel\w*|amphib\w*|streuobst\w*|"
        r"alpaka\w*|kranich\w*",
    ),
    (
        Area.NATURE_SUSTAINABILITY,
        1.2,
        r"draußen\b|baum\w*|bäume\w*|blätter\w*|blumen\w*|jahreszeit\w*|wasser\w*|erde\b|lupe\w*|"
        r"hund\w*|eier\b",
    ),
    (
        Area.WORLD_REGION_SOCIETY,
        3.0,
        r"heimat\w*|museum\w*|geschichte (?:der|des|unser)|früher\b|historisch\w*|mittelalter\w*|"
        r"ritter\w*|burg\b|schloss\w*|stadtführung\w*|stadtrundgang\w*|rathaus\w*|hafen\w*|schiff\w*|"
        r"fischer\w*|handwerk\w*|bürgermeister\w*|altstadt\w*|archäolog\w*|steinzeit\w*|slawen\w*|"
        r"wikinger\w*|kloster\w*|oma\b|uroma\w*|uropa\w*|brauchtum\w*|polnisch\w*|fremde länder|"
        r"andere länder|kulturen\b|interkulturell\w*|beruf\w*|post\b|markt\b|bäckerei\w*|mühle\w*|"
        r"region\w*|stadt\w* entdecken|bahn(?:hof|museum|werk)\w*|eisenbahn\w*|flughafen\w*|welt\b|"
        r"grenz\w*|alte[nrs]? (?:schule|spiel|zeit)\w*|leuchtturm\w*|kapitän\w*|schulmuseum\w*|"
        r"ausstellung\w*|denkmal\w*|spielzeug\w*",
    ),
    # What goes with it: a play tells a story, a walk in the woods is movement
    (
        Area.LANGUAGE,
        1.8,
        r"(?:puppen|figuren|objekt|erzähl)\w*|theaterstück\w*|märchen\w*|reim\w*|rätsel\w*|lesung\w*|autor\w*|"
        r"zuhör\w*|"
        r"dialog\w*|wortschatz\w*|kinderlied\w*|mundart\w*|buchstaben\w*|abc\b|lesen\b|liest\b|vorgelesen|polnisch\w*",
    ),
    (
        Area.SOCIAL_VALUES,
        1.8,
        r"rentner\w*|opas?\b|omas?\b|leih-?(?:oma|opa)\w*|helfen\b|hilfsbereit\w*|mobbing\w*|"
        r"begegnung\w*|familienzentrum\w*|"
        r"treff\b|nachbar\w*|teilhabe\w*|beten\b|advent\w*|weihnacht\w*|abschied\w*|tod\b|"
        r"trauer\w*|mutmach\w*|"
        r"zivilcourage|demokratie\w*|mitbestimm\w*|respekt\w*|toleranz\w*|team(?:geist|arbeit)",
    ),
    (
        Area.STEM,
        1.8,
        r"becherlupe\w*|untersuch\w*|erforsch\w*|bestimmen\b|keschern?\b|gips\w*|handwerk\w*|schnitzen|hüttenbau\w*|"
        r"konstruk\w*|architekt\w*|verkehrsmittel\w*|bagger\w*|traktor\w*|luft\b|wärme\w*|kälte\w*|"
        r"optisch\w*|geometr\w*|kristall\w*|vulkan\w*|dinosaur\w*|dinos?\b|fossil\w*|weltraum\w*|planet\w*",
    ),
    (
        Area.MUSIC_ART_THEATRE,
        1.8,
        r"trickfilm\w*|kinofilm\w*|folk\b|band\b|chör\w*|weihnachtslied\w*|laternen?\w*|collage\w*|papier\w*|"
        r"farben?\b|"
        r"pinsel\w*|kneten?\b|formen\b|verkleid\w*|kostüm\w*|rollenspiel\w*|aufführung\w*|"
        r"vorstellung\w*|kulisse\w*|nähen\w*|"
        r"mosaik\w*|foto(?:grafie|kunst)\w*|keramik\w*|bildende\w*",
    ),
    (
        Area.MOVEMENT_HEALTH,
        1.8,
        r"waldvormittag\w*|waldtag\w*|waldwoche\w*|wander\w*|schatzsuche\w*|pirsch\w*|streifzug\w*|"
        r"rallye\w*|bouldern?\b|"
        r"boulder\w*|pony\w*|akrobat\w*|zirkus\w*|jonglier\w*|melken\b|quark\w*|verkost\w*|"
        r"picknick\w*|schnipp\w*|hygiene\w*|"
        r"hände ?waschen|atmen\b|dehnen\b|stille\w*|kinderyoga|eislauf\w*|schlitten\w*|paddel\w*|"
        r"kanutag|rudern\b|segeln\b|"
        r"skate\w*|inliner\w*|purzelbaum\w*|bewegungslied\w*|selbstverteidig\w*|handball\w*|"
        r"tischtennis|leichtathlet\w*",
    ),
    (
        Area.NATURE_SUSTAINABILITY,
        1.8,
        r"gemüse\w*|obst\b|kanu\w*|jagd\w*|jäger\w*|jungjäger\w*|\w*fütterung\w*|pony\w*|ponys?\b|"
        r"bushcraft\w*|schnitzen|otter\w*|"
        r"fischotter\w*|wolf\w*|fuchs\w*|reh\w*|wildnis\w*|wild(?:tier|park|kräuter)\w*|tierpark\w*|"
        r"pilze\w*|kastanie\w*|lama\w*|"
        r"esel\w*|eichhörnchen\w*|spinnen?\b|schnecke\w*|sturm\b|wind\b|energie\w*|windrad\w*|solar\w*|schlosspark\w*|"
        r"zoologisch\w*|botanisch\w*|küken\w*|landwirt\w*|samen\b|keimen\b|repair\w*|upcycling\w*|"
        r"gewässer\w*|quallen?\b|watt\w*",
    ),
    (
        Area.WORLD_REGION_SOCIETY,
        1.8,
        r"zweisprachig\w*|deutsch-\w{4,12}isch\w*|tradition\w*|bräuche\w*|brauch\b|weihnachtsmarkt\w*|"
        r"adventsmarkt\w*|backhaus\w*|"
        r"lehmbackofen\w*|dorf\w*|stadt(?:geschichte|rallye|archiv)\w*|netze?\b|fischerei\w*|"
        r"feldsteinkirche\w*|turm\b|polizei\w*|"
        r"feuerwehr\w*|zeitung\w*|rathaus\w*|wahl\w*|fest\b|flucht\w*|kolonial\w*|römer\w*|"
        r"indianer\w*|pirat\w*|seefahr\w*|"
        r"werft\w*|bergbau\w*|bergwerk\w*|schule (?:wie|anno|vor)|schulbank\w*|waschtag\w*|museumshof\w*",
    ),
)
"""Area, weight of a hit, stems."""
TOPIC_STEMS: Final[tuple[tuple[Topic, float, str], ...]] = (
    (
        Topic.THEATRE,
        0.85,
        r"theater\w*|puppen(?:theater|spiel|bühne)\w*|figurentheater\w*|bühne\w*|schauspiel\w*|"
        r"zirkus\w*|clown\w*|marionette\w*|kamishibai",
    ),
    (Topic.MUSEUM, 0.85, r"museum\w*|museen|ausstellung\w*|sammlung\w*|galerie\w*|heimatstube\w*"),
    (
        Topic.MUSIC,
        0.85,
        r"musik\w*|konzert\w*|instrument\w*|sing\w*|lieder\w*|chor\b|orchester\w*|trommel\w*|orgel\w*|"
        r"klang\w*",
    ),
    (Topic.DANCE, 0.85, r"tanz\w*|tänze\w*|ballett\w*"),
    (Topic.ART, 0.8, r"malen\w*|malerei|kunst\w*|gemälde\w*|atelier\w*|zeichn\w*|skulptur\w*|aquarell\w*|töpfer\w*"),
    (Topic.BOOKS, 0.85, r"vorles\w*|bilderbuch\w*|bücher\w*|biblioth?ek\w*|lese\w*|kamishibai"),
    (Topic.NATURE, 0.8, r"natur\w*|wiese\w*|garten\b|pflanz\w*|moor\w*|kräuter\w*|beet\w*"),
    (
        Topic.ANIMALS,
        0.8,
        r"tier\w*|biene\w*|vogel\w*|vögel\w*|zoo\b|insekt\w*|pferd\w*|hund\w*|zieg\w*|schaf\w*|"
        r"fische\w*|gänse\w*|kranich\w*|aquarium\w*|igel\b",
    ),
    (Topic.FARM, 0.85, r"bauernhof\w*|milchhof\w*|hofladen|ziegenhof|landwirt\w*|melken|kuhstall|traktor\w*|ernte\w*"),
    (Topic.FOREST, 0.85, r"wald\w*|förster\w*|forst\w*"),
    (
        Topic.WATER,
        0.75,
        r"meer\w*|ostsee\w*|nordsee\w*|strand\w*|wasser\w*|watt\w*|hafen\w*|fluss\w*|schwimm\w*|"
        r"teich\w*",
    ),
    (Topic.EXPERIMENTS, 0.85, r"experiment\w*|forsch\w*|labor\w*|magnet\w*|planetarium\w*|sternwarte\w*"),
    (
        Topic.TECHNOLOGY,
        0.8,
        r"technik\w*|technisch\w*|robot\w*|maschine\w*|energie\w*|strom\b|windrad\w*|programmier\w*|"
        r"eisenbahn\w*",
    ),
    (Topic.CRAFT, 0.8, r"bastel\w*|werken|filzen\w*|sägen\w*|hämmern\w*|töpfer\w*|weben\b|werkbank\w*"),
    (
        Topic.HISTORY,
        0.8,
        r"geschichte (?:der|des|unser)\w*|histori\w*|mittelalter\w*|ritter\w*|burg\b|schloss\w*|"
        r"steinzeit\w*|archäolog\w*|wikinger\w*|slawen\w*|kloster\w*|wie früher|uroma\w*",
    ),
    (Topic.TRAFFIC, 0.85, r"verkehrs\w*|zebrastreifen|ampel\w*|fahrrad\w*|laufrad\w*|straßenverkehr|schulweg\w*"),
    (
        Topic.FIRE_RESCUE,
        0.9,
        r"feuerwehr\w*|brandschutz\w*|rettungs\w*|erste hilfe|notruf\w*|feuerwache\w*|thw\b|"
        r"rotes kreuz|drk\b",
    ),
    (
        Topic.SPORT,
        0.8,
        r"sport\w*|turn(?:en|halle|verein)\w*|bewegung\w*|klettern?\b|kletter\w*|fußball\w*|"
        r"schwimm\w*|yoga\w*|ballschule|judo\w*|reiten",
    ),
    (
        Topic.NUTRITION,
        0.85,
        r"ernähr\w*|kochen\b|koch\w*|backen\b|gemüse\w*|obst\w*|brot\w* backen|suppe\w*|"
        r"gesundes frühstück",
    ),
    (Topic.HEALTH, 0.8, r"gesund\w*|zahn\w*|zähne\w*|hygiene\w*|teddyklinik|arzt\w*|krankenhaus\w*|entspann\w*"),
    (Topic.ENVIRONMENT, 0.8, r"umwelt\w*|müll\w*|abfall\w*|recycl\w*|nachhaltig\w*|klima\w*|kompost\w*|wertstoff\w*"),
    (Topic.MEDIA, 0.85, r"medien\w*|trickfilm\w*|kino\b|filme?\b|tablet\w*|radio\w*|foto\w*|hörspiel\w*|podcast\w*"),
    (Topic.FAITH, 0.85, r"kirche\w*|religi\w*|moschee\w*|synagoge\w*|bibel\w*|krippenspiel\w*|gottesdienst\w*"),
    (
        Topic.CULTURES,
        0.8,
        r"interkulturell\w*|zweisprachig\w*|mehrsprachig\w*|polnisch\w*|ukrainisch\w*|arabisch\w*|"
        r"plattdeutsch\w*|kulturen\b|andere länder",
    ),
    (Topic.CRAFTSMANSHIP, 0.85, r"handwerk\w*|schmied\w*|tischler\w*|bäckerei\w*|mühle\w*|netzflicker|weberei\w*"),
)
"""Topic, confidence, stems."""
_AREAS: Final = table(
    tuple((area, weight, pattern.replace(r"\w*", r"\w{0,24}")) for area, weight, pattern in AREA_STEMS)
)
_TOPICS: Final = table(
    tuple((topic, weight, pattern.replace(r"\w*", r"\w{0,24}")) for topic, weight, pattern in TOPIC_STEMS)
)
_MAX_HITS: Final = 3
MAX_AREAS: Final = 3
_LEAST_OF_WORDS: Final = 0.4
"""Least probability of an area for which no stem speaks: in cross-validation as good, and right more often."""
_TITLE_FACTOR: Final = 2.0
_PRACTICAL: Final = re.compile(
    r"mitbring|mitzubringen|anfahrt|anreise|bus\b|haltestelle|parkpl|parken|anmeld|toilette|"
    r"kleidung|anziehen|frühstück (?:im|mitbr)|€|rollstuhl|kinderwagen|aufzug|barriere|erreichbar|"
    r"ferien|uhr\b"
)


def read_areas(text: str | Prose, *, title_end: int = 0) -> list[Found[Area]]:
    """At most three areas of learning, most fitting first: those that the model thinks likely enough.

    >>> [one.value.value for one in read_areas("Benefizkonzert im Rathaussaal")]
    ['music_art_theatre']
    """
    page, model = prose(text), area_model()
    scores, stems = stem_scores(page, title_end)
    words = words_of(page, title_end)
    chances = model.judge(words, scores)
    found = []
    for area in likeliest(chances, stems, model.least):
        chance = round(chances[area], 3)
        if area in stems:
            found.append(Found(area, stems[area].evidence, "areas.stems", chance, stems[area].span))
        elif (word := model.loudest(words, area)) is not None:
            start = page.lower.index(word)
            found.append(
                Found(area, page.text[start : start + len(word)], "areas.words", chance, (start, start + len(word)))
            )
    return found


def likeliest(chances: Mapping[Area, float], stems: Collection[Area], least: float) -> list[Area]:
    """The areas that are told: likely enough, more so where no stem speaks for them, at most three, likeliest first."""
    words_only = max(least, _LEAST_OF_WORDS)
    likely = [area for area, chance in chances.items() if chance >= (least if area in stems else words_only)]
    return sorted(likely, key=lambda area: (-chances[area], area.value))[:MAX_AREAS]


def stem_scores(page: Prose, title_end: int) -> tuple[dict[Area, float], dict[Area, Found[Area]]]:
    """What the stems of each area add up to, and the one that counts most. Hits in the title count double, those in
    practical notes less than half."""
    scores: dict[Area, float] = defaultdict(float)
    first: dict[Area, Found[Area]] = {}
    practical: dict[int, bool] = {}
    hits: dict[int, set[str]] = defaultdict(set)
    for phrase, match in _AREAS.matches(page):
        stems, stem = hits[id(phrase)], match[0][:7]
        if stem in stems or len(stems) >= _MAX_HITS:
            continue
        stems.add(stem)
        index = page.clause_index(match.start())
        if index not in practical:
            practical[index] = _PRACTICAL.search(page.clauses[index]) is not None
        factor = _TITLE_FACTOR if match.start() < title_end else 0.4 if practical[index] else 1.0
        scores[phrase.code] += phrase.weight * factor / (1 + 0.35 * (len(stems) - 1))
        if phrase.code not in first or phrase.weight * factor > first[phrase.code].confidence:
            words = page.text[match.start() : match.end()]
            first[phrase.code] = Found(phrase.code, words, "areas.stems", phrase.weight * factor, match.span())
    return scores, first


def read_topics(text: str | Prose) -> list[Found[Topic]]:
    """The topics whose stems stand in ``text``, in the order of the vocabulary."""
    return find_all(prose(text), _TOPICS, "topics.stems")
