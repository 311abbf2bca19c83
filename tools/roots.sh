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

# All that apt reads or writes is private to $1.
from_apt() {
  local dir=$1/apt mirror
  command -v apt-get >/dev/null || { say "apt: there is no apt-get here"; return 1; }
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || { say "apt: it names no Debian mirror"; return 1; }
  mkdir -p "$dir"/{lists/partial,cache/archives/partial,state,empty,sources.d,out}
  cat >"$dir/sources.d/debian.sources" <<END
Types: deb
URIs: $mirror
Suites: sid forky
Components: main
Architectures: amd64
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
  touch "$dir/state/status"
  local apt=(-qq -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$dir/sources.d"
    -o "Dir::State=$dir/state" -o "Dir::State::Lists=$dir/lists" -o "Dir::State::status=$dir/state/status"
    -o "Dir::Cache=$dir/cache" -o Dir::Etc::PreferencesParts="$dir/empty" -o Dir::Etc::Preferences=/dev/null
    -o APT::Architecture=amd64 -o APT::Sandbox::User= -o Acquire::Languages=none
    -o Acquire::Check-Valid-Until=false -o Acquire::Retries=2)
  apt-get "${apt[@]}" update || return 1
  (cd "$dir/out" && apt-get "${apt[@]}" download "ca-certificates=$CA_CERTIFICATES_VERSION") || return 1
  mv "$dir/out/$package" "$1/candidate"
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
