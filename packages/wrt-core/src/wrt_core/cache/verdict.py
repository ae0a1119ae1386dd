"""The verdict: that a module is valid, and what validation found out, kept for the next process."""

from __future__ import annotations

from wrt_core.cache.pack import Pack
from wrt_core.validation import ValidatedModule, validate
from wrt_core.validation.module import Progress
from wrt_foundation.features import Feature, Features
from wrt_foundation.limits import ImplementationLimits
from wrt_foundation.module import Module

__all__ = ["validate_once"]


def validate_once(
    module: Module,
    pack: Pack,
    *,
    features: Features,
    limits: ImplementationLimits,
    progress: Progress | None = None,
) -> ValidatedModule:
    """Return `module` validated, as `validate` does, but for a module that its pack knows to be valid.

    The verdict holds for the features and limits it was found with. Only what is valid is kept.
    """
    key = ("valid", sorted(each.value for each in features), repr(limits))
    found = pack.get(*key)
    if found is not None:
        declared, used, changed_tables = found
        return ValidatedModule.restore(module, declared, frozenset(map(Feature, used)), changed_tables)
    validated = validate(module, features=features, limits=limits, progress=progress)
    used = sorted(each.value for each in validated.features_used)
    pack.put((sorted(validated.declared_functions), used, sorted(validated.changed_tables)), *key)
    return validated
