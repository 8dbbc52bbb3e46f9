"""Rows that staff save, as CSV that spreadsheets run no cell of."""

import csv
from collections.abc import Iterable

from django.http import HttpResponse

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""How a formula may begin, also with the wide signs, which a spreadsheet may take for the narrow ones."""


def csv_file(name: str, header: Iterable[str], rows: Iterable[Iterable[object]]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    file = csv.writer(response)
    file.writerow(header)
    for cells in rows:
        file.writerow([harmless(str(cell)) for cell in cells])
    return response


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection"""
    return "'" + cell if cell.startswith(FORMULA) else cell
