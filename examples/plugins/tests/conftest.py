"""Assertions of the kits tell as much as those of tests of one's own."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("wrt_capability.testing", "wrt_core.testing", "wrt_foundation.testing")
