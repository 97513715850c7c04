/* Fuzzes the native reader with libFuzzer: any bytes, in any blocks, with any settings; then every table is scanned.
 *
 * The first byte of the input chooses the settings, the second the size of the blocks.
 */
#define SOURCE_DIGEST ""
#include "../../mtc/formats/native/plain_lines.c"

static void check(int holds) { if (!holds) abort(); }

static uint64_t scanned(struct reader *r, int table, int64_t rows) { /* reads every byte of a table */
    uint64_t sum = 0;
    int64_t seen = 0;
    struct ArrowArrayStream *stream = plain_scan(r, table);
    struct ArrowSchema schema;
    check(!stream->get_schema(stream, &schema));
    for (;;) {
        struct ArrowArray array;
        check(!stream->get_next(stream, &array));
        if (!array.release) break;
        check(array.n_children == schema.n_children && array.length > 0);
        for (int64_t at = 0; at < array.n_children; at++) {
            const struct ArrowArray *child = array.children[at];
            const uint8_t *valid = child->buffers[0];
            check(child->offset == seen && child->length == array.length);
            for (int64_t row = seen; valid && row < seen + array.length; row++) sum += valid[row / 8] >> row % 8 & 1;
            if (child->n_buffers == 3) {
                const int32_t *offsets = child->buffers[1];
                const uint8_t *text = child->buffers[2];
                for (int64_t row = seen; row < seen + array.length; row++) {
                    check(offsets[row] <= offsets[row + 1]);
                    for (int32_t byte = offsets[row]; byte < offsets[row + 1]; byte++) sum += text[byte];
                }
            } else {
                const char *format = schema.children[at]->format;
                size_t width = *format == 'C' ? 1 : *format == 's' ? 2 : *format == 'i' ? 4 : 8;
                const uint8_t *values = child->buffers[1];
                for (size_t byte = width * (size_t)seen; byte < width * (size_t)(seen + array.length); byte++)
                    sum += values[byte];
            }
        }
        seen += array.length;
        array.release(&array);
    }
    schema.release(&schema);
    stream->release(stream);
    check(seen == rows);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const WORDS_GIVEN[] = {"css", "js", "pdf", "zip", "7z", "abcdefgh", "xml"};
    static const uint8_t MEANINGS[] = {1, 1, 2, 2, 2, 2, 3};
    if (size < 2) return 0;
    struct settings settings = {data[0] % 3, data[0] >> 2 & 1, !(data[0] >> 2 & 1) && data[0] >> 3 & 1,
        data[0] >> 4 & 1, data[0] >> 5 & 1, data[0] >> 6 & 1, data[0] >> 7 ? -86400000000 : 0, data[1]};
    size_t block = data[1] < 128 ? 1 : (size_t)data[1] * 64, at = 2;
    struct reader *r = plain_new(&settings, WORDS_GIVEN, MEANINGS, 7);
    int64_t lines = 0, wanted = 0, counts[VERDICTS + 2], sum = 0;
    while (at < size) { /* blocks of whole lines, each in memory of its own, so that a byte too far is noticed */
        size_t end = at + block < size ? at + block : size;
        while (end < size && data[end - 1] != '\n') end++;
        uint8_t *copy = malloc(end - at + 1);
        memcpy(copy, data + at, end - at);
        size_t length = end - at;
        if (copy[length - 1] != '\n') copy[length++] = '\n';
        for (size_t byte = 0; byte < length; byte++) wanted += copy[byte] == '\n';
        copy = realloc(copy, length);
        int64_t found = plain_feed(r, copy, (int64_t)length);
        check(found >= 0);
        lines += found;
        free(copy);
        at = end;
    }
    plain_counts(r, counts);
    for (int verdict = 0; verdict < VERDICTS; verdict++) sum += counts[verdict];
    check(lines == wanted && sum == lines && counts[VERDICTS] <= counts[ODD]);
    check(r->rows[HITS] == counts[HIT] && r->rows[ODD_LINES] == counts[ODD] && r->rows[AGENTS] <= counts[HIT]);
    volatile uint64_t read = scanned(r, HITS, counts[HIT]) + scanned(r, ODD_LINES, counts[ODD]) + scanned(r, AGENTS, r->rows[AGENTS]);
    (void)read;
    plain_free(r);
    return 0;
}
