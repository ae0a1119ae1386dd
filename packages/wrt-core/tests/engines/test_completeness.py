"""The stackless engine has a template for exactly the instructions of the features that it says it runs."""

from __future__ import annotations

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import TEMPLATE_MODULES
from wrt_core.engines.stackless.translation.translator import TEMPLATES
from wrt_foundation.instructions import INSTRUCTIONS


def test_each_instruction_of_a_supported_feature_has_a_template() -> None:
    supported = {each.name for each in INSTRUCTIONS if each.feature in StacklessEngine.supported}
    assert sorted(supported - {each.name for each in TEMPLATES}) == []


def test_no_template_is_for_a_feature_that_is_refused() -> None:
    supported = {each for each in INSTRUCTIONS if each.feature in StacklessEngine.supported}
    assert sorted(each.name for each in TEMPLATES if each not in supported) == []


def test_what_a_supported_feature_requires_is_supported() -> None:
    for feature in StacklessEngine.supported:
        assert feature.requires <= StacklessEngine.supported


def test_every_module_of_templates_is_one() -> None:
    registered = {template.__module__ for template in TEMPLATES.values()}
    assert {module.__name__ for module in TEMPLATE_MODULES} >= registered
