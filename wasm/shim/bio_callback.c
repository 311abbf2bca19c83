/*
 * A source/sink BIO whose reads and writes are JavaScript functions. They may answer at once, answer "would block",
 * or block: for OpenSSL it is a socket either way.
 */
#include "internal.h"

static int answer(BIO *bio, int result, int retry)
{
    switch (result) {
    case LSW_BIO_WOULD_BLOCK:
        BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
        return -1;
    case LSW_BIO_CONNECT:
        BIO_set_retry_special(bio);
        BIO_set_retry_reason(bio, BIO_RR_CONNECT);
        return -1;
    case LSW_BIO_ACCEPT:
        BIO_set_retry_special(bio);
        BIO_set_retry_reason(bio, BIO_RR_ACCEPT);
        return -1;
    case LSW_BIO_FAILED:
        return -1;
    default:
        return result;
    }
}

static int callback_read(BIO *bio, char *buf, int length)
{
    int result;

    BIO_clear_retry_flags(bio);
    result = lsw_js_bio_read(bio, (uint8_t *)buf, length);
    /* Lets SSL_get_error tell an end of input from a failure. */
    if (result == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return answer(bio, result, BIO_FLAGS_READ);
}

static int callback_write(BIO *bio, const char *buf, int length)
{
    BIO_clear_retry_flags(bio);
    return answer(bio, lsw_js_bio_write(bio, (const uint8_t *)buf, length), BIO_FLAGS_WRITE);
}

static long callback_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)num, (void)ptr;
    switch (cmd) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
        return 1;
    case BIO_CTRL_EOF:
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    default:
        return 0;
    }
}

static int callback_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

BIO *lsw_BIO_new_callback(int handle)
{
    static BIO_METHOD *method;
    BIO *bio;

    if (method == NULL) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "JavaScript callbacks");
        if (method == NULL || !BIO_meth_set_read(method, callback_read) || !BIO_meth_set_write(method, callback_write)
            || !BIO_meth_set_ctrl(method, callback_ctrl) || !BIO_meth_set_create(method, callback_create))
            return NULL;
    }
    bio = BIO_new(method);
    if (bio != NULL)
        BIO_set_data(bio, (void *)(intptr_t)handle);
    return bio;
}
