/* NSS, for echo.c. */

#include <nspr/prerror.h>
#include <nspr/prio.h>
#include <nspr/private/pprio.h>
#include <nss/cert.h>
#include <nss/certdb.h>
#include <nss/keyhi.h>
#include <nss/nss.h>
#include <nss/nssb64.h>
#include <nss/pk11pub.h>
#include <nss/ssl.h>
#include <nss/sslproto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "echo.h"

static PRFileDesc *tls;

/* Fails with the library's words. */
static void check(const char *what, int good)
{
    if (!good)
        fail(what, PR_ErrorToName(PR_GetError()));
}

/* What stands between the first pair of marks of a PEM file. */
static SECItem *read_pem(const char *path)
{
    static char text[8192];
    FILE *file = fopen(path, "r");
    if (!file)
        fail("open", path);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    char *begin = strchr(strstr(text, "-----BEGIN"), '\n');
    SECItem *der = NSSBase64_DecodeBuffer(NULL, NULL, begin, strstr(begin, "-----END") - begin);
    check(path, der != NULL);
    return der;
}

static CERTCertificate *certificate(const char *name)
{
    CERTCertificate *made = CERT_NewTempCertificate(CERT_GetDefaultCertDB(), read_pem(option(name)), NULL, PR_FALSE, PR_TRUE);
    check(name, made != NULL);
    return made;
}

static SECKEYPrivateKey *own_key(void)
{
    SECKEYPrivateKey *key;
    PK11SlotInfo *slot = PK11_GetInternalSlot();
    check("key",
        PK11_ImportDERPrivateKeyInfoAndReturnKey(slot, read_pem(option("key")), NULL, NULL, PR_FALSE, PR_FALSE, KU_DIGITAL_SIGNATURE, &key,
            NULL)
            == SECSuccess);
    return key;
}

static SECStatus show_own(void *, PRFileDesc *, CERTDistNames *, CERTCertificate **cert, SECKEYPrivateKey **key)
{
    *cert = certificate("cert");
    *key = own_key();
    return SECSuccess;
}

static void configure(void)
{
    PRUint16 number = strcmp(option("version"), "TLSv1.3") == 0 ? SSL_LIBRARY_VERSION_TLS_1_3 : SSL_LIBRARY_VERSION_TLS_1_2;
    SSLVersionRange version = { number, number };
    unsigned char alpn[64];
    check("version", SSL_VersionRangeSet(tls, &version) == SECSuccess);
    snprintf((char *)alpn, sizeof alpn, "%c%s", (char)strlen(option("alpn")), option("alpn"));
    check("alpn", SSL_SetNextProtoNego(tls, alpn, strlen((char *)alpn)) == SECSuccess);
    if (option("ca")) {
        CERTCertTrust trust = { CERTDB_VALID_CA | CERTDB_TRUSTED_CA | CERTDB_TRUSTED_CLIENT_CA, 0, 0 };
        check("ca", CERT_ChangeCertTrust(CERT_GetDefaultCertDB(), certificate("ca"), &trust) == SECSuccess);
    }
    if (is_client()) {
        check("name", SSL_SetURL(tls, "localhost") == SECSuccess);
        if (option("cert"))
            check("cert", SSL_GetClientAuthDataHook(tls, show_own, NULL) == SECSuccess);
    } else {
        check("cert", SSL_ConfigServerCert(tls, certificate("cert"), own_key(), NULL, 0) == SECSuccess);
        if (option("ca")) {
            SSL_OptionSet(tls, SSL_REQUEST_CERTIFICATE, PR_TRUE);
            SSL_OptionSet(tls, SSL_REQUIRE_CERTIFICATE, SSL_REQUIRE_ALWAYS);
        }
    }
}

static int got_close_notify;

static void see_alert(const PRFileDesc *, void *, const SSLAlert *alert)
{
    if (alert->description == 0)
        got_close_notify = 1;
}

void tls_open(int socket)
{
    check("NSS", NSS_NoDB_Init(NULL) == SECSuccess && NSS_SetDomesticPolicy() == SECSuccess);
    tls = SSL_ImportFD(NULL, PR_ImportTCPSocket(socket));
    check("socket", tls != NULL);
    SSL_OptionSet(tls, SSL_HANDSHAKE_AS_CLIENT, is_client());
    SSL_OptionSet(tls, SSL_HANDSHAKE_AS_SERVER, !is_client());
    check("cache", SSL_ConfigServerSessionIDCache(0, 0, 0, NULL) == SECSuccess);
    check("alerts", SSL_AlertReceivedCallback(tls, see_alert, NULL) == SECSuccess);
    configure();
    check("handshake", SSL_ResetHandshake(tls, !is_client()) == SECSuccess && SSL_ForceHandshake(tls) == SECSuccess);
}

const char *tls_version(void)
{
    SSLChannelInfo info;
    check("version", SSL_GetChannelInfo(tls, &info, sizeof info) == SECSuccess);
    return info.protocolVersion == SSL_LIBRARY_VERSION_TLS_1_3 ? "TLSv1.3" : "TLSv1.2";
}

const char *tls_alpn(void)
{
    static char name[64];
    SSLNextProtoState state;
    unsigned int length;
    check("alpn", SSL_GetNextProto(tls, &state, (unsigned char *)name, &length, sizeof name - 1) == SECSuccess);
    return name;
}

const char *tls_subject(void)
{
    CERTCertificate *peer = SSL_PeerCertificate(tls);
    return peer ? peer->subjectName : NULL;
}

int tls_read(void *buffer, int size)
{
    int length = PR_Recv(tls, buffer, size, 0, PR_INTERVAL_NO_TIMEOUT);
    check("read", length >= 0);
    if (length == 0 && !got_close_notify)
        fail("read", "the connection ended without close_notify");
    return length;
}

void tls_write(const void *bytes, int length)
{
    check("write", PR_Send(tls, bytes, length, 0, PR_INTERVAL_NO_TIMEOUT) == length);
}

void tls_close(void)
{
    check("close", PR_Close(tls) == PR_SUCCESS);
}
