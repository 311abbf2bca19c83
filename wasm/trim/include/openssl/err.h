// OpenSSL's own <openssl/err.h>, but errors are raised without the names of the file and the function and without the line: 18 KB of
// Brotli that no caller sees, for an error's text is made from its code.
//
// And by one call. OpenSSL's two, ERR_new and then ERR_set_error, leave an entry without a code when what is said of the error raises one
// itself (OBJ_nid2sn of an object identifier that is cut): the queue seems to be empty then.
#ifndef LSW_ERR_H
#define LSW_ERR_H
#include_next <openssl/err.h>
#include <stdarg.h>

// Weak: each file brings it, the linker takes one.
__attribute__((weak)) void lsw_raise(int library, int reason, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    ERR_new();
    ERR_vset_error(library, reason, format, args);
    va_end(args);
}
#undef ERR_raise_data
#define ERR_raise_data lsw_raise

// What a stub of the lists says when it is reached.
#define LSW_LEFT_OUT(library) (ERR_raise_data(library, ERR_R_UNSUPPORTED, "left out of this build"), 0)
#endif
