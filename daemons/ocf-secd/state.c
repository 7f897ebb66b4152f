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

static int put_device(struct state *s, const struct device *dev)
{
	CLEANUP(bufp) struct buf b = {.max = STORE_RECORD_MAX, .secret = true};

	svr_record_write(dev, &b);
	return buf_ok(&b) ? store_put(s->store, DEVICE_NAME, buf_span(&b)) : -ENOMEM;
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
	if (store_put(s->store, PIN_NAME, span_of(&number, sizeof(number))) < 0)
		log_warning("state: cannot store the number of wrong PINs n=%u", failures);
}

static void load_failures(struct state *s, uint64_t now_us)
{
	CLEANUP(bufp) struct buf b = BUF_INIT(sizeof(uint32_t));
	uint32_t number;

	if (store_get(s->store, PIN_NAME, &b) < 0 || b.len != sizeof(number))
		return;
	memcpy(&number, b.ptr, sizeof(number));
	s->failures = number;
	device_pin_resume(s->dev, number, now_us);
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
		       struct device **ret, const char **ret_damaged)
{
	CLEANUP(bufp) struct buf b = {.max = STORE_RECORD_MAX, .secret = true};
	int r = store_get(s->store, DEVICE_NAME, &b);

	*ret_damaged = NULL;
	if (r < 0 && r != -ENOENT)
		return r;
	return svr_start(ret, info, buf_span(&b), env, ret_damaged);
}

int state_load(struct state *s, const struct device_info *info, const struct svr_env *env,
	       const char **ret_damaged)
{
	int r;

	r = read_device(s, info, env, &s->dev, ret_damaged);
	if (r >= 0)
		load_failures(s, env->now_us);
	return r;
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
	int r = read_device(s, info, env, &dev, ret_why);

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

void state_done(struct state *s)
{
	s->dev = device_free(s->dev);
	s->store = store_free(s->store);
}
