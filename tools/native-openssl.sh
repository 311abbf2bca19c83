#!/usr/bin/env bash
# The `openssl` command of the very release that we compile to WebAssembly, built for this machine: a peer that knows
# what a distribution's may not (ECH, ML-DSA, raw public keys). Once for each set of inputs; about two minutes on two cores.
#
#   tools/native-openssl.sh        build it if need be, and print its path
#   tools/native-openssl.sh path   print its path; fails if it has not been built
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO"

# The libraries are linked in, so that it is one file and no other openssl's. It reads no configuration file.
args=(no-shared no-tests no-docs no-module no-legacy no-fips no-quic no-dtls --prefix=/nonexistent --openssldir=/nonexistent)

# No patch of ours: it must be as others have it.
key=$(hash_of "$OPENSSL_SHA256" "$(cc -dumpmachine) $(cc -dumpfullversion)" "${args[*]}" tools/native-openssl.sh)
out=$CACHE/openssl-native-$OPENSSL_VERSION-$key

make_openssl() {
  make -s -j"$(nproc)" build_generated && make -s -j"$(nproc)" apps/openssl
}

build() {
  [ ! -x "$out/openssl" ] || return 0
  local src=$CACHE/openssl-native-build-$key tarball
  tarball=$(openssl-src/fetch.sh)
  rm -rf "$src" "$src.out" "$out"
  mkdir "$src" "$src.out"
  tar -xzf "$tarball" -C "$src" --strip-components=1 --no-same-owner
  cd "$src"
  step "native OpenSSL $OPENSSL_VERSION configure" perl ./Configure "${args[@]}"
  step "native OpenSSL $OPENSSL_VERSION compile (about two minutes on two cores)" make_openssl
  strip -o "$src.out/openssl" apps/openssl
  mv "$src.out" "$out"
  cd "$REPO" && rm -rf "$src"
}

case "${1:-}" in
  '') with_lock openssl-native build ;;
  path) [ -x "$out/openssl" ] || die "OpenSSL $OPENSSL_VERSION has not been built for this machine: run tools/native-openssl.sh" ;;
  *) die "unknown command $1" ;;
esac
printf '%s\n' "$out/openssl"
