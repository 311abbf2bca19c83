/*
 * The calls that do I/O. SSL_get_error(3): "the current thread's error queue must be empty before the TLS/SSL I/O
 * operation is attempted, or SSL_get_error() will not work reliably", and it must follow the call with nothing
 * between. Here the three are one.
 */
#include "lsw.h"

/* OpenSSL's own, in no public header. An SSL of TLS is its SSL_CONNECTION. */
int ossl_statem_in_error(const SSL *connection);

/*
 * Call it with the SSL call itself as the argument: then no other call comes between the two. SSL_get_error calls an end clean only if
 * the last warning was close_notify, and TLS 1.3 remembers user_canceled alone: after user_canceled and close_notify, as a
 * JDK sends them, it answers SSL_ERROR_SYSCALL (openssl/openssl#25254). SSL_get_shutdown knows better, unless the call
 * failed: then the state machine is in error, as after a BIO that fails to write.
 */
static int end(SSL *ssl, int ret, int *error)
{
    *error = SSL_get_error(ssl, ret);
    if (*error == SSL_ERROR_SYSCALL && (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0 && !ossl_statem_in_error(ssl))
        *error = SSL_ERROR_ZERO_RETURN;
    return ret;
}

/*
 * SSL_connect(3) and its like promise 0 for a handshake "not successful but [...] shut down controlled and by the
 * specifications", which is close_notify. OpenSSL's state machine answers -1 to that as to all else; this keeps the
 * manual's word.
 */
static int end_handshake(SSL *ssl, int ret, int *error)
{
    ret = end(ssl, ret, error);
    return *error == SSL_ERROR_ZERO_RETURN ? 0 : ret;
}

int lsw_SSL_connect(SSL *ssl, int *error)
{
    ERR_clear_error();
    return end_handshake(ssl, SSL_connect(ssl), error);
}

int lsw_SSL_accept(SSL *ssl, int *error)
{
    ERR_clear_error();
    return end_handshake(ssl, SSL_accept(ssl), error);
}

int lsw_SSL_do_handshake(SSL *ssl, int *error)
{
    ERR_clear_error();
    return end_handshake(ssl, SSL_do_handshake(ssl), error);
}

int lsw_SSL_read(SSL *ssl, uint8_t *buf, int length, int *error)
{
    ERR_clear_error();
    return end(ssl, SSL_read(ssl, buf, length), error);
}

int lsw_SSL_peek(SSL *ssl, uint8_t *buf, int length, int *error)
{
    ERR_clear_error();
    return end(ssl, SSL_peek(ssl, buf, length), error);
}

int lsw_SSL_write(SSL *ssl, const uint8_t *buf, int length, int *error)
{
    ERR_clear_error();
    return end(ssl, SSL_write(ssl, buf, length), error);
}

int lsw_SSL_shutdown(SSL *ssl, int *error)
{
    ERR_clear_error();
    return end(ssl, SSL_shutdown(ssl), error);
}

int lsw_SSL_write_early_data(SSL *ssl, const uint8_t *buf, int length, int *error)
{
    size_t written = 0;

    ERR_clear_error();
    return end(ssl, SSL_write_early_data(ssl, buf, (size_t)length, &written), error);
}

int lsw_SSL_read_early_data(SSL *ssl, uint8_t *buf, int length, int *count, int *error)
{
    size_t read = 0;
    int ret;

    ERR_clear_error();
    ret = end(ssl, SSL_read_early_data(ssl, buf, (size_t)length, &read), error);
    *count = (int)read;
    return ret;
}
