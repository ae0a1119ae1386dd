"""Validation: a `Module` becomes a `ValidatedModule`, or an error says which rule it breaks and where."""

from __future__ import annotations

from wrt_core.validation.module import validate
from wrt_core.validation.validated import ExportType, ImportType, ValidatedModule

__all__ = ["ExportType", "ImportType", "ValidatedModule", "validate"]
