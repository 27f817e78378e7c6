"""What became of a delivery, in words for whoever looks after the HR system, and what to do about it.

A test enumerates the codes that intake gives. Nothing here holds a value of the body.
"""

from __future__ import annotations

from onboarding.ports import Delivery, DeliveryStatus

MENDED = (
    "It is kept. If the HR system sent a mistake, have it mended there and sent again; if its format has changed, "
    "mend the source's options where its page (docs/vendors) has some, else report it. Options are read when the "
    "service starts: restart it, then process this one again."
)
#: The same of one of several people in a body.
MENDED_REST = (
    "That is about one of several people; the others were taken over. Have it mended and sent again, or change the "
    "source's options, restart the service, and process this one again: whoever was taken over stays as they are."
)
#: Why a body could not be read: a code, or the beginning of one.
UNREADABLE = {
    "missing": "Something that has to be there is not.",
    "expected_": "What stands there has another form than this HR system's page describes.",
    "unknown_": "What stands there is none of the values that are known.",
    "too_": "It is longer, deeper or more than this service takes.",
    "said_twice": "The same thing is said in two places, so nobody can say which counts.",
    "duplicate_key": "A key stands there twice, so nobody can say which counts.",
    "not_": "The body is not in the format that it has to have.",
    "huge_integer": "A number there has more digits than any id or date.",
    "lone_surrogate": "A text there holds half a character.",
    "nul_character": "A text there holds a NUL character.",
    "missing_id": "No id says whom it is about.",
    "datacontenttype": "The event's data are not JSON.",
}
MEDIA_TYPE = (
    "The content type is none that this HR system uses. Set the format in its webhook as docs/vendors/{adapter}.md "
    "says (mostly JSON) and have it sent again."
)
#: Why nothing was done, or what failed.
REASONS = {
    "not_mapped": "Nobody is onboarded by an event of this type, so nothing was done. Nothing to do.",
    "filtered": "The source's filter (ONBOARDING_HR_<SOURCE>_EVENTS) turns this type away. If it should count, "
    "change the filter and process it again.",
    "no_case": "It is about somebody whom this service does not onboard, so nothing of it is kept. Nothing to do.",
    "handshake": "The HR system's set-up sent its verification token: `python -m onboarding vendors --token SOURCE`.",
    "forgotten": "The person was erased on request, and this with them. Nothing to do.",
    "poison": "Working on it failed again and again in a way that nobody foresaw. The log has the error by type and "
    "place: report it, then process it again.",
    "body_expired": "It was never worked off, and its content is gone by the retention rules. Ask HR to send it again.",
    "body_erased": "Its content is gone, so it cannot be worked off. Ask HR to send it again.",
    "no_adapter": "Its source is no longer configured. Set it in ONBOARDING_SOURCES again, then process it again.",
}
STATUSES = {
    DeliveryStatus.RECEIVED: "It is stored and not yet in the queue; the HR system's repeat, or Process again, puts "
    "it there.",
    DeliveryStatus.QUEUED: "It waits for its turn.",
    DeliveryStatus.PROCESSED: "It was taken over into the case.",
}


def explain(delivery: Delivery) -> str:
    """One to three sentences."""
    reason = delivery.reason_code or ""
    if reason in REASONS:
        return REASONS[reason]
    if reason == "media_type":
        return MEDIA_TYPE.format(adapter=delivery.adapter)
    if delivery.status is DeliveryStatus.UNREADABLE:
        fitting = [key for key in UNREADABLE if reason.startswith(key)]
        what = UNREADABLE[max(fitting, key=len)] if fitting else "The body cannot be used."
        return f"{what} {MENDED_REST if delivery.case_ids else MENDED}"
    return STATUSES.get(delivery.status, "See the log, then process it again.")
