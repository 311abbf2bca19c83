#!/usr/bin/env bash
# The peers of test/interop/programs that must be compiled. Once for each set of inputs; seconds.
#
#   tools/peer-programs.sh        compile them if need be, and print the directory
#   tools/peer-programs.sh path   print the directory; fails if they have not been compiled
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO"

programs=test/interop/programs
# The libraries' headers tell their versions: what is linked with one is not run with another.
include=/usr/include
key=$(hash_of $programs/*.{java,go,c,h} $include/nss/nss.h $include/wolfssl/version.h $include/mbedtls/version.h "$(cc -dumpmachine)" tools/peer-programs.sh)
out=$CACHE/peer-programs-$key

compile() {
  local to=$1
  ecj -proc:none -nowarn --release 17 -d "$to" $programs/JdkEcho.java
  gccgo -o "$to/go" $programs/go.go
  cc -I$include/nspr -I$include/nss -o "$to/nss" $programs/echo.c $programs/nss.c -lssl3 -lnss3 -lnspr4
  cc -o "$to/wolfssl" $programs/echo.c $programs/wolfssl.c -lwolfssl
  cc -o "$to/mbedtls" $programs/echo.c $programs/mbedtls.c -lmbedtls -lmbedx509 -lmbedcrypto
}

build() {
  [ ! -d "$out" ] || return 0
  rm -rf "$out.new"
  mkdir -p "$out.new"
  step 'peers of our own, compile' compile "$out.new"
  mv "$out.new" "$out"
}

case "${1:-}" in
  '') with_lock peer-programs build ;;
  path) [ -d "$out" ] || die "the peers have not been compiled: run tools/install-test-peers.sh" ;;
  *) die "unknown command $1" ;;
esac
printf '%s\n' "$out"
