"""The WebAssembly text format and .wast test scripts for WRT.

Text becomes modules and modules text in `text`; scripts become directives in `script`, and are carried
out by `execution`, of which `engine.WastEngine` is the front. `reports` tells what came of it.
"""
