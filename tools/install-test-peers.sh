#!/usr/bin/env bash
# Install the programs that the tests talk to, where they are missing: on Debian, as root. Starts no service.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh"

# A command, and the Debian package that brings it.
peers='openssl openssl
curl curl
gnutls-cli gnutls-bin
gnutls-serv gnutls-bin
nginx nginx
stunnel4 stunnel4
unshare util-linux
websockify websockify
ip iproute2'

need_commands 'test peers' "$peers"
