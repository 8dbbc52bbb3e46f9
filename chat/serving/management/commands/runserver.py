from daphne.management.commands import runserver

from chat.serving.daphne import Server, is_known


class Command(runserver.Command):  # type: ignore[misc] # untyped base
    """daphne's `runserver` with our server."""

    if is_known():
        server_cls = Server
