/* PEM texts, block by block. Only the blocks that are asked for are decoded; text around them is ignored. */
#include <string.h>
#include <openssl/pem.h>
#include "internal.h"

static const char BEGIN[] = "-----BEGIN ", END[] = "-----END ", DASHES[] = "-----";

int lsw_no_passphrase(char *buf, int size, int rwflag, void *arg)
{
    (void)buf, (void)size, (void)rwflag, (void)arg;
    return -1;
}

/*
 * What editors and shells add is left out: byte order marks, white space and other invisible bytes at the start of a line, the
 * zeros of UTF-16. CRLF and CR become LF.
 */
static void tidy(char *to, const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes + length;
    uint8_t last = '\n';

    for (; bytes < end; bytes++) {
        int line_start = last == '\n' || last == '\r', is_visible = *bytes > ' ' && *bytes < 0x7f;

        if (*bytes == '\0' || (line_start && !is_visible && *bytes != '\n' && *bytes != '\r'))
            continue;
        if (*bytes != '\n' || last != '\r')
            *to++ = *bytes == '\r' ? '\n' : (char)*bytes;
        last = *bytes;
    }
    *to = '\0';
}

int lsw_pem_open(struct lsw_pem *pem, const uint8_t *bytes, size_t length)
{
    pem->capacity = length + 1;
    pem->text = OPENSSL_malloc(pem->capacity);
    pem->next = pem->text;
    if (pem->text == NULL)
        return 0;
    tidy(pem->text, bytes, length);
    return 1;
}

void lsw_pem_close(struct lsw_pem *pem)
{
    OPENSSL_clear_free(pem->text, pem->capacity);
}

static int begins_with(const char *text, const char *words)
{
    return strncmp(text, words, strlen(words)) == 0;
}

/* The next first or last line of a block, from `at` on; NULL if there is none. One may stand right behind another block. */
static const char *find_border(const struct lsw_pem *pem, const char *at)
{
    for (; (at = strstr(at, DASHES)) != NULL; at++)
        if ((at == pem->next || at[-1] == '\n') && (begins_with(at, BEGIN) || begins_with(at, END)))
            return at;
    return NULL;
}

int lsw_pem_next(struct lsw_pem *pem, struct lsw_block *block)
{
    const char *border = find_border(pem, pem->next), *line, *dashes;

    while (border != NULL && !begins_with(border, BEGIN))
        border = find_border(pem, border + 1);
    if (border == NULL)
        return 0;
    block->text = border;
    block->label = border + strlen(BEGIN);
    block->label_length = strcspn(block->label, "-\n");
    border = find_border(pem, block->label);
    if (border == NULL) {
        pem->next = block->label + strlen(block->label);
    } else if (begins_with(border, BEGIN)) {
        pem->next = border; /* this one was cut off */
    } else {
        line = border + strcspn(border, "\n");
        dashes = strstr(border + strlen(END), DASHES);
        pem->next = dashes != NULL && dashes < line ? dashes + strlen(DASHES) : line;
    }
    block->length = (size_t)(pem->next - block->text);
    return 1;
}

int lsw_block_is(const struct lsw_block *block, const char *label)
{
    return strlen(label) == block->label_length && memcmp(label, block->label, block->label_length) == 0;
}

int lsw_block_ends_in(const struct lsw_block *block, const char *words)
{
    size_t length = strlen(words);

    return length <= block->label_length && memcmp(words, block->label + block->label_length - length, length) == 0;
}

/* Reads the cipher from the header of an encrypted block. */
static int know_cipher(char *header, EVP_CIPHER_INFO *cipher)
{
    static const char DEK_INFO[] = "DEK-Info: ";
    const char *name;

    if (PEM_get_EVP_CIPHER_INFO(header, cipher))
        return 1;
    name = strstr(header, DEK_INFO);
    if (name != NULL && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_UNSUPPORTED_ENCRYPTION) {
        name += strlen(DEK_INFO);
        ERR_raise_data(ERR_LIB_PEM, PEM_R_UNSUPPORTED_ENCRYPTION, "%.*s", (int)strcspn(name, " ,\n"), name);
    }
    return 0;
}

uint8_t *lsw_block_der(const struct lsw_block *block, pem_password_cb *passphrase, void *arg, size_t *length)
{
    BIO *bio = BIO_new_mem_buf(block->text, (int)block->length);
    char *name = NULL, *header = NULL;
    uint8_t *data = NULL;
    long size = 0;
    EVP_CIPHER_INFO cipher;
    int ok = bio != NULL && PEM_read_bio(bio, &name, &header, &data, &size);

    if (!ok && block->label[strcspn(block->label, "\n")] == '\0')
        ERR_raise_data(ERR_LIB_PEM, PEM_R_BAD_END_LINE, "there are no line breaks");
    if (ok && !(know_cipher(header, &cipher) && PEM_do_header(&cipher, data, &size, passphrase, arg))) {
        OPENSSL_clear_free(data, (size_t)size);
        data = NULL;
    }
    BIO_free(bio);
    OPENSSL_free(name);
    OPENSSL_free(header);
    *length = (size_t)size;
    return data;
}

void lsw_block_raise(const struct lsw_block *block, int reason)
{
    ERR_raise_data(ERR_LIB_PEM, reason, "%.*s", (int)block->label_length, block->label);
}

void lsw_pem_raise_none(struct lsw_pem *pem)
{
    struct lsw_block block;
    char found[200] = "";

    for (pem->next = pem->text; lsw_pem_next(pem, &block);) {
        size_t used = strlen(found);

        BIO_snprintf(found + used, sizeof(found) - used, "%s%.*s", used > 0 ? ", " : "there is only ", (int)block.label_length,
            block.label);
    }
    ERR_raise_data(ERR_LIB_PEM, PEM_R_NO_START_LINE, "%s", *found != '\0' ? found : "there is no PEM block");
}
