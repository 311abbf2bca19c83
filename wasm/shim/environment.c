/* There are no users and no environment variables: what OpenSSL asks of them is answered here, so that JavaScript need not. */
#include <stdlib.h>
#include <unistd.h>

char *getenv(const char *name)
{
    (void)name;
    return NULL;
}

uid_t getuid(void)
{
    return 0;
}

uid_t geteuid(void)
{
    return 0;
}

gid_t getgid(void)
{
    return 0;
}

gid_t getegid(void)
{
    return 0;
}
