#!/usr/bin/env bash
# Obtain OpenSSL's release tarball, hold it against the pin in versions.env, and unpack it.
#
#   openssl-src/fetch.sh             print the path of a verified tarball, fetching it if need be
#   openssl-src/fetch.sh unpack DIR  … and unpack it as DIR (which must not exist)
#
# Sources, in this order: the file named by OPENSSL_TARBALL (and then no other), what an earlier run left in
# the cache, the upstream release, Debian's source package. Nothing is unpacked, and nothing is put where a
# later run would find it, before its hash was checked. Fails closed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tools/sh-common.sh"

name=openssl-$OPENSSL_VERSION
cached=$CACHE/$name.tar.gz
upstream=https://github.com/openssl/openssl/releases/download/$name/$name.tar.gz

sha256_is_pinned() { [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$OPENSSL_SHA256" ]; }

# The release as the OpenSSL project publishes it. A cut transfer makes curl fail; a whole one is hashed below.
from_upstream() {
  command -v curl >/dev/null || { say "upstream: curl is not installed"; return 1; }
  curl --fail --silent --show-error --location --proto '=https' --connect-timeout 10 --max-time 300 \
    --output "$1/upstream.tar.gz" "$upstream" || return 1
  mv "$1/upstream.tar.gz" "$1/candidate"
}

# Debian ships the same tarball, unchanged, as .orig.tar.gz. apt's own client checks it against Debian's signed index.
from_debian() {
  local apt version
  private_apt "$1/apt" deb-src 'experimental sid forky trixie' || return 1
  version=$(apt-cache "${apt[@]}" showsrc openssl | sed -n "s/^Version: \(${OPENSSL_VERSION//./\\.}-.*\)/\1/p" | head -n 1)
  [ -n "$version" ] || { say "Debian: no suite has openssl $OPENSSL_VERSION any more"; return 1; }
  (cd "$1/apt" && apt-get "${apt[@]}" source --download-only "openssl=$version") || return 1
  mv "$1/apt/openssl_$OPENSSL_VERSION.orig.tar.gz" "$1/candidate"
}

obtain() {
  if [ -n "${OPENSSL_TARBALL:-}" ]; then
    sha256_is_pinned "$OPENSSL_TARBALL" ||
      die "OPENSSL_TARBALL=$OPENSSL_TARBALL is missing or is not $name (want SHA-256 $OPENSSL_SHA256)"
    cp "$OPENSSL_TARBALL" "$cached.part" && mv "$cached.part" "$cached"
    return
  fi
  sha256_is_pinned "$cached" && return
  rm -f "$cached"
  local source work
  work=$(mktemp -d "$CACHE/fetch.XXXXXX")
  # shellcheck disable=SC2064 # the directory's name is to be read now
  trap "rm -rf '$work'" EXIT
  for source in from_upstream from_debian; do
    if step "OpenSSL $OPENSSL_VERSION ${source//_/ }" "$source" "$work"; then
      if sha256_is_pinned "$work/candidate"; then
        mv "$work/candidate" "$cached"
        return
      fi
      say "OpenSSL $OPENSSL_VERSION ${source//_/ }: wrong SHA-256, thrown away"
      rm -f "$work/candidate"
    fi
  done
  die "no source has $name.tar.gz with SHA-256 $OPENSSL_SHA256; download it yourself and set OPENSSL_TARBALL to its path"
}

unpack() {
  local dir=$1
  [ ! -e "$dir" ] || die "$dir exists already"
  mkdir -p "$(dirname "$dir")"
  local part
  part=$(mktemp -d "$dir.part.XXXXXX")
  if ! tar -xzf "$cached" -C "$part" --strip-components=1 --no-same-owner; then
    rm -rf "$part"
    die "cannot unpack $cached into $dir"
  fi
  local patch
  for patch in "$REPO"/openssl-src/patches/*.patch; do
    [ -f "$patch" ] || continue
    (cd "$part" && patch -p1 --silent <"$patch") || { rm -rf "$part"; die "$(basename "$patch") does not apply"; }
  done
  mv "$part" "$dir"
}

with_lock fetch obtain
case "${1:-}" in
  '') printf '%s\n' "$cached" ;;
  unpack) unpack "${2:?fetch.sh unpack DIR}" ;;
  *) die "unknown command $1" ;;
esac
