#!/usr/bin/env bash
# Obtain Debian's package of Mozilla's list of roots, hold it against the pin in versions.env, and print its path.
#
# Sources, in this order: the file named by CA_CERTIFICATES_DEB (and then no other), what an earlier run left in the
# cache, Debian's archive by apt. Fails closed: exits 1 if none has it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"

package=ca-certificates_${CA_CERTIFICATES_VERSION}_all.deb
cached=$CACHE/$package

sha256_is_pinned() { [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$CA_CERTIFICATES_SHA256" ]; }

from_apt() {
  local apt
  private_apt "$1/apt" deb 'sid forky' || return 1
  (cd "$1/apt" && apt-get "${apt[@]}" download "ca-certificates=$CA_CERTIFICATES_VERSION") || return 1
  mv "$1/apt/$package" "$1/candidate"
}

obtain() {
  if [ -n "${CA_CERTIFICATES_DEB:-}" ]; then
    sha256_is_pinned "$CA_CERTIFICATES_DEB" ||
      die "CA_CERTIFICATES_DEB=$CA_CERTIFICATES_DEB is missing or is not $package (want SHA-256 $CA_CERTIFICATES_SHA256)"
    cp "$CA_CERTIFICATES_DEB" "$cached.part" && mv "$cached.part" "$cached"
    return
  fi
  sha256_is_pinned "$cached" && return
  rm -f "$cached"
  local work
  work=$(mktemp -d "$CACHE/roots.XXXXXX")
  # shellcheck disable=SC2064 # the directory's name is to be read now
  trap "rm -rf '$work'" EXIT
  if step "Mozilla's roots from Debian" from_apt "$work"; then
    if sha256_is_pinned "$work/candidate"; then
      mv "$work/candidate" "$cached"
      return
    fi
    say "Mozilla's roots from Debian: wrong SHA-256, thrown away"
  fi
  die "apt does not have $package with SHA-256 $CA_CERTIFICATES_SHA256; download it yourself and set CA_CERTIFICATES_DEB to its path"
}

with_lock roots obtain
printf '%s\n' "$cached"
