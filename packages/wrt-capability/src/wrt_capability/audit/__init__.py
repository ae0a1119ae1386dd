"""The audit log: what was allowed, denied and done, by whom and by which rule, so that nobody changes it unnoticed.

Reading order: `record` (what is written of an event), `digest` (arguments), `chain` (how lines hang together), `sinks`
(where they go), `log` (the recorder that ties these together), `verify` and `query` (reading it again).
"""

from __future__ import annotations

from wrt_capability.audit.chain import Head
from wrt_capability.audit.digest import Digester
from wrt_capability.audit.errors import AuditDamaged, AuditFailed, AuditWarning
from wrt_capability.audit.log import AuditLog
from wrt_capability.audit.query import Query, query
from wrt_capability.audit.sinks.factory import create_sink
from wrt_capability.audit.sinks.sink import AuditSink, Sync
from wrt_capability.audit.verify import Finding, Problem, Verdict, verify

__all__ = [
    "AuditDamaged",
    "AuditFailed",
    "AuditLog",
    "AuditSink",
    "AuditWarning",
    "Digester",
    "Finding",
    "Head",
    "Problem",
    "Query",
    "Sync",
    "Verdict",
    "create_sink",
    "query",
    "verify",
]
