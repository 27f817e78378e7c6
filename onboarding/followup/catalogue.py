"""Translations: one gettext catalogue per language, `locales/<language>/LC_MESSAGES/messages.po`.

Read through Babel at first use, never at import. Ids are stable names (`nudge_first.subject`), English is a
catalogue like any other, and an id without a text is an error: the tests hold all languages complete, so that
there is no half-translated mail. A new language is a new folder.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from babel import Locale

LOCALES = Path(__file__).parent / "locales"


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """BCP 47 tags that we can write, sorted."""
    return tuple(sorted(path.parent.parent.name for path in LOCALES.glob("*/LC_MESSAGES/messages.po")))


@lru_cache(maxsize=64)
def texts(language: str) -> dict[str, str]:
    """Id → text with `{placeholders}`. KeyError for a language that has no catalogue."""
    from babel.messages.pofile import read_po

    if language not in languages():
        raise KeyError(language)
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=None, abort_invalid=True)
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id}


@lru_cache(maxsize=512)
def _locale(language: str, region: str | None = None) -> Locale:
    """The locale for formats: of the region where CLDR has one ("en" in GB writes 5 October)."""
    from babel import Locale, UnknownLocaleError

    base = Locale.parse(language, sep="-")
    if not region:
        return base
    try:
        return Locale(base.language, territory=region, script=base.script)
    except UnknownLocaleError:
        return base


def direction(language: str) -> str:
    """`ltr` or `rtl`, by CLDR."""
    return str(_locale(language).text_direction)


def day(value: date, language: str, region: str | None = None) -> str:
    """A date in words, the weekday included: nobody has to guess which number is the month."""
    from babel.dates import format_date

    return format_date(value, "full", locale=_locale(language, region))


def moment(value: datetime, zone: str, language: str, region: str | None = None) -> str:
    """Date, time and zone, on the recipient's clock."""
    from babel.dates import format_time

    local = value.astimezone(ZoneInfo(zone))
    clock = format_time(local, "short", tzinfo=ZoneInfo(zone), locale=_locale(language, region))
    return f"{day(local.date(), language, region)}, {clock} ({zone.replace('_', ' ')})"
