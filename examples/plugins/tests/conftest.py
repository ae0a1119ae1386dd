"""Assertions of the kits tell as much as those of tests of one's own."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

# Its capability is for those who have the layer.
collect_ignore = [] if find_spec("wrt_capability") else ["test_capability.py"]

pytest.register_assert_rewrite("wrt_capability.testing", "wrt_core.testing", "wrt_foundation.testing")
