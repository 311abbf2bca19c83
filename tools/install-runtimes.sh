#!/usr/bin/env bash
# Install the runtimes that the conformance suite runs in, and the bundlers and peers that other tests want from npm:
# test/runtimes/package-lock.json, without running any package's scripts.
#
#   tools/install-runtimes.sh            what npm brings
#   tools/install-runtimes.sh --debian   and the browsers, as root on Debian
#
# Who changes test/runtimes/package.json makes the lock anew in a directory without node_modules
# (npm install --package-lock-only): otherwise npm forgets the packages of other platforms in it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO/test/runtimes"

install_from_npm() {
  cmp -s package-lock.json node_modules/.lsw-lock && return 0
  # Some want a newer Node than the product does; they are run with that.
  npm ci --no-audit --no-fund --ignore-scripts
  cp package-lock.json node_modules/.lsw-lock
}
cmp -s package-lock.json node_modules/.lsw-lock || step 'runtimes from npm' with_lock runtimes-npm install_from_npm

[ "${1:-}" = --debian ] || exit 0
. "$REPO/tools/debian-packages.sh"
need_commands browsers "chromium chromium
firefox-esr firefox-esr
WebKitWebDriver webkit2gtk-driver
Xvfb xvfb
xvfb-run xvfb
xauth xauth
dbus-run-session dbus"
