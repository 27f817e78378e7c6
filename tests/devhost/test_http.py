"""HTTP triggers answer as the real host does (facts: functions section 4)."""

import asyncio
import gzip
import json
import logging
import threading
from typing import Any

import pytest

ECHO = """
@app.route("echo/{x?}", methods=["GET", "POST"])
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    import json
    return func.HttpResponse(json.dumps({
        "method": req.method, "url": req.url, "headers": dict(req.headers), "params": dict(req.params),
        "route": dict(req.route_params), "body": req.get_body().decode("latin-1"),
    }), mimetype="application/json")
"""


async def test_an_unknown_path_and_a_wrong_method_are_404_and_head_is_not_implied(serve: Any) -> None:
    async with serve(ECHO) as s:
        for method, path in [
            ("GET", "/api/nothing"),
            ("GET", "/echo"),
            ("PUT", "/api/echo"),
            ("HEAD", "/api/echo"),
        ]:
            assert (await s.get(path, method))[:2] == (404, b"")
        assert (await s.get("/API/Echo/"))[0] == 200


async def test_the_route_prefix_of_host_json_counts(serve: Any) -> None:
    async with serve(ECHO, '{"version": "2.0", "extensions": {"http": {"routePrefix": ""}}}') as s:
        assert (await s.get("/echo"))[0] == 200
        assert (await s.get("/api/echo"))[0] == 404


async def test_the_request_as_python_sees_it(serve: Any) -> None:
    async with serve(ECHO) as s:
        headers = [("X-Twice", "a"), ("X-Twice", "b"), ("X-Dev-Role", "viewer"), ("X-Empty", "")]
        path = "/api/echo/%C3%98re?q=1&q=%C3%9F&empty=&Q=3&plus=a+b"
        _, body, _ = await s.get(path, "POST", headers=headers, data=b"\xff\x00raw")
        seen = json.loads(body)
        assert seen["method"] == "POST"
        assert seen["url"].endswith(path)
        assert seen["headers"]["x-twice"] == "a,b"
        assert seen["headers"]["x-dev-role"] == "viewer"
        assert seen["headers"]["x-empty"] == ""
        assert all(name == name.lower() for name in seen["headers"])
        assert seen["params"] == {"q": "1,ß,3", "plus": "a b"}
        assert seen["route"] == {"x": "Øre"}
        assert seen["body"] == "\xff\x00raw"


async def test_a_chunked_body_arrives_empty(serve: Any) -> None:
    async def chunks() -> Any:
        yield b'{"id": 1}'

    async with serve(ECHO) as s:
        status, body, _ = await s.get("/api/echo", "POST", data=chunks())
        seen = json.loads(body)
        assert (status, seen["body"]) == (200, "")
        assert seen["headers"]["transfer-encoding"] == "chunked"


async def test_a_compressed_body_stays_compressed_because_signatures_are_made_over_it(serve: Any) -> None:
    async with serve(ECHO) as s:
        packed = gzip.compress(b'{"id": 1}')
        _, body, _ = await s.get("/api/echo", "POST", data=packed, headers={"Content-Encoding": "gzip"})
        assert json.loads(body)["body"].encode("latin-1") == packed


async def test_easy_auth_headers_are_stripped_unless_imitated(
    serve: Any, environment: dict[str, str]
) -> None:
    headers = {"X-MS-CLIENT-PRINCIPAL": "forged", "x-ms-client-principal-id": "forged"}
    async with serve(ECHO) as s:
        _, body, _ = await s.get("/api/echo", headers=headers)
        assert "forged" not in body.decode()
        assert environment["ONBOARDING_DEV_ROLE"] == "operator"
        assert "WEBSITE_AUTH_ENABLED" not in environment
    del environment["ONBOARDING_DEV_ROLE"]
    async with serve(ECHO, easy_auth=True) as s:
        _, body, _ = await s.get("/api/echo", headers=headers)
        assert json.loads(body)["headers"]["x-ms-client-principal"] == "forged"
        assert environment["WEBSITE_AUTH_ENABLED"] == "true"
        assert "ONBOARDING_DEV_ROLE" not in environment


ANSWERS = """
@app.route("none", methods=["GET"])
async def none(req: func.HttpRequest): return None

@app.route("raise")
async def boom(req: func.HttpRequest): raise RuntimeError("O'Neill +49 170 1234567")

@app.route("str")
def text(req: func.HttpRequest) -> str: return "Größe"

@app.route("dict")
def mapping(req: func.HttpRequest): return {"a": 1}

@app.route("hidden")
def hidden(req: func.HttpRequest):
    async def inner(): return "x"
    return inner()

@app.route("full")
def full(req: func.HttpRequest) -> func.HttpResponse:
    r = func.HttpResponse("Größe", status_code=203, charset="latin-1", mimetype="text/csv",
                          headers={"X-A": "1", "Location": "/api/x"})
    r.headers.add("X-A", "2")
    r.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly; SameSite=Strict")
    r.headers.add("Set-Cookie", "b=2")
    return r

@app.route("json")
def js(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(b"{}", mimetype="application/json")

@app.route("empty")
def empty(req: func.HttpRequest) -> func.HttpResponse: return func.HttpResponse(status_code=204)

@app.route("inject")
def inject(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("x", headers={"X-A": "1\\r\\nSet-Cookie: a=1"})

@app.route("status")
def status(req: func.HttpRequest) -> func.HttpResponse: return func.HttpResponse("x", status_code="no")

@app.route("head", methods=["HEAD"])
def head(req: func.HttpRequest) -> func.HttpResponse: return func.HttpResponse("body")
"""


async def test_what_a_function_returns_is_encoded_as_the_worker_does(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(ANSWERS) as s:
        for path in ("none", "raise", "dict", "hidden", "inject", "status"):
            assert (await s.get(f"/api/{path}"))[:2] == (500, b""), path
        status, body, headers = await s.get("/api/str")
        assert (status, body.decode()) == (200, "Größe")
        assert headers["Content-Type"] == "text/plain; charset=utf-8"
        status, body, headers = await s.get("/api/full", allow_redirects=False)
        assert (status, body) == (203, "Größe".encode("latin-1"))
        assert headers["Content-Type"] == "text/csv; charset=latin-1"
        assert headers.getall("X-A") == ["2"]
        assert headers.getall("Set-Cookie") == ["a=1; Path=/; HttpOnly; SameSite=Strict", "b=2"]
        assert (await s.get("/api/json"))[2].getall("Content-Type") == ["application/json"]
        assert (await s.get("/api/empty"))[:2] == (204, b"")
        assert (await s.get("/api/head", "HEAD"))[:2] == (200, b"")
    assert "Neill" not in caplog.text
    assert [r.levelno for r in caplog.records if r.message == "function.failed"] == [logging.ERROR] * 6


LEVELS = """
@app.route("open")
def a(req: func.HttpRequest) -> str: return "a"
@app.route("function", auth_level=func.AuthLevel.FUNCTION)
def b(req: func.HttpRequest) -> str: return "b"
@app.route("master", auth_level=func.AuthLevel.ADMIN)
def c(req: func.HttpRequest) -> str: return "c"
@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
async def tick(timer: func.TimerRequest) -> None: pass
"""


async def test_keys_are_asked_for_only_with_the_flag(serve: Any) -> None:
    async with serve(LEVELS) as s:
        assert [(await s.get(f"/api/{p}"))[0] for p in ("open", "function", "master")] == [200, 200, 200]
    async with serve(LEVELS, enforce_keys=True, function_key="fk", master_key="mk") as s:

        async def statuses(path: str) -> list[int]:
            keys: list[dict[str, Any]] = [
                {},
                {"headers": {"X-Functions-Key": "nø"}},
                {"headers": {"x-functions-key": "fk"}},
                {"params": {"code": "fk"}},
                {"params": {"code": "mk"}},
            ]
            return [(await s.get(path, **key))[0] for key in keys]

        assert await statuses("/api/open") == [200] * 5
        assert await statuses("/api/function") == [401, 401, 200, 200, 200]
        assert await statuses("/api/master") == [401, 401, 401, 401, 200]
        assert (await s.get("/admin/functions/tick", "POST", json={}))[0] == 401
        key = {"x-functions-key": "mk"}
        assert (await s.get("/admin/functions/tick", "POST", json={}, headers=key))[0] == 202
        assert (await s.get("/admin/host/status"))[0] == 401


async def test_literal_routes_win_and_methods_pick_between_functions(serve: Any) -> None:
    code = """
    @app.route("c/{x}", methods=["GET"])
    def one(req: func.HttpRequest) -> str: return "parameter " + req.route_params["x"]
    @app.route("c/new", methods=["GET"])
    def two(req: func.HttpRequest) -> str: return "literal"
    @app.route("c/{x}", methods=["POST"])
    def three(req: func.HttpRequest) -> str: return "post"
    """
    async with serve(code) as s:
        assert (await s.get("/api/c/NEW"))[1] == b"literal"
        assert (await s.get("/api/c/7"))[1] == b"parameter 7"
        # the literal has no POST, so the parameter takes it
        assert (await s.get("/api/c/new", "POST"))[1] == b"post"


async def test_sync_functions_run_beside_each_other_in_threads_and_async_ones_on_the_loop(serve: Any) -> None:
    code = """
    BARRIER = threading.Barrier(3, timeout=5)
    @app.route("sync")
    def sync(req: func.HttpRequest, context: func.Context) -> str:
        BARRIER.wait()
        return threading.current_thread().name + "/" + context.function_name
    @app.route("loop")
    async def loop(req: func.HttpRequest) -> str: return threading.current_thread().name
    """
    async with serve(code) as s:
        answers = await asyncio.gather(*(s.get("/api/sync") for _ in range(3)))
        assert all(body.startswith(b"function_") and body.endswith(b"/sync") for _, body, _ in answers)
        assert (await s.get("/api/loop"))[1].decode() == threading.current_thread().name


async def test_only_this_machine_is_answered(serve: Any) -> None:
    """A page in the developer's browser must not reach the host under a name of its own."""
    async with serve(LEVELS) as s:
        assert (await s.get("/api/open", headers={"Host": "evil.example:7071"}))[0] == 421
        assert (await s.get("/api/open", headers={"Host": "localhost:7071"}))[0] == 200
        evil = {"Origin": "https://evil.example"}
        assert (await s.get("/_dev/settle", "POST", headers=evil))[0] == 403
        assert (await s.get("/admin/functions/tick", "POST", json={}, headers=evil))[0] == 403
        assert (await s.get("/_dev/settle", "POST", headers={"Origin": "http://localhost:7071"}))[0] == 200


async def test_header_bytes_that_are_not_utf8_are_a_400(serve: Any) -> None:
    async with serve(LEVELS) as s:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(s.host.url.rsplit(":", 1)[1]))
        writer.write(b"GET /api/open HTTP/1.1\r\nHost: localhost\r\nX-Name: \xff\xfe\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        writer.write(b"GET http://localhost/api/open HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()


PAGE = """
@app.route("dashboard", methods=["GET"])
async def dashboard(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("here")
"""


async def test_the_bare_address_leads_to_the_dashboard_where_there_is_one(serve: Any) -> None:
    async with serve(PAGE) as s:
        assert (await s.get("/"))[:2] == (200, b"here")
        assert (await s.get("/", "POST"))[0] == 404
        assert (await s.get("/index.html"))[0] == 404
    async with serve(ECHO) as s:
        assert (await s.get("/"))[0] == 404
