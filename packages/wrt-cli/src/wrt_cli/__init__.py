"""The wrt command: run, validate and inspect WebAssembly modules."""
