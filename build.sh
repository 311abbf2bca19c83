#!/usr/bin/env bash
# Everything from nothing: toolchain → OpenSSL's source → configure → compile → link → generate → tsc → sizes.
#
#   ./build.sh                    build
#   ./build.sh demo [HOST:PORT]   build, then the demonstration
#   ./build.sh demo --browser [HOST:PORT...]   build, then the demonstration as a page
#   ./build.sh test [ARGS...]     build, then the tests (ARGS go to vitest)
#   ./build.sh bench              build, then the benchmarks
#   ./build.sh relay-load [ARGS...]   build, then many clients through one relay
#   ./build.sh soak [ARGS...]     build, then connections by the hundred thousand, with faults, through everything that carries them
#   ./build.sh kernels [ARGS...]  build, then random inputs to wasm/kernels, by the million, beside node:crypto
#   ./build.sh vectors [FOLDER]   build, then Wycheproof's vectors from that folder
#   ./build.sh constant-time      build, then look in the .wasm for secrets that decide an address or a branch of a kernel
#   ./build.sh proof [NAME...]    build, then all that takes long, or some of it, and what it gave into docs/proof.md
#   ./build.sh timing [ARGS...]   build, then the statistical test: does the time of a kernel depend on its secrets?
#   ./build.sh openssl-tests [RECIPE...]   build, then OpenSSL's own tests in WebAssembly, beside the same for this machine
#   ./build.sh node-tests [ARGS...]   build, then Node's own tests of node:tls
#   ./build.sh update-openssl VERSION [ARGS...]   move the pin to that release if its signature is good; build, compare, test
#   ./build.sh site               build, then the site into build/site/html: documentation, reference, demonstration
#   ./build.sh site test          the same, and try it in the browsers (as ./build.sh test does)
#   ./build.sh fuzz [ARGS...]     build, then changed inputs to all that reads what others write (--seconds N, --seed S)
#   ./build.sh corpora [FOLDER]   build, then files that others made to the same, FOLDER being OpenSSL's fuzz corpora
#   ./build.sh sanitize [TEST...]   build, then once more with AddressSanitizer and UndefinedBehaviorSanitizer, and test that
#   ./build.sh reproduce          build, then once more from nothing elsewhere, and compare the bytes
#   ./build.sh clean              forget what was built here; the caches stay
#
# LIBSSL_WASM_KERNELS=off builds without wasm/kernels, by OpenSSL's own code alone.
#
# What is downloaded or takes minutes is kept in ${XDG_CACHE_HOME:-~/.cache}/libssl-wasm, keyed by what it was made
# from: deleting that costs time, nothing else.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/tools/sh-common.sh"
cd "$REPO"

need() { command -v "$1" >/dev/null || die "$1 is not installed ($2)"; }

build() {
  need node 'version 20 or later' && need npm 'it comes with Node' && need make 'Debian: make' && need perl 'Debian: perl'
  node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || die "Node 20 or later is needed, this is $(node --version)"
  local openssl roots stamp
  if [ ! -f node_modules/.lsw-lock ] || ! cmp -s package-lock.json node_modules/.lsw-lock; then
    step 'npm packages' npm ci --no-audit --no-fund --ignore-scripts
    cp package-lock.json node_modules/.lsw-lock
  fi
  openssl=$(openssl-src/build.sh)
  # Without roots everything else is built, and importing libssl-wasm/roots throws an error that says so.
  roots=$(tools/roots.sh) || say "building without libssl-wasm/roots"
  mkdir -p build
  stamp=$(hash_of "$openssl" "$roots" "${LIBSSL_WASM_KERNELS:-on}" tools/roots.ts tools/sbom.ts versions.env $(find wasm src tsconfig.json package-lock.json -type f ! -name '*.gen.ts' | LC_ALL=C sort))
  if [ "$(cat build/stamp 2>/dev/null)" != "$stamp" ] || [ ! -f lib/libssl-wasm/libssl.wasm ] || [ ! -f dist/index.js ]; then
    rm -f build/stamp
    step 'shim and link (the first time also Emscripten'"'"'s C library)' make -s -j"$(nproc)" -f wasm/Makefile OPENSSL="$openssl"
    step 'TypeScript' build_typescript "$roots"
    step 'list of parts' build_sbom "$roots"
    printf '%s\n' "$stamp" >build/stamp
  fi
  node_modules/.bin/tsx tools/sizes.ts
}

build_typescript() {
  rm -rf dist
  node_modules/.bin/tsx tools/roots.ts ${1:+"$1"}
  node_modules/.bin/tsc -p tsconfig.json
  node_modules/.bin/tsx wasm/inline/build.ts
  node_modules/.bin/tsx tools/node-commonjs.ts
  chmod +x dist/apps/cli/main.js
}

# shellcheck disable=SC2046 # two words
build_sbom() { node_modules/.bin/tsx tools/sbom.ts $(wasm/toolchain.sh versions) ${1:+"$1"} >lib/sbom.cdx.json; }

command=${1:-build}
[ $# -eq 0 ] || shift
case "$command" in
  build) build ;;
  demo)
    build
    need openssl 'the demonstration serves with openssl s_server; Debian: openssl'
    exec node_modules/.bin/tsx tools/demo/main.ts "$@"
    ;;
  test)
    build
    exec tools/test.sh "$@"
    ;;
  soak)
    build
    exec node_modules/.bin/tsx test/soak/main.ts "$@"
    ;;
  bench | relay-load)
    build
    exec npm --prefix bench run --silent "$command" -- "$@"
    ;;
  kernels)
    build
    exec node_modules/.bin/tsx test/kernels/run.ts "$@"
    ;;
  timing)
    build
    exec node_modules/.bin/tsx test/kernels/timing.ts "$@"
    ;;
  openssl-tests)
    build
    exec node_modules/.bin/tsx tools/openssl-tests/main.ts "$@"
    ;;
  constant-time)
    build
    exec tools/constant-time.sh
    ;;
  proof)
    build
    exec node_modules/.bin/tsx tools/proof.ts "$@"
    ;;
  vectors)
    build
    exec node_modules/.bin/tsx test/vectors/run.ts "$@"
    ;;
  node-tests)
    build
    exec node_modules/.bin/tsx tools/node-tests/main.ts "$@"
    ;;
  update-openssl)
    exec openssl-src/update.sh "$@"
    ;;
  site)
    build
    [ "${1:-}" != test ] || exec tools/test.sh test/site
    exec tools/site.sh
    ;;
  fuzz | corpora)
    build
    [ "$command" = corpora ] && program=corpora || program=run
    exec node --import tsx --import ./test/fuzz/on-dist.mjs "test/fuzz/$program.ts" "$@"
    ;;
  sanitize)
    build
    exec tools/sanitize.sh "$@"
    ;;
  reproduce)
    build
    exec tools/reproduce.sh
    ;;
  clean) rm -rf build dist lib src/ffi/*.gen.ts src/loader/*.gen.ts ;;
  *) die "unknown command $command; see the head of this file" ;;
esac
