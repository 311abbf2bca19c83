/* BIO_s_bio's macros, as functions. */
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
