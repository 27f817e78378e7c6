"""Thai names by the Royal Thai General System of Transcription (Royal Institute, 1999): สมชาย ใจดี is somchai chaidi.

Read syllable by syllable: a vowel sign may stand before, above or behind its consonant, two consonants without any
have an o between them, a consonant alone an a, and what ends a syllable is written as it sounds (-t, -k, -p, -n).

Known weakness: where a syllable ends cannot always be seen without a dictionary, and many people write their own
name by older habits (Shinawatra for ชินวัตร). HR's Latin spelling, where there is one, is better.
"""

from __future__ import annotations

import re

_LETTERS = "กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ"
_INITIALS_TEXT = """
    k kh kh kh kh kh ng ch ch ch s ch y d t th th th n d t th th th n b p ph f ph f ph m y r l w s s s h l - h
"""
_INITIAL = dict(zip(_LETTERS, _INITIALS_TEXT.split(), strict=True))
_FINAL = {
    **dict.fromkeys("กขฃคฅฆ", "k"), **dict.fromkeys("จชซฌฎฏฐฑฒดตถทธศษส", "t"), **dict.fromkeys("บปผพฟภ", "p"),
    **dict.fromkeys("ญณนรลฬ", "n"), "ง": "ng", "ม": "m", "ย": "i", "ว": "o",
}  # fmt: skip
_C = "[ก-ฮ]"
#: Two consonants that open one syllable: with r, l, w; a silent h before a sonant; อย.
_ONSET = f"(?:[กขคตปผพทสศ][รล]|[กขค]ว|ห[งญนมยรลว]|อย|{_C})"
#: Not the first consonant of the next syllable.
_NO_VOWEL_NEXT = "(?![ะัาำิีึืฺุู็]|รร)"
_F = f"(?P<f>{_C}{_NO_VOWEL_NEXT})"
#: (form of a syllable; vowel; whether a consonant may close it), tried in this order.
_FORMS = (
    ("เ{c}ียะ?", "ia", True), ("เ{c}ือะ?", "uea", True), ("เ{c}อะ", "oe", False), ("เ{c}าะ", "o", False),
    ("เ{c}า", "ao", False), ("เ{c}อ", "oe", True), ("เ{c}ิ", "oe", True), ("เ{c}ย" + _NO_VOWEL_NEXT, "oei", False),
    ("เ{c}[ะ็]?", "e", True), ("แ{c}[ะ็]?", "ae", True), ("โ{c}ะ?", "o", True), ("ใ{c}", "ai", False),
    ("ไ{c}ย?" + _NO_VOWEL_NEXT, "ai", False), ("{c}ัวะ?", "ua", False), ("{c}ัย", "ai", False), ("{c}ั", "a", True),
    ("{c}ำ", "am", False), ("{c}า", "a", True), ("{c}ะ", "a", False), ("{c}ิ", "i", True), ("{c}ี", "i", True),
    ("{c}ึ", "ue", True), ("{c}ือ?", "ue", True), ("{c}[ุู]", "u", True), ("{c}รร(?=[ก-ฮ])", "a", True),
    ("{c}รร", "an", False), ("{c}็?อ" + _NO_VOWEL_NEXT, "o", True), ("{c}ว(?=[ก-ฮ]" + _NO_VOWEL_NEXT + ")", "ua", True),
)  # fmt: skip
_SYLLABLES = tuple(
    (re.compile(form.replace("{c}", f"(?P<c>{_ONSET})") + (f"{_F}?" if closes else "")), vowel)
    for form, vowel, closes in _FORMS
)
_BARE = re.compile(f"{_C}+?(?=[เแโใไ]|{_ONSET}[ะัาำิีึืฺุู็]|[^ก-ฮ]|$)")
_TONES = re.compile("[่้๊๋ํ๎]")
_SILENCED = re.compile("(?:(?<=น)ทร|(?<=ก)ษณ|[ก-ฮ][ิุ]?)์")
_RUN = re.compile("[\u0e00-\u0e7f]+")


def thai(text: str) -> str:
    """`text` with every run of Thai script in Latin letters; all else as it is."""
    return _RUN.sub(lambda match: _word(match[0]), text)


def _word(word: str) -> str:
    word = _SILENCED.sub("", _TONES.sub("", word.replace("ํา", "ำ")).replace("ฤ", "ริ").replace("ฦ", "ลึ"))
    word = re.sub("(?<=[ัาิีึืุู])([ตท])[ิุ]$", r"\1", word)  # สมบัติ, ชาติ: not spoken at the end
    out: list[str] = []
    at, closed = 0, False
    while at < len(word):
        spelled, at, closed = _syllable(word, at, closed)
        out.append(spelled)
    return "".join(out)


def _syllable(word: str, at: int, closed: bool) -> tuple[str, int, bool]:
    """(spelling, where it ends, whether a consonant closed it) of the syllable at `at`."""
    for form, vowel in _SYLLABLES:
        if found := form.match(word, at):
            final = found.groupdict().get("f") or ""
            return _open(found["c"]) + vowel + _FINAL.get(final, ""), found.end(), bool(final)
    if found := _BARE.match(word, at):
        return _without_vowel(found[0], closed), found.end(), True
    return "", at + 1, closed


def _open(consonants: str) -> str:
    """How a syllable begins."""
    if consonants[0] in "หอ" and len(consonants) == 2:
        consonants = consonants[1]
    if consonants in {"ทร", "สร", "ศร"}:
        consonants = "ส"
    return "".join(_INITIAL[each] for each in consonants).replace("-", "")


def _without_vowel(run: str, closed: bool) -> str:
    """Consonants in a row without a written vowel: pairs with o, an odd one first with a.

    One alone behind a closed syllable is not spoken (ชินวัตร chinwat).
    """
    if len(run) == 1:
        return "" if closed else f"{_open(run)}a"
    odd = f"{_open(run[0])}a" if len(run) % 2 else ""
    rest = run[len(run) % 2 :]
    pairs = (rest[i : i + 2] for i in range(0, len(rest), 2))
    return odd + "".join(f"{_open(pair[0])}o{_FINAL.get(pair[1], '')}" for pair in pairs)
