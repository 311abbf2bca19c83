#!/usr/bin/env bash
# libcrypto in WebAssembly with wasm/kernels (on.wasm) and without (off.wasm), for test/kernels and bench/. Links what is not up to
# date, and prints the folder that holds them.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO"

openssl=$(openssl-src/build.sh)
mkdir -p build/kernels-test
link() { make -s -f wasm/Makefile OPENSSL="$openssl" kernels-test; }
# The lock is this checkout's: others link their own.
( flock 9; link ) 9>build/kernels-test/lock >&2
printf '%s\n' "$REPO/build/kernels-test"
