#!/usr/bin/env bash
# The tests that use C most, upon a libssl.wasm in which AddressSanitizer and UndefinedBehaviorSanitizer watch our C and OpenSSL's: in
# WebAssembly a read or a write beside a buffer does not trap. Run by `./build.sh sanitize [TEST...]`, after the build.
#
# It is made and tested in a copy of this checkout. Whatever the sanitizers report ends the instance, and so fails the test.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO"

# Left out: function, as WebAssembly itself traps where a function is called by another type.
sanitize='-fsanitize=address,undefined -fno-sanitize=function'
# These want more memory than there is beside the sanitizers', or more than its gigabyte of addresses.
unfit='makes it grow|goes on after growth|the buffers cannot be had'
copy=$REPO/build/sanitize
tests=("$@")
[ $# -gt 0 ] || tests=(test/ffi test/core test/kernels/{chacha20-poly1305,mod-exp,p256,random,standards}.test.ts test/fuzz
  test/frontends/{ech,keys}.test.ts test/frontends/sessions/{early-data,large-tickets,tls-session}.test.ts)

make_copy() {
  rm -rf "$copy"
  mkdir -p "$copy"
  { git ls-files -z --cached --others --exclude-standard && find src -name '*.gen.ts' -print0; } | xargs -0 cp --parents -t "$copy"
  cp -al node_modules dist "$copy/"
  cd "$copy"
  # -msimd128 is said wherever C is compiled or linked.
  sed -i "s/-msimd128/& $sanitize/" wasm/emcc.flags wasm/Makefile wasm/openssl-target.conf
  # A libcrypto without libssl, as test/kernels has it: AddressSanitizer keeps what of the product's parts is not used.
  sed -i 's/^\(TWINS .*\) .*product.wasm$/\1/' wasm/Makefile
  # Emscripten's memmove for -Oz overlaps what it gives to memcpy, which AddressSanitizer reports.
  sed -i 's/^-Oz/-O3/; s/^-sSTACK_SIZE=256KB/-sSTACK_SIZE=4MB/' wasm/emcc.flags
  printf '%s\n' --profiling-funcs -sMAXIMUM_MEMORY=1GB >>wasm/emcc.flags
  cp tools/sanitize/stand-ins.c wasm/kernels/
  cp tools/sanitize/control.test.ts test/ffi/
  sed -i "s|'./platform.js'|'../../tools/sanitize/platform.js'|" src/loader/load-module.ts
}

make_copy
openssl=$("$copy/openssl-src/build.sh")
step 'libssl.wasm with sanitizers (the first time also their libraries, some minutes)' \
  make -s -j"$(nproc)" -f wasm/Makefile OPENSSL="$openssl" lib/libssl-wasm/libssl.wasm lib/libssl-url.mjs src/ffi/ffi.gen.ts
results=$copy/build/results.json
status=0
node_modules/.bin/vitest run --reporter=default --reporter=json --outputFile.json="$results" --testNamePattern="^(?!.*($unfit))" \
  --testTimeout=300000 test/ffi/control.test.ts "${tests[@]}" || status=$?
node -e '
  const { numPassedTests, numFailedTests } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))
  console.log(`sanitize: ${numPassedTests} tests passed, ${numFailedTests} failed, with AddressSanitizer and UndefinedBehaviorSanitizer`)
' "$results"
exit "$status"
