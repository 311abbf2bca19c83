# Sourced by fetch.sh and update.sh, after tools/sh-common.sh: where OpenSSL's releases come from.
# shellcheck shell=bash

# Each leaves in DIR what it can get of openssl-VERSION.tar.gz, with the detached signature beside it as .asc and the key that made it
# as keys.asc; for a build the first is enough. Nothing of this has been checked: that is the caller's.

# from_upstream VERSION DIR: as the OpenSSL project publishes it. A cut transfer makes curl fail; a whole one is checked later.
from_upstream() {
  upstream "$1.tar.gz" "$2"
}
signed_from_upstream() {
  from_upstream "$@" && upstream "$1.tar.gz.asc" "$2" &&
    download "https://keys.openpgp.org/vks/v1/by-fingerprint/$OPENSSL_SIGNING_KEY" "$2/keys.asc"
}
upstream() {
  download "https://github.com/openssl/openssl/releases/download/openssl-${1%%.tar.gz*}/openssl-$1" "$2/openssl-$1"
}
download() {
  command -v curl >/dev/null || { say "upstream: curl is not installed"; return 1; }
  curl --fail --silent --show-error --location --proto '=https' --connect-timeout 10 --max-time 300 --output "$2.part" "$1" || return 1
  mv "$2.part" "$2"
}

# from_debian VERSION DIR: Debian ships the same tarball, unchanged, as .orig.tar.gz, with the signature, and the key in its own part
# of the source. apt's own client holds all of it against Debian's signed index.
from_debian() {
  local apt version name=openssl_$1
  private_apt "$2/apt" deb-src 'experimental sid forky trixie' || return 1
  version=$(apt-cache "${apt[@]}" showsrc openssl | sed -n "s/^Version: \(${1//./\\.}-.*\)/\1/p" | head -n 1)
  [ -n "$version" ] || { say "Debian: no suite has openssl $1"; return 1; }
  (cd "$2/apt" && apt-get "${apt[@]}" source --download-only "openssl=$version") || return 1
  mv "$2/apt/$name.orig.tar.gz" "$2/openssl-$1.tar.gz"
}
signed_from_debian() {
  from_debian "$@" || return 1
  mv "$2/apt/openssl_$1.orig.tar.gz.asc" "$2/openssl-$1.tar.gz.asc" || return 1
  tar -xOf "$2/apt/openssl_$1-"*.debian.tar.xz debian/upstream/signing-key.asc >"$2/keys.asc"
}
