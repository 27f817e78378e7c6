"""The real door beside a function that does nothing, on one host, without queues and timers.

On Azure's Flex Consumption plan HTTP functions scale apart from queue functions (Learn, "Per-function scaling"),
so a door is measured without the workers; they are started over the same store afterwards.
"""

import importlib.util
import sys
from pathlib import Path

import azure.functions as func

_SPEC = importlib.util.spec_from_file_location(
    "real_functions", Path(__file__).resolve().parents[3] / "function_app.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
_REAL = importlib.util.module_from_spec(_SPEC)
sys.modules["real_functions"] = _REAL
_SPEC.loader.exec_module(_REAL)

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.function_name("hr")
@app.route("hr/{source}", methods=_REAL.ALL_METHODS)
async def hr(req: func.HttpRequest) -> func.HttpResponse:
    """The real function."""
    answer: func.HttpResponse = await _REAL.hr(req)
    return answer


@app.function_name("empty")
@app.route("empty/{source}", methods=_REAL.ALL_METHODS)
async def empty(req: func.HttpRequest) -> func.HttpResponse:
    """What the host itself costs: the body arrives, nothing is done, an answer of the same size goes out."""
    return func.HttpResponse(
        b'{"accepted":true,"delivery_id":"d_00000000000000000000000000","result":"queued"}',
        status_code=202,
        mimetype="application/json",
    )
