/*
 * The calls that do I/O. SSL_get_error(3): "the current thread's error queue must be empty before the TLS/SSL I/O
 * operation is attempted, or SSL_get_error() will not work reliably", and it must follow the call with nothing
 * between. Here the three are one.
 */
#include "lsw.h"

#define LSW_IO(ssl, error, call)             \
    do {                                     \
        int ret;                             \
                                             \
        ERR_clear_error();                   \
        ret = (call);                        \
        *(error) = SSL_get_error(ssl, ret);  \
        return ret;                          \
    } while (0)

/*
 * SSL_connect(3) and its like promise 0 for a handshake "not successful but [...] shut down controlled and by the
 * specifications", which is close_notify. OpenSSL's state machine answers -1 to that as to all else; this keeps the
 * manual's word.
 */
#define LSW_HANDSHAKE(ssl, error, call)                        \
    do {                                                       \
        int ret;                                               \
                                                               \
        ERR_clear_error();                                     \
        ret = (call);                                          \
        *(error) = SSL_get_error(ssl, ret);                    \
        return *(error) == SSL_ERROR_ZERO_RETURN ? 0 : ret;    \
    } while (0)

int lsw_SSL_connect(SSL *ssl, int *error)
{
    LSW_HANDSHAKE(ssl, error, SSL_connect(ssl));
}

int lsw_SSL_accept(SSL *ssl, int *error)
{
    LSW_HANDSHAKE(ssl, error, SSL_accept(ssl));
}

int lsw_SSL_do_handshake(SSL *ssl, int *error)
{
    LSW_HANDSHAKE(ssl, error, SSL_do_handshake(ssl));
}

int lsw_SSL_read(SSL *ssl, uint8_t *buf, int length, int *error)
{
    LSW_IO(ssl, error, SSL_read(ssl, buf, length));
}

int lsw_SSL_peek(SSL *ssl, uint8_t *buf, int length, int *error)
{
    LSW_IO(ssl, error, SSL_peek(ssl, buf, length));
}

int lsw_SSL_write(SSL *ssl, const uint8_t *buf, int length, int *error)
{
    LSW_IO(ssl, error, SSL_write(ssl, buf, length));
}

int lsw_SSL_shutdown(SSL *ssl, int *error)
{
    LSW_IO(ssl, error, SSL_shutdown(ssl));
}
