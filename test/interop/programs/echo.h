/* The part that ../peers/echo.ts describes, for libraries of C: echo.c plays it, and one file for each library does the TLS.
   What fails says so by fail() and does not return. */

/* The value of the word NAME=VALUE, or NULL. */
const char *option(const char *name);
int is_client(void);
/* Prints `failed` with both, and exits with 1. */
_Noreturn void fail(const char *what, const char *why);

/* Makes the handshake on a connected TCP socket. */
void tls_open(int socket);
/* What was agreed; an empty string or NULL for nothing. */
const char *tls_version(void);
const char *tls_alpn(void);
const char *tls_subject(void);
/* How many bytes came; 0 after close_notify. */
int tls_read(void *buffer, int size);
void tls_write(const void *bytes, int length);
/* Sends close_notify. */
void tls_close(void);
