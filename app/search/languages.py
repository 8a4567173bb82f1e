"""Which language a text is in, told by its commonest words; it decides how the words are stemmed.

A guess suffices: every word is also kept as it is written, and a query is stemmed in every language.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain

from app.search.gaps import apart

OTHER = "simple"
"""The configuration of a text in none of these languages: its words are kept as they are written."""

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "english": "the of and to in is that it was for on are as with be this have from or not by an at when if can",
        "german": "der die und das ist nicht ein eine ich mit auf für den im zu wird werden von dem auch sich bei wenn",
        "french": "le la les des est pas une dans pour que qui sur avec au ce il elle ne du sont par nous vous être",
        "spanish": "el los las una por para con no se que del al lo como más pero sus está este cuando es y",
        "italian": "il gli che non una per con del della sono è nel alla più come anche questo quando di ma lo",
        "portuguese": "os uma não para com que do da em no na por mais como mas ao dos das está quando é um o",
        "dutch": "het een van dat niet met voor zijn op aan er maar ook als bij worden wordt naar deze wij hij",
        "swedish": "och att det som är på för av med inte den till har om ett jag men så när kan vi eller",
        "danish": "og at det er som på til af med ikke den har jeg men så når kan vi eller der blev bliver",
        "norwegian": "og at det er som på til av med ikke den har jeg men så når kan vi eller fra ble blir hvis",
        "finnish": "ja on ei se että oli mutta kun niin myös joka tai jos ovat kuin olla sitä sen hän vain",
        "russian": "и в не на что он как это по но из за для от так же при если или был мы вы с у к",
        "hungarian": "és hogy nem egy az van is meg ha csak de mint már kell volt ezt azt vagy lehet minden",
        "turkish": "ve bir bu için ile de da çok ne daha gibi var olarak değil ama kadar sonra olan ise",
    }.items()
}
_LANGUAGES = {
    word: [language for language, words in FUNCTION_WORDS.items() if word in words]
    for word in frozenset().union(*FUNCTION_WORDS.values())
}
"""Of each such word."""
_LOOKED_AT = 2_000  # characters: enough to tell


def language_of(text: str) -> str:
    """The language whose commonest words a text has most of; ``simple`` where it has none."""
    words = apart(text[:_LOOKED_AT].lower()).replace("'", " ").split()
    found = Counter(chain.from_iterable([_LANGUAGES[word] for word in words if word in _LANGUAGES]))
    if not found:
        return OTHER
    most = max(found.values())
    return next(language for language in FUNCTION_WORDS if found[language] == most)
