// OpenSSL's own <openssl/err.h>, but errors are raised without the names of the file and the function and without the line: 18 KB of
// Brotli that no caller sees, for an error's text is made from its code.
#include_next <openssl/err.h>
#undef ERR_raise_data
#define ERR_raise_data (ERR_new(), ERR_set_error)
