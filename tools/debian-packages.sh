# Sourced by what installs Debian's packages for the tests, after sh-common.sh. Starts no service.
# shellcheck shell=bash

# Servers live in sbin, which is not on everyone's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# need_commands LABEL LIST: see to it that every command of LIST is there; on Debian, as root, by installing what brings
# it. A line of LIST is a command, or the path (a pattern) of a file, and the package.
need_commands() {
  local label=$1 list=$2 by_hand
  find_missing "$list"
  [ -n "$commands" ] || return 0
  by_hand="missing:$commands. The tests need them; Debian's packages are:$packages"
  command -v apt-get >/dev/null && [ -f /etc/debian_version ] || die "$by_hand. This is not Debian: install them yourself."
  [ "$(id -u)" = 0 ] || die "$by_hand. Run this as root, or install them yourself."
  step "$label:$packages" with_lock test-peers install_missing "$list"
  find_missing "$list"
  [ -z "$commands" ] || die "still missing after the installation:$commands"
}

commands='' packages=''
find_missing() {
  commands='' packages=''
  local command package
  while read -r command package; do
    command -v "$command" >/dev/null || compgen -G "$command" >/dev/null && continue
    commands+=" $command"
    case " $packages " in *" $package "*) ;; *) packages+=" $package" ;; esac
  done <<<"$1"
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
  find_missing "$1"
  [ -n "$packages" ] || return 0
  export DEBIAN_FRONTEND=noninteractive
  local get=(apt-get -q -y -o DPkg::Lock::Timeout=300)
  forbid_services
  # The lists may be absent, or older than the archive: a browser would be, too. Without the archive the old ones must do.
  "${get[@]}" update || true
  # shellcheck disable=SC2086
  "${get[@]}" install --no-install-recommends $packages
}
