"""Whether what an account is called can be a person's name at all: for doubt, never as proof.

Names are spelled in many ways (order, script, accents, initials, a name by marriage), so one word in common is enough.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from onboarding.domain.names.ascii import words
from onboarding.domain.names.person import PersonName, base_language, part

#: An initial says nothing, and so few letters are found inside any user name.
_WORD, _INSIDE = 2, 3


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
