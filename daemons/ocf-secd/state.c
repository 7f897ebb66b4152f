#include "state.h"

#include "base/log.h"
#include "crypto/rng.h"

#define DEVICE_NAME   "device"
#define IDENTITY_NAME "identity"
#define LENGTH_OCTETS ((size_t)4)

struct identity {
	struct uuid piid, pi;
};

static void bufp(struct buf *b)
{
	buf_done(b);
}

int state_open(struct state *s, const char *dir)
{
	*s = (struct state){0};
	return store_open(&s->store, dir);
}

int state_identity(struct state *s, struct device_info *info)
{
	CLEANUP(bufp) struct buf b = BUF_INIT(sizeof(struct identity));
	struct identity id;
	int r;

	r = store_get(s->store, IDENTITY_NAME, &b);
	if (r == 0 && b.len == sizeof(id)) {
		memcpy(&id, b.ptr, sizeof(id));
	} else if (r == 0 || r == -ENOENT || r == -EFBIG) {
		if (r != -ENOENT)
			log_warning("state: damaged record, making a new one name=%s",
				    IDENTITY_NAME);
		rng_fill(&id, sizeof(id));
		uuid_set_v4(&id.piid);
		uuid_set_v4(&id.pi);
		r = store_put(s->store, IDENTITY_NAME, span_of(&id, sizeof(id)));
	}
	if (r < 0)
		return r;
	info->piid = id.piid;
	info->pi = id.pi;
	return 0;
}

/* For each record its length, four octets, most significant first, and its octets. */
static void write_records(const struct device *dev, struct buf *out)
{
	for (int rec = 0; rec < REC_COUNT; rec++) {
		size_t at = out->len, len;

		buf_put(out, span_of((uint8_t[LENGTH_OCTETS]){0}, LENGTH_OCTETS));
		svr_record_write(dev, (enum svr_record)rec, out);
		if (!buf_ok(out))
			return;
		len = out->len - at - LENGTH_OCTETS;
		for (size_t i = 0; i < LENGTH_OCTETS; i++)
			out->ptr[at + i] = (uint8_t)(len >> 8 * (LENGTH_OCTETS - 1 - i));
	}
}

void state_split(struct span stored, struct span ret[REC_COUNT])
{
	static const struct span DAMAGED = {(const uint8_t *)"\xff", 1};
	bool whole = true;

	for (int rec = 0; rec < REC_COUNT; rec++) {
		size_t len = 0;

		for (size_t i = 0; i < LENGTH_OCTETS && i < stored.len; i++)
			len = len << 8 | stored.ptr[i];
		whole = whole && stored.len >= LENGTH_OCTETS && len <= stored.len - LENGTH_OCTETS;
		ret[rec] = whole ? span_of(stored.ptr + LENGTH_OCTETS, len) : DAMAGED;
		stored = span_skip(stored, LENGTH_OCTETS + (whole ? len : 0));
	}
	if (stored.len > 0)
		ret[REC_PSTAT] = DAMAGED;
}

static int put_device(struct state *s, const struct device *dev)
{
	CLEANUP(bufp) struct buf b = {.max = STORE_RECORD_MAX, .secret = true};

	write_records(dev, &b);
	return buf_ok(&b) ? store_put(s->store, DEVICE_NAME, buf_span(&b)) : -ENOMEM;
}

int state_commit(struct state *s, struct svr_out *out)
{
	CLEANUP(device_freep) struct device *staged = out->staged;
	struct device *old = s->dev;
	int r = 0;

	out->staged = NULL;
	if (!staged)
		return 0;
	if (out->records != 0)
		r = put_device(s, staged);
	if (r < 0 && !out->scrub)
		return r;
	if (r < 0)
		log_error("state: void records stay until the next start error=%s", strerror(-r));
	s->dev = staged;
	staged = old; /* freed here */
	return 0;
}

int state_load(struct state *s, const struct device_info *info, const struct svr_env *env,
	       const char **ret_damaged)
{
	CLEANUP(bufp) struct buf b = {.max = STORE_RECORD_MAX, .secret = true};
	struct span records[REC_COUNT] = {{0}};
	struct svr_out out = {0};
	int r;

	*ret_damaged = NULL;
	r = store_get(s->store, DEVICE_NAME, &b);
	if (r == 0)
		state_split(buf_span(&b), records);
	else if (r != -ENOENT)
		return r;
	r = svr_start(info, records, env, &out, ret_damaged);
	return r < 0 ? r : state_commit(s, &out);
}

void state_done(struct state *s)
{
	s->dev = device_free(s->dev);
	s->store = store_free(s->store);
}
