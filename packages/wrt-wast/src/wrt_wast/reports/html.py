"""One self-contained HTML page: runs side by side, a matrix of features by engines, filters and search."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files

from wrt_wast.execution.suite import SuiteOutcome, group_of
from wrt_wast.reports.document import to_document

__all__ = ["to_html"]

_PLACE = "/*RUNS*/[]"


def to_html(runs: Sequence[SuiteOutcome]) -> str:
    """Return the page that shows these runs; it loads nothing from anywhere else."""
    documents = []
    for run in runs:
        document = to_document(run)
        for file in document["files"]:
            file["group"] = group_of(file["path"])
        documents.append(document)
    # What is in a script may look like the end of the element that holds the data.
    data = json.dumps(documents, ensure_ascii=True).replace("<", "\\u003c")
    page = files("wrt_wast.reports").joinpath("page.html").read_text(encoding="utf-8")
    return page.replace(_PLACE, data, 1)
