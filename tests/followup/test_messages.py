"""The texts: complete in every language, safe with hostile names, and nothing that looks like phishing."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from babel.messages.pofile import read_po

from onboarding.domain.account import PassRecord, PassStatus
from onboarding.domain.case import Case
from onboarding.domain.evidence import Status
from onboarding.domain.policy import FollowUpPolicy, Policy
from onboarding.domain.records import RungRecord, RungStatus
from onboarding.errors import ConfigurationError
from onboarding.followup import catalogue, messages
from onboarding.followup.messages import CatalogueMessages, language_of, recognise
from onboarding.followup.shapes import MESSAGES
from onboarding.followup.text import address, plain
from onboarding.ports import Mail
from onboarding.settings import Secret, Settings
from tests.support.followup_doubles import MONDAY, audit, make_case

SETTINGS = Settings(service_desk="desk@contoso.example", company_name="Contoso & Söhne <GmbH>")
FACTS = {
    "first_credential": "manager",
    "access_pass": "Xk3%a<9!",
    "usable_from": "2026-10-05T06:00:00+00:00",
    "usable_until": "2026-10-05T14:00:00+00:00",
}
LOCALES = {"en": "en-GB", "de": "de-AT"}


def compose(message: str, case: Case | None = None, *, settings: Settings = SETTINGS, **facts: str) -> Mail:
    composer = CatalogueMessages(settings, Policy())
    return composer.compose(
        message, case or make_case(), ("x@y.example",), now=MONDAY, facts={**FACTS, **facts}
    )


def spoken(language: str, **hire: Any) -> Case:
    country = "DE" if language == "de" else "IE"
    return make_case(hire={"locale": LOCALES[language], "work_country": country, **hire})


class Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def outline(mail: Mail) -> Outline:
    parsed = Outline()
    parsed.feed(mail.html)
    return parsed


def test_the_two_languages_are_there() -> None:
    assert {"de", "en"} <= set(catalogue.languages())


@pytest.mark.parametrize("language", catalogue.languages())
def test_a_catalogue_is_complete_with_the_same_placeholders_and_nothing_fuzzy(language: str) -> None:
    with (catalogue.LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        entries = {str(e.id): e for e in read_po(file, abort_invalid=True) if e.id}
    english = catalogue.texts("en")
    assert entries.keys() == english.keys()
    for key, entry in entries.items():
        assert not entry.fuzzy, key
        assert str(entry.string).strip(), key
        assert fields(str(entry.string)) == fields(english[key]), key


def fields(text: str) -> set[str]:
    return {name for _, name, spec, conv in string.Formatter().parse(text) if name and not spec and not conv}


def test_every_text_is_used_and_every_used_text_exists() -> None:
    used = catalogue.texts("en").keys()
    files = ("messages.py", "shapes.py", "handout.py")
    source = "".join((messages.TEMPLATES.parent / name).read_text() for name in files)
    for key in used:
        family, _, last = key.partition(".")
        assert (
            f'"{key}"' in source
            or family == "status"
            or last in {"subject", "subject_again"}
            or (family.startswith("access_pass") and last in {"intro", "again", "hand_over", "next"})
            or key.startswith("welcome.credential_")
            or (last in {"intro", "removed"} and f'r.intro("{family}")' in source)
        ), key
    assert {f"status.{status}" for status in Status} <= used
    assert {f"{message}.subject" for message in MESSAGES} <= used


@pytest.mark.parametrize("language", sorted(LOCALES))
@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("message", sorted(MESSAGES))
def test_every_message_renders_in_every_language_and_status(
    message: str, status: Status, language: str
) -> None:
    case = spoken(language)
    case.status = status
    mail = compose(message, case)
    parsed = outline(mail)
    html = dict(parsed.tags)["html"]
    expected = "en" if MESSAGES[message].audience == "desk" else language
    assert (html["lang"], html["dir"], mail.language) == (expected, "ltr", expected)
    assert not {"a", "img", "script", "form", "input", "button", "link", "iframe"} & {
        tag for tag, _ in parsed.tags
    }
    assert not re.search(r"https?:|//|click here|hier klicken|\{|\}", mail.text + mail.subject, re.IGNORECASE)
    assert "http" not in mail.html
    assert mail.ref in mail.text
    assert mail.ref in mail.html
    assert 0 < len(mail.subject) <= 140
    assert ("aka.ms/mysecurityinfo" in mail.text) is not message.endswith(
        "_desk"
    ) or message == "access_pass_desk"


def visible(mail: Mail) -> list[str]:
    return [" ".join(text.split()) for text in outline(mail).texts if text.strip()]


@pytest.mark.parametrize("message", sorted(MESSAGES))
def test_the_text_part_says_what_the_html_part_says(message: str) -> None:
    mail = compose(message)
    said = " ".join(mail.text.split())
    for piece in visible(mail):
        assert piece in said or piece == mail.subject


@pytest.mark.parametrize("language", sorted(LOCALES))
@pytest.mark.parametrize("message", sorted(MESSAGES))
def test_sentences_are_short(message: str, language: str) -> None:
    shape = compose(message, spoken(language))
    if shape.language != language:
        pytest.skip("the desk is written to in English")
    prose = [piece for piece in visible(shape) if piece.endswith((".", "?", ":"))]
    sentences = [s for piece in prose for s in re.split(r"(?<=[.?:])\s+(?=[A-ZÄÖÜ])", piece)]
    words = [len(sentence.split()) for sentence in sentences]
    assert sum(words) / len(words) <= 14
    assert max(words) <= 27


def test_only_the_pass_mails_hold_a_credential() -> None:
    for message in MESSAGES:
        mail = compose(message)
        held = FACTS["access_pass"] in mail.text
        assert held == message.startswith("access_pass_")
    assert "Xk3%a&lt;9!" in compose("access_pass_manager").html
    assert "<9!" not in compose("access_pass_manager").html


def test_the_pass_mail_says_when_the_pass_works_on_the_local_clock() -> None:
    text = compose("access_pass_manager", spoken("en", work_country="JP", timezone="Asia/Tokyo")).text
    assert "Works from: Monday, 5 October 2026, 15:00" in text
    assert "Asia/Tokyo" in text


HOSTILE = [
    "<script>alert(1)</script>",
    "Eve\r\nBcc: all@contoso.example",
    "a\u202egnp.exe",
    "x\u2066y\u2069\u0000\x1b[31m",
    "{upn}{0.__class__}%s",
    "&amp;\"'><img src=x>",
    "\ud800broken",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("message", ["nudge_first", "escalate_manager", "escalate_desk", "access_pass_desk"])
def test_a_hostile_name_is_text_and_nothing_else(message: str, name: str) -> None:
    case = spoken("en", given_name=name, family_name=name, preferred_name=name, display_name=name)
    mail = compose(message, case)
    assert not set(mail.subject) & set("\r\n\x00\x1b\u202e\u2066\u2069\ud800")
    assert not set(mail.html + mail.text) & set("\x00\x1b\u202e\u2066\u2069\ud800")
    assert not {"script", "img"} & {tag for tag, _ in outline(mail).tags}
    assert "{0.__class__}" not in name or "{0.__class__}" in mail.text
    mail.html.encode()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Ørsted", "Ørsted"),
        ("Strauß", "Strauß"),
        ("山田 太郎", "山田 太郎"),
        ("O'Neill", "O'Neill"),
        ("Pelé", "Pelé"),
        ("Jose\u0301", "José"),
        ("  a \t b\n\nc ", "a b c"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("x" * 64, "x" * 64),
        ("y" * 200, "y" * 79 + "…"),
        (None, ""),
        ("\u202e\u200b", ""),
    ],
)
def test_plain(raw: str | None, expected: str) -> None:
    assert plain(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (" a.b@c.example ", "a.b@c.example"),
        ("o'neill@c.example", "o'neill@c.example"),
        ("müller@straße.example", "müller@straße.example"),
        ("a@b@c.example", None),
        ("a@c.example, b@c.example", None),
        ("a@c.example\r\nBcc: x@y.example", None),
        ("Eve <a@c.example>", None),
        ("a\u202e@c.example", None),
        ("a..b@c.example", None),
        ("", None),
        (None, None),
    ],
)
def test_address(raw: str | None, expected: str | None) -> None:
    assert address(raw) == expected


@pytest.mark.parametrize(
    ("hire", "greeting"),
    [
        ({"preferred_name": "Jo", "given_name": "Johanna"}, "Hello Jo,"),
        ({"given_name": "山田", "family_name": None}, "Hello 山田,"),
        ({"given_name": None, "family_name": None, "display_name": "Pelé"}, "Hello Pelé,"),
        ({"given_name": None, "family_name": None}, "Hello,"),
    ],
)
def test_how_a_person_is_addressed(hire: dict[str, Any], greeting: str) -> None:
    assert compose("nudge_first", spoken("en", **hire)).text.startswith(greeting)


@pytest.mark.parametrize(
    ("hire", "audience", "language"),
    [
        ({"locale": "de-CH"}, "person", "de"),
        ({"locale": "ja", "work_country": "AT"}, "person", "de"),
        ({"locale": None, "work_country": "JP"}, "person", "en"),
        ({"locale": "en", "work_country": "DE"}, "manager", "de"),
        ({"locale": "de", "work_country": "DE"}, "desk", "en"),
    ],
)
def test_whose_language(hire: dict[str, Any], audience: str, language: str) -> None:
    assert language_of(make_case(hire=hire), audience) == language


@pytest.mark.parametrize(
    ("status", "because", "said"),
    [
        (Status.PARTIAL, "registered_too_few", "One more is needed"),
        (Status.ADMIN_REGISTERED, "added_by_administrator", "Somebody else added a method"),
        (Status.REMOVED, "method_deleted", "was removed"),
        (Status.DIRECTORY_ONLY, "passkey_only", "passkey"),
        (Status.DIRECTORY_ONLY, "registration_cancelled", "did not finish"),
    ],
)
def test_a_reminder_says_what_this_person_needs(status: Status, because: str, said: str) -> None:
    case = spoken("en")
    assert said not in compose("nudge_second", case).text
    case.status = status
    assert said in compose("nudge_second", case, because=because).text


def rungs(*records: tuple[int, str, str, RungStatus]) -> dict[str, RungRecord]:
    return {
        f"{episode}:{name}": RungRecord(name, episode, audience, status, MONDAY)
        for episode, name, audience, status in records
    }


#: Nothing of this is a reminder of episode 2 that went out for certain.
NO_REMINDERS = (
    (1, "person_day_0", "person", RungStatus.SENT),
    (2, "welcome", "person", RungStatus.SENT),
    (2, "person_day_2", "person", RungStatus.SKIPPED),
    (2, "person_day_5", "person", RungStatus.UNCERTAIN),
    (2, "manager_day_5", "manager", RungStatus.SENT),
)


@pytest.mark.parametrize(
    ("language", "sent", "said"),
    [
        ("en", 0, ""),
        ("en", 1, " We have sent one reminder."),
        ("en", 2, " We have sent 2 reminders."),
        ("de", 0, ""),
        ("de", 1, " Wir haben einmal daran erinnert."),
        ("de", 3, " Wir haben 3-mal daran erinnert."),
    ],
)
@pytest.mark.parametrize("message", ["escalate_manager", "escalate_desk"])
def test_whoever_is_told_reads_how_many_reminders_this_episode_really_sent(
    message: str, language: str, sent: int, said: str
) -> None:
    case = spoken(language)
    case.episode = 2
    own = [(2, f"own_{n}", "person", RungStatus.SENT) for n in range(sent)]
    case.rungs = rungs(*NO_REMINDERS, *own)
    mail = compose(message, case)
    if mail.language != language:
        pytest.skip("the desk is written to in English")
    intro = catalogue.texts(language)[f"{message}.intro"].format(person="Jürgen Groß")
    assert f"{intro}{said}" in visible(mail)


@pytest.mark.parametrize("language", sorted(LOCALES))
@pytest.mark.parametrize("message", [name for name in MESSAGES if name.startswith(("nudge", "escalate"))])
def test_who_was_registered_once_is_not_said_to_be_not_yet_registered(message: str, language: str) -> None:
    case = spoken(language)
    case.episode = 2
    by_status = replace(case, status=Status.REMOVED)
    for mail in (compose(message, by_status), compose(message, case, because="method_deleted")):
        gone, never = (
            ("no longer registered", "not yet") if mail.language == "en" else ("nicht mehr", "noch nicht")
        )
        assert gone in mail.text
        assert never not in mail.text
        assert "not finished" not in mail.text
        assert "noch offen" not in mail.text
    assert "no longer registered" not in compose(message, case).text


@pytest.mark.parametrize("language", sorted(LOCALES))
def test_that_it_is_done_fits_the_desk_and_a_manager(language: str) -> None:
    assert (
        catalogue.texts(language)["common.stored_done"] != catalogue.texts(language)["common.stored_others"]
    )
    text = compose("resolved_desk", spoken(language)).text
    assert "Nothing is left for you to do." in text
    assert "This tells you only that a task is done." in text
    assert "ticket" not in text
    assert "is open" not in text
    assert "This tells you only that a task is open." in compose("escalate_desk", spoken(language)).text


def handed_over(hours: int, status: PassStatus = PassStatus.DELIVERED) -> PassRecord:
    until = MONDAY + timedelta(hours=hours)
    return PassRecord(status, MONDAY - timedelta(days=1), "manager", usable_until=until)


@pytest.mark.parametrize("status", [Status.DIRECTORY_ONLY, Status.ADMIN_REGISTERED])
def test_the_desk_reads_that_the_first_pass_ended_and_nothing_followed(status: Status) -> None:
    case = make_case(access_pass=handed_over(0), status=status)
    line = "First pass: ended Monday, 5 October 2026, 10:00 (Europe/Berlin), no registration followed"
    assert line in visible(compose("escalate_desk", case))


def test_the_desk_reads_until_when_the_first_pass_is_usable() -> None:
    case = make_case(access_pass=handed_over(1), status=Status.DIRECTORY_ONLY)
    line = "First pass: usable once, until Monday, 5 October 2026, 11:00 (Europe/Berlin)"
    assert line in visible(compose("escalate_desk", case))
    assert "First pass" not in compose("escalate_manager", case).text


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.PARTIAL},
        {"status": Status.UNKNOWN},
        {"status": Status.REMOVED, "confirmed_at": MONDAY},
        {"status": Status.DIRECTORY_ONLY, "confirmed_at": MONDAY},
        {
            "status": Status.DIRECTORY_ONLY,
            "evidence": [audit("a1", "registered", "user", "mobilePhone", MONDAY)],
        },
    ],
)
def test_no_registration_followed_is_not_said_of_somebody_who_did_register(changes: dict[str, Any]) -> None:
    text = compose("escalate_desk", make_case(access_pass=handed_over(-1), **changes)).text
    assert "First pass: ended Monday, 5 October 2026, 09:00" in text
    assert "no registration followed" not in text


@pytest.mark.parametrize(
    "record",
    [
        None,
        handed_over(1, PassStatus.INTENDED),
        handed_over(1, PassStatus.CREATED),
        handed_over(1, PassStatus.VOID),
        replace(handed_over(1), usable_until=None),
    ],
)
def test_a_pass_that_nobody_may_hold_is_not_mentioned(record: PassRecord | None) -> None:
    assert "First pass" not in compose("escalate_desk", make_case(access_pass=record)).text


def test_nobody_is_threatened_with_an_escalation_that_the_ladder_does_not_have() -> None:
    person_only = Policy(follow_up=FollowUpPolicy(ladder=Policy().follow_up.ladder[:3]))
    for policy, said in ((Policy(), True), (person_only, False)):
        mail = CatalogueMessages(SETTINGS, policy).compose("nudge_third", make_case(), (), now=MONDAY)
        assert ("manager" in mail.text) is said


@pytest.mark.parametrize(
    ("route", "said"),
    [("manager", "your manager"), ("desk", "service desk gives"), ("none", "hear separately")],
)
def test_the_welcome_says_where_the_first_credential_comes_from(route: str, said: str) -> None:
    text = compose("welcome", first_credential=route).text
    assert said in text
    assert "juergen.gross@contoso.example" in text
    assert "5 October 2026" in text


def test_a_welcome_without_a_start_date_and_a_desk() -> None:
    mail = compose("welcome", spoken("en", start_date=None), settings=Settings())
    assert "We look forward to working with you." in mail.text
    assert "You reach the service desk" not in mail.text


@pytest.mark.parametrize("language", sorted(LOCALES))
def test_a_first_day_that_is_over_is_not_looked_forward_to(language: str) -> None:
    for days, said in ((0, True), (-1, False)):
        first = MONDAY.date() + timedelta(days=days)
        text = compose("welcome", spoken(language, start_date=first)).text
        assert (str(first.year) in text.split("\n\n")[1]) is said
        assert ("first day" in text or "ersten Tag" in text) or not said


@pytest.mark.parametrize("language", sorted(LOCALES))
@pytest.mark.parametrize("message", ["access_pass_manager", "access_pass_desk"])
def test_a_new_pass_is_not_called_the_first_sign_in(message: str, language: str) -> None:
    first, again = compose(message, spoken(language)), compose(message, spoken(language), new_pass="yes")
    told = again.subject + again.text
    assert not re.search(r"first|erste|zum ersten", told.replace("face to face", ""), re.IGNORECASE)
    assert re.search(r"new|neu", again.subject, re.IGNORECASE)
    assert re.search(r"first|erste", first.subject)


@pytest.mark.parametrize("status", [Status.REMOVED, Status.PARTIAL])
def test_who_lost_a_phone_is_asked_to_register_again_and_not_for_one_more(status: Status) -> None:
    text = compose("nudge_first", make_case(status=status), because="phone_lost").text
    assert "Please register again." in text
    assert "One more is needed" not in text


def test_the_reference_is_recognised_for_this_case_only_and_says_nothing() -> None:
    case = make_case(episode=2)
    mail = compose("nudge_first", case)
    key = SETTINGS.hash_key.reveal()
    assert re.fullmatch(r"[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}", mail.ref)
    assert recognise(key, case, mail.ref) == "nudge_first"
    assert recognise(key, case, f" {mail.ref.lower().replace('-', ' ')} ") == "nudge_first"
    assert recognise(key, replace(case, case_id="c_00000000000000000002"), mail.ref) is None
    assert recognise("another key", case, mail.ref) is None
    assert recognise(key, case, "Ø") is None
    other = compose("nudge_first", case, settings=replace(SETTINGS, hash_key=Secret("k2")))
    assert other.ref != mail.ref


def test_a_ladder_that_names_an_unknown_message_is_the_deployers() -> None:
    with pytest.raises(ConfigurationError, match="nudge_sixth"):
        compose("nudge_sixth")
