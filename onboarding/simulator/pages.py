"""What a person sees: the mail that went out, and the people of the pretend tenant."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any

from onboarding.simulator.models.mail import Message
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses.control import mail_json

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6570;--line:#d9dee4;--back:#f5f7f9;--card:#fff;
--warn:#7a3e00;--warnback:#ffe8c7;--tag:#e3edf8;--tagink:#124a80}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebee;--soft:#a3adb8;--line:#363d45;--back:#14181c;
--card:#1d2227;--warn:#ffd9a6;--warnback:#4a2e0c;--tag:#1e3750;--tagink:#b9d8f7}}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back)}
.banner{background:var(--warnback);color:var(--warn);padding:.6rem 1.2rem;font-weight:600}
header,main{max-width:70rem;margin:0 auto;padding:1rem 1.2rem}h1{font-size:1.35rem;margin:0}
h2{font-size:1.05rem;margin:1.6rem 0 .6rem}nav a{margin-right:1rem}a{color:var(--tagink)}
.soft{color:var(--soft)}.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;
margin:.6rem 0;overflow:hidden}.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.5rem .8rem;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}th{font-weight:600;color:var(--soft)}
.tag{display:inline-block;background:var(--tag);color:var(--tagink);border-radius:.4rem;padding:0 .45rem;
margin:0 .25rem .2rem 0;font-size:.85rem}summary{cursor:pointer;padding:.7rem .9rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;padding:.2rem .9rem 1rem;font:inherit}
"""


def _when(at: datetime | None) -> str:
    return at.strftime("%a %d %b %Y, %H:%M UTC") if at else ""


def _frame(tenant: Tenant, title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} · Pretend tenant</title><style>{_STYLE}</style></head><body>"
        '<div class="banner" role="note">Pretend tenant: nothing here is real. '
        "No mail leaves this machine.</div>"
        f'<header><h1>{escape(title)}</h1><p class="soft">{escape(tenant.domain)} · its clock says '
        f"{_when(tenant.now())}</p>"
        '<nav><a href="/">Overview</a><a href="/mail">Mail</a></nav></header>'
        f"<main>{content}</main></body></html>"
    )


def _letter(message: Message) -> str:
    shown: dict[str, Any] = mail_json(message)
    to = ", ".join(shown["to"] + shown["cc"] + shown["bcc"])
    return (
        f'<details class="card"><summary><strong>{escape(shown["subject"] or "(no subject)")}</strong><br>'
        f'<span class="soft">to {escape(to)} · from {escape(shown["from"])} · '
        f"{_when(message.sent_at)}</span></summary><pre>{escape(shown['text'])}</pre></details>"
    )


def _letters(messages: list[Message]) -> str:
    """Newest first: a reader wants the latest."""
    if not messages:
        return '<p class="soft">No mail yet.</p>'
    return "".join(_letter(message) for message in reversed(messages))


def _tags(person: Person) -> str:
    names = [f"{method.kind.name} ({method.actor})" for method in person.methods]
    if person.access_pass is not None:
        names.append("temporaryAccessPass")
    tags = "".join(f'<span class="tag">{escape(name)}</span>' for name in names)
    return tags or '<span class="soft">none</span>'


def _state(person: Person) -> str:
    if person.deleted_at is not None:
        return "deleted"
    return "enabled" if person.properties.get("accountEnabled") else "disabled"


def _row(tenant: Tenant, person: Person) -> str:
    manager = tenant.people.by_id.get(person.manager_id or "")
    name = str(person.properties.get("displayName") or "")
    return (
        f"<tr><td>{escape(name)}<br><span class=soft>{escape(person.upn)}</span></td>"
        f"<td>{_state(person)}<br><span class=soft>{escape(person.origin)}, {_when(person.created)}</span></td>"
        f"<td>{escape(str(manager.properties.get('displayName')) if manager else '')}</td>"
        f"<td>{_tags(person)}</td></tr>"
    )


def mail(tenant: Tenant) -> str:
    """Every message that left."""
    return _frame(tenant, f"Mail ({len(tenant.mail.sent)})", _letters(tenant.mail.sent))


def overview(tenant: Tenant) -> str:
    """The latest mail, and everybody with their methods."""
    people = [person for person in tenant.people.in_order if person.origin != "tenant"]
    rows = "".join(_row(tenant, person) for person in reversed(people[-500:]))
    table = (
        '<div class="card scroll"><table><thead><tr><th>Person</th><th>Account</th><th>Manager</th>'
        f"<th>Methods (who set them)</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
    content = (
        f"<h2>Latest mail ({len(tenant.mail.sent)} in all)</h2>{_letters(tenant.mail.sent[-10:])}"
        f"<h2>People ({len(people)})</h2>{table if people else '<p class=soft>Nobody yet.</p>'}"
    )
    return _frame(tenant, "Overview", content)
