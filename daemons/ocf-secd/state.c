#include "state.h"

#include "base/log.h"
#include "crypto/rng.h"

#define DEVICE_NAME   "device"
#define IDENTITY_NAME "identity"
#define PIN_NAME      "pin"
#define PROBE_NAME    "probe"

struct identity {
	struct uuid piid, pi;
};

static void bufp(struct buf *b)
{
	buf_done(b);
}

int state_open(struct state *s, const char *dir)
{
	*s = (struct state){
		.identity = {IDENTITY_NAME, sizeof(struct identity), 0},
		.pin = {PIN_NAME,      sizeof(uint32_t),        0},
	};
	return store_open(&s->store, dir);
}

int state_identity(struct state *s, struct device_info *info)
{
	struct identity id;
	int r = plain_get(s->store, &s->identity, &id);

	if (r == -ENOENT || r == -EBADMSG) {
		if (r == -EBADMSG)
			log_warning("state: damaged record, making a new one name=%s",
				    s->identity.name);
		rng_fill(&id, sizeof(id));
		uuid_set_v4(&id.piid);
		uuid_set_v4(&id.pi);
		r = plain_put(s->store, &s->identity, &id, s->confirmed);
	}
	if (r < 0)
		return r;
	info->piid = id.piid;
	info->pi = id.pi;
	return 0;
}

static int put_device(struct state *s, const struct device *dev)
{
	CLEANUP(bufp) struct buf b = {.max = STORE_RECORD_MAX, .secret = true};
	const unsigned format = format_to_write(s->format, SVR_RECORD_NEWEST, s->confirmed);
	int r;

	svr_record_write(dev, format, &b);
	r = buf_ok(&b) ? store_put(s->store, DEVICE_NAME, buf_span(&b)) : -ENOMEM;
	if (r == 0)
		s->format = b.len ? format : 0;
	return r;
}

/* Wrong PINs are counted over a restart: not even a guesser who can cut the power is free. Without
 * room on the disk they are counted in memory. */
static void keep_failures(struct state *s)
{
	const unsigned failures = device_pin_failures(s->dev);
	const uint32_t number = failures;

	if (failures == s->failures)
		return;
	s->failures = failures;
	if (plain_put(s->store, &s->pin, &number, s->confirmed) < 0)
		log_warning("state: cannot store the number of wrong PINs n=%u", failures);
}

static int load_failures(struct state *s, uint64_t now_us)
{
	uint32_t number;
	int r = plain_get(s->store, &s->pin, &number);

	if (r < 0)
		return r == -ENOTSUP ? r : 0;
	s->failures = number;
	device_pin_resume(s->dev, number, now_us);
	return 0;
}

int state_commit(struct state *s, struct svr_out *out)
{
	CLEANUP(device_freep) struct device *staged = out->staged;
	struct device *old = s->dev;
	int r = 0;

	out->staged = NULL;
	if (!staged)
		return 0;
	if (out->store)
		r = put_device(s, staged);
	if (r < 0)
		return r;
	s->dev = staged;
	staged = old; /* freed here */
	keep_failures(s);
	return 0;
}

static int read_device(struct state *s, const struct device_info *info, const struct svr_env *env,
		       struct device **ret, unsigned *ret_format, const char **ret_damaged)
{
	CLEANUP(bufp) struct buf b = {.max = STORE_RECORD_MAX, .secret = true};
	int r = store_get(s->store, DEVICE_NAME, &b);

	*ret_damaged = NULL;
	if (r < 0 && r != -ENOENT)
		return r;
	*ret_format = svr_record_format(buf_span(&b));
	return svr_start(ret, info, buf_span(&b), env, ret_damaged);
}

int state_load(struct state *s, const struct device_info *info, const struct svr_env *env,
	       const char **ret_damaged)
{
	int r;

	r = read_device(s, info, env, &s->dev, &s->format, ret_damaged);
	return r < 0 ? r : load_failures(s, env->now_us);
}

/* The same owner in the same state; an unowned one takes a new identity at each start. */
static bool is_same(const struct device *a, const struct device *b)
{
	return device_owned(a) == device_owned(b) && uuid_eq(device_owner(a), device_owner(b)) &&
	       (!device_owned(a) ||
		(device_dos(a) == device_dos(b) && uuid_eq(device_uuid(a), device_uuid(b))));
}

int state_reread(struct state *s, const struct device_info *info, const struct svr_env *env,
		 struct device **ret, const char **ret_why)
{
	CLEANUP(device_freep) struct device *dev = NULL;
	unsigned format;
	int r = read_device(s, info, env, &dev, &format, ret_why);

	if (r == 0 && *ret_why)
		r = -EBADMSG;
	if (r == 0 && !is_same(dev, s->dev)) {
		*ret_why = "it holds another state than the one in use";
		r = -EBADMSG;
	}
	if (r == 0)
		r = store_put(s->store, PROBE_NAME, SPAN_LIT("probe"));
	if (r == 0)
		r = store_del(s->store, PROBE_NAME);
	if (r < 0)
		return r;
	*ret = dev;
	dev = NULL;
	return 0;
}

int state_confirm(struct state *s, const struct device_info *info)
{
	const struct identity id = {info->piid, info->pi};
	const uint32_t failures = s->failures;
	int r = 0;

	s->confirmed = true;
	if (format_lags(s->format, SVR_RECORD_NEWEST))
		r = put_device(s, s->dev);
	if (r == 0 && format_lags(s->identity.found, PLAIN_NEWEST))
		r = plain_put(s->store, &s->identity, &id, true);
	if (r == 0 && format_lags(s->pin.found, PLAIN_NEWEST))
		r = plain_put(s->store, &s->pin, &failures, true);
	return r;
}

void state_done(struct state *s)
{
	s->dev = device_free(s->dev);
	s->store = store_free(s->store);
}
