#include "note.h"

#include <inttypes.h>

#include "base/parse.h"

#define FORMAT "ocf-fw-write 1" /* rises when an older program could not read it */

static void put_hex(struct buf *out, struct span data)
{
	char text[2 * ECE_HEADER_MAX + 1];

	hex_encode(data, text);
	buf_put_byte(out, ' ');
	buf_put_str(out, text);
}

void note_put_plan(const struct proto_begin *b, struct buf *out)
{
	buf_printf(out, FORMAT " %s %" PRIu32 " %" PRIu64 " %" PRIu32, b->version, b->images,
		   b->size, b->digests.algs);
	for (size_t i = 0; i < PROTO_DIGESTS; i++)
		if ((b->digests.algs & 1u << i) != 0)
			put_hex(out, span_of(b->digests.b[i], PROTO_DIGEST_MAX));
	buf_put_byte(out, '\n');
}

bool note_is_of(struct span note, const struct proto_begin *b)
{
	CLEANUP(buf_done) struct buf want = BUF_INIT(NOTE_MAX);

	note_put_plan(b, &want);
	return buf_ok(&want) && note.len >= want.len && memcmp(note.ptr, want.ptr, want.len) == 0;
}

void note_put_header(struct span note, const char *component, struct span header, struct buf *out)
{
	buf_put(out, span_cut(&note, '\n'));
	buf_put_byte(out, '\n');
	while (note.ptr) {
		struct span line = span_cut(&note, '\n'), rest = line;

		if (line.len == 0 || span_is(span_cut(&rest, ' '), component))
			continue;
		buf_put(out, line);
		buf_put_byte(out, '\n');
	}
	buf_put_str(out, component);
	put_hex(out, header);
	buf_put_byte(out, '\n');
}

size_t note_header(struct span note, const char *component, uint8_t ret[ECE_HEADER_MAX])
{
	(void)span_cut(&note, '\n'); /* the plan; a component may be called like its first word */
	while (note.ptr) {
		struct span hex = span_cut(&note, '\n');

		if (span_is(span_cut(&hex, ' '), component) && hex.len <= 2 * ECE_HEADER_MAX &&
		    hex_decode(hex, ret, hex.len / 2))
			return hex.len / 2;
	}
	return 0;
}
