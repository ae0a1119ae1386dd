"""Features: sets by name, closed under what each requires."""

from __future__ import annotations

import pytest

from wrt_foundation.errors import WrtError
from wrt_foundation.features import ALL, MVP, WASM_2_0, WASM_3_0, Feature, features


def test_each_version_holds_the_one_before() -> None:
    assert MVP < WASM_2_0 < WASM_3_0 < ALL
    assert frozenset(Feature) == ALL
    assert {f.value for f in ALL - WASM_3_0} == {
        "threads",
        "wide-arithmetic",
        "custom-page-sizes",
        "stack-switching",
        "custom-descriptors",
        "legacy-exceptions",
    }


@pytest.mark.parametrize("version", [MVP, WASM_2_0, WASM_3_0, ALL], ids=["mvp", "2.0", "3.0", "all"])
def test_versions_are_closed(version: frozenset[Feature]) -> None:
    assert all(feature.requires <= version for feature in version)


def test_naming_a_feature_brings_what_it_requires() -> None:
    assert features([]) == MVP
    assert features(["simd"]) == MVP | {Feature.SIMD}
    assert features(["gc"]) == MVP | {Feature.GC, Feature.FUNCTION_REFERENCES, Feature.REFERENCE_TYPES}
    for feature in Feature:
        chosen = features([feature.value])
        assert feature in chosen
        assert all(f.requires <= chosen for f in chosen)


def test_naming_a_version() -> None:
    assert features(["wasm-2.0"]) == WASM_2_0
    assert features(["wasm-3.0"]) == WASM_3_0
    assert features(["wasm-2.0", "threads"]) == WASM_2_0 | {Feature.THREADS}
    assert features(["all"]) == ALL


def test_an_unknown_name_is_answered_with_the_closest() -> None:
    with pytest.raises(WrtError, match=r"unknown feature 'smid' \(did you mean 'simd'\?\); known: .*tail-call"):
        features(["smid"])
