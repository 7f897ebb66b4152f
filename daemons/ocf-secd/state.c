#include "state.h"

#include "base/log.h"
#include "crypto/rng.h"

#define IDENTITY_NAME "identity"

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

static int put_record(struct state *s, const struct device *dev, enum svr_record rec)
{
	CLEANUP(bufp) struct buf b = {.max = STORE_RECORD_MAX, .secret = true};

	svr_record_write(dev, rec, &b);
	if (!buf_ok(&b))
		return -ENOMEM;
	return store_put(s->store, SVR_RECORD_NAMES[rec], buf_span(&b));
}

/* On failure the first *ret_done records are new ones. */
static int put_records(struct state *s, const struct device *dev, unsigned records, int *ret_done)
{
	for (int rec = 0; rec < REC_COUNT; rec++) {
		int r = records & REC_BIT(rec) ? put_record(s, dev, (enum svr_record)rec) : 0;

		*ret_done = rec;
		if (r < 0)
			return r;
	}
	return 0;
}

int state_commit(struct state *s, struct svr_out *out)
{
	CLEANUP(device_freep) struct device *staged = out->staged;
	struct device *old = s->dev;
	int r, done;

	out->staged = NULL;
	if (!staged)
		return 0;
	r = put_records(s, staged, out->records, &done);
	if (r < 0) {
		for (int rec = 0; old && rec <= done; rec++)
			if (out->records & REC_BIT(rec) &&
			    put_record(s, old, (enum svr_record)rec) < 0)
				log_error("state: record %s is ahead of the device until the next "
					  "change",
					  SVR_RECORD_NAMES[rec]);
		return r;
	}
	s->dev = staged;
	staged = old; /* freed here */
	return 0;
}

static int get_records(struct state *s, struct buf bufs[REC_COUNT], struct span ret[REC_COUNT])
{
	for (int rec = 0; rec < REC_COUNT; rec++) {
		int r = store_get(s->store, SVR_RECORD_NAMES[rec], &bufs[rec]);

		if (r < 0 && r != -ENOENT)
			return r;
		ret[rec] = buf_span(&bufs[rec]);
	}
	return 0;
}

int state_load(struct state *s, const struct device_info *info, const struct svr_env *env,
	       const char **ret_damaged)
{
	struct buf bufs[REC_COUNT];
	struct span records[REC_COUNT];
	struct svr_out out = {0};
	int r;

	for (int rec = 0; rec < REC_COUNT; rec++)
		bufs[rec] = (struct buf){.max = STORE_RECORD_MAX, .secret = true};
	*ret_damaged = NULL;
	r = get_records(s, bufs, records);
	if (r == 0)
		r = svr_start(info, records, env, &out, ret_damaged);
	if (r == 0)
		r = state_commit(s, &out);
	for (int rec = 0; rec < REC_COUNT; rec++)
		buf_done(&bufs[rec]);
	return r;
}

void state_done(struct state *s)
{
	s->dev = device_free(s->dev);
	s->store = store_free(s->store);
}
