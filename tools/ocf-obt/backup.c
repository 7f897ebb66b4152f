/* ocf-obt backup and restore: the whole state directory in one sealed file. */
#include "codec/cbr.h"
#include "codec/cbw.h"
#include "options.h"
#include "sealed.h"
#include "state.h"

#define ARCHIVE_MAX ((size_t)64 * 1024 * 1024)
#define RECORD_MAX  ((size_t)2 * 1024 * 1024)
#define SELF        "self"

static const struct cbr_limits LIMITS = {
	.bytes = ARCHIVE_MAX, .depth = 2, .items = 65536, .text = RECORD_MAX};

struct archive {
	struct state *state;
	struct buf *out;
};

static int add_record(void *arg, const char *name)
{
	const struct archive *a = arg;
	struct buf octets CLEANUP(buf_done) = {.max = RECORD_MAX, .secret = true};
	int r = state_read(a->state, name, &octets);

	if (r < 0)
		return r;
	cbw_str(a->out, name);
	cbw_bytes(a->out, buf_span(&octets));
	return buf_ok(a->out) ? 0 : -EFBIG;
}

enum outcome cmd_backup(const struct options *o)
{
	struct buf out CLEANUP(buf_done) = {.max = ARCHIVE_MAX, .secret = true};
	struct state *state CLEANUP(state_freep) = NULL;
	struct trouble trouble;
	enum outcome outcome;
	int r;

	if (state_open(&state, o->dir, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	cbw_map(&out);
	r = state_each(state, add_record, &(struct archive){state, &out});
	cbw_end(&out);
	if (r < 0 || !buf_ok(&out))
		return out_fail(o->json, OUT_STATE, "the records: %s",
				r < 0 ? strerror(-r) : "too large");
	outcome = sealed_write(o, o->args[0], buf_span(&out));
	if (outcome != OUT_OK)
		return outcome;
	return out_done(o->json, &state_self(state)->uuid, o->args[0], "saved");
}

/* The tool's identity comes last: a directory without one is not used, so that what is interrupted
 * can be begun again. */
static int put_records(struct state *state, struct span archive, bool self)
{
	struct span key;
	struct cbr c;
	int r = 0;

	cbr_open(&c, archive, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		struct span octets = cbr_bytes(&c);
		char name[64];

		if (span_is(key, SELF) != self)
			continue;
		if (r >= 0)
			r = span_to_str(key, name, sizeof(name));
		if (r >= 0)
			r = state_write(state, name, octets);
	}
	return cbr_close(&c) == CBR_OK ? r : -EBADMSG;
}

enum outcome cmd_restore(const struct options *o)
{
	struct buf in CLEANUP(buf_done) = {.max = ARCHIVE_MAX, .secret = true};
	struct state *state CLEANUP(state_freep) = NULL;
	enum outcome outcome = sealed_read(o, o->args[0], &in);
	struct trouble trouble;
	int r;

	if (outcome != OUT_OK)
		return outcome;
	if (state_open_empty(&state, o->dir, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	r = put_records(state, buf_span(&in), false);
	if (r >= 0)
		r = put_records(state, buf_span(&in), true);
	if (r < 0)
		return out_fail(o->json, OUT_STATE, "the records: %s", strerror(-r));
	state = state_free(state);
	if (state_open(&state, o->dir, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	return out_done(o->json, &state_self(state)->uuid, o->args[0], "restored");
}
