#!/usr/bin/env bash
# Install the runtimes that the conformance suite runs in, and the bundlers and peers that other tests want from npm:
# test/runtimes/package-lock.json, without running any package's scripts.
#
#   tools/install-runtimes.sh            what npm brings
#   tools/install-runtimes.sh --debian   and the browsers, as root on Debian
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"

npm_modules "$REPO/test/runtimes" 'runtimes from npm'

[ "${1:-}" = --debian ] || exit 0
. "$REPO/tools/debian-packages.sh"
need_commands browsers "chromium chromium
firefox-esr firefox-esr
WebKitWebDriver webkit2gtk-driver
Xvfb xvfb
xvfb-run xvfb
xauth xauth
dbus-run-session dbus"
