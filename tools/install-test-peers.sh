#!/usr/bin/env bash
# Install the programs that the tests talk to, where they are missing: on Debian, as root. Starts no service.
# Then build the one that no distribution has yet (tools/native-openssl.sh), and the small ones of our own
# (tools/peer-programs.sh).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh"
cd "$REPO"

# A command or a file, and the Debian package that brings it. For Java, ecj with a JRE is 70 MB less than a JDK; for Go, gccgo has
# the same crypto/tls as golang-go and is half as large.
peers='openssl openssl
curl curl
gnutls-cli gnutls-bin
gnutls-serv gnutls-bin
nginx nginx
tshark tshark
stunnel4 stunnel4
unshare util-linux
websockify websockify
ip iproute2
gpgv gpgv
cc build-essential
make build-essential
pod2usage perl
java default-jre-headless
ecj ecj
gccgo gccgo
/usr/include/nss/nss.h libnss3-dev
/usr/include/wolfssl/ssl.h libwolfssl-dev
/usr/include/mbedtls/ssl.h libmbedtls-dev'

need_commands 'test peers' "$peers"
tools/native-openssl.sh >/dev/null
tools/peer-programs.sh >/dev/null
