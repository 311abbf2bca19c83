/*
 * Stapled OCSP, RFC 6066 section 8 and RFC 8446 section 4.4.2.1. OpenSSL has a check of its own
 * (X509_V_FLAG_OCSP_RESP_CHECK), but it runs when the certificates are verified, and under TLS 1.2 the response comes
 * after that; nor does it say "revoked". So the check is here, at the same place for both versions.
 */
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include "internal.h"

/* Clocks differ. */
#define SKEW_SECONDS 300
/* The limit for a response that does not say when the next one comes. */
#define MAX_AGE_SECONDS (10 * 86400)

static int validity(OCSP_SINGLERESP *single, int status)
{
    ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL;
    int ok;

    OCSP_single_get0_status(single, NULL, NULL, &this_update, &next_update);
    if (status == V_OCSP_CERTSTATUS_REVOKED)
        return X509_V_ERR_CERT_REVOKED;
    if (status != V_OCSP_CERTSTATUS_GOOD)
        return X509_V_ERR_OCSP_CERT_UNKNOWN;
    ERR_set_mark();
    ok = OCSP_check_validity(this_update, next_update, SKEW_SECONDS, next_update != NULL ? -1 : MAX_AGE_SECONDS);
    status = ERR_GET_REASON(ERR_peek_last_error());
    ERR_pop_to_mark();
    if (ok)
        return X509_V_OK;
    return status == OCSP_R_STATUS_NOT_YET_VALID ? X509_V_ERR_OCSP_NOT_YET_VALID : X509_V_ERR_OCSP_HAS_EXPIRED;
}

/* Whether `single` speaks of `cert`: it has hashed the issuer by a function of its own choice. */
static int is_about(OCSP_SINGLERESP *single, const X509 *cert, const X509 *issuer)
{
    OCSP_CERTID *id = (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single), *own;
    ASN1_OBJECT *digest = NULL;
    int same;

    OCSP_id_get0_info(NULL, &digest, NULL, NULL, id);
    own = OCSP_cert_to_id(EVP_get_digestbyobj(digest), cert, issuer);
    same = own != NULL && OCSP_id_cmp(own, id) == 0;
    OCSP_CERTID_free(own);
    return same;
}

/* The word of `response` about the certificates of `chain`. `*depth`: the one that it is about. */
static int check_response(const SSL *ssl, OCSP_RESPONSE *response, STACK_OF(X509) *chain, int *depth)
{
    X509_VERIFY_PARAM *param = SSL_get0_param((SSL *)ssl);
    unsigned long flags = X509_VERIFY_PARAM_get_flags(param) & X509_V_FLAG_PARTIAL_CHAIN ? OCSP_PARTIAL_CHAIN : 0;
    X509_STORE *store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
    OCSP_BASICRESP *basic;
    int i, result = X509_V_ERR_OCSP_CERT_UNKNOWN, count;

    *depth = 0;
    if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL || (basic = OCSP_response_get1_basic(response)) == NULL)
        return X509_V_ERR_OCSP_RESP_INVALID;
    count = OCSP_resp_count(basic);
    if (OCSP_basic_verify(basic, chain, store, flags) <= 0)
        result = X509_V_ERR_OCSP_SIGNATURE_FAILURE;
    else
        for (i = 0; i < count * (sk_X509_num(chain) - 1); i++) {
            OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i % count);

            *depth = i / count;
            if (is_about(single, sk_X509_value(chain, *depth), sk_X509_value(chain, *depth + 1))) {
                result = validity(single, OCSP_single_get0_status(single, NULL, NULL, NULL, NULL));
                break;
            }
        }
    OCSP_BASICRESP_free(basic);
    return result;
}

/* RFC 7633: status_request, number 5, among the features that the certificate promises. */
static int must_staple(const X509 *cert)
{
    TLS_FEATURE *features = X509_get_ext_d2i(cert, NID_tlsfeature, NULL, NULL);
    int i, found = 0;

    for (i = 0; i < sk_ASN1_INTEGER_num(features); i++)
        found |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == TLSEXT_TYPE_status_request;
    TLS_FEATURE_free(features);
    return found;
}

/* X509_V_OK, or the fault, and the certificate that has it. */
static int check_staples(SSL *ssl, int required, int *depth)
{
    STACK_OF(OCSP_RESPONSE) *responses = NULL;
    STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    int i, result = X509_V_OK, leaf_is_good = 0;

    SSL_get0_tlsext_status_ocsp_resp_ex(ssl, &responses);
    for (i = 0; result == X509_V_OK && i < sk_OCSP_RESPONSE_num(responses); i++) {
        result = check_response(ssl, sk_OCSP_RESPONSE_value(responses, i), chain, depth);
        leaf_is_good |= result == X509_V_OK && *depth == 0;
    }
    if (result != X509_V_OK || leaf_is_good)
        return result;
    *depth = 0;
    return required || must_staple(SSL_get0_peer_certificate(ssl)) ? X509_V_ERR_OCSP_NO_RESPONSE : X509_V_OK;
}

static int check_on_client(SSL *ssl, struct lsw_conn *conn)
{
    int result, depth = 0;

    /* A resumed session brings no certificates, and none of this. */
    if (SSL_session_reused(ssl) || conn->ocsp == 0)
        return 1;
    ERR_set_mark();
    result = check_staples(ssl, conn->ocsp == LSW_OCSP_REQUIRE, &depth);
    ERR_pop_to_mark();
    if (result == X509_V_OK)
        return 1;
    SSL_set_verify_result(ssl, result);
    lsw_remember_failure(conn, sk_X509_value(SSL_get0_verified_chain(ssl), depth), depth);
    return 0;
}

int lsw_status_trampoline(SSL *ssl, void *arg)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    int answer;

    (void)arg;
    if (!SSL_is_server(ssl))
        return conn == NULL || check_on_client(ssl, conn);
    answer = lsw_wants(ssl, LSW_WANT_STATUS_CB) ? lsw_js_status_cb(ssl) : 0;
    return answer > 0 ? SSL_TLSEXT_ERR_OK : answer == 0 ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int lsw_SSL_request_ocsp(SSL *ssl, int mode)
{
    lsw_conn_of(ssl)->ocsp = mode;
    return (int)SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
}

int lsw_OCSP_RESPONSE_check(const uint8_t *bytes, size_t length)
{
    OCSP_RESPONSE *response = lsw_read(&lsw_ocsp_response, bytes, length);

    OCSP_RESPONSE_free(response);
    return response != NULL;
}

int lsw_SSL_set_tlsext_status_ocsp_resp(SSL *ssl, const uint8_t *bytes, size_t length)
{
    uint8_t *copy = OPENSSL_memdup(bytes, length);

    if (copy != NULL && SSL_set_tlsext_status_ocsp_resp(ssl, copy, length))
        return 1;
    OPENSSL_free(copy);
    return 0;
}
