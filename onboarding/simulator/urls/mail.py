"""Drafts, messages and sendMail."""

from __future__ import annotations

from onboarding.simulator.responses import mail
from onboarding.simulator.urls.route import USER, Route

_MESSAGES = USER + "/messages"

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        _MESSAGES,
        mail.create_draft,
        "documented",
        "user-post-messages",
        "JSON only; the body comes back as sent, not wrapped in a page.",
        headers=("prefer",),
        quota="mailbox",
    ),
    Route(
        "GET",
        _MESSAGES + "/{message_id}",
        mail.get_message,
        "documented",
        "message-get",
        "Sent Items lag only when ordered.",
        options=("$select",),
        headers=("prefer",),
        quota="mailbox",
    ),
    Route(
        "POST",
        _MESSAGES + "/{message_id}/send",
        mail.send_draft,
        "documented",
        "message-send",
        "Sending twice is 400, code inferred.",
        headers=("prefer",),
        quota="message",
    ),
    Route(
        "DELETE",
        _MESSAGES + "/{message_id}",
        mail.delete_message,
        "documented",
        "message-delete",
        headers=("prefer",),
        quota="mailbox",
    ),
    Route(
        "POST",
        USER + "/sendMail",
        mail.send_mail,
        "observed",
        "user-sendmail",
        "Unknown sender: ErrorInvalidUser; no mailbox: MailboxNotEnabledForRESTAPI, as seen in public. "
        "That is also what a newly licensed user answers for 15 minutes.",
        quota="message",
    ),
)
