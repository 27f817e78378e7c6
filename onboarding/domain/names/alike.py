"""Names beside each other that are spelled in many ways: order, script, accents, initials, a name by marriage.

`nothing_shared`: whether what an account is called can be a name of the person at all. For doubt, so one word
in common is enough. `folded`: what a name is in whichever of the usual ways somebody wrote it: wide, to find by.
`same`: whether two names are one name in two spellings: narrow, since people are joined by it; and `may_be_same`,
for questions.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

from onboarding.domain.names.ascii import WEAK_SCRIPTS, plain, scripts, words
from onboarding.domain.names.person import PersonName, base_language, part

#: An initial says nothing, and so few letters are found inside any user name.
_WORD, _INSIDE = 2, 3
#: What the spelling of one letter by two has more than that by one: ü ue u, ø oe o, å aa a, đ dj d.
_SECOND = re.compile("(?<=[aou])e+|(?<=a)a+|(?<=d)j")
#: Marks that people leave out: those on Latin, Greek and Cyrillic letters, and the points of Hebrew and Arabic. Not
#: those that make another letter or syllable, as the Japanese and Indian ones do.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]")
#: Spellings of Latin letters beside that of `words` and the letter without its mark.
_ALSO = {"ø": "o", "đ": "dj"}
_LATIN = frozenset(("LATIN",))


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

    For finding, whoever wrote them and whatever is known of the language; not for whether they are equal, since Michael
    is `michal`, and 李 and 丽 are both `li`. Words that cannot be read in Latin letters stay as they are.
    """
    shown = plain(text).replace("-", " ")
    return frozenset(_SECOND.sub("", word) for word in words(shown) or shown.split())


def same(one: str, other: str) -> bool:
    """The two have the same words, each as often, in any order; case and signs do not count.

    Words in one script are the same in that script, or one leaves out marks that the other has, or spells out their
    letters: Müller is Mueller and is Muller, which are two names beside each other. A word in another script is the
    same as it is read, but where that script is read only in part (`ascii.WEAK_SCRIPTS`): then nothing is sure.
    """
    mine, theirs = Counter(_parts(one)), Counter(_parts(other))
    # In an order of their own: whichever is `one`, the answer is the same.
    rest, left = sorted((sorted((mine - theirs).elements()), sorted((theirs - mine).elements())))
    if not mine or len(rest) != len(left):
        return False
    for word in rest:
        found = next((item for item in left if _is_spelling(word, item)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def may_be_same(one: str, other: str) -> bool:
    """`same`, or `folded` alike; but where both are in one script that is not Latin, what differs there is two names:
    李伟 and 李薇 are both read Li Wei."""
    if same(one, other):
        return True
    written = _letters(plain(one))
    known = written == _letters(plain(other)) and written != _LATIN
    return not known and bool(folded(one)) and folded(one) == folded(other)


def is_read_in_part(name: str) -> bool:
    """It has letters of a script of which `words` knows only a part of how they sound."""
    return not WEAK_SCRIPTS.isdisjoint(scripts(name))


def _parts(text: str) -> list[str]:
    return plain(text).replace("-", " ").split()


def _bare(text: str) -> str:
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))


def _letters(text: str) -> frozenset[str]:
    """Scripts of the letters, Latin ones without marks among them."""
    plain_latin = any(char.isascii() and char.isalpha() for char in text)
    return scripts(_bare(text)) | (_LATIN if plain_latin else frozenset())


def _is_spelling(one: str, other: str) -> bool:
    """Of two words that differ: the same word."""
    if (written := _letters(one)) != (there := _letters(other)):
        if is_read_in_part(one + other):
            return False
        one, other = (
            word if script == _LATIN else "".join(words(word))
            for word, script in ((one, written), (other, there))
        )
    return _covers(one, other) or _covers(other, one)


def _covers(marked: str, bare: str) -> bool:
    """The second is the first with some letters in other ways of writing them."""
    reached = {0}
    for char in marked:
        reached = {at + len(way) for way in _ways(char) for at in reached if bare.startswith(way, at)}
    return bool(bare) and len(bare) in reached


def _ways(char: str) -> Iterator[str]:
    """How people write this letter: as it is, without its mark, or as its language spells it without."""
    yield char
    if char.isascii():
        return
    bare = _bare(char)
    yield bare
    if unicodedata.name(char, "").startswith("LATIN"):
        yield from words(char)
        yield from (_ALSO[item] for item in {char, bare} & _ALSO.keys())
