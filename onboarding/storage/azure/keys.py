"""Keys of rows. A table is sorted by (PartitionKey, RowKey) and by nothing else, so every order is in a key.

A key holds at most 1 KiB and none of / \\ # ? or control characters (Microsoft Learn: "Understanding the Table
service data model"). Values of people are hashed, since storage logs write keys into URLs; the words of the search
index cannot be, and are hexadecimal (see docs/storage.md).
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from onboarding.storage.times import micros, moment

#: Keeps times before 1970 sorted too, and every number at 18 digits.
_OFFSET = 10**17
_CEILING = 9 * 10**17
_DIGITS = 18
#: Bytes of a word that are searched; the rest of a longer word does not count. Twice that in characters.
WORD_BYTES = 200
_PLAIN = re.compile(r"[^A-Za-z0-9_-]")


def digest(value: str) -> str:
    """32 hexadecimal characters that stand for a value of any length and alphabet."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def rising(when: datetime) -> str:
    """A time as a key, oldest first."""
    return f"{micros(when) + _OFFSET:0{_DIGITS}d}"


def falling(when: datetime) -> str:
    """A time as a key, newest first."""
    return falling_number(micros(when))


def falling_number(at: int) -> str:
    """Microseconds since 1970 as a key, newest first."""
    return f"{_CEILING - at:0{_DIGITS}d}"


def risen(key: str) -> datetime:
    """The time of a key that `rising` made, with or without what follows it."""
    return moment(int(key[:_DIGITS]) - _OFFSET)


def fallen_number(key: str) -> int:
    """The microseconds of a key that `falling` made, with or without what follows it."""
    return _CEILING - int(key[:_DIGITS])


def owner(key: str) -> str:
    """The id behind the first underscore of `<time or word>_<id>`."""
    return key.partition("_")[2]


def plain(text: str) -> str:
    """Text as part of a key: what is not a letter, digit, - or _ becomes `=` and its code point; reversible."""
    return _PLAIN.sub(lambda found: f"={ord(found[0]):x}.", text)


def word(text: str) -> str:
    """A word so that the prefix of a word is the prefix of its key."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > WORD_BYTES:
        # Not in the middle of a character: half of one would be the prefix of strangers.
        data = data[:WORD_BYTES].decode("utf-8", "ignore").encode()
    return data.hex()
