"""Spans of answers, as a collector of OpenTelemetry receives them."""

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.conftest import ClientFor, RunSite
from tests.support.site import Site
from tests.support.upstream import Head, ScriptedUpstream, calls, done, finish, say, usage
from tests.support.waiting import eventually


class Collector(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.bodies: list[bytes] = []

    def spans(self) -> dict[str, Any]:
        """By the ids of their generations, or calls."""
        found = {}
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for span in (each for scope in resource.scope_spans for each in scope.spans):
                    said = attributes(span)
                    found[said.get("chat.generation.id") or said["gen_ai.tool.call.id"]] = span
        return found


class Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def attributes(span: Any) -> dict[str, Any]:
    def value(each: Any) -> Any:
        kind = each.WhichOneof("value")
        return [value(one) for one in each.array_value.values] if kind == "array_value" else getattr(each, kind)

    return {each.key: value(each.value) for each in span.attributes}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def traced(collector: Collector, run_site: RunSite, committed: None) -> Site:
    return run_site(
        CHAT_TRACES="on",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}",
        OTEL_BSP_SCHEDULE_DELAY="100",
        CHAT_MODELS="one,two",
        CHAT_TOOL_MODELS="one",
        CHAT_TOOLS="current_time",
    )


def span_of(collector: Collector, generation: str) -> Any:
    return eventually(lambda: collector.spans().get(generation), "The span arrives")


def test_an_answer_is_a_span_without_its_words(
    traced: Site, collector: Collector, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("A secret answer"), finish(), usage(7, 3), done())
    with client_for(traced).ask(question, model="two") as stream:
        generation = stream.ids["generation"]
        stream.rest()
    span = span_of(collector, generation)
    said = attributes(span)
    assert (span.name, span.kind, span.status.code) == ("chat two", 3, 0)
    assert span.end_time_unix_nano > span.start_time_unix_nano
    assert said.pop("gen_ai.response.time_to_first_chunk") >= 0
    assert said == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "default",
        "gen_ai.request.model": "two",
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 3,
        "chat.generation.id": generation,
        "chat.generation.status": "complete",
    }
    assert not [body for body in collector.bodies if b"secret" in body or question.encode() in body]


def test_one_that_fails_says_why(
    traced: Site, collector: Collector, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, Head(401))
    with client_for(traced).ask(question) as stream:
        generation = stream.ids["generation"]
        code = (stream.rest().end or {})["code"]
    span = span_of(collector, generation)
    assert (span.status.code, attributes(span)["error.type"]) == (2, code)


def test_a_call_of_a_tool_is_a_span_below_it(
    traced: Site, collector: Collector, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, calls(("current_time", {}), ("no_such_words", {"of": "words"})))
    page = client_for(traced).ask_whole(question)
    assert page.start
    parent = span_of(collector, page.start["generation"])
    done, unknown = (span_of(collector, each["id"]) for each in page.tools("tool_call"))
    assert (done.name, unknown.name) == ("execute_tool current_time", "execute_tool")
    assert done.parent_span_id == unknown.parent_span_id == parent.span_id
    assert attributes(done)["gen_ai.operation.name"] == "execute_tool"
    assert (attributes(done).get("error.type"), attributes(unknown)["error.type"]) == (None, "invalid")
    assert parent.start_time_unix_nano <= done.start_time_unix_nano <= done.end_time_unix_nano
    assert b"words" not in done.SerializeToString() + unknown.SerializeToString()
