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
. "$REPO/openssl-src/sources.sh"

release=openssl-$OPENSSL_VERSION
cached=$CACHE/$release.tar.gz

sha256_is_pinned() { [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$OPENSSL_SHA256" ]; }

obtain() {
  if [ -n "${OPENSSL_TARBALL:-}" ]; then
    sha256_is_pinned "$OPENSSL_TARBALL" ||
      die "OPENSSL_TARBALL=$OPENSSL_TARBALL is missing or is not $release (want SHA-256 $OPENSSL_SHA256)"
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
    if step "OpenSSL $OPENSSL_VERSION ${source//_/ }" "$source" "$OPENSSL_VERSION" "$work"; then
      if sha256_is_pinned "$work/$release.tar.gz"; then
        mv "$work/$release.tar.gz" "$cached"
        return
      fi
      say "OpenSSL $OPENSSL_VERSION ${source//_/ }: wrong SHA-256, thrown away"
      rm -f "$work/$release.tar.gz"
    fi
  done
  die "no source has $release.tar.gz with SHA-256 $OPENSSL_SHA256; download it yourself and set OPENSSL_TARBALL to its path"
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
