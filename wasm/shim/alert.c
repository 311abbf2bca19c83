/*
 * Alerts of our own. A refusal that comes after the handshake, or from a callback, has to be told by an alert, and OpenSSL
 * has no public way to send one but close_notify. This is what its own state machine uses, of no public header: it sends
 * the alert and ends the connection. An SSL of TLS is its SSL_CONNECTION.
 */
#include "internal.h"

void ossl_statem_send_fatal(SSL *connection, int description);

void lsw_SSL_send_fatal_alert(SSL *ssl, int description)
{
    ossl_statem_send_fatal(ssl, description);
}

/* The alert that OpenSSL has for such a failure is not sent any more: the first one counts. */
int lsw_refused(SSL *ssl, int answer)
{
    if (answer > LSW_REFUSE_WITH)
        return 0;
    ossl_statem_send_fatal(ssl, LSW_REFUSE_WITH - answer);
    return 1;
}
