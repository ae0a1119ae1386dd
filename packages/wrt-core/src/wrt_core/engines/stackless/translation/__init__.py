"""Translation of one function to Python source, on its first call.

In the order data flows: `function` reads a body's instructions and hands each to its template, keyed by
mnemonic (`integers`, `comparisons`, `floats`, `memory`, `variables`, `calls`, `control` …); templates
combine `operand`s, Python expressions that have not been evaluated yet, on the operand `stack`; what has
effects becomes a line of a tree (`tree`); `structured` writes the tree as Python with `while`, `break`
and `if`, and `dispatched` as a flat loop over numbered blocks where Python's own nesting limits forbid
the other; `source` keeps, for each line, the wasm offset it came from. A function has a translation for each
`variant`, the way in which it is entered.
"""
