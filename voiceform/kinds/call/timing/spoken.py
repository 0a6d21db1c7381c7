"""Dates and times as people say them in their languages; the words are those of Unicode's CLDR (babel)."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from voiceform.model.errors import MissingExtraError

if TYPE_CHECKING:
    from babel import Locale

DEFAULT_LANGUAGE = "en-US"
"""That of Twilio's <Say>: https://www.twilio.com/docs/voice/twiml/say."""
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.ASCII)
_SPACES = str.maketrans({"\u202f": " ", "\xa0": " ", "\u200f": None, "\u200e": None})


def is_language(text: str) -> bool:
    """Whether it has the form of a language tag: `de-DE`, `es-419`, `cmn-CN`."""
    return _TAG.fullmatch(text) is not None


class SpokenTimes:
    """Says local times: `Tuesday, December 1, 2026, 9:00 AM`, `Dienstag, 1. Dezember 2026, 09:00`.

    What was said once is remembered: of a hundred thousand appointments few have a day of their own.
    """

    def __init__(self) -> None:
        self._locales: dict[str, Locale] = {}
        self._patterns: dict[str, str] = {}
        self._days: dict[tuple[str, date], str] = {}
        self._times: dict[tuple[str, time], str] = {}

    def said(self, local: datetime, language: str) -> str:
        """A local time in a language. ValueError for one that CLDR does not know; MissingExtraError without
        the extra `languages`."""
        locale = self._locale(language)
        from babel.dates import format_date, format_time, get_datetime_format

        day, clock = (language, local.date()), (language, local.time())
        if language not in self._patterns:
            self._patterns[language] = str(get_datetime_format("full", locale=locale)).replace("'", "")
        if day not in self._days:
            self._days[day] = format_date(day[1], "full", locale=locale).translate(_SPACES)
        if clock not in self._times:
            self._times[clock] = format_time(clock[1], "short", locale=locale).translate(_SPACES)
        return self._patterns[language].replace("{1}", self._days[day]).replace("{0}", self._times[clock])

    def _locale(self, language: str) -> Locale:
        if language not in self._locales:
            try:
                from babel import Locale, UnknownLocaleError
            except ModuleNotFoundError as error:
                raise MissingExtraError("a time in words", "languages") from error
            try:
                self._locales[language] = Locale.parse(language, sep="-")
            except (UnknownLocaleError, ValueError):
                raise ValueError("nobody has written down how times are said in this language") from None
        return self._locales[language]
