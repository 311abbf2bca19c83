/* wolfSSL, for echo.c. */

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include "echo.h"

static WOLFSSL *tls;

/* Fails with the library's words for what `result` led to. */
static void check(const char *what, int result)
{
    char why[WOLFSSL_MAX_ERROR_SZ];
    if (result == WOLFSSL_SUCCESS)
        return;
    wolfSSL_ERR_error_string(tls ? wolfSSL_get_error(tls, result) : result, why);
    fail(what, why);
}

static WOLFSSL_CTX *context(void)
{
    int is_13 = strcmp(option("version"), "TLSv1.3") == 0;
    WOLFSSL_METHOD *method = is_client() ? is_13 ? wolfTLSv1_3_client_method() : wolfTLSv1_2_client_method()
        : is_13                          ? wolfTLSv1_3_server_method()
                                         : wolfTLSv1_2_server_method();
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(method);
    if (option("cert")) {
        check("cert", wolfSSL_CTX_use_certificate_file(ctx, option("cert"), WOLFSSL_FILETYPE_PEM));
        check("key", wolfSSL_CTX_use_PrivateKey_file(ctx, option("key"), WOLFSSL_FILETYPE_PEM));
    }
    if (option("ca")) {
        check("ca", wolfSSL_CTX_load_verify_locations(ctx, option("ca"), NULL));
        wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return ctx;
}

void tls_open(int socket)
{
    char alpn[64];
    wolfSSL_Init();
    tls = wolfSSL_new(context());
    wolfSSL_set_fd(tls, socket);
    snprintf(alpn, sizeof alpn, "%s", option("alpn"));
    check("alpn", wolfSSL_UseALPN(tls, alpn, strlen(alpn), WOLFSSL_ALPN_CONTINUE_ON_MISMATCH));
    if (is_client()) {
        check("server name", wolfSSL_UseSNI(tls, WOLFSSL_SNI_HOST_NAME, "localhost", strlen("localhost")));
        check("name", wolfSSL_check_domain_name(tls, "localhost"));
    }
    check("handshake", is_client() ? wolfSSL_connect(tls) : wolfSSL_accept(tls));
}

const char *tls_version(void)
{
    return wolfSSL_get_version(tls);
}

const char *tls_alpn(void)
{
    static char name[64];
    char *agreed;
    unsigned short length;
    if (wolfSSL_ALPN_GetProtocol(tls, &agreed, &length) == WOLFSSL_SUCCESS)
        snprintf(name, sizeof name, "%.*s", length, agreed);
    return name;
}

const char *tls_subject(void)
{
    static char subject[80];
    WOLFSSL_X509 *certificate = wolfSSL_get_peer_certificate(tls);
    if (certificate)
        snprintf(subject, sizeof subject, "CN=%s", wolfSSL_X509_get_subjectCN(certificate));
    return subject;
}

int tls_read(void *buffer, int size)
{
    int length = wolfSSL_read(tls, buffer, size);
    if (length > 0 || wolfSSL_get_error(tls, length) == WOLFSSL_ERROR_ZERO_RETURN)
        return length;
    check("read", length);
    return 0;
}

void tls_write(const void *bytes, int length)
{
    int written = wolfSSL_write(tls, bytes, length); /* all, unless it fails */
    if (written != length)
        check("write", written);
}

void tls_close(void)
{
    wolfSSL_shutdown(tls);
}
