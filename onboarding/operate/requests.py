"""What people can ask for by name: the actions on a case, and to forget it. The three views come in here."""

from __future__ import annotations

from onboarding.operate import actions, forget
from onboarding.operate.actions import Ask
from onboarding.ports import Operation, Services

ACTIONS = frozenset({*actions.ACTIONS, forget.ACTION})


async def carry_out(s: Services, action: str, wanted: str, ask: Ask) -> Operation:
    """Raises RequestError (400), NotFound, Ambiguous, IllegalTransition, Refused, StoreConflict."""
    if action == forget.ACTION:
        return await forget.forget(s, wanted, ask)
    return await actions.act(s, action, wanted, ask)


def note(action: str) -> str | None:
    """What the answer has to say beside "done": what a word promises more than it does."""
    return forget.KEPT if action == forget.ACTION else None
