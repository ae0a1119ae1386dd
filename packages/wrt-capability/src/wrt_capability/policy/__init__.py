"""Policies: who may do what, read from TOML.

Read `rule` and `policy` first (what a policy is, and which of its rules decides), then `patterns` and `kinds` (what
rules are about), `quantities` (what can be limited), `reading` with `positions` (from TOML, with line and key for what
is wrong); `section` for what a module says of itself, `learning`, `writing` and `difference` for what is done with
policies.
"""

from __future__ import annotations

from wrt_capability.policy.errors import PolicyError, Unenforceable
from wrt_capability.policy.policy import DeniedImports, Exhausted, Policy
from wrt_capability.policy.quantities import QUANTITIES, Limit

__all__ = ["QUANTITIES", "DeniedImports", "Exhausted", "Limit", "Policy", "PolicyError", "Unenforceable"]
