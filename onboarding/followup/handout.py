"""The page that the service desk prints for a person: how to register, in their language, without any secret.

Paper is left lying around: no pass, no number, no id of ours stands on it. The texts are those of the messages, from
the same catalogues.
"""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.domain.case import Case
from onboarding.followup import catalogue
from onboarding.followup.messages import SETUP_ADDRESS, language_of
from onboarding.followup.text import plain
from onboarding.settings import Settings


@dataclass(frozen=True, slots=True)
class Handout:
    """One page. `direction` is `ltr` or `rtl`; `steps` are numbered."""

    language: str
    direction: str
    title: str
    #: Facts above the steps, as whole sentences.
    opening: tuple[str, ...]
    steps: tuple[str, ...]
    closing: tuple[str, ...]

    def as_text(self) -> str:
        """For a terminal or a plain printer."""
        steps = [f"{number}. {text}" for number, text in enumerate(self.steps, 1)]
        return "\n".join([self.title, "", *self.opening, "", *steps, "", *self.closing, ""])


def handout(case: Case, settings: Settings) -> Handout:
    """The page for this person. The user name is on it, where there is one: the person has to type it."""
    language = language_of(case, "person")
    texts = catalogue.texts(language)
    values = {
        "company": plain(settings.company_name),
        "upn": case.account.user_principal_name if case.account else "",
        "desk": settings.service_desk or "",
        "setup_address": SETUP_ADDRESS,
    }

    def say(*keys: str) -> tuple[str, ...]:
        return tuple(texts[key].format_map(values) for key in keys)

    opening = ["nudge_first.intro"] + (["welcome.user_name"] if values["upn"] else [])
    closing = ["handout.done", "hint.only_you", "common.no_secrets"] + (
        ["common.desk"] if values["desk"] else []
    )
    steps = ("handout.pass", "steps.open", "steps.app", "steps.second")
    title = texts["handout.title"].format_map(values)
    return Handout(language, catalogue.direction(language), title, say(*opening), say(*steps), say(*closing))
