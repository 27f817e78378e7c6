"""Names in the scripts of India and Sri Lanka, spelled as people there spell them in Latin letters.

Source: the Hunterian system, India's national system of romanisation, without its marks (क ka, श and ष sha, च
cha, ऋ ri). The vowel that a consonant carries unwritten is not spoken everywhere: languages of the north drop it
at the end of a word and, by the rule ə → ∅ / VC_CV read from the end, inside it (मनमोहन is manmohan); the south
speaks it. Tamil has one letter for k and g, t and d, p and b: they are voiced between vowels and after a nasal.

Known weaknesses: long vowels are not doubled (दीपक is dipak, where many write Deepak); the rule for the unwritten
vowel is right most of the time, not always.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Nine scripts keep the order of ISCII (IS 13194) in blocks of 128 code points, so one table reads them all.
_FIRST, _LAST = 0x0900, 0x0D7F
_BENGALI, _GURMUKHI, _GUJARATI, _TAMIL = 0x0980, 0x0A00, 0x0A80, 0x0B80
_KANNADA, _MALAYALAM, _SINHALA = 0x0C80, 0x0D00, 0x0D80
_DROPS_LAST = frozenset((0x0900, _BENGALI, _GURMUKHI, _GUJARATI, 0x0B00))
_DROPS_INNER = frozenset((0x0900, _GURMUKHI, _GUJARATI))

_CONSONANTS_TEXT = """
    k kh g gh n ch chh j jh n t th d dh n t th d dh n n p ph b bh m y r r l l zh v sh sh s h
"""
_VOWELS_TEXT = "a a i i u u ri li e e e ai o o o au"
_SIGNS_TEXT = "a i i u u ri ri e e e ai o o o au"
_CONSONANTS = dict(enumerate(_CONSONANTS_TEXT.split(), start=0x15))
_VOWELS = dict(enumerate(_VOWELS_TEXT.split(), start=0x05))
_SIGNS = dict(enumerate(_SIGNS_TEXT.split(), start=0x3E))
_NUKTA, _VIRAMA = 0x3C, 0x4D
_NASALS = {0x01, 0x02, 0x70}  # candrabindu, anusvara, the tippi of Gurmukhi
#: A dot below makes another consonant of it (ज़ z, ड़ r, फ़ f).
_DOTTED = {"k": "q", "j": "z", "d": "r", "dh": "rh", "ph": "f"}
#: Letters outside the common order.
_OWN = {
    0x09CE: "t", 0x09F0: "r", 0x09F1: "w", 0x0B5F: "y", 0x0B71: "w",
    0x0D7A: "n", 0x0D7B: "n", 0x0D7C: "r", 0x0D7D: "l", 0x0D7E: "l", 0x0D7F: "k",
}  # fmt: skip
_VOWELLESS = frozenset((0x09CE, *range(0x0D7A, 0x0D80)))
#: Tamil stops: (at the start or doubled, between vowels, after a nasal).
_TAMIL_STOPS = {
    0x15: ("k", "g", "g"), 0x1A: ("s", "s", "j"), 0x1F: ("t", "d", "d"), 0x24: ("th", "th", "th"),
    0x2A: ("p", "b", "b"),
}  # fmt: skip
_TAMIL_NASALS = frozenset((0x19, 0x1E, 0x23, 0x28, 0x29, 0x2E))
#: Doubled, these are still written once in names (முத்து is muthu).
_TAMIL_ONCE = {0x24: "th", 0x1A: "ch"}

#: Sinhala has an order of its own.
_SINHALA_CONSONANTS_TEXT = """
    k kh g gh n ng ch ch j jh n gn nj t t d d n nd th th d dh n - nd p ph b bh m mb y r - l - - w sh sh s h l f
"""
_SINHALA_VOWELS_TEXT = "a a e e i i u u ru ru l l e e ai o o au"
_SINHALA_CONSONANTS = dict(enumerate(_SINHALA_CONSONANTS_TEXT.split(), start=0x0D9A))
_SINHALA_VOWELS = dict(enumerate(_SINHALA_VOWELS_TEXT.split(), start=0x0D85))
_SINHALA_SIGNS = {
    0x0DCF: "a", 0x0DD0: "e", 0x0DD1: "e", 0x0DD2: "i", 0x0DD3: "i", 0x0DD4: "u", 0x0DD6: "u", 0x0DD8: "ru",
    0x0DD9: "e", 0x0DDA: "e", 0x0DDB: "ai", 0x0DDC: "o", 0x0DDD: "o", 0x0DDE: "au",
}  # fmt: skip

_RUN = re.compile("[\u0900-\u0dff]+")


@dataclass(slots=True)
class _Syllable:
    """A consonant and the vowel behind it; either may be ""."""

    onset: str
    vowel: str
    #: The vowel is the one that the consonant carries unwritten.
    unwritten: bool = False
    #: Place of the consonant in the common order; 0: a vowel alone, or a nasal mark.
    place: int = 0


def indic(text: str) -> str:
    """`text` (lower case, NFC) with every run of Indic script in Latin letters; all else as it is."""
    return _RUN.sub(lambda match: _word(match[0]), text)


def _word(word: str) -> str:
    block = ord(word[0]) & ~0x7F
    syllables: list[_Syllable] = []
    for char in word:
        if block == _SINHALA:
            _sinhala(ord(char), syllables)
        else:
            _common(ord(char), block, syllables)
    _settle_nasals(syllables, block)
    if block in _DROPS_LAST:
        _drop_last(syllables)
    if block in _DROPS_INNER:
        _drop_inner(syllables)
    spelled = "".join(each.onset + each.vowel for each in syllables)
    if block == 0x0900:
        return re.sub("sinh$", "singh", spelled)
    if block >= _TAMIL:
        spelled = spelled.replace("shr", "sr")
    return spelled.replace("au", "ow") if block == _KANNADA else spelled


def _common(point: int, block: int, so_far: list[_Syllable]) -> None:
    """One code point of the nine scripts, put behind `so_far`. What it does not know is left out."""
    place, last = point & 0x7F, so_far[-1] if so_far else None
    if own := _OWN.get(point):
        so_far.append(_Syllable(own, "" if point in _VOWELLESS else "a", point not in _VOWELLESS, place))
    elif place in _CONSONANTS:
        so_far.append(_Syllable(_onset(place, block, so_far), "a", True, place))
    elif place in _VOWELS and block + place == point:
        so_far.append(_Syllable("", _VOWELS[place]))
    elif place in _NASALS:
        so_far.append(_Syllable("n", ""))
    elif last is None:
        return
    elif place == _NUKTA:
        last.onset = "y" if last.place == 0x2F else _DOTTED.get(last.onset, last.onset)
    elif place == _VIRAMA:
        last.vowel, last.unwritten = "", False
        if block == _TAMIL and last.place in _TAMIL_STOPS:
            last.onset = "" if last.place in _TAMIL_ONCE else _TAMIL_STOPS[last.place][0]
    elif place in _SIGNS:
        last.vowel, last.unwritten = _SIGNS[place], False


def _onset(place: int, block: int, so_far: list[_Syllable]) -> str:
    """The consonant, which the one before it may change."""
    before = so_far[-1] if so_far else None
    joined = before is not None and not before.vowel and before.place != 0
    if block == _TAMIL and place in _TAMIL_STOPS:
        return _tamil_stop(place, before)
    if joined and before is not None:
        if place == 0x1E and before.onset == "j":
            before.onset = "g"  # ज्ञ, as in gyan
            return "y"
        if place == 0x31 and before.place == 0x31:
            before.onset = "t"  # ற்ற tr, റ്റ tt
            return "r" if block == _TAMIL else "t"
        if place == 0x35 and before.onset not in {"r", "l"}:
            return "w"  # स्वाति is swati, पूर्वी stays purvi
    if place == 0x2F and block == _BENGALI and not joined:
        return "j"
    if place == 0x24 and block == _MALAYALAM:
        return "th"
    return _CONSONANTS[place]


def _tamil_stop(place: int, before: _Syllable | None) -> str:
    first, between, nasal = _TAMIL_STOPS[place]
    if before is None:
        return first
    if before.vowel:
        return between
    if before.place == place:
        return _TAMIL_ONCE.get(place, first)
    return nasal if before.place in _TAMIL_NASALS else first


def _sinhala(point: int, so_far: list[_Syllable]) -> None:
    if point in _SINHALA_CONSONANTS:
        so_far.append(_Syllable(_SINHALA_CONSONANTS[point].strip("-"), "a", True, point & 0x7F))
    elif point in _SINHALA_VOWELS:
        so_far.append(_Syllable("", _SINHALA_VOWELS[point]))
    elif point == 0x0D82:
        so_far.append(_Syllable("n", ""))
    elif so_far and point == 0x0DCA:
        so_far[-1].vowel = ""
    elif so_far and point in _SINHALA_SIGNS:
        so_far[-1].vowel = _SINHALA_SIGNS[point]


def _settle_nasals(syllables: list[_Syllable], block: int) -> None:
    """The nasal mark is m before lips close, and at the end of a word in the south."""
    following = [*syllables[1:], None]
    for mark, after in zip(syllables, following, strict=False):
        if mark.place == 0 and mark.onset == "n" and not mark.vowel:
            ends = after is None and block > _TAMIL
            mark.onset = "m" if ends or (after and after.onset[:1] in {"p", "b", "m"}) else "n"


def _drop_last(syllables: list[_Syllable]) -> None:
    if len(syllables) < 2 or not syllables[-1].unwritten:
        return
    before = syllables[-2]
    if before.vowel or before.onset in {
        "n",
        "m",
    }:  # not behind two consonants: mitra keeps it, anand does not
        syllables[-1].vowel = ""


def _drop_inner(syllables: list[_Syllable]) -> None:
    for index in range(len(syllables) - 2, 0, -1):
        here, before = syllables[index], syllables[index - 1]
        if here.unwritten and here.onset != "y" and before.vowel and _opens(syllables[index + 1 :]):
            here.vowel = ""


def _opens(rest: list[_Syllable]) -> bool:
    """Does a spoken syllable begin here: a consonant, or one with r (ਹਰਪ੍ਰੀਤ is harprit), and a vowel?"""
    first = rest[0]
    if len(rest) > 1 and not first.vowel and rest[1].onset == "r":
        return bool(first.onset and rest[1].vowel)
    return bool(first.onset and first.vowel)
