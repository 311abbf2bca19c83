#!/usr/bin/env bash
# Install the programs that the tests talk to, where they are missing: on Debian, as root. Starts no service.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
# Servers live in sbin, which is not on everyone's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# A command, and the Debian package that brings it.
peers='openssl openssl
curl curl
gnutls-cli gnutls-bin
gnutls-serv gnutls-bin
nginx nginx
stunnel4 stunnel4
unshare util-linux
ip iproute2'

commands='' packages=''
find_missing() {
  commands='' packages=''
  local command package
  while read -r command package; do
    command -v "$command" >/dev/null && continue
    commands+=" $command"
    case " $packages " in *" $package "*) ;; *) packages+=" $package" ;; esac
  done <<<"$peers"
}

policy=/usr/sbin/policy-rc.d
saved=''
forbid_services() {
  saved=$(mktemp -d)
  [ ! -e "$policy" ] || mv "$policy" "$saved/policy-rc.d"
  trap restore_services EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}
restore_services() {
  rm -f "$policy"
  [ ! -e "$saved/policy-rc.d" ] || mv "$saved/policy-rc.d" "$policy"
  rmdir "$saved"
}

install_missing() {
  # Somebody else may have installed them while we waited for the lock.
  find_missing
  [ -n "$packages" ] || return 0
  export DEBIAN_FRONTEND=noninteractive
  local get=(apt-get -q -y -o DPkg::Lock::Timeout=300)
  forbid_services
  # shellcheck disable=SC2086
  # The lists may be absent or older than the archive.
  "${get[@]}" install --no-install-recommends $packages ||
    { "${get[@]}" update && "${get[@]}" install --no-install-recommends $packages; }
}

find_missing
[ -n "$commands" ] || exit 0
by_hand="missing:$commands. The tests need them; Debian's packages are:$packages"
command -v apt-get >/dev/null && [ -f /etc/debian_version ] || die "$by_hand. This is not Debian: install them yourself."
[ "$(id -u)" = 0 ] || die "$by_hand. Run this as root, or install them yourself."
step "test peers:$packages" with_lock test-peers install_missing
find_missing
[ -z "$commands" ] || die "still missing after the installation:$commands"
