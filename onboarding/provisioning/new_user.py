"""What POST /users is asked for: HR's words, cut to Entra's property limits.

Limits: Graph, user resource type. What HR did not say, or said in a way that is not certain, is left out.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.domain import calendar, names
from onboarding.domain.account import AccountIntent
from onboarding.domain.nudges import working_time_of
from onboarding.domain.phone import phonebook
from onboarding.domain.places import place
from onboarding.ports import NewUser
from onboarding.provisioning import timing
from onboarding.provisioning.step import Context
from onboarding.provisioning.steps import reserve_username


def new_user(ctx: Context, intent: AccountIntent) -> NewUser:
    """The request's content. Raises names.NameUnusable.

    Before the lead time of the policy the account is made disabled: `enable_account` opens it.
    """
    hire, s = ctx.hire, ctx.s
    where = reserve_username.where(hire)
    person = reserve_username.person_name(hire)
    directory_phone = None
    if s.settings.phone_attribute == "mobilePhone" and ctx.now.date() >= s.settings.deadline:
        # Before the deadline this attribute would count as a recovery factor nobody confirmed.
        directory_phone = phonebook.directory_number(hire)
    return NewUser(
        user_principal_name=intent.user_principal_name,
        mail_nickname=names.mail_nickname(intent.user_principal_name),
        display_name=names.display_name(person, hire.locale, where),
        employee_id=intent.mark,
        password=s.entropy.password(),
        given_name=names.given_name(person),
        surname=names.surname(person),
        job_title=_cut(hire.job_title, 128),
        department=None if hire.department_is_id else _cut(hire.department, 64),
        company_name=_cut(s.settings.company_name, 64),
        usage_location=place.usage_location(hire),
        preferred_language=place.known_language(hire),
        employee_hire_date=hire_date(ctx),
        employee_type=_cut(hire.employment_type, 64),
        mobile_phone=directory_phone,
        account_enabled=hire.start_date is None
        or ctx.now >= timing.opens_at(ctx.case, s.policy, timing.ENABLE),
    )


def hire_date(ctx: Context) -> datetime | None:
    """The first day begins where the person works; None: HR names none."""
    start = ctx.hire.start_date
    return calendar.local_midnight(start, working_time_of(ctx.case, ctx.s.policy).zone) if start else None


def _cut(text: str | None, limit: int) -> str | None:
    cleaned = names.clean(text) if text else ""
    return names.truncate(cleaned, limit) or None
