"""A span of OpenTelemetry for each generation and each call of a tool, where CHAT_TRACES is on (the extra `otel`).

By the conventions for spans of generative models (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/),
and never with what was asked or answered. It is made when the generation has ended, from what is stored of it. A
project that has set up a provider of its own is given spans by that; else what OTEL_… says in the environment holds.
"""

from datetime import datetime
from functools import cache
from typing import Any

from chat.conf import settings
from chat.core.endings import Status
from chat.core.tool_parts import Outcome
from chat.models import Generation, ToolCall

NANOSECONDS = 1_000_000_000
FAULTS = (Status.FAILED, Status.TRUNCATED, Status.INTERRUPTED)


def trace(generation: Generation) -> None:
    """Of one that has just ended."""
    if not settings.CHAT_TRACES:
        return
    from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

    begun = generation.created_at
    span = _tracer().start_span(
        f"chat {generation.model}", kind=SpanKind.CLIENT, start_time=_at(begun), attributes=_attributes(generation)
    )
    if generation.status in FAULTS:
        span.set_attribute("error.type", generation.code or generation.status)
        span.set_status(StatusCode.ERROR)
    within = set_span_in_context(span)
    for call in ToolCall.objects.filter(message=generation.message_id, ended_at__gte=begun):
        _trace_call(call, within)
    span.end(_at(generation.ended_at or begun))


def _trace_call(call: ToolCall, within: Any) -> None:
    assert call.ended_at
    ended = _at(call.ended_at)
    known = {
        "gen_ai.operation.name": "execute_tool",
        **({"gen_ai.tool.name": call.name} if call.name else {}),  # one that there is not has none
        "gen_ai.tool.call.id": str(call.pk),
        "gen_ai.tool.type": "extension" if call.server else "function",
        "chat.tool.status": call.status,
    }
    begun = ended - int((call.seconds or 0) * NANOSECONDS)
    span = _tracer().start_span(f"execute_tool {call.name}".rstrip(), within, start_time=begun, attributes=known)
    if call.status != Outcome.DONE:
        span.set_attribute("error.type", call.status)
    span.end(ended)


def _attributes(generation: Generation) -> dict[str, Any]:
    known = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": generation.provider,
        "gen_ai.request.model": generation.model,
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": [generation.finish_reason] if generation.finish_reason else None,
        "gen_ai.response.time_to_first_chunk": generation.first_piece_after,
        "gen_ai.usage.input_tokens": generation.prompt_tokens,
        "gen_ai.usage.output_tokens": generation.completion_tokens,
        "chat.generation.id": str(generation.pk),
        "chat.generation.status": str(generation.status),
    }
    return {name: value for name, value in known.items() if value is not None}


@cache
def _tracer() -> Any:
    from opentelemetry import trace as api
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if isinstance(api.get_tracer_provider(), api.ProxyTracerProvider):  # nobody has set one up
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        api.set_tracer_provider(provider)
    return api.get_tracer("chat")


def _at(moment: datetime) -> int:
    return int(moment.timestamp() * NANOSECONDS)
