/* mbedTLS, for echo.c. */

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <string.h>
#include "echo.h"

static mbedtls_ssl_context tls;
static mbedtls_net_context net;

/* Fails with the library's words for `result`; returns what is no failure. */
static int check(const char *what, int result)
{
    char why[200];
    if (result >= 0)
        return result;
    mbedtls_strerror(result, why, sizeof why);
    fail(what, why);
}

static void configure(mbedtls_ssl_config *config)
{
    static mbedtls_entropy_context entropy;
    static mbedtls_ctr_drbg_context random;
    static mbedtls_x509_crt own, trusted;
    static mbedtls_pk_context key;
    static const char *alpn[2];

    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    check("random", mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0));
    mbedtls_ssl_config_init(config);
    check("configure",
        mbedtls_ssl_config_defaults(config, is_client() ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
            MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &random);
    if (option("cert")) {
        mbedtls_x509_crt_init(&own);
        mbedtls_pk_init(&key);
        check("cert", mbedtls_x509_crt_parse_file(&own, option("cert")));
#if MBEDTLS_VERSION_MAJOR >= 3
        check("key", mbedtls_pk_parse_keyfile(&key, option("key"), NULL, mbedtls_ctr_drbg_random, &random));
#else
        check("key", mbedtls_pk_parse_keyfile(&key, option("key"), NULL));
#endif
        check("pair", mbedtls_ssl_conf_own_cert(config, &own, &key));
    }
    if (option("ca")) {
        mbedtls_x509_crt_init(&trusted);
        check("ca", mbedtls_x509_crt_parse_file(&trusted, option("ca")));
        mbedtls_ssl_conf_ca_chain(config, &trusted, NULL);
        mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    }
    alpn[0] = option("alpn");
    check("alpn", mbedtls_ssl_conf_alpn_protocols(config, alpn));
}

void tls_open(int socket)
{
    static mbedtls_ssl_config config;
    configure(&config);
    net.fd = socket;
    mbedtls_ssl_init(&tls);
    check("set up", mbedtls_ssl_setup(&tls, &config));
    if (is_client())
        check("name", mbedtls_ssl_set_hostname(&tls, "localhost"));
    mbedtls_ssl_set_bio(&tls, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
    check("handshake", mbedtls_ssl_handshake(&tls));
}

const char *tls_version(void)
{
    return mbedtls_ssl_get_version(&tls);
}

const char *tls_alpn(void)
{
    return mbedtls_ssl_get_alpn_protocol(&tls);
}

const char *tls_subject(void)
{
    static char subject[200];
    const mbedtls_x509_crt *certificate = mbedtls_ssl_get_peer_cert(&tls);
    if (certificate)
        check("subject", mbedtls_x509_dn_gets(subject, sizeof subject, &certificate->subject));
    return subject;
}

int tls_read(void *buffer, int size)
{
    int length = mbedtls_ssl_read(&tls, buffer, size);
    /* 0 is the end of the TCP connection, without close_notify. */
    if (length == 0)
        fail("read", "the connection ended without close_notify");
    return length == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ? 0 : check("read", length);
}

void tls_write(const void *bytes, int length)
{
    for (const char *next = bytes; length > 0;) {
        int written = check("write", mbedtls_ssl_write(&tls, (const unsigned char *)next, length));
        next += written;
        length -= written;
    }
}

void tls_close(void)
{
    check("close", mbedtls_ssl_close_notify(&tls));
}
