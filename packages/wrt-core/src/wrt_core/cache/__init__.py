"""The cache on disk: what was found out about a module, kept for the next process.

An engine that is given one asks it before it validates a module and before it translates a function, so a second
start does neither. Off unless asked for: `EngineFactory.create("stackless", cache="default")`.

Reading order: `directory` (where, and whether that place is safe), `fingerprint` (for whom the contents are good),
`pack` (the file of one module), `cache` (all of them, and how much room they take), `verdict` (that a module is
valid). What an engine keeps is its own affair: anything that `marshal` takes, under keys of its choice.

Whoever can write into the cache can run code as you, as with Python's own `__pycache__`. So it lives in a directory
that nobody else may write to, or is not used. Digests are there against damage, not against malice.
"""

from __future__ import annotations

from wrt_core.cache.cache import Cache, CachedModule, CacheWarning, chosen_directory, open_cache
from wrt_core.cache.directory import UnsafeCacheDirectory, default_directory
from wrt_core.cache.pack import Pack

__all__ = [
    "Cache",
    "CacheWarning",
    "CachedModule",
    "Pack",
    "UnsafeCacheDirectory",
    "chosen_directory",
    "default_directory",
    "open_cache",
]
