"""The words of the audit log about methods. The set is open and not documented as stable (facts 2.1).

Plain: the words seen in public for each method, the same every time. Mixed: also the other words seen or documented,
with and without a full stop, and now and then words that nobody has seen; chosen by the seed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from onboarding.simulator.models.methods import Kind

#: Beside `Kind.user_words`. Sources: howto-registration-mfa-sspr-combined-troubleshoot ("Method can be ..."),
#: janbakker.tech 2024-02-21, Entra PowerShell Get-EntraAuditDirectoryLog example 4, public hunting queries.
_ALSO: Mapping[str, tuple[str, ...]] = {
    "mobilePhone": ("Mobile Phone Call and SMS", "Phone"),
    "alternateMobilePhone": ("Alternate phone",),
    "securityQuestion": ("Security questions",),
    "appPassword": ("App password",),
    "microsoftAuthenticatorPush": ("Authenticator App with Notification", "Authenticator app"),
    "microsoftAuthenticatorPasswordless": ("Authenticator App with Notification", "Authenticator app"),
    "fido2": ("Fido2 Authentication Method", "Passkey"),
    "passKeyDeviceBound": ("Fido2 Authentication Method", "Passkey"),
    "passKeySynced": ("Fido2 Authentication Method", "Passkey"),
}
_UNHEARD = "a method under a name of next year"
_UNHEARD_SHARE, _STOP_SHARE, _PASS_AS_USER_SHARE = 0.05, 0.5, 0.5
#: Known by the same name whatever their words are, so that a reader who does not know them stays careful.
_NEVER_UNHEARD = ("temporaryAccessPass",)


class Words:
    """One log's choice of words. `mixed` False: plain. Draws come from a stream of their own."""

    def __init__(self, seed: int) -> None:
        self.mixed = False
        self._chance = random.Random(f"words {seed}")

    def user(self, kind: Kind) -> str:
        """What follows "User registered"."""
        if not self.mixed:
            return kind.user_words
        if kind.name not in _NEVER_UNHEARD and self._chance.random() < _UNHEARD_SHARE:
            return _UNHEARD
        return self._chance.choice((kind.user_words, *_ALSO.get(kind.name, ())))

    def reason(self, text: str) -> str:
        """With a full stop (the documentation's table) or without (as seen)."""
        if not self.mixed:
            return text
        bare = text.rstrip(".")
        return f"{bare}." if self._chance.random() < _STOP_SHARE else bare

    def pass_as_user(self) -> bool:
        """Whether a pass that an app made stands under "User registered security info": public rules look for
        it there, with an app in initiatedBy."""
        return self.mixed and self._chance.random() < _PASS_AS_USER_SHARE
