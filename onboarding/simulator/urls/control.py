"""The control interface of tests and demos, and the pretend HR APIs. No fidelity: nothing like the control
interface exists at Microsoft.
"""

from __future__ import annotations

from onboarding.simulator.call import Handler
from onboarding.simulator.responses import (
    audits,
    control,
    crowd,
    directory_control,
    people,
    policies,
    teams,
)
from onboarding.simulator.vendors import people as vendor_people

_PEOPLE = "/_control/users/{id}"

#: (method, path, handler)
CONTROL: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/_control/clock", control.get_clock),
    ("POST", "/_control/clock", control.move_clock),
    ("GET", "/_control/users", people.list_people),
    ("POST", "/_control/users", people.put_people),
    ("GET", _PEOPLE, people.get_person),
    ("POST", _PEOPLE + "/methods", people.add_method),
    ("DELETE", _PEOPLE + "/methods/{method}", people.delete_method),
    ("POST", _PEOPLE + "/cancel", people.cancel),
    ("POST", _PEOPLE + "/review", people.review),
    ("POST", _PEOPLE + "/sspr", people.attempt_reset),
    ("GET", "/_control/groups", directory_control.list_groups),
    ("POST", "/_control/groups", directory_control.post_group),
    ("GET", "/_control/skus", directory_control.list_skus),
    ("POST", "/_control/skus", directory_control.put_sku),
    ("GET", "/_control/subscriptions", directory_control.list_subscriptions),
    ("GET", "/_control/faults", control.list_faults),
    ("POST", "/_control/faults", control.add_fault),
    ("DELETE", "/_control/faults", control.clear_faults),
    ("GET", "/_control/report", control.get_report),
    ("POST", "/_control/report", control.set_report),
    ("GET", _PEOPLE + "/behaviour", crowd.get_behaviour),
    ("POST", _PEOPLE + "/behaviour", crowd.set_behaviour),
    ("GET", "/_control/behaviours", crowd.get_behaviours),
    ("POST", "/_control/behaviours", crowd.set_behaviours),
    ("GET", "/_control/audit", audits.get_keeping),
    ("POST", "/_control/audit", audits.set_keeping),
    ("GET", "/_control/policy", control.get_policy),
    ("POST", "/_control/policy", control.set_policy),
    ("GET", "/_control/entra", policies.get_entra),
    ("POST", "/_control/entra", policies.set_entra),
    ("POST", "/_control/conditional_access", policies.add_conditional_access),
    ("DELETE", "/_control/conditional_access", policies.clear_conditional_access),
    ("POST", _PEOPLE + "/teams", teams.set_teams),
    ("POST", "/_control/teams", teams.set_manifest),
    ("GET", "/_control/notifications", teams.list_notifications),
    ("GET", "/_control/mail", control.list_mail),
    ("GET", "/_control/requests", control.list_requests),
    ("PUT", "/_control/vendors/{source}/people/{id}", vendor_people.put),
    ("DELETE", "/_control/vendors/{source}/people/{id}", vendor_people.delete),
    ("POST", "/_control/reset", control.reset),
)

VENDORS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/vendors/{source}/people/{id}", control.get_vendor_person),
)
