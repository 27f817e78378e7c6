"""What the codes of an assessment mean, and what is missing until a person has confirmed and can reset: in sentences
for people. English only: operators read them, the person's messages have their own texts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from onboarding.domain.evidence import Recoverable, Status
from onboarding.domain.provenance import METHODS, PHONES, SOME_PHONE

#: `because` codes in words, for the views.
BECAUSE: Mapping[str, str] = {
    "excluded_by_operator": "An operator excluded this person.",
    "outside_sspr_scope": "Self-service password reset is not switched on for this person.",
    "no_account": "There is no account yet.",
    "not_looked_at_yet": "No list of this person's methods has been read yet.",
    "sources_stale": "What is known is too old to say what is registered.",
    "not_in_report": "The person is not in the registration report: disabled, deleted, or too new.",
    "registered_enough": "The person registered enough methods in person.",
    "person_only_method": "The person paired a method that nobody else can add.",
    "reviewed": "The person looked at the methods and agreed, but did not register them.",
    "registered_too_few": "The person registered some methods, not enough.",
    "added_by_administrator": "The methods were added by an administrator or an app.",
    "record_not_kept": "The methods are older than any audit record still kept.",
    "registered_before": "The methods may have been there when the person came back, whoever added them.",
    "record_lost": "The methods may be from a time whose audit records were lost before they were read.",
    "awaiting_audit_record": "A method is listed whose audit record has not arrived yet.",
    "actor_unknown": "An audit record says that a method was added, but not by whom.",
    "record_not_understood": "An audit record says that the person registered something, in words that this version "
    "does not know.",
    "method_not_known": "Microsoft's report says that enough is registered for a reset, with a method that this "
    "version does not know.",
    "awaiting_list": "The person finished registering; the list of methods is not read yet.",
    "phone_lost": "A phone was lost, and nobody said that the person still has what was registered before.",
    "method_deleted": "A method that was needed has been deleted.",
    "registration_cancelled": "The person started to register and cancelled.",
    "passkey_only": "Only a passkey is registered, which password reset does not accept.",
    "only_refused_methods": "Only methods that password reset does not accept are registered.",
    "nothing_registered": "No method that password reset accepts is registered.",
}

#: Method → words for people, with an article.
METHOD_WORDS: Mapping[str, str] = {
    "mobilePhone": "a mobile phone",
    "alternateMobilePhone": "a second mobile phone",
    "officePhone": "an office phone",
    SOME_PHONE: "a phone",
    "email": "an email address",
    "microsoftAuthenticatorPush": "Microsoft Authenticator",
    "softwareOneTimePasscode": "an authenticator app",
    "hardwareOneTimePasscode": "a hardware token",
    "securityQuestion": "security questions",
}
_ADVICE = "best Microsoft Authenticator and one more"


@dataclass(frozen=True, slots=True)
class Found:
    """What an assessment found, as far as the sentence needs it; members as in `confirmation.Assessment`."""

    status: Status
    because: str
    recoverable: Recoverable
    confirmed: bool
    required: int
    counted: Collection[str]
    present: Collection[str]
    gone: Collection[str]
    notes: Collection[str]
    #: Of what is there: what others are known to have added.
    added: Collection[str] = ()
    #: … and what counted until a phone was lost.
    doubted: Collection[str] = ()
    #: The report, or the setting, says that SSPR is switched on for this person.
    scope_read: bool = True
    #: Microsoft's SMS and voice calls are over for Global Administrators too.
    phones_over_for_all: bool = False

    @property
    def others(self) -> list[str]:
        """What is there and not the person's."""
        return sorted(set(self.present) - set(self.counted))

    @property
    def register(self) -> str:
        """How much the person has to register."""
        have = {METHODS[name] for name in self.counted}
        short = max(1, self.required - len(have))
        if have:
            return "one more method of another kind"
        return "one method" if short == 1 else "two methods of different kinds"


def missing(found: Found) -> str | None:
    """One to four sentences; None when nothing is missing."""
    parts = [_of_status(found), _of_the_token(found), _of_recovery(found), _of_the_future(found)]
    return " ".join(part for part in parts if part) or None


def words(methods: Collection[str]) -> str:
    """`an email address and a mobile phone`."""
    named = [METHOD_WORDS.get(name, name) for name in sorted(methods)]
    if not named:
        return "nothing"
    return " and ".join((", ".join(named[:-1]), named[-1])) if len(named) > 1 else named[0]


def _are(methods: Collection[str]) -> str:
    return "are" if len(methods) > 1 or "securityQuestion" in methods else "is"


def _do(methods: Collection[str]) -> str:
    return "do" if _are(methods) == "are" else "does"


def _it(methods: Collection[str]) -> str:
    return "them" if _are(methods) == "are" else "it"


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]


def _of_status(found: Found) -> str | None:
    if found.confirmed or found.status is Status.USER_REGISTERED:
        return None
    there = _start(words(found.present))
    match found.status:
        case Status.EXCLUDED:
            return BECAUSE[found.because] + " Nothing is asked of the person."
        case Status.ABSENT:
            return (
                "The account is not in the newest list of registrations: disabled, deleted, or too new. "
                "Nothing is asked of the person until it is."
            )
        case Status.UNKNOWN:
            return _of_unknown(found, there)
        case Status.DIRECTORY_ONLY:
            return f"{BECAUSE[found.because]} The person has to register {found.register}, {_ADVICE}."
        case Status.ADMIN_REGISTERED:
            return (
                f"{_start(words(found.added))} came from an administrator or an app, which does not show that the "
                f"person can use {_it(found.added)}: the person has to register {found.register}.{_nobodys(found)}"
            )
        case Status.UNATTRIBUTED:
            why = "the audit records of that time are gone"
            if found.because == "registered_before":
                why = "what was there when the person came back may be anybody's"
            return (
                f"{there}: nobody can say who added {_it(found.present)}, {why}. "
                "The next change or re-confirmation by the person settles it."
            )
        case Status.PARTIAL if not found.counted:
            return f"{_doubt(found).strip()} The person has to register {found.register}, {_ADVICE}.{_nobodys(found)}"
        case Status.PARTIAL:
            added = f" {_start(words(found.added))} {_do(found.added)} not count: added by somebody else."
            rest = (added if found.added else "") + _doubt(found) + _nobodys(found)
            return (
                f"The person registered {words(found.counted)}; {found.required} are needed, so "
                f"{found.register}.{rest}"
            )
        case Status.USER_REVIEWED:
            return (
                f"The person looked at {words(found.present)} and agreed, which is weaker than registering: a method "
                "registered in person settles it, or ONBOARDING_ACCEPT_REVIEWED accepts it for everybody."
            )
        case _:
            gone = _start(words(found.gone)) if found.gone else "A method"
            was, be = ("were", "are") if len(found.gone) > 1 else ("was", "is")
            return (
                f"{gone} {was} the person's and {be} gone: the person has to register {found.register}, {_ADVICE}."
                + _doubt(found)
            )


def _doubt(found: Found) -> str:
    """What stayed when a phone was lost."""
    if not found.doubted:
        return ""
    names = found.doubted
    return (
        f" {_start(words(names))} {_are(names)} still there and {_do(names)} not count: "
        f"registered before the phone was lost, and nobody said that the person still has {_it(names)}."
    )


def _nobodys(found: Found) -> str:
    """What is there, and neither the person's nor known to be another's."""
    names = set(found.others) - set(found.added) - set(found.doubted)
    return f" Nobody can say who added {words(names)}." if names else ""


def _of_the_token(found: Found) -> str | None:
    if found.confirmed or "token_not_for_administrators" not in found.notes:
        return None
    return "A hardware token does not count for administrators."


def _of_unknown(found: Found, there: str) -> str:
    there = f"{there} {_are(found.present)} listed"
    match found.because:
        case "awaiting_audit_record":
            return f"{there}; the audit record that says who added {_it(found.present)} has not arrived yet."
        case "record_not_understood":
            return (
                f"{there}, and the person registered something that the audit log names in words unknown "
                "here. A method whose record can be read settles it."
            )
        case "actor_unknown":
            return f"{there}, and the audit record names nobody. The person has to register {found.register}."
        case "not_looked_at_yet" if "reset_succeeded" in found.notes:
            return "The person reset the password by self-service; no list of the methods has been read yet."
        case "sources_stale" if "report_frozen" in found.notes:
            return (
                f"The registration report stands still, so nobody can say {_unsaid(found)}. "
                "The next report that moves on, or an audit record, tells."
            )
        case "sources_stale":
            return f"What is known is too old to say {_unsaid(found)}. The next report tells."
        case _:
            return BECAUSE[found.because]


def _unsaid(found: Found) -> str:
    return "whether more is registered" if found.present else "that nothing is registered"


def _of_recovery(found: Found) -> str | None:
    """Why somebody who confirmed cannot reset, or nobody can say."""
    if found.recoverable is Recoverable.YES or found.status in {Status.EXCLUDED, Status.ABSENT}:
        return None
    if "needs_writeback" in found.notes:
        return (
            "The account is synced from Active Directory, and password writeback is off "
            "(ONBOARDING_WRITEBACK): a reset would not reach it."
        )
    if "report_disagrees" in found.notes:
        return (
            "Microsoft's report says that too little is registered for a reset: compare "
            "ONBOARDING_METHODS_REQUIRED with the tenant's setting."
        )
    if "locked_out" in found.notes and found.recoverable is Recoverable.NO:
        return "The person tried to reset the password, and it ended for want of methods."
    if "report_counts_more" in found.notes and found.because != "method_not_known":
        return (
            "Microsoft's report says that enough is registered for a reset, and counts more than is counted here: "
            "compare ONBOARDING_METHODS_REQUIRED with the tenant's setting."
        )
    if not found.confirmed:
        return None
    if "phones_ended" in found.notes:
        rest = set(found.present) - PHONES
        there = (
            f"Without phones only {words(rest)} {_are(rest)} left" if rest else "Only phones are registered"
        )
        return f"{there}. {_ended(found)}: {_more(found, rest)} needed, unless the company has a provider of its own."
    if not found.scope_read:
        return "Whether self-service password reset is switched on for this person has not been read yet."
    if "report_frozen" in found.notes:
        return "The registration report stands still, so nobody can say that a reset would work. The next one tells."
    return "What is known is too old to say that a reset would work. The next report tells."


def _more(found: Found, left: Collection[str]) -> str:
    short = found.required - len({METHODS[name] for name in left})
    return "one more method is" if short == 1 else "two more methods of different kinds are"


def _ended(found: Found) -> str:
    said = "Microsoft's SMS and voice calls ended on 1 February 2027"
    if "administrator_needs_two" not in found.notes or found.phones_over_for_all:
        return said
    return (
        f"{said}, for Global Administrators they end on 1 July 2027, and which kind of administrator this is the "
        "report does not say"
    )


def _of_the_future(found: Found) -> str | None:
    """What is enough today and has an end."""
    if not found.confirmed:
        return None
    left, ended = set(found.present), "phones_ended" in found.notes
    rest = left - PHONES - {"securityQuestion"}
    short = found.required - len({METHODS[name] for name in rest})
    more = _more(found, rest)
    admin = "administrator_needs_two" in found.notes
    day = "1 February 2027 (1 July for Global Administrators)" if admin else "1 February 2027"
    phones = "phones_only_end_2027_02" in found.notes and not ended
    questions = "questions_end_2027_03" in found.notes and short > 0
    if phones and questions:
        return (
            f"Microsoft's SMS and voice calls end on {day}, and security questions in March 2027: "
            f"{more} needed by then."
        )
    if phones:
        kinds = left & PHONES
        if rest:
            count = "count" if len(kinds) > 1 else "counts"
            return f"{_start(words(kinds))} {count} until {day}; {more} needed by then beside {words(rest)}."
        return f"{_start(words(kinds))} alone {_are(kinds)} enough until {day}; {more} needed by then."
    if questions:
        return f"Security questions count until March 2027; {'one more method is' if ended else more} needed by then."
    return None
