"""`StacklessEngine`: each function becomes Python source when it is first called, and guests' calls Python's own.

Read `engine` first, then `compiled` and `translation` (how source is made, and kept), `namespace` (what translated code
refers to) with `stubs` (what stands in for code until then), `invocation` (how it is entered, and how Python's
exceptions become traps) and `call_stack`; `entries` and `stack_switching` for tail calls and continuations.
"""
