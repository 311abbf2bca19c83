#!/usr/bin/env bash
# Install what test/clients needs: npm's clients, and, on Debian as root, the servers that they speak to. Starts no service.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh"

npm_modules "$REPO/test/clients" 'clients from npm'
# mariadb-install-db asks for a program of mariadb-client-core.
need_commands 'servers of clients' '/usr/lib/postgresql/*/bin/postgres postgresql
stunnel4 stunnel4
mariadbd mariadb-server-core
my_print_defaults mariadb-client-core
redis-server redis-server
mosquitto mosquitto
dovecot dovecot-imapd
/usr/lib/dovecot/pop3 dovecot-pop3d
vsftpd vsftpd
prosody prosody
exim4 exim4-daemon-light
epmd erlang-base
/usr/lib/rabbitmq/bin/rabbitmq-server rabbitmq-server
slapd slapd
nats-server nats-server
nginx nginx'
