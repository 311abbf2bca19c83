#!/usr/bin/env bash
# Build libssl.a and libcrypto.a with Emscripten, once for each set of inputs.
# Prints the directory that holds them: include/, source/ (as it is compiled), libssl.a, libcrypto.a.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tools/sh-common.sh"
cd "$REPO"

# Everything that the bytes depend on is in the key: a stale result cannot be found.
key=$(hash_of "$OPENSSL_SHA256" "$(wasm/toolchain.sh id)" wasm/openssl-target.conf openssl-src/configure.args \
  openssl-src/build.sh openssl-src/patches/*.patch wasm/trim/bin/cc-by-list wasm/trim/fast.list wasm/trim/include/openssl/err.h \
  wasm/trim/include/param-fields.h wasm/trim/param_fields.pm wasm/trim/parameters.list wasm/trim/headers.list wasm/trim/edit-sources.ts)
out=$CACHE/openssl-$OPENSSL_VERSION-$key

build() {
  [ ! -f "$out/libssl.a" ] || return 0
  local src=$CACHE/openssl-build-$key args
  rm -rf "$src"
  openssl-src/fetch.sh unpack "$src"
  # Another release may differ in all that names parts of it: all is looked at, and told at once.
  local fits=1
  wasm/trim/check.sh "$src" || fits=0
  mapfile -t args < <(sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' openssl-src/configure.args)
  cd "$src"
  export SOURCE_DATE_EPOCH=0 # the build date is compiled in
  # perl and make are wanted in the toolchain's own root as well as outside.
  step "OpenSSL $OPENSSL_VERSION configure" "$REPO/wasm/toolchain.sh" run \
    perl ./Configure --config="$REPO/wasm/openssl-target.conf" libssl-wasm "${args[@]}" || {
    say "openssl-src/configure.args: if options are named above as unsupported, OpenSSL $OPENSSL_VERSION has not got them"
    fits=0
  }
  [ "$fits" -eq 1 ] || die "OpenSSL $OPENSSL_VERSION is not what this build was made for: see above"
  step "OpenSSL $OPENSSL_VERSION edited, by wasm/trim" "$REPO/node_modules/.bin/tsx" "$REPO/wasm/trim/edit-sources.ts" . . \
    "$REPO"/wasm/trim/{headers,parameters}.list
  cp "$REPO/wasm/trim/param_fields.pm" util/perl/OpenSSL/
  step "OpenSSL $OPENSSL_VERSION compile (about two minutes on two cores)" "$REPO/wasm/toolchain.sh" run \
    sh -c 'PATH=$0:$PATH exec make -s -j"$1" CC=cc-by-list build_libs' "$REPO/wasm/trim/bin" "$(nproc)"
  mkdir "$src.out"
  cp -r include libssl.a libcrypto.a LICENSE.txt "$src.out/"
  mkdir "$src.out/source"
  find crypto ssl providers -name '*.[ch]' -o -name '*.inc' | xargs cp --parents -t "$src.out/source"
  rm -rf "$out"
  mv "$src.out" "$out"
  cd "$REPO" && rm -rf "$src"
}

with_lock openssl build
printf '%s\n' "$out"
