"""Translation of one function to Python source, on its first call.

In the order data flows: `instructions` are tidied; `function` reads them and hands each to its template, keyed by
mnemonic (`templates`); templates combine `operand`s, Python expressions that have not been evaluated yet, on the
operand `stack`, by what is known of numbers (`knowledge`), the forms in which locals are held (`holding`) and how
loops count (`loops`); what has effects becomes a line of a tree, which is written as Python with `while`, `break`
and `if`, or as a flat loop over numbered blocks where Python's own nesting limits forbid the other, with the wasm
offset that each line came from (`writing`). A function has a translation for each `variant`, the way in which it is
entered.
"""
