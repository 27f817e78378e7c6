"""Names beside each other that are spelled in many ways: order, script, accents, initials, a name by marriage.

`nothing_shared`: whether what an account is called can be a name of the person at all. For doubt, so one word
in common is enough. `folded`: what a name is in whichever of the usual ways somebody wrote it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from onboarding.domain.names.ascii import plain, words
from onboarding.domain.names.person import PersonName, base_language, part

#: An initial says nothing, and so few letters are found inside any user name.
_WORD, _INSIDE = 2, 3
#: What the spelling of one letter by two has more than that by one: ü ue u, ø oe o, å aa a, đ dj d.
_SECOND = re.compile("(?<=[aou])e+|(?<=a)a+|(?<=d)j")


def nothing_shared(
    person: PersonName, shown: Iterable[str | None], *, locale: str | None = None, country: str | None = None
) -> bool:
    """No word of the person's name is in what the account shows (display name, local part of the user name), also not
    inside a longer word (zmueller). False where one of them has no word that can be read."""
    language = base_language(locale, country)
    texts = [part(text) for text in (person.given, person.family, person.preferred, person.display)]
    ours = {word for text in texts for word in _spellings(text, language)}
    theirs = {word for text in shown for word in _spellings(text, language)}
    if not ours or not theirs:
        return False
    return not any(
        word in other for word in ours for other in theirs if word == other or len(word) >= _INSIDE
    )


def _spellings(text: str | None, language: str) -> set[str]:
    """Its words in a-z and 0-9, as the language spells them and with accents left out."""
    apart = unicodedata.normalize("NFKD", text or "")
    bare = unicodedata.normalize("NFC", "".join(char for char in apart if not unicodedata.combining(char)))
    found = (*words(text, language), *words(bare, language))
    return {word for item in found for word in re.split("[-0-9]+", item) if len(word) >= _WORD}


def folded(text: str) -> frozenset[str]:
    """The words of a name in a-z and 0-9, the same for each way to write them without national letters: Müller, Mueller
    and Muller are `muller`, Ødegård, Oedegaard and Odegard `odegard`, Петров is `petrov`, O’Neill `oneill`.

    Equal or not, whoever wrote them and whatever is known of the language: for nothing else, since Michael is `michal`.
    Words that cannot be read in Latin letters stay as they are.
    """
    shown = plain(text).replace("-", " ")
    return frozenset(_SECOND.sub("", word) for word in words(shown) or shown.split())
