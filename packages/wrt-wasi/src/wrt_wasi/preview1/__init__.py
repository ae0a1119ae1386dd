"""WASI preview 1, one family of functions a file.

Reading order: `errno` (how a function says no), `guest_memory` (how it reads and writes what a guest points
at), `signatures` (every function with its type); then the families: `arguments` and `environment`, which
share `strings`, then `clocks`, `random`, `stdio`, `polling`, `process`.

A function of a family takes a `GuestMemory` and the guest's arguments as unsigned integers. It returns nothing, or
raises `Refused` with the error code that the guest gets.
"""
