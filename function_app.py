"""Azure triggers (Python v2 model): decode, call one use case, encode. Nothing is built at import.

An exception while this file is imported would leave Azure with zero functions and no log line, so it imports
`azure.functions` and little else; everything comes on first use. Rules that the host enforces silently are
tested in `tests/function_app/` (route names, binding names, return values, poison handlers).
"""

import contextlib
import gc
import logging
import os
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import azure.functions as func

if TYPE_CHECKING:
    from onboarding.ports import Services, WorkMessage
    from onboarding.web import Request, Response

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
CONNECTION = "AzureWebJobsStorage"
WORK = "onboarding-work"
BULK = "onboarding-bulk"

_ready = False


def _services() -> "Services":
    """This process's services. The first call builds them and turns noisy libraries down."""
    global _ready
    from onboarding import bootstrap, observe

    if not _ready:
        observe.setup()
        # Reading a case makes some hundred objects, which live until it is written: by default rings are looked for
        # after each 700 of them.
        gc.set_threshold(10_000)
        _ready = True
    return bootstrap.app().services


def _decode(req: func.HttpRequest) -> "Request":
    from urllib.parse import urlsplit

    from onboarding.web import Request

    return Request(
        method=(req.method or "").upper(),
        path=urlsplit(req.url).path,
        headers={name.lower(): value for name, value in req.headers.items()},
        query=dict(req.params),
        params=dict(req.route_params),
        body=req.get_body() or b"",
    )


def _encode(response: "Response") -> func.HttpResponse:
    return func.HttpResponse(
        body=response.body,
        status_code=response.status,
        headers={
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **response.headers,
            "Content-Type": response.content_type,
        },
    )


async def _http(
    name: str, req: func.HttpRequest, view: Callable[["Services", "Request", Any], Awaitable["Response"]]
) -> func.HttpResponse:
    """Access first, then the view; every error becomes an answer without a value from the request in it."""
    from onboarding import access, observe
    from onboarding.api.errors import RETRY_AFTER, answer
    from onboarding.errors import OnboardingError
    from onboarding.web import problem

    observe.correlation.set(secrets.token_hex(8))
    request = s = who = None
    try:
        request = _decode(req)
        s = _services()
        who = access.allow(name, request, s.settings)
        response = await view(s, request, who)
    except OnboardingError as exc:
        response = answer(exc)
        if response.status >= 500:
            observe.failure(logging.getLogger(__name__), "request_failed", exc, function=name)
    except Exception as exc:
        observe.failure(logging.getLogger(__name__), "request_crashed", exc, function=name)
        # 503 at the door: no HR system sends again after a 500, and our fault must not cost a hire.
        status, headers = (503, {"Retry-After": RETRY_AFTER}) if name == "hr" else (500, {})
        response = problem(status, "internal", "This is a fault of the service; the log has it.", headers)
    if name.startswith("dashboard"):
        response = await _dressed(name, response, s, request, who)
    return _encode(response)


async def _dressed(
    name: str, response: "Response", s: "Services | None", request: "Request | None", who: Any
) -> "Response":
    """A problem as a page, mostly the page of the form that led to it."""
    from onboarding import observe
    from onboarding.dashboard import again

    try:
        return await again.dressed(name, response, s, request, who)
    except Exception as exc:
        observe.failure(logging.getLogger(__name__), "page_crashed", exc, function=name)
        return again.alone(name, response)


# --- HR systems -------------------------------------------------------------------------------------------


@app.function_name("hr")
@app.route("hr/{source}", methods=ALL_METHODS)
async def hr(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.intake import receive

    async def view(s: "Services", request: "Request", who: object) -> "Response":
        return await receive.receive(s, request.params.get("source", ""), request)

    return await _http("hr", req, view)


@app.function_name("health")
@app.route("health", methods=["GET"])
async def health(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import views

    async def view(s: "Services", request: "Request", who: object) -> "Response":
        return await views.health(s)

    response = await _http("health", req, view)
    # Anonymous: what is wrong is for the log, also when the settings are.
    return response if response.status_code == 200 else _encode(views.degraded())


# --- operators: dashboard ---------------------------------------------------------------------------------


@app.function_name("dashboard")
@app.route("dashboard", methods=["GET"])
async def dashboard(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import pages

    return await _http("dashboard", req, pages.overview)


@app.function_name("dashboard_case")
@app.route("dashboard/cases/{case_id}", methods=["GET"])
async def dashboard_case(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import pages

    return await _http("dashboard_case", req, pages.case_page)


@app.function_name("dashboard_action")
@app.route("dashboard/cases/{case_id}/{action}", methods=["POST"])
async def dashboard_action(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import pages

    return await _http("dashboard_action", req, pages.case_action)


@app.function_name("dashboard_trouble")
@app.route("dashboard/trouble", methods=["GET"])
async def dashboard_trouble(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import trouble

    return await _http("dashboard_trouble", req, trouble.shown)


@app.function_name("dashboard_limit")
@app.route("dashboard/limits/{kind}/approve", methods=["POST"])
async def dashboard_limit(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import trouble

    return await _http("dashboard_limit", req, trouble.approve)


@app.function_name("dashboard_deliveries")
@app.route("dashboard/deliveries", methods=["GET"])
async def dashboard_deliveries(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import deliveries

    return await _http("dashboard_deliveries", req, deliveries.listing)


@app.function_name("dashboard_delivery")
@app.route("dashboard/deliveries/{delivery_id}", methods=["GET"])
async def dashboard_delivery(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import deliveries

    return await _http("dashboard_delivery", req, deliveries.one)


@app.function_name("dashboard_replay")
@app.route("dashboard/deliveries/{delivery_id}/replay", methods=["POST"])
async def dashboard_replay(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import deliveries

    return await _http("dashboard_replay", req, deliveries.replay)


@app.function_name("dashboard_reports")
@app.route("dashboard/reports", methods=["GET"])
async def dashboard_reports(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import reports

    return await _http("dashboard_reports", req, reports.reports)


@app.function_name("dashboard_methods")
@app.route("dashboard/cases/{case_id}/methods", methods=["GET"])
async def dashboard_methods(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import desk

    return await _http("dashboard_methods", req, desk.methods)


@app.function_name("dashboard_handout")
@app.route("dashboard/cases/{case_id}/handout", methods=["GET"])
async def dashboard_handout(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import desk

    return await _http("dashboard_handout", req, desk.handout)


@app.function_name("dashboard_case_plan")
@app.route("dashboard/cases/{case_id}/plan", methods=["GET"])
async def dashboard_case_plan(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import plans

    return await _http("dashboard_case_plan", req, plans.one)


@app.function_name("dashboard_plan")
@app.route("dashboard/plan", methods=["GET"])
async def dashboard_plan(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import plans

    return await _http("dashboard_plan", req, plans.shown)


@app.function_name("dashboard_plan_apply")
@app.route("dashboard/plan", methods=["POST"])
async def dashboard_plan_apply(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import plans

    return await _http("dashboard_plan_apply", req, plans.carry_out)


@app.function_name("dashboard_reruns")
@app.route("dashboard/reruns", methods=["GET"])
async def dashboard_reruns(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import reruns

    return await _http("dashboard_reruns", req, reruns.shown)


@app.function_name("dashboard_rerun_many")
@app.route("dashboard/reruns", methods=["POST"])
async def dashboard_rerun_many(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.dashboard import reruns

    return await _http("dashboard_rerun_many", req, reruns.carry_out)


# --- operators: JSON --------------------------------------------------------------------------------------


@app.function_name("cases")
@app.route("cases", methods=["GET"])
async def cases(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import views

    return await _http("cases", req, views.list_cases)


@app.function_name("case")
@app.route("cases/{case_id}", methods=["GET"])
async def case(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import views

    return await _http("case", req, views.show_case)


@app.function_name("case_action")
@app.route("cases/{case_id}/{action}", methods=["POST"])
async def case_action(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import views

    return await _http("case_action", req, views.act)


@app.function_name("case_methods")
@app.route("cases/{case_id}/methods", methods=["GET"])
async def case_methods(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import views

    return await _http("case_methods", req, views.list_methods)


@app.function_name("case_plan")
@app.route("cases/{case_id}/plan", methods=["GET"])
async def case_plan(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import plans

    return await _http("case_plan", req, plans.one)


@app.function_name("plan")
@app.route("plan", methods=["GET"])
async def plan(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import plans

    return await _http("plan", req, plans.shown)


@app.function_name("plan_apply")
@app.route("plan", methods=["POST"])
async def plan_apply(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import plans

    return await _http("plan_apply", req, plans.carry_out)


@app.function_name("reruns")
@app.route("reruns", methods=["POST"])
async def reruns(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import reruns as views

    return await _http("reruns", req, views.rerun_many)


@app.function_name("trouble")
@app.route("trouble", methods=["GET"])
async def trouble(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import views

    return await _http("trouble", req, views.show_trouble)


@app.function_name("limit_approve")
@app.route("limits/{kind}/approve", methods=["POST"])
async def limit_approve(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import views

    return await _http("limit_approve", req, views.approve_limit)


@app.function_name("operation")
@app.route("operations/{operation_id}", methods=["GET"])
async def operation(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import views

    return await _http("operation", req, views.show_operation)


@app.function_name("deliveries")
@app.route("deliveries", methods=["GET"])
async def deliveries(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import views

    return await _http("deliveries", req, views.list_deliveries)


@app.function_name("delivery")
@app.route("deliveries/{delivery_id}", methods=["GET"])
async def delivery(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import views

    return await _http("delivery", req, views.show_delivery)


@app.function_name("delivery_replay")
@app.route("deliveries/{delivery_id}/replay", methods=["POST"])
async def delivery_replay(req: func.HttpRequest) -> func.HttpResponse:
    from onboarding.api import views

    return await _http("delivery_replay", req, views.replay_delivery)


# --- queues -----------------------------------------------------------------------------------------------


async def _run(
    action: str, use_case: Callable[["Services"], Awaitable[object]], *, repeatable: bool = True
) -> None:
    """Run what nobody waits for. `repeatable`: its message or timer comes again after a power failure.

    The host logs the text of what is raised here, so a foreign error, whose text may quote what HR sent, goes on as its
    type and place only.
    """
    from onboarding import bootstrap, observe
    from onboarding.errors import OnboardingError

    observe.correlation.set(secrets.token_hex(8))
    try:
        s = _services()
        with bootstrap.app().store.repeatable() if repeatable else contextlib.nullcontext():
            await use_case(s)
    except OnboardingError as exc:
        observe.failure(logging.getLogger(__name__), action, exc)
        raise exc from None  # what it came from may quote a row, a URL or a key
    except Exception as exc:
        observe.failure(logging.getLogger(__name__), action, exc)
        raise RuntimeError(observe.describe(exc)) from None


async def _work(msg: func.QueueMessage, queue: str) -> None:
    """Handle one message. What raises here is delivered again, and is recorded as poison in the end."""
    from onboarding.operate import work
    from onboarding.storage import messages

    async def use_case(s: "Services") -> None:
        message = messages.from_json(msg.get_body().decode("utf-8"))
        # A foreign message may overwrite the trigger's metadata: at worst a case is looked at more closely.
        count = msg.dequeue_count
        again = isinstance(count, int) and count > 1
        try:
            await work.handle(s, message, queue=queue, redelivered=again)
        except Exception as exc:
            await _noted(s, message, exc)
            raise

    await _run("work_failed", use_case)


async def _noted(s: "Services", message: "WorkMessage", error: Exception) -> None:
    """The cause goes onto the case or delivery. That this fails as well must not hide the failure itself."""
    from onboarding import observe
    from onboarding.operate import work

    try:
        await work.fell(s, message, error)
    except Exception as exc:
        observe.failure(logging.getLogger(__name__), "cause_unrecorded", exc)


async def _poison(msg: func.QueueMessage) -> None:
    """Record what the queue gave up on. Never raises: a `-poison` queue has no poison queue of its own."""
    from onboarding import observe
    from onboarding.operate import work
    from onboarding.storage import messages

    observe.correlation.set(secrets.token_hex(8))
    try:
        await work.poisoned(_services(), messages.from_json(msg.get_body().decode("utf-8")))
    except Exception as exc:
        observe.failure(logging.getLogger(__name__), "poison_unrecorded", exc)


@app.function_name("work")
@app.queue_trigger(arg_name="msg", queue_name=WORK, connection=CONNECTION)
async def work(msg: func.QueueMessage) -> None:
    await _work(msg, WORK)


@app.function_name("bulk")
@app.queue_trigger(arg_name="msg", queue_name=BULK, connection=CONNECTION)
async def bulk(msg: func.QueueMessage) -> None:
    await _work(msg, BULK)


@app.function_name("work_poison")
@app.queue_trigger(arg_name="msg", queue_name=WORK + "-poison", connection=CONNECTION)
async def work_poison(msg: func.QueueMessage) -> None:
    await _poison(msg)


@app.function_name("bulk_poison")
@app.queue_trigger(arg_name="msg", queue_name=BULK + "-poison", connection=CONNECTION)
async def bulk_poison(msg: func.QueueMessage) -> None:
    await _poison(msg)


# --- timers -----------------------------------------------------------------------------------------------


@app.function_name("track")
@app.timer_trigger(arg_name="timer", schedule="0 */5 * * * *", run_on_startup=False, use_monitor=True)
async def track(timer: func.TimerRequest) -> None:
    from onboarding.followup import track as use_case

    await _run("track_failed", use_case.track)


@app.function_name("followup")
@app.timer_trigger(arg_name="timer", schedule="30 */5 * * * *", run_on_startup=False, use_monitor=True)
async def followup(timer: func.TimerRequest) -> None:
    from onboarding.operate import due

    await _run("followup_failed", due.enqueue_due)


@app.function_name("watchdog")
@app.timer_trigger(arg_name="timer", schedule="45 */5 * * * *", run_on_startup=False, use_monitor=True)
async def watchdog(timer: func.TimerRequest) -> None:
    """What was lost is found, what is kept too long goes, a bounded bit at a time; once a day HR is told what could not
    be used; and an audit log that nobody reads is an alarm, also where `track` itself does not run."""
    from onboarding.followup import sources
    from onboarding.operate import quality, retention
    from onboarding.operate import watchdog as watching

    async def use_case(s: "Services") -> None:
        try:
            await watching.watch(s)
        finally:
            try:
                await retention.prune(s)
            finally:
                try:
                    await quality.digest(s)
                finally:
                    await sources.alarm(s, await s.clock.now())

    await _run("watchdog_failed", use_case)


@app.function_name("at_risk")
@app.timer_trigger(arg_name="timer", schedule="0 10 4 * * *", run_on_startup=False, use_monitor=True)
async def at_risk(timer: func.TimerRequest) -> None:
    """Who of the whole workforce is at risk, once a week; tried each day until it was read."""
    from onboarding.operate import at_risk as use_case

    await _run("at_risk_failed", use_case.refresh)


# --- the diagnostic stream, where there is one --------------------------------------------------------------

#: A trigger whose hub cannot be found would be an error at every start, so there is none without the setting. The
#: host resolves the name and the connection (`AuditHub__fullyQualifiedNamespace` …) itself.
if os.environ.get("ONBOARDING_AUDIT_HUB", "").strip():  # noqa: TID251 - before anything of ours may be imported

    @app.function_name("audit_stream")
    @app.event_hub_message_trigger(
        arg_name="event",
        event_hub_name="%ONBOARDING_AUDIT_HUB%",
        connection="AuditHub",
        cardinality="one",
    )
    async def audit_stream(event: func.EventHubEvent) -> None:
        """Entra's audit records within seconds; what is lost here, `track` reads."""
        from onboarding.followup import track as tracking

        async def use_case(s: "Services") -> None:
            await tracking.take_stream(s, [event.get_body()])

        # The hub gives each event once.
        await _run("stream_failed", use_case, repeatable=False)
