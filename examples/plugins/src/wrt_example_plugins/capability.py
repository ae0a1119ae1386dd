"""A capability: keys and values that outlive a guest, in a namespace for each tenant, on SQLite."""

from __future__ import annotations

import sqlite3
import threading

from wrt_capability.authority import Authority
from wrt_capability.plugins import AccessKind, CapabilityPlugin, Description
from wrt_core import Instance, Memory
from wrt_core.runtime.host_namespace import HostNamespace

ADDRESS = 0xFFFF_FFFF  # Numbers of 32 bits arrive signed; an address is not.


class KeyValue(CapabilityPlugin):
    """Grants keys by pattern: `allow.keyvalue.get = "shop/*"`. No guest can name another tenant's."""

    name = "keyvalue"

    def __init__(self, *, path: str = ":memory:") -> None:
        self.lock = threading.Lock()
        self.store = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.store.execute("CREATE TABLE IF NOT EXISTS kv (tenant, key, value, PRIMARY KEY (tenant, key))")

    def describe(self) -> Description:
        """Say what policies may speak of."""
        kind = AccessKind("keyvalue", ("get", "put"), "keys", "a tenant's own keys")
        return Description("Keys and values that outlive a guest, a namespace for each tenant.", kinds=(kind,))

    def provide(self, authority: Authority) -> dict[str, HostNamespace]:
        """Offer `get(key, size, room, capacity)`, the value's size or -1, and `put(key, size, value, size)`."""
        bound: list[Memory] = []

        def key(operation: str, address: int, size: int) -> str:
            text = bound[0].read(address & ADDRESS, size & ADDRESS).decode(errors="replace") if bound else ""
            return authority.require("keyvalue", text, operation)

        def get(address: int, size: int, room: int, capacity: int) -> int:
            named = authority.subject.tenant, key("get", address, size)
            with self.lock:
                row = self.store.execute("SELECT value FROM kv WHERE tenant = ? AND key = ?", named).fetchone()
            if row is not None and len(row[0]) <= capacity:
                bound[0].write(room & ADDRESS, row[0])
            return -1 if row is None else len(row[0])

        def put(address: int, size: int, value: int, length: int) -> None:
            named = authority.subject.tenant, key("put", address, size)
            content = bound[0].read(value & ADDRESS, length & ADDRESS)
            authority.charge(
                "keyvalue", len(content)
            )  # `quota` of a plugin's own kind: whoever made the account bounds it
            with self.lock:
                self.store.execute("INSERT OR REPLACE INTO kv VALUES (?, ?, ?)", (*named, content))

        def attach(instance: Instance) -> None:
            bound[:] = [instance.exports["memory"]]

        return {"keyvalue": HostNamespace(attach, {"get": get, "put": put})}

    def close(self) -> None:
        """Close the database."""
        self.store.close()
