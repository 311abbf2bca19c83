/* BIO_s_bio's macros, as functions; and a pair that holds no buffers while nothing moves. */
#include "lsw.h"

int lsw_BIO_new_bio_pair(BIO **a, size_t size_a, BIO **b, size_t size_b)
{
    return BIO_new_bio_pair(a, size_a, b, size_b);
}

int lsw_BIO_shutdown_wr(BIO *bio)
{
    return (int)BIO_shutdown_wr(bio);
}

int lsw_BIO_eof(BIO *bio)
{
    return (int)BIO_eof(bio);
}

int lsw_BIO_should_retry(BIO *bio)
{
    return BIO_should_retry(bio) != 0;
}

/*
 * A pair without buffers is two halves that OpenSSL has separated (BIO_destroy_bio_pair), and that look paired: OpenSSL asks
 * a BIO's callback before each operation, and this one pairs them again (BIO_make_bio_pair) before the first that needs a
 * buffer. It is installed only while there are no buffers, so that it costs nothing while bytes move.
 */

static long parted_callback(BIO *bio, int oper, const char *argp, size_t len, int argi, long argl, int ret, size_t *processed);

static void part(BIO *bio, BIO *other)
{
    long size = (long)BIO_get_write_buf_size(bio, 0);

    BIO_set_write_buf_size(bio, size + 1); /* another size than before frees the buffer */
    BIO_set_write_buf_size(bio, size);
    BIO_ctrl_reset_read_request(bio);
    BIO_set_init(bio, 1); /* else BIO_nread and BIO_nwrite fail before they ask the callback */
    BIO_set_callback_arg(bio, (char *)other);
    BIO_set_callback_ex(bio, parted_callback);
}

static void forget(BIO *bio)
{
    BIO_set_callback_ex(bio, NULL);
    BIO_set_callback_arg(bio, NULL);
}

static int pair_again(BIO *bio, BIO *other)
{
    forget(bio);
    forget(other);
    if (BIO_make_bio_pair(bio, other))
        return 1;
    part(bio, other);
    part(other, bio);
    return LSW_BIO_NO_MEMORY;
}

static int nothing_yet(BIO *bio)
{
    BIO_clear_retry_flags(bio);
    BIO_set_retry_read(bio);
    return -1;
}

static long parted_callback(BIO *bio, int oper, const char *argp, size_t len, int argi, long argl, int ret, size_t *processed)
{
    BIO *other = (BIO *)BIO_get_callback_arg(bio);

    (void)argp, (void)len, (void)argl, (void)processed;
    switch (oper) {
    case BIO_CB_FREE:
        forget(other);
        BIO_set_init(other, 0); /* as after the end of a pair */
        return ret;
    case BIO_CB_READ:
        return nothing_yet(bio);
    case BIO_CB_WRITE:
        return pair_again(bio, other);
    case BIO_CB_CTRL:
        switch (argi) {
        case BIO_C_NREAD0:
        case BIO_C_NREAD:
            return nothing_yet(bio);
        case BIO_C_SHUTDOWN_WR:
        case BIO_C_NWRITE0:
        case BIO_C_NWRITE:
            return pair_again(bio, other);
        }
        return ret;
    case BIO_CB_CTRL | BIO_CB_RETURN:
        /* OpenSSL answers these wrongly for a half that has no other. */
        if (argi == BIO_C_GET_WRITE_GUARANTEE)
            return (long)BIO_get_write_buf_size(bio, 0);
        return argi == BIO_CTRL_EOF ? 0 : ret;
    }
    return ret;
}

void lsw_BIO_release_buffers(BIO *a, BIO *b)
{
    if (BIO_get_callback_ex(a) != NULL || BIO_ctrl_pending(a) > 0 || BIO_ctrl_pending(b) > 0 || BIO_eof(a) || BIO_eof(b))
        return;
    BIO_destroy_bio_pair(a);
    part(a, b);
    part(b, a);
}
