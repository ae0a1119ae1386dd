"""WASI preview 1, one family of functions a plugin.

Reading order: `errno` and `errors` (how a function says no), `guest_memory` and `records` (how it reads and writes what
a guest points at), `signatures` (every function with its type, by family), `rights` and `descriptor` (what a guest has
open, and what it may do with it), `resolution` (where a path leads), `family` (what a plugin that serves functions is);
then the families: `arguments` and `environment`, which share `strings`, then `clocks`, `random`, `process`, `stdio`,
`descriptors`, `filesystem`, which is `files`, `directories` and `paths`, `sockets`, `polling`; and `unsupported`, in
the place of any of them.
"""
