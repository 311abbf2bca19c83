/*
 * Certificates as most are, known by a look at their DER. What is plain by this, d2i_X509 reads; what is not may be right as well.
 */
#include <string.h>
#include <openssl/asn1.h>
#include "internal.h"

#define SEQUENCE (V_ASN1_CONSTRUCTED | V_ASN1_SEQUENCE)
#define SET (V_ASN1_CONSTRUCTED | V_ASN1_SET)
#define FIELD(NUMBER) (V_ASN1_CONTEXT_SPECIFIC | V_ASN1_CONSTRUCTED | (NUMBER))

struct der {
    const uint8_t *at, *end;
};

/* Whether the next element has the tag. Goes past it, and gives what is in it. */
static int next(struct der *from, int tag, struct der *content)
{
    const uint8_t *at = from->at;
    ptrdiff_t left = from->end - at, length, head = 2;

    if (left < 2 || at[0] != tag)
        return 0;
    length = at[1];
    if (length == 0x81 && left > 2 && at[2] >= 0x80) {
        length = at[2];
        head = 3;
    } else if (length == 0x82 && left > 3 && at[2] > 0) {
        length = at[2] << 8 | at[3];
        head = 4;
    } else if (length >= 0x80) {
        return 0;
    }
    if (length > left - head)
        return 0;
    content->at = at + head;
    content->end = from->at = content->at + length;
    return 1;
}

static int is_over(const struct der *der)
{
    return der->at == der->end;
}

static int next_object(struct der *from)
{
    struct der id;
    int begins = 1; /* one of its numbers */

    if (!next(from, V_ASN1_OBJECT, &id) || is_over(&id))
        return 0;
    for (; id.at < id.end; id.at++) {
        if (begins && *id.at == 0x80)
            return 0;
        begins = *id.at < 0x80;
    }
    return begins;
}

/* Without parameters, or with those of RSA and of elliptic curves. */
static int next_algorithm(struct der *from)
{
    struct der algorithm, null;

    return next(from, SEQUENCE, &algorithm) && next_object(&algorithm)
        && (is_over(&algorithm) || next_object(&algorithm) || (next(&algorithm, V_ASN1_NULL, &null) && is_over(&null)))
        && is_over(&algorithm);
}

static int next_bits(struct der *from)
{
    struct der bits;

    return next(from, V_ASN1_BIT_STRING, &bits) && bits.end - bits.at > 1 && *bits.at == 0;
}

/* Printable ASCII, with blanks between words alone. */
static int is_plain_text(const struct der *text)
{
    const uint8_t *at;
    int last = ' ';

    for (at = text->at; at < text->end; last = *at++)
        if (*at > '~' || *at < ' ' || (*at == ' ' && last == ' '))
            return 0;
    return last != ' ';
}

/* As OpenSSL compares names: all text is UTF-8 and in lower case, and there is nothing around the parts. Returns the length, or 0. */
static size_t next_name(struct der *from, uint8_t *canonical)
{
    struct der name, part, attribute, text;
    const uint8_t *begin;

    if (!next(from, SEQUENCE, &name) || name.end - name.at > LSW_LONGEST_PLAIN_NAME)
        return 0;
    begin = name.at;
    memcpy(canonical, begin, (size_t)(name.end - begin));
    while (!is_over(&name)) {
        ptrdiff_t type;

        if (!next(&name, SET, &part) || !next(&part, SEQUENCE, &attribute) || !is_over(&part) || !next_object(&attribute))
            return 0;
        type = attribute.at - begin;
        if (!(next(&attribute, V_ASN1_PRINTABLESTRING, &text) || next(&attribute, V_ASN1_UTF8STRING, &text)) || !is_over(&attribute)
            || !is_plain_text(&text))
            return 0;
        canonical[type] = V_ASN1_UTF8STRING;
        for (; text.at < text.end; text.at++)
            if (*text.at >= 'A' && *text.at <= 'Z')
                canonical[text.at - begin] += 'a' - 'A';
    }
    return (size_t)(name.end - begin);
}

static int next_number(struct der *from)
{
    struct der number;
    ptrdiff_t size;

    if (!next(from, V_ASN1_INTEGER, &number))
        return 0;
    size = number.end - number.at;
    return size == 1 || (size > 1 && number.at[0] != 0xff && (number.at[0] != 0 || number.at[1] >= 0x80));
}

static int are_extensions(struct der *all)
{
    struct der extension, content;

    while (!is_over(all)) {
        if (!next(all, SEQUENCE, &extension) || !next_object(&extension))
            return 0;
        if (next(&extension, V_ASN1_BOOLEAN, &content) && content.end - content.at != 1)
            return 0;
        if (!next(&extension, V_ASN1_OCTET_STRING, &content) || !is_over(&extension))
            return 0;
    }
    return 1;
}

/* Of this century's first half: later dates have another form. */
static int next_validity(struct der *from)
{
    struct der validity, time;

    return next(from, SEQUENCE, &validity) && next(&validity, V_ASN1_UTCTIME, &time) && time.end - time.at == 13
        && next(&validity, V_ASN1_UTCTIME, &time) && time.end - time.at == 13 && is_over(&validity);
}

static int next_key(struct der *from)
{
    struct der key;

    return next(from, SEQUENCE, &key) && next_algorithm(&key) && next_bits(&key) && is_over(&key);
}

size_t lsw_plain_subject(const uint8_t *bytes, size_t length, uint8_t subject[LSW_LONGEST_PLAIN_NAME])
{
    struct der all = { bytes, bytes + length }, cert, contents, field;
    size_t subject_length;

    if (!next(&all, SEQUENCE, &cert) || !is_over(&all) || !next(&cert, SEQUENCE, &contents) || !next_algorithm(&cert) || !next_bits(&cert)
        || !is_over(&cert))
        return 0;
    if (!next(&contents, FIELD(0), &field) || !next_number(&field) || !is_over(&field)) /* the version */
        return 0;
    if (!next_number(&contents) || !next_algorithm(&contents) || !next_name(&contents, subject) || !next_validity(&contents))
        return 0;
    subject_length = next_name(&contents, subject); /* in the place of the issuer's */
    if (subject_length == 0 || !next_key(&contents) || !next(&contents, FIELD(3), &field) || !is_over(&contents))
        return 0;
    return next(&field, SEQUENCE, &all) && is_over(&field) && are_extensions(&all) ? subject_length : 0;
}
