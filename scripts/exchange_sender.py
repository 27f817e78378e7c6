"""Print the Exchange Online PowerShell that lets the service send from one mailbox, and from no other.

    azd env get-values | python scripts/exchange_sender.py --azd-env - > sender.ps1

The commands are RBAC for Applications: a service principal in Exchange for the managed identity, a management scope
that holds one mailbox, and the roles Application Mail.Send and Application Mail.ReadWrite (drafts) with that scope.
They look before they change, so running them again is safe, and end with a test that throws unless the mailbox is
in scope and another one is not. Nothing is run here.

Exit codes: 0 printed · 2 a value is missing or cannot be used.

Sources: Learn "Role Based Access Control for Applications in Exchange Online", "New-ManagementRoleAssignment",
"Test-ServicePrincipalAuthorization", "about_Quoting_Rules". Never run against a live Exchange Online by us.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

if __package__ in {None, ""}:  # started as a file: the folder above holds the package
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts import azd_values
from scripts.permissions import MAIL_DRAFTS, MAIL_SEND

OK, USAGE = 0, 2
#: What Exchange allows in an address, less what PowerShell or Exchange would take for a wildcard.
_ADDRESS = re.compile(
    r"^[A-Za-z0-9_'&+-]+(\.[A-Za-z0-9_'&+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$"
)
#: Every character that PowerShell takes for a single quote (about_Quoting_Rules; the parser's IsSingleQuote).
_SINGLE_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")
_WILDCARDS = frozenset("*?[]")


@dataclass(frozen=True, slots=True)
class Sender:
    """All that the commands depend on, checked. Raises ValueError."""

    client_id: str
    principal_id: str
    mailbox: str
    name: str = "Onboarding"
    drafts: bool = True

    def __post_init__(self) -> None:
        if not _ADDRESS.match(self.mailbox) or len(self.mailbox) > 254 or self.mailbox.index("@") > 64:
            raise ValueError("the sender must be one mail address, without display name and wildcards")
        # ASCII: a file without a byte order mark is read in the machine's code page by Windows PowerShell.
        plain = self.name.isascii() and self.name.isprintable() and not _WILDCARDS & set(self.name)
        if not plain or not 1 <= len(self.name) <= 40:
            raise ValueError("the name must be 1 to 40 characters of ASCII without wildcards")

    @property
    def scope(self) -> str:
        return f"{self.name} sender"

    @property
    def opath(self) -> str:
        """The recipient filter. OPATH also doubles a quote in a value."""
        doubled = self.mailbox.replace("'", "''")
        return f"PrimarySmtpAddress -eq '{doubled}'"

    @property
    def roles(self) -> dict[str, str]:
        """Name of the assignment → Exchange's role."""
        wanted = [MAIL_SEND, MAIL_DRAFTS] if self.drafts else [MAIL_SEND]
        return {f"{self.name} {role}": f"Application {role}" for role in wanted}


def quoted(text: str) -> str:
    """A PowerShell literal: single quotes, in which nothing is expanded and only quotes are doubled.

    Raises ValueError for control characters, which no name or address holds.
    """
    if not text.isprintable():
        raise ValueError("a value holds a character that cannot be printed")
    return "'" + _SINGLE_QUOTES.sub(lambda found: found[0] * 2, text) + "'"


_HEAD = """\
# Lets the onboarding service send mail from one mailbox, and from no other. Safe to run again.
# By a member of the role group Organization Management (an Exchange Administrator is one):
#   Install-Module ExchangeOnlineManagement; Connect-ExchangeOnline
$ErrorActionPreference = 'Stop'
$appId = {client_id}
$objectId = {principal_id}
$mailbox = {mailbox}
$name = {name}
$scope = {scope}
$filter = {filter}
# Name of the assignment = role
$roles = [ordered]@{{
{roles}
}}
"""

_GRANT = """
# 1. The mailbox: the scope compares primary addresses, so an alias would match nothing.
$recipient = Get-Recipient -Identity $mailbox
if ("$($recipient.PrimarySmtpAddress)" -ne $mailbox) {
    throw "$mailbox is not the primary address of that mailbox; the primary one is $($recipient.PrimarySmtpAddress)."
}

# 2. The identity, as Exchange knows it: client id and object id of the enterprise application.
$known = @(Get-ServicePrincipal | Where-Object { "$($_.AppId)" -eq $appId })
if ($known.Count -eq 0) {
    New-ServicePrincipal -AppId $appId -ObjectId $objectId -DisplayName $name | Out-Null
} elseif ("$($known[0].ObjectId)" -ne $objectId) {
    throw "Exchange knows $appId with another object id: the identity was made anew. Run Remove-ServicePrincipal first."
}

# 3. The scope: this one mailbox. Where Exchange says that the organization is not customized:
#    Enable-OrganizationCustomization, wait, run this again.
$scopes = @(Get-ManagementScope | Where-Object { $_.Name -eq $scope })
if ($scopes.Count -eq 0) {
    New-ManagementScope -Name $scope -RecipientRestrictionFilter $filter | Out-Null
} elseif (("$($scopes[0].RecipientFilter)" -replace '[\\s()]', '') -ne ($filter -replace '[\\s()]', '')) {
    throw "The scope '$scope' exists with the filter $($scopes[0].RecipientFilter): take another --name, or change it."
}

# 4. The roles, in that scope.
foreach ($assignment in $roles.Keys) {
    $there = @(Get-ManagementRoleAssignment -Role $roles[$assignment] | Where-Object { $_.Name -eq $assignment })
    if ($there.Count -eq 0) {
        New-ManagementRoleAssignment -Name $assignment -App $objectId -Role $roles[$assignment] `
            -CustomResourceScope $scope | Out-Null
    }
}
"""

_NO_DRAFTS = """
# ONBOARDING_MAIL_DRAFTS=false: the mailbox's content is not for the service.
$unwanted = @(Get-ManagementRoleAssignment -Role 'Application Mail.ReadWrite' |
    Where-Object { $_.Name -eq "$name Mail.ReadWrite" })
if ($unwanted.Count -gt 0) {
    Write-Warning "Drafts are still allowed: Remove-ManagementRoleAssignment -Identity '$name Mail.ReadWrite'"
}
"""

_TEST = """
# 5. The test. It goes round the cache; the service itself may have to wait 30 minutes to 2 hours.
$seen = @(Test-ServicePrincipalAuthorization -Identity $objectId -Resource $mailbox)
$seen | Select-Object -Property 'RoleName', 'AllowedResourceScope', 'ScopeType', 'InScope' | Format-Table
foreach ($role in $roles.Values) {
    if (@($seen | Where-Object { $_.RoleName -eq $role -and "$($_.InScope)" -eq 'True' }).Count -eq 0) {
        throw "$role does not reach $mailbox."
    }
}
$other = Get-Mailbox -ResultSize 5 -WarningAction SilentlyContinue |
    Where-Object { "$($_.PrimarySmtpAddress)" -ne $mailbox } | Select-Object -First 1
if ($other) {
    $leak = @(Test-ServicePrincipalAuthorization -Identity $objectId -Resource "$($other.PrimarySmtpAddress)" |
        Where-Object { "$($_.InScope)" -eq 'True' })
    if ($leak.Count -gt 0) {
        throw 'The service reaches another mailbox too: look for a role assignment without a scope.'
    }
} else {
    Write-Warning 'There is no other mailbox to test against.'
}
'Done: the service may send from that mailbox. No Mail role may be granted in Entra beside this.'
"""

_REMOVE = """
foreach ($assignment in $roles.Keys) {
    Get-ManagementRoleAssignment -Role $roles[$assignment] | Where-Object { $_.Name -eq $assignment } |
        Remove-ManagementRoleAssignment -Confirm:$false
}
Get-ManagementScope | Where-Object { $_.Name -eq $scope } | Remove-ManagementScope -Confirm:$false
Get-ServicePrincipal | Where-Object { "$($_.AppId)" -eq $appId } | Remove-ServicePrincipal -Confirm:$false
"""


def commands(sender: Sender, *, remove: bool = False) -> str:
    """The whole PowerShell text."""
    head = _HEAD.format(
        client_id=quoted(sender.client_id),
        principal_id=quoted(sender.principal_id),
        mailbox=quoted(sender.mailbox),
        name=quoted(sender.name),
        scope=quoted(sender.scope),
        filter=quoted(sender.opath),
        roles="\n".join(f"    {quoted(name)} = {quoted(role)}" for name, role in sender.roles.items()),
    )
    if remove:
        return (
            head.replace(
                "# Lets the onboarding service send mail from", "# Takes back the right to send from"
            )
            + _REMOVE
        )
    return head + _GRANT + ("" if sender.drafts else _NO_DRAFTS) + _TEST


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="exchange_sender.py",
        description="Print the Exchange Online PowerShell that lets the service send from one mailbox.",
    )
    add = top.add_argument
    add("--client-id", help=f"client id of the managed identity (azd: {azd_values.CLIENT_ID})")
    add("--principal-id", help=f"object id of the managed identity (azd: {azd_values.PRINCIPAL_ID})")
    add("--sender", help=f"address of the sending mailbox (azd: {azd_values.SENDER})")
    add("--azd-env", metavar="FILE", help="output of `azd env get-values`; - is standard input")
    add("--name", default="Onboarding", help="how the objects in Exchange are called (default: Onboarding)")
    add("--no-drafts", action="store_true", help="without Mail.ReadWrite (ONBOARDING_MAIL_DRAFTS=false)")
    add("--remove", action="store_true", help="print what takes all of it back")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Print, or say what is missing; returns the exit code."""
    options = parser().parse_args(argv)
    try:
        print(commands(_sender(options, azd_values.read(options.azd_env)), remove=options.remove), end="")
    except (ValueError, OSError) as exc:
        print(f"Nothing was printed: {exc}.", file=sys.stderr)
        return USAGE
    return OK


def _sender(options: argparse.Namespace, values: Mapping[str, str]) -> Sender:
    client_id = azd_values.guid(options.client_id or values.get(azd_values.CLIENT_ID), "the client id")
    principal_id = azd_values.guid(
        options.principal_id or values.get(azd_values.PRINCIPAL_ID), "the object id"
    )
    mailbox = options.sender or values.get(azd_values.SENDER) or ""
    if client_id is None or principal_id is None or not mailbox:
        raise ValueError("client id, object id and sender are needed: say them, or give --azd-env")
    if client_id == principal_id:
        raise ValueError("client id and object id are two different ids; here they are the same")
    off = options.no_drafts or values.get(azd_values.MAIL_DRAFTS, "").lower() in {"false", "0"}
    # Whatever the setting is now, an earlier one may have left the role behind.
    drafts = options.remove or not off
    return Sender(client_id, principal_id, mailbox.strip(), options.name.strip(), drafts=drafts)


if __name__ == "__main__":
    sys.exit(main())
