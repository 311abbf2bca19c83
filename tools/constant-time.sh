#!/usr/bin/env bash
# Looks in the shipped .wasm for secrets that decide an address or a branch of wasm/kernels, or of the products in fields of wasm/trim:
# tools/constant-time/main.ts on lib/libssl-wasm/libssl.wasm, disassembled by the toolchain's own Binaryen. Run by the tests.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO"

mkdir -p build/constant-time
wasm/toolchain.sh run wasm-dis lib/libssl-wasm/libssl.wasm -o build/constant-time/libssl.wat
# A build without kernels may never have compiled any: then there is no object to name functions, and main.ts says what is missing.
find build/kernels -name '*.o' 2>/dev/null | sort >build/constant-time/objects.txt
# shellcheck disable=SC2016 # expanded within the toolchain
wasm/toolchain.sh run sh -c 'xargs -r "$(emcc --print-prog-name=llvm-nm)" --defined-only <build/constant-time/objects.txt' |
  awk '$2 ~ /^[tT]$/ { print $3 }' | sort -u >build/constant-time/functions.txt
# Of products in fields, and of words, which stand in OpenSSL's own files, what the headers define.
sed -nE 's/^(static .*)?void (\w+)\(.*/\2/p' wasm/trim/{comba,*-products}.h >>build/constant-time/functions.txt
exec node_modules/.bin/tsx tools/constant-time/main.ts build/constant-time/libssl.wat build/libssl.symbols build/constant-time/functions.txt
