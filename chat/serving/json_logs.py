"""The log as JSON, a line an event, for what collects logs (the extra `json`)."""

import logging
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from chat.failures.subject import request_id, subject
from chat.serving.logs import traceback_without_rows


class JSONLines(JsonFormatter):
    """Of a handler. `time` (UTC, ISO 8601), `level`, `logger`, `message`; where there is one `request` (its id),
    `about` (`generation <id>`) and `traceback`. Nothing else that somebody has hung on to a record, such as a request.
    """

    def __init__(self) -> None:
        super().__init__("{message}", style="{", timestamp="time", json_ensure_ascii=False)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        bare = logging.makeLogRecord({"created": record.created, "message": record.getMessage()})
        super().add_fields(log_data, bare, {})
        log_data |= {"level": record.levelname, "logger": record.name}
        said = {"request": request_id.get(), "about": subject.get(), "traceback": message_dict.get("exc_info")}
        log_data |= {name: value for name, value in said.items() if value}

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        return traceback_without_rows(ei)
