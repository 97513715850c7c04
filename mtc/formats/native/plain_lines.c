/* Reads the plain lines of NCSA-like logs into columns, which a database scans as an Arrow stream.
 *
 * A line is plain if what its fields hold is certain (`take_line`); any other is odd, and its text is kept for the
 * general path. Of the plain lines only those that no filter excludes are kept: the hits.
 *
 * Bounds: [p, end) is readable. Each read of p[k] stands behind a check that p + k < end, or behind a byte that was found
 * between it and `end`. Memory is reserved before a block is read, for the most that its bytes can need (`plain_feed`):
 * nothing is allocated for a line, and every write fits.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arrow_abi.h"

/* The columns of three tables: hits, odd lines, user agents. A width of 0 is a text; the others have no nulls unless so
 * marked. */
enum { N, TS, STATUS, BYTES, DOWNLOAD, AGENT, HOST, IP, USER, METHOD, PROTOCOL, PATH, QUERY, REFERRER, C6, C7,
       ODD_N, ODD_LINE, CODE, AGENT_TEXT, COLUMNS };
static const struct { const char *name, *format; uint8_t width, nullable; } KIND[COLUMNS] = {
    {"n", "i", 4, 0}, {"ts", "tsu:", 8, 0}, {"status", "s", 2, 0}, {"bytes", "l", 8, 1}, {"download", "C", 1, 0},
    {"agent", "i", 4, 0}, {"host", "u", 0, 0}, {"ip", "u", 0, 0}, {"user", "u", 0, 1}, {"method", "u", 0, 0},
    {"protocol", "u", 0, 0}, {"path", "u", 0, 0}, {"query", "u", 0, 1}, {"referrer", "u", 0, 1}, {"c6", "u", 0, 0},
    {"c7", "u", 0, 0}, {"n", "i", 4, 0}, {"line", "u", 0, 0}, {"code", "i", 4, 0}, {"user_agent", "u", 0, 0}};
static const int FIRST[] = {N, ODD_N, CODE, COLUMNS};

enum { HITS, ODD_LINES, AGENTS, TABLES };
enum { HIT, ERROR, REDIRECT, STATIC, ODD, VERDICTS };
enum { WHITE = 1, WORD = 2, DIGIT = 4, HEX = 8 }; /* classes of bytes: RE2's \s, \w, \d and [0-9a-f] */
enum { COMMON, COMBINED, EXTRA };               /* what follows the size */
enum { IS_STATIC = 1, IS_DOWNLOAD = 2 };        /* what an extension means */
enum { ROWS = 61440, SHORTEST = 40, WORDS = 1024, PIECES = 24 };

struct settings { /* as library.py fills it */
    int32_t ending, host_first, host_second, errors, redirects, statics; /* the last three: are they hits? */
    int64_t shift;                                                       /* microseconds */
    uint64_t seed;                                                       /* of the hash */
};
struct text { const uint8_t *p, *end; };
struct line {
    struct text texts[C7 - HOST + 1], agent; /* texts in the order of the columns */
    int64_t ts, bytes;
    int status;
};
struct buffer { uint8_t *data; size_t size, room; };
struct column { struct buffer values, offsets, valid; };
struct slot { uint64_t hash; int32_t code; };
struct owned { struct owned *next; void *memory; };
struct reader {
    struct settings settings;
    uint8_t classes[256], meanings[WORDS], date[11]; /* the last date that was read, and its time */
    int64_t date_us, lines, counts[VERDICTS], wild, rows[TABLES];
    uint64_t words[WORDS], slot_mask; /* extensions, packed */
    struct slot *slots;
    struct column columns[COLUMNS];
    struct owned *owned;
};

/* --- columns --- */

static int reserve(struct buffer *b, size_t more) {
    if (b->room - b->size >= more) return 1;
    size_t room = 2 * b->size + more;
    uint8_t *data = realloc(b->data, room);
    if (data) b->data = data, b->room = room;
    return data != 0;
}
static void put(struct buffer *b, const void *bytes, size_t count) { /* into reserved memory */
    if (count) memcpy(b->data + b->size, bytes, count);
    b->size += count;
}
static void put_text(struct column *c, struct text text) {
    put(&c->values, text.p, (size_t)(text.end - text.p));
    int32_t end = (int32_t)c->values.size; /* below 2^31: see `plain_feed` */
    put(&c->offsets, &end, 4);
}
static void put_valid(struct column *c, int64_t row, int valid) {
    if (row % 8 == 0) c->valid.data[c->valid.size++] = 0;
    c->valid.data[row / 8] |= (uint8_t)((valid != 0) << (row % 8));
}

/* --- user agents: each distinct text has a code, in the order of their first lines --- */

static uint64_t hash_of(uint64_t seed, struct text text) {
    uint64_t hash = seed ^ (uint64_t)(text.end - text.p);
    for (size_t left; (left = (size_t)(text.end - text.p)); text.p += left < 8 ? left : 8) {
        uint64_t word = 0;
        memcpy(&word, text.p, left < 8 ? left : 8);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    return (hash ^ hash >> 32) * (seed | 1);
}
static int32_t code_of(struct reader *r, struct text text) { /* a free slot exists: see `reserve_slots` */
    struct column *texts = &r->columns[AGENT_TEXT];
    uint64_t hash = hash_of(r->settings.seed, text), at = hash >> 20 & r->slot_mask;
    size_t length = (size_t)(text.end - text.p);
    for (int32_t span[2]; r->slots[at].code >= 0; at = (at + 1) & r->slot_mask) {
        memcpy(span, texts->offsets.data + 4 * (size_t)r->slots[at].code, sizeof span);
        if (r->slots[at].hash == hash && (size_t)(span[1] - span[0]) == length &&
            (!length || !memcmp(texts->values.data + span[0], text.p, length))) return r->slots[at].code;
    }
    int32_t code = (int32_t)r->rows[AGENTS]++;
    r->slots[at] = (struct slot){hash, code};
    put(&r->columns[CODE].values, &code, 4);
    put_text(texts, text);
    return code;
}
static int reserve_slots(struct reader *r, size_t more) { /* keeps at least half of the slots free */
    uint64_t wanted = 2 * ((uint64_t)r->rows[AGENTS] + more) + 1, mask = 1023;
    while (mask < wanted) mask = 2 * mask + 1;
    if (r->slots && r->slot_mask >= mask) return 1;
    struct slot *slots = malloc((size_t)(mask + 1) * sizeof *slots);
    if (!slots) return 0;
    for (uint64_t at = 0; at <= mask; at++) slots[at].code = -1;
    for (uint64_t old = 0; r->slots && old <= r->slot_mask; old++) {
        uint64_t at = r->slots[old].hash >> 20 & mask;
        if (r->slots[old].code < 0) continue;
        while (slots[at].code >= 0) at = (at + 1) & mask;
        slots[at] = r->slots[old];
    }
    free(r->slots);
    r->slots = slots, r->slot_mask = mask;
    return 1;
}

/* --- the fields of a line: each function moves `t->p` behind what it takes, and returns whether that was there --- */

static int is(const struct reader *r, uint8_t byte, int class) { return r->classes[byte] & class; }
static int digits(const struct reader *r, const uint8_t *p, int count) { /* p[0] to p[count - 1] are readable */
    return !count || (is(r, *p, DIGIT) && digits(r, p + 1, count - 1));
}
static int two(const uint8_t *p) { return (p[0] - '0') * 10 + p[1] - '0'; }
static int take(struct text *t, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(t->end - t->p) < length || memcmp(t->p, word, length)) return 0;
    t->p += length;
    return 1;
}
static int take_any(struct text *t, const char *const *words) {
    while (*words && !take(t, *words)) words++;
    return *words != 0;
}
static int take_word(const struct reader *r, struct text *t, struct text *out) { /* no white space, no `[` */
    for (out->p = t->p; t->p < t->end && !is(r, *t->p, WHITE) && *t->p != '['; t->p++) {}
    out->end = t->p;
    return out->end > out->p && take(t, " ");
}
static int take_host(const struct reader *r, struct text *t, struct text *out) { /* begins with a letter; then a port */
    for (out->p = t->p; t->p < t->end && (is(r, *t->p, WORD) || *t->p == '.' || *t->p == '-'); t->p++) {}
    out->end = t->p;
    if (out->end == out->p || is(r, *out->p, DIGIT) || !is(r, *out->p, WORD) || !is(r, out->end[-1], WORD)) return 0;
    if (take(t, ":")) {
        const uint8_t *port = t->p;
        while (t->p < t->end && is(r, *t->p, DIGIT)) t->p++;
        if (t->p == port) return 0;
    }
    return take(t, " ");
}
static int take_ipv4(const struct reader *r, struct text *t) { /* without leading zeros */
    for (int octet = 0; octet < 4; octet++) {
        if (octet && !take(t, ".")) return 0;
        const uint8_t *first = t->p;
        int value = 0;
        while (t->p < t->end && t->p - first < 3 && is(r, *t->p, DIGIT)) value = 10 * value + *t->p++ - '0';
        if (t->p == first || value > 255 || (*first == '0' && t->p - first > 1)) return 0;
    }
    return 1;
}
static int take_ipv6(const struct reader *r, struct text *t) { /* canonical (RFC 5952), without zeros beside a `::` */
    for (int groups = 0, colons = 0, gap = 0, behind_gap = 0, zeros = 0, pairs = 0, was_zero = 0;; colons++) {
        const uint8_t *first = t->p;
        while (t->p < t->end && t->p - first < 4 && is(r, *t->p, HEX)) t->p++;
        int length = (int)(t->p - first), is_zero = length == 1 && *first == '0';
        if ((!length && !behind_gap) || (length > 1 && *first == '0')) return 0;
        groups += length > 0, zeros += is_zero, pairs += is_zero && was_zero, was_zero = is_zero;
        if (!length || !take(t, ":")) return gap ? !zeros && colons <= 6 : groups == 8 && !pairs;
        if ((behind_gap = take(t, ":")) && (gap++ || !++colons)) return 0;
    }
}
static int take_ip(const struct reader *r, struct text *t, struct text *out) {
    out->p = t->p;
    if (!take_ipv4(r, t) && (t->p = out->p, !take_ipv6(r, t))) return 0;
    out->end = t->p;
    return take(t, " ");
}
static int64_t days(int year, int month, int day) { /* since 1970; months from 1 */
    int y = year - (month <= 2), of_era = y % 400, of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return (int64_t)(y / 400) * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}
static int take_time(struct reader *r, struct text *t, int64_t *ts) { /* [dd/Mon/yyyy:hh:mm:ss +hhmm] and a blank */
    static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const uint8_t LAST[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}; /* 29 February takes the other path */
    const uint8_t *p = t->p;
    if (t->end - p < 29 || p[0] != '[' || p[12] != ':' || p[15] != ':' || p[18] != ':' || p[21] != ' ') return 0;
    if ((p[22] != '+' && p[22] != '-') || p[27] != ']' || p[28] != ' ') return 0;
    if (memcmp(r->date, p + 1, 11)) {
        int month = 0, day = two(p + 1), year = two(p + 8) * 100 + two(p + 10);
        while (month < 12 && memcmp(MONTHS + 3 * month, p + 4, 3)) month++;
        if (month == 12 || p[3] != '/' || p[7] != '/' || !digits(r, p + 1, 2) || !digits(r, p + 8, 4)) return 0;
        if (day < 1 || day > LAST[month] || year < 1997 || year > 2097) return 0;
        memcpy(r->date, p + 1, 11);
        r->date_us = days(year, month + 1, day) * 86400000000;
    }
    if (!digits(r, p + 13, 2) || !digits(r, p + 16, 2) || !digits(r, p + 19, 2) || !digits(r, p + 23, 4)) return 0;
    if (two(p + 13) > 23 || two(p + 16) > 59 || two(p + 19) > 59 || two(p + 23) > 13 || two(p + 25) > 59) return 0;
    int east = (two(p + 23) * 60 + two(p + 25)) * (p[22] == '+' ? 1 : -1), minutes = two(p + 13) * 60 + two(p + 16) - east;
    *ts = r->date_us + (minutes * 60 + two(p + 19)) * INT64_C(1000000) + r->settings.shift;
    t->p += 29;
    return 1;
}
static int take_request(const struct reader *r, struct text *t, struct text *texts) {
    static const char *const METHODS[] = {"GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "PROPFIND ", 0};
    static const char *const PROTOCOLS[] = {"HTTP/1.1\"", "HTTP/1.0\"", "HTTP/2.0\"", "HTTP/2\"", "HTTP/3.0\"", "HTTP/3\"", 0};
    const uint8_t *first = t->p + 1, *mark = 0;
    if (!take(t, "\"") || !take_any(t, METHODS) || t->p == t->end || *t->p != '/') return 0;
    texts[METHOD - HOST] = (struct text){first, t->p - 1};
    for (first = t->p; t->p < t->end && !is(r, *t->p, WHITE) && *t->p != '"'; t->p++)
        if (*t->p == '?' && !mark) mark = t->p;
    texts[PATH - HOST] = (struct text){first, mark ? mark : t->p};
    if (mark) texts[QUERY - HOST] = (struct text){mark + 1, t->p};
    first = t->p + 1;
    if (!take(t, " ") || !take_any(t, PROTOCOLS)) return 0;
    texts[PROTOCOL - HOST] = (struct text){first, t->p - 1};
    return 1;
}
static int take_result(const struct reader *r, struct text *t, struct line *out) { /* ` 200 1234` or ` 200 -` */
    if (t->end - t->p < 6 || t->p[0] != ' ' || !digits(r, t->p + 1, 3) || t->p[4] != ' ') return 0;
    out->status = (t->p[1] - '0') * 100 + two(t->p + 2), out->bytes = -1;
    const uint8_t *first = t->p += 5;
    if (take(t, "-")) return 1;
    for (out->bytes = 0; t->p < t->end && t->p - first < 18 && is(r, *t->p, DIGIT); t->p++)
        out->bytes = 10 * out->bytes + *t->p - '0';
    return t->p > first;
}
static int take_quoted(struct text *t, struct text *out) { /* a blank, and a text in quotes that ends surely */
    if (!take(t, " \"")) return 0;
    const uint8_t *quote = memchr(t->p, '"', (size_t)(t->end - t->p));
    if (!quote || (quote > t->p && quote[-1] == '\\')) return 0;
    *out = (struct text){t->p, quote};
    t->p = quote + 1;
    return 1;
}
static int take_extra(struct text t, struct text *texts) { /* what is behind the user agent, up to two quotes */
    const uint8_t *quote = memchr(t.p, '"', (size_t)(t.end - t.p)), *behind;
    texts[C6 - HOST] = (struct text){t.p, quote ? quote : t.end};
    if (texts[C6 - HOST].end - t.p > 1) return t.p[1] > ' ' && (!quote || quote[-1] == ' ');
    if (!quote) return 1;
    behind = memchr(quote + 1, '"', (size_t)(t.end - quote - 1));
    texts[C7 - HOST] = (struct text){quote + 1, behind ? behind : t.end};
    return !behind || behind + 1 == t.end || behind[1] == ' ';
}
/* A plain line: an address, a time that exists, a request for a path by a usual method and protocol, a status,
 * a size, and quotes that are certain, as `sure` and `PlainLine` in pattern.py say. */
static int take_line(struct reader *r, struct text t, struct line *out) {
    const struct settings *s = &r->settings;
    struct text *texts = out->texts, identity;
    int is_plain = (!s->host_first || take_host(r, &t, texts)) && take_ip(r, &t, &texts[IP - HOST]) &&
        (s->host_second ? take_host(r, &t, texts) : take_word(r, &t, &identity)) &&
        take_word(r, &t, &texts[USER - HOST]) && take_time(r, &t, &out->ts) && take_request(r, &t, texts) &&
        take_result(r, &t, out);
    if (!is_plain || s->ending == COMMON)
        return is_plain && (t.p == t.end || (*t.p == ' ' && !memchr(t.p, '"', (size_t)(t.end - t.p))));
    return take_quoted(&t, &texts[REFERRER - HOST]) && take_quoted(&t, &out->agent) && (t.p == t.end || *t.p == ' ') &&
        (s->ending == COMBINED || take_extra(t, texts));
}

/* --- filters --- */

static uint8_t folded(const uint8_t *first, const uint8_t **p) { /* the letter before *p, as RE2 folds U+017F and U+212A */
    uint8_t byte = *--*p;
    if (byte == 0xBF && *p > first && (*p)[-1] == 0xC5) return --*p, 's';
    if (byte == 0xAA && *p - first > 1 && (*p)[-1] == 0x84 && (*p)[-2] == 0xE2) return *p -= 2, 'k';
    return byte >= 'A' && byte <= 'Z' ? byte + 32 : byte;
}
static int meaning_of(const struct reader *r, struct text path) { /* of the extension, or of robots.txt */
    static const char ROBOTS[] = "/robots.txt";
    const uint8_t *p = path.end;
    int at = 10;
    while (at >= 0 && p > path.p && folded(path.p, &p) == ROBOTS[at]) at--;
    if (at < 0) return IS_STATIC;
    uint64_t word = 0;
    p = path.end;
    for (int length = 0; p > path.p && p[-1] != '.'; length++) {
        uint8_t byte = folded(path.p, &p);
        if (length == 8 || !is(r, byte, WORD)) return 0;
        word = word << 8 | byte;
    }
    for (uint64_t i = word * 0x9E3779B97F4A7C15u >> 54; p > path.p && word && r->words[i]; i = (i + 1) % WORDS)
        if (r->words[i] == word) return r->meanings[i];
    return 0;
}

/* --- reading --- */

static void put_hit(struct reader *r, const struct line *l, int32_t n, uint8_t download) {
    struct column *c = r->columns;
    int64_t row = r->rows[HITS]++;
    int16_t status = (int16_t)l->status;
    int is_dash = l->agent.end - l->agent.p == 1 && *l->agent.p == '-';
    int32_t agent = code_of(r, is_dash ? (struct text){0, 0} : l->agent);
    put(&c[N].values, &n, 4);
    put(&c[TS].values, &l->ts, 8);
    put(&c[STATUS].values, &status, 2);
    put(&c[BYTES].values, &l->bytes, 8);
    put_valid(&c[BYTES], row, l->bytes >= 0);
    put(&c[DOWNLOAD].values, &download, 1);
    put(&c[AGENT].values, &agent, 4);
    for (int at = HOST; at <= C7; at++) {
        struct text text = l->texts[at - HOST];
        put_text(&c[at], text);
        int is_filled = text.end - text.p > 1 || (text.end > text.p && *text.p != '-');
        if (KIND[at].nullable) put_valid(&c[at], row, at == QUERY ? text.p != 0 : is_filled);
    }
}
static void put_odd(struct reader *r, struct text line, int32_t n) { /* an empty line is a blank */
    static const uint8_t BLANK[] = " ";
    int quotes = 0;
    for (const uint8_t *p = line.p; p < line.end; p++) quotes += *p == '"';
    r->wild += quotes >= PIECES;
    r->rows[ODD_LINES]++;
    put(&r->columns[ODD_N].values, &n, 4);
    put_text(&r->columns[ODD_LINE], line.p == line.end ? (struct text){BLANK, BLANK + 1} : line);
}
static int judge(const struct settings *s, const struct line *l, int meaning) {
    if (!s->errors && (l->status >= 400 || l->status == 0)) return ERROR;
    if (!s->redirects && l->status >= 300 && l->status < 400 && l->status != 304) return REDIRECT;
    return !s->statics && meaning & IS_STATIC ? STATIC : HIT;
}
/* Reads whole lines; returns how many, or -1 without having read anything if there is not enough memory.
 *
 * Of a block of `size` bytes, at most `size` bytes of text go into a column (the blank of an empty line in place of its
 * line end), `lines` rows into the odd ones, and size / SHORTEST + 1 rows into the hits: a plain line has at least 8 bytes
 * of address, 4 of words, 29 of time, 17 of request, 6 of result. So much is reserved here. */
int64_t plain_feed(struct reader *r, const uint8_t *text, int64_t length) {
    size_t size = (size_t)length, rows = size / SHORTEST + 1, lines = 0;
    if (length < 0 || size > 1 << 28) return -1;
    const uint8_t *end = text + size;
    for (const uint8_t *p = text; p < end; p++) lines += *p == '\n';
    if (!reserve_slots(r, rows) || r->lines + (int64_t)lines > INT32_MAX) return -1;
    for (int at = 0; at < COLUMNS; at++) {
        struct column *c = &r->columns[at];
        size_t most = at == ODD_N || at == ODD_LINE ? lines : rows, width = KIND[at].width;
        if (!width && c->values.size + size > INT32_MAX) return -1;
        if (!reserve(&c->values, width ? most * width : size) || !reserve(&c->offsets, width ? 0 : 4 * most)) return -1;
        if (!reserve(&c->valid, KIND[at].nullable ? most / 8 + 2 : 0)) return -1;
    }
    for (const uint8_t *p = text, *next; (next = memchr(p, '\n', (size_t)(end - p))); p = next + 1) {
        struct line line = {0};
        int32_t n = (int32_t)r->lines++;
        int is_plain = take_line(r, (struct text){p, next}, &line);
        int meaning = is_plain ? meaning_of(r, line.texts[PATH - HOST]) : 0;
        int verdict = is_plain ? judge(&r->settings, &line, meaning) : ODD;
        r->counts[verdict]++;
        if (verdict == ODD) put_odd(r, (struct text){p, next}, n);
        if (verdict == HIT) put_hit(r, &line, n, meaning & IS_DOWNLOAD || meaning & r->settings.statics & IS_STATIC);
    }
    return (int64_t)lines;
}
const char *const plain_source = SOURCE_DIGEST; /* of this file, as it was built */
void plain_counts(const struct reader *r, int64_t out[VERDICTS + 2]) {
    memcpy(out, r->counts, sizeof r->counts);
    out[VERDICTS + 1] = r->rows[AGENTS];
    out[VERDICTS] = r->wild; /* odd lines with more pieces between quotes than the general path splits */
}

/* --- Arrow: the reader owns all memory until it is freed, so that releasing is nothing but a mark --- */

static void *own(struct reader *r, size_t size) {
    struct owned *owned = calloc(1, sizeof *owned);
    if (!owned || !(owned->memory = calloc(1, size))) return free(owned), (void *)0;
    owned->next = r->owned, r->owned = owned;
    return owned->memory;
}
struct scan { struct ArrowArrayStream stream; struct reader *reader; int table; int64_t row; };
static void release_schema(struct ArrowSchema *s) { s->release = 0; }
static void release_array(struct ArrowArray *a) { a->release = 0; }
static void release_stream(struct ArrowArrayStream *s) { s->release = 0; }
static const char *last_error(struct ArrowArrayStream *s) { return (void)s, "not enough memory"; }

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    struct scan *scan = stream->private_data;
    int first = FIRST[scan->table], count = FIRST[scan->table + 1] - first;
    struct { struct ArrowSchema *children[COLUMNS], schemas[COLUMNS]; } *made = own(scan->reader, sizeof *made);
    if (!made) return ENOMEM;
    for (int at = 0; at < count; at++) {
        made->children[at] = &made->schemas[at];
        made->schemas[at] = (struct ArrowSchema){.format = KIND[first + at].format, .name = KIND[first + at].name,
            .flags = KIND[first + at].nullable ? 2 : 0, .release = release_schema};
    }
    *out = (struct ArrowSchema){.format = "+s", .name = "", .n_children = count, .children = made->children, .release = release_schema};
    return 0;
}
static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    struct scan *scan = stream->private_data;
    int first = FIRST[scan->table], count = FIRST[scan->table + 1] - first;
    int64_t left = scan->reader->rows[scan->table] - scan->row, length = left < ROWS ? left : ROWS;
    *out = (struct ArrowArray){0};
    if (!length) return 0;
    struct { struct ArrowArray *children[COLUMNS], arrays[COLUMNS]; const void *buffers[COLUMNS][3], *none; } *made =
        own(scan->reader, sizeof *made);
    if (!made) return ENOMEM;
    for (int at = 0; at < count; at++) {
        const struct column *c = &scan->reader->columns[first + at];
        int is_text = !KIND[first + at].width, nullable = KIND[first + at].nullable;
        made->buffers[at][0] = nullable ? c->valid.data : 0;
        made->buffers[at][1] = is_text ? c->offsets.data : c->values.data;
        made->buffers[at][2] = c->values.data;
        made->children[at] = &made->arrays[at];
        made->arrays[at] = (struct ArrowArray){.length = length, .null_count = nullable ? -1 : 0, .offset = scan->row,
            .n_buffers = 2 + is_text, .buffers = made->buffers[at], .release = release_array};
    }
    scan->row += length;
    *out = (struct ArrowArray){.length = length, .n_buffers = 1, .buffers = &made->none, .n_children = count,
        .children = made->children, .release = release_array};
    return 0;
}
struct ArrowArrayStream *plain_scan(struct reader *r, int32_t table) { /* NULL without memory */
    struct scan *scan = own(r, sizeof *scan);
    if (!scan) return 0;
    *scan = (struct scan){{get_schema, get_next, last_error, release_stream, scan}, r, table, 0};
    return &scan->stream;
}
void plain_free(struct reader *r) {
    for (struct owned *next, *owned = r->owned; owned; owned = next) {
        next = owned->next;
        free(owned->memory);
        free(owned);
    }
    for (struct column *c = r->columns; c < r->columns + COLUMNS; c++)
        free(c->values.data), free(c->offsets.data), free(c->valid.data);
    free(r->slots);
    free(r);
}
/* `words` are up to WORDS / 2 texts of 1 to 8 lower-case letters and digits, each with its meaning. */
struct reader *plain_new(const struct settings *settings, const char *const *words, const uint8_t *meanings, int32_t count) {
    struct reader *r = calloc(1, sizeof *r);
    if (!r) return 0;
    r->settings = *settings;
    for (const char *p = " \t\n\f\r"; *p; p++) r->classes[(uint8_t)*p] = WHITE;
    for (int byte = '0'; byte <= '9'; byte++) r->classes[byte] = WORD | DIGIT | HEX;
    for (int byte = 'a'; byte <= 'z'; byte++) r->classes[byte] = byte <= 'f' ? WORD | HEX : WORD, r->classes[byte - 32] = WORD;
    r->classes['_'] = WORD;
    for (int32_t number = 0; number < count && number < WORDS / 2; number++) {
        uint64_t word = 0;
        for (size_t at = strlen(words[number]); at > 0; at--) word = word << 8 | (uint8_t)words[number][at - 1];
        uint64_t i = word * 0x9E3779B97F4A7C15u >> 54;
        while (r->words[i] && r->words[i] != word) i = (i + 1) % WORDS;
        r->words[i] = word, r->meanings[i] |= meanings[number];
    }
    for (int at = 0; at < COLUMNS; at++) {
        struct column *c = &r->columns[at];
        if (!reserve(&c->values, 8) || !reserve(&c->valid, 8) || !reserve(&c->offsets, 8)) return plain_free(r), (void *)0;
        put(&c->offsets, &(int32_t){0}, 4);
    }
    return r;
}
