"""What a process counts of itself, for Prometheus (docs/metrics.md).

Each metric stands here, and is counted where it happens; names follow
https://prometheus.io/docs/practices/naming/. Labels are bounded: statuses, models of the settings, pools; never a
user, an id or a text. Without the package prometheus-client (the extra `metrics`) nothing is counted.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

try:
    import prometheus_client
except ImportError:
    prometheus_client = None  # type: ignore[assignment]

SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 900)
SHORT_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)


class Uncounted:
    """In the place of a metric, where there is nobody to count."""

    def labels(self, *values: str, **named: str) -> "Uncounted":
        return self

    def inc(self, amount: float = 1) -> None:
        pass

    def dec(self, amount: float = 1) -> None:
        pass

    def observe(self, amount: float) -> None:
        pass

    def time(self) -> AbstractContextManager[None]:
        return nullcontext()

    def set_function(self, function: Any) -> None:
        pass


registry: Any = prometheus_client and prometheus_client.CollectorRegistry()


def _metric(kind: str, name: str, words: str, labels: tuple[str, ...] = (), **more: Any) -> Any:
    if not prometheus_client:
        return Uncounted()
    return getattr(prometheus_client, kind)(f"chat_{name}", words, labels, registry=registry, **more)


running = _metric("Gauge", "generations_running", "Answers that this process is writing.")
started = _metric("Counter", "generations_started", "Answers that were begun.", ("model",))
ended = _metric("Counter", "generations_ended", "Answers that have ended, by how.", ("status", "model"))
first_token = _metric(
    "Histogram", "first_token_seconds", "From the begin of an answer to its first piece.", ("model",), buckets=SECONDS
)
whole = _metric(
    "Histogram", "generation_seconds", "From the begin of an answer to its end.", ("model",), buckets=SECONDS
)
tokens = _metric("Counter", "tokens", "As the model's service reports them.", ("kind", "model"))
tool_calls = _metric("Counter", "tool_calls", "Calls of tools, by what came of them.", ("status",))
tool_threads_given_up = _metric("Gauge", "tool_threads_given_up", "Threads in tools that nobody waits for any more.")
followers = _metric("Gauge", "followers", "Open streams of answers, by where these are written.", ("source",))
hint_streams = _metric("Gauge", "hint_streams", "Open streams of hints.")
bus_messages = _metric("Counter", "bus_messages", "What processes say to each other over Redis.", ("way",))
resets = _metric("Counter", "stream_resets", "Streams that began anew, for a position that could not be honoured.")
checkpoints = _metric(
    "Histogram", "checkpoint_seconds", "How long storing all that answers have grown by takes.", buckets=SHORT_SECONDS
)
checkpoint_failures = _metric("Counter", "checkpoint_failures", "Times when that failed.")
swept = _metric("Counter", "generations_swept", "Answers found whose process is gone.")
waiting = _metric("Gauge", "pool_waiting", "What waits for a thread, or is in it.", ("pool",))
lag = _metric("Histogram", "event_loop_lag_seconds", "How late the event loop is, each second.", buckets=SHORT_SECONDS)
failures = _metric("Counter", "failures", "Requests and tasks that failed, by why.", ("cause",))

if prometheus_client:
    prometheus_client.ProcessCollector(registry=registry)
    prometheus_client.GCCollector(registry=registry)


def exposition(accept: str) -> tuple[bytes, str]:
    """All of it as Prometheus reads it, and the content type; `accept` is the header of its request."""
    from prometheus_client.exposition import choose_encoder

    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
