"""The test stream that `manage.py checkstream` asks for (chat/diagnostics/probe.py)."""

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from chat.diagnostics.probe import Plan, frames
from chat.errors import ChatError, MethodNotAllowed
from chat.live.event_stream import as_event_stream


async def stream(request: HttpRequest) -> HttpResponseBase:
    """GET /diagnostics/stream/?token=… — a test stream for `manage.py checkstream`."""
    try:
        if request.method != "GET":
            raise MethodNotAllowed
        plan = Plan.of_token(request.GET.get("token", ""))
    except ChatError as error:
        return _refusal(error)
    return as_event_stream(frames(plan, _arrived(request)))


def _refusal(error: ChatError) -> JsonResponse:
    """JSON for everybody: no person comes here."""
    response = JsonResponse(error.as_json(), status=error.status, headers={"Cache-Control": "no-store"})
    if isinstance(error, MethodNotAllowed):
        response["Allow"] = "GET"
    return response


def _arrived(request: HttpRequest) -> dict[str, object]:
    """What is left of the request after its way here."""
    return {
        "host": request.get_host(),
        "is_secure": request.is_secure(),
        "x_forwarded_proto": request.headers.get("X-Forwarded-Proto"),
        "last_event_id": request.headers.get("Last-Event-ID"),
    }
