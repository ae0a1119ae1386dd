#!/bin/sh
# Builds the modules that the tests of this folder read, with clang and wasm-ld (14 was used).
set -e
cd "$(dirname "$0")"
link() { output=$1; shift; wasm-ld --no-entry --gc-sections "$@" -o "$output"; rm -f "$@"; }
compile() { version=$1; shift; clang --target=wasm32 -gdwarf-"$version" -ffunction-sections -fdebug-compilation-dir="$directory" -c "$@"; }

directory=/src/shapes
compile 4 -O0 shapes.c -o shapes.o
link shapes.v4.wasm shapes.o

compile 5 -O1 -gembed-source shapes.c -o shapes.o
compile 5 -O1 -gembed-source -fno-exceptions circles.cpp -o circles.o
link shapes.v5.wasm shapes.o circles.o

# The sources are named without a directory: they are found beside the module.
directory=.
compile 2 -O0 shapes.c -o shapes.o
link shapes.v2.wasm shapes.o
