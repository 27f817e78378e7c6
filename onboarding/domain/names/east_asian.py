"""Japanese kana, Korean Hangul and Chinese characters in Latin letters.

Kana: the Hepburn spelling of Japanese passports (Ministry of Foreign Affairs, 1989): long vowels are not written
(さとう SATO, おおの ONO), ん is M before B, M and P, っち is TCHI. Hangul: the Revised Romanisation of 2000, syllable
by syllable, as it rules for names (한복남 Han Boknam); family names as their bearers spell them, which the rule
leaves to them (passport statistics of the Ministry of Foreign Affairs, 2024: Kim 99.6 %, Lee 98.8 %, Park 96.6 %,
Choi 94.5 %, Jung 46.1 % against Jeong 42.5 %). Chinese family names that are not read as usual: GB/T 28039-2011.

A kanji name has no reading that can be derived: 東 is Azuma and Higashi. Nothing here reads kanji.
"""

from __future__ import annotations

import re

from onboarding.domain.names.alphabets import pairs

_SMALL = dict(zip("ゃゅょャュョぁぃぅぇぉァィゥェォ", "auoauoaiueoaiueo", strict=True))
_KANA_RUN = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc]+")
#: Long vowels: o and oo before the end of the word, ou and uu anywhere; not where a new part of the name begins
#: (いのうえ Inoue, まつうら Matsuura).
_LONG = re.compile("o(?:u(?!e)|o(?!$))|u(?<!ts.)u")


def kana(text: str) -> str:
    """`text` with every run of kana in Latin letters; all else as it is."""
    return _KANA_RUN.sub(lambda match: _LONG.sub(lambda long: long[0][0], _romaji(match[0])), text)


def _romaji(run: str) -> str:
    """Hepburn with long vowels: contracted, doubled and small kana cannot be read one at a time."""
    from anyascii import anyascii

    out: list[str] = []
    double = False
    for char in run:
        if char in "っッ":
            double = True
            continue
        if char in _SMALL and out:
            out[-1] = _contracted(out[-1], _SMALL[char], small_y=char in "ゃゅょャュョ")
            continue
        sound: str = anyascii(char).lower()
        if double and sound[:1].isalpha():
            sound = ("t" if sound.startswith("ch") else sound[0]) + sound
        double = False
        out.append(sound)
    return re.sub("n(?=[bmp])", "m", "".join(out))


def _contracted(before: str, vowel: str, *, small_y: bool) -> str:
    """きょ kyo, しょ sho, ファ fa, ティ ti: the small kana takes the place of the vowel before it."""
    if before == "u" and not small_y:
        return f"w{vowel}"  # ウィ
    stem = before[:-1] if before[-1:] in {"a", "i", "u", "e", "o"} else before
    if small_y and stem.removeprefix("t") not in {"sh", "ch", "j", "sch"} and stem:
        return f"{stem}y{vowel}"
    return stem + vowel


_HANGUL_FIRST, _HANGUL_LAST = 0xAC00, 0xD7A3
#: How the 28 ends of a syllable are written.
_FINALS_TEXT = "- k k k n n n t l k m l l l p l m p p t t ng t t k t p t"
_FINALS = _FINALS_TEXT.split()
_KOREAN_FAMILIES_TEXT = """
    김 kim 이 lee 박 park 최 choi 정 jung 강 kang 조 cho 윤 yoon 임 lim 오 oh 신 shin 권 kwon 안 ahn 유 yoo 류 ryu 고 ko
    문 moon 배 bae 백 baek 허 heo 노 noh 심 shim 곽 kwak 구 koo 우 woo 주 joo 변 byun 공 kong 현 hyun 추 choo 국 kook
    남궁 namkoong 선우 sunwoo 황보 hwangbo
"""
_KOREAN_FAMILIES = pairs(_KOREAN_FAMILIES_TEXT)


def hangul(text: str, *, family: bool) -> str:
    """`text` with Hangul in Latin letters; `family`: it is a family name, which custom may spell."""
    if family and text in _KOREAN_FAMILIES:
        return _KOREAN_FAMILIES[text]
    out = ""
    for char in text:
        out += (
            _hangul(char, behind_l=out.endswith("l")) if _HANGUL_FIRST <= ord(char) <= _HANGUL_LAST else char
        )
    return out


def _hangul(char: str, *, behind_l: bool) -> str:
    from anyascii import anyascii

    final = (ord(char) - _HANGUL_FIRST) % len(_FINALS)
    opened: str = anyascii(chr(ord(char) - final)).lower()
    if opened[0] == "l" and not behind_l:
        opened = "r" + opened[1:]  # ㄹ is r at the beginning of a syllable: 혜린 Hyerin
    return opened + _FINALS[final].strip("-")


_CHINESE_FAMILIES_TEXT = """
    吕 lyu 呂 lyu 曾 zeng 单 shan 單 shan 仇 qiu 解 xie 区 ou 區 ou 查 zha 朴 piao 翟 zhai 盖 ge 蓋 ge 尉迟 yuchi 万俟
    moqi 长孙 zhangsun 员 yun 种 chong 缪 miao 秘 bi 繁 po 黑 he 乐 yue 覃 qin 冼 xian
"""
_CHINESE_FAMILIES = pairs(_CHINESE_FAMILIES_TEXT)


def chinese_family(text: str) -> str:
    """`text`, or its reading where the character as a family name is read in its own way (单 shan, not dan)."""
    return _CHINESE_FAMILIES.get(text, text)
