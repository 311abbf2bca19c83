#!/usr/bin/env bash
# Install what test/clients needs: npm's clients, and, on Debian as root, the servers that they speak to. Starts no service.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh"

npm_modules "$REPO/test/clients" 'clients from npm'
need_commands 'servers of clients' '/usr/lib/postgresql/*/bin/postgres postgresql
stunnel4 stunnel4'
