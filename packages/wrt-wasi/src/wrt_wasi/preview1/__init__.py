"""WASI preview 1, one family of functions a file.

Reading order: `errno` and `errors` (how a function says no), `guest_memory` and `records` (how it reads and writes what
a guest points at), `signatures` (every function with its type), `rights` and `descriptor` (what a guest has open, and
what it may do with it), `resolution` (where a path leads); then the families: `arguments` and `environment`, which
share `strings`, then `clocks`, `random`, `process`, `descriptors`, `files`, `directories`, `paths`, `sockets`,
`polling`.

A function of a family takes a `GuestMemory` and the guest's arguments as unsigned integers. It returns nothing, or
raises `Refused` with the error code that the guest gets.
"""
