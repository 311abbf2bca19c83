/* See echo.h. */

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "echo.h"

static char **words;

const char *option(const char *name)
{
    size_t length = strlen(name);
    for (char **word = words; *word; word++)
        if (strncmp(*word, name, length) == 0 && (*word)[length] == '=')
            return *word + length + 1;
    return NULL;
}

int is_client(void)
{
    return strcmp(option("role"), "client") == 0;
}

void fail(const char *what, const char *why)
{
    printf("failed %s: %s\n", what, why);
    exit(1);
}

static int connected(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof address;
    int one = socket(AF_INET, SOCK_STREAM, 0);
    if (is_client()) {
        address.sin_port = htons(atoi(option("port")));
        if (connect(one, (struct sockaddr *)&address, length) != 0)
            fail("connect", "no connection");
        return one;
    }
    if (bind(one, (struct sockaddr *)&address, length) != 0 || listen(one, 1) != 0
        || getsockname(one, (struct sockaddr *)&address, &length) != 0)
        fail("bind", "no port");
    printf("port %d\n", ntohs(address.sin_port));
    return accept(one, NULL, NULL);
}

static const char *or_none(const char *text)
{
    return text && *text ? text : "-";
}

int main(int, char **argv)
{
    words = argv + 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    tls_open(connected());
    printf("opened %s %s %s\n", or_none(tls_version()), or_none(tls_alpn()), or_none(tls_subject()));

    static char buffer[16384];
    long count = atol(option("count"));
    for (long echoed = 0; count == 0 || echoed < count;) {
        int length = tls_read(buffer, sizeof buffer);
        if (length == 0) {
            printf("end\n");
            break;
        }
        tls_write(buffer, length);
        echoed += length;
    }
    tls_close();
    printf("closed\n");
    return 0;
}
