"""Teams: activity notifications and chats."""

from __future__ import annotations

from onboarding.simulator.responses import teams
from onboarding.simulator.urls.route import NOT_IN_CHINA, USER, Route

_INSTALLED = USER + "/teamwork/installedApps"

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        USER + "/teamwork/sendActivityNotification",
        teams.send_activity,
        "observed",
        "userteamwork-sendactivitynotification",
        "403 with the text seen in public where the app is not installed for the person; other refusals inferred.",
        quota="activity",
        cloudless=NOT_IN_CHINA,
    ),
    Route(
        "GET",
        _INSTALLED,
        teams.list_installed,
        "documented",
        "userteamwork-list-installedapps",
        "Our app only; no options.",
        quota="activity",
    ),
    Route(
        "POST",
        _INSTALLED,
        teams.install,
        "documented",
        "userteamwork-post-installedapps",
        "Any app of the catalog stands for ours. 409 for a second installation is inferred.",
        quota="activity",
    ),
    Route(
        "POST",
        "/chats/{chat_id}/messages",
        teams.post_chat_message,
        "observed",
        "chat-post-messages",
        "Always 403: app-only sending is for migration. The text is that of Teams for a missing permission.",
        quota="chat",
    ),
)
