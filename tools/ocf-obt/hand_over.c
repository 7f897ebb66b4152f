/* ocf-obt hand-over and take-over: another owner, without a reset.
 *
 * In SRESET the former owner gives the new one a key and all resource owners; the new one removes
 * what is not its own and replaces the key, which the former owner knows, before anything else. */
#include "codec/cbw.h"
#include "converge.h"
#include "crypto/drbg.h"
#include "input.h"
#include "person.h"
#include "sealed.h"

#define PARCEL_MAX ((size_t)8192)
#define SRESET     4u
#define RFPRO      2u

/* ---- the parcel ---- */

static void write_parcel(const struct record_device *dev, const struct uuid *to, struct buf *out)
{
	struct buf record CLEANUP(buf_done) = {.max = RECORD_OCTETS_MAX, .secret = true};

	record_device_write(dev, &record);
	cbw_map(out);
	cbw_kv_uuid(out, "owner", to);
	cbw_str(out, "record");
	cbw_bytes(out, buf_span(&record));
	cbw_end(out);
	out->failed |= !buf_ok(&record);
}

static bool read_parcel(struct span octets, struct uuid *ret_owner, struct record_device *ret)
{
	static const struct cbr_limits LIMITS = {
		.bytes = PARCEL_MAX, .depth = 1, .items = 8, .text = RECORD_OCTETS_MAX};
	struct span key, record = {0};
	unsigned seen = 0;
	struct cbr c;

	cbr_open(&c, octets, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "owner", &seen, 1))
			*ret_owner = cbr_uuid(&c);
		else if (cbr_member(&c, key, "record", &seen, 2))
			record = cbr_bytes(&c);
		else
			cbr_fail(&c, CBR_VALUE);
	}
	return cbr_close(&c) == CBR_OK && seen == 3 && record_device_parse(record, ret) == CBR_OK;
}

/* ---- keys and owners ---- */

/* doxm first: where that is refused nothing has been given away yet. pstat last: it rules the
 * state. */
static int give_resources(struct dialog *d, const struct uuid *to)
{
	static const char *const PATHS[] = {"/oic/sec/doxm", "/oic/sec/acl2", "/oic/sec/cred",
					    "/oic/sec/pstat"};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(PATHS) && r >= 0; i++) {
		struct buf body CLEANUP(buf_done) = BUF_INIT(128);

		cbw_map(&body);
		cbw_kv_uuid(&body, "rowneruuid", to);
		cbw_end(&body);
		r = dialog_post(d, OBT_DOTS, PATHS[i], &body);
		if (r < 0)
			d->trouble.step = "give-resources";
	}
	return r;
}

/* ---- hand-over ---- */

struct approval {
	const struct dialog *d;
	struct net net; /* its loop, for the question */
	struct person person;
	struct question question;
	bool settled, yes;
};

static void show(void *arg)
{
	const struct approval *a = arg;

	(void)fprintf(stderr, "Hand this device over to %s?\n", a->d->o->to);
	out_field(stderr, "name", a->d->dev.name);
	(void)fprintf(stderr, "Type yes to go on: ");
}

static void on_answer(void *arg, const char *line)
{
	struct approval *a = arg;

	a->yes = person_agrees(line);
	a->settled = true;
}

static bool is_approved(const struct dialog *d)
{
	struct approval a = {.d = d};

	if (d->o->yes)
		return true;
	a.question = (struct question){.show = show, .answer = on_answer, .arg = &a};
	if (net_open(&a.net, d->o->interfaces) < 0 || person_init(&a.person, a.net.loop, NULL) < 0)
		return false;
	person_ask(&a.person, &a.question);
	if (net_wait(&a.net, &a.settled) < 0)
		a.yes = false;
	person_done(&a.person);
	net_close(&a.net);
	return a.yes;
}

static enum outcome hand_over(struct dialog *d, const struct uuid *to)
{
	struct buf parcel CLEANUP(buf_done) = {.max = PARCEL_MAX, .secret = true};
	struct record_device theirs CLEANUP(record_device_wipe) = d->dev;
	const struct options *o = d->o;
	enum outcome outcome;
	int r;

	if (record_is_separate(&d->dev))
		return out_fail(o->json, OUT_FAILED,
				"a device with separate services is not "
				"handed over: reset it");
	if (!is_approved(d))
		return out_fail(o->json, OUT_DECLINED, "declined");
	drbg_fill(theirs.key.b, theirs.key.len);
	theirs.complete = false;
	write_parcel(&theirs, to, &parcel);
	outcome = buf_ok(&parcel) ? sealed_write(o, o->args[1], buf_span(&parcel))
				  : out_fail(o->json, OUT_FAILED, "out of memory");
	if (outcome != OUT_OK)
		return outcome;
	r = dialog_state(d, SRESET);
	if (r >= 0)
		r = dialog_post_key(d, to, &theirs.key, 0);
	if (r >= 0)
		r = give_resources(d, to);
	if (r < 0) {
		outcome = out_trouble(o->json, &d->trouble);
		(void)fprintf(stderr, "ocf-obt: it is still ours: repair sets it to work again\n");
		return outcome;
	}
	if (state_forget(d->state, &d->dev.device) < 0)
		return out_fail(o->json, OUT_STATE, "it is handed over, but its record stays");
	return out_done(o->json, &d->dev.device, d->dev.name, "handed over");
}

enum outcome cmd_hand_over(const struct options *o)
{
	struct state *state CLEANUP(state_freep) = NULL;
	struct dialog d = {0};
	enum outcome outcome;
	struct uuid to;

	if (!o->to || !uuid_parse(span_str(o->to), &to))
		return out_fail(o->json, OUT_USAGE, "--to takes the UUID of the new owner");
	if (dialog_open(&d, o, &state, o->args[0]) < 0)
		return out_trouble(o->json, &d.trouble);
	outcome = uuid_eq(&to, &state_self(state)->uuid)
			  ? out_fail(o->json, OUT_USAGE, "--to is another owner than this one")
			  : hand_over(&d, &to);
	dialog_done(&d);
	return outcome;
}

/* ---- take-over ---- */

static uint32_t own_credid(const struct converge *c, const struct uuid *self)
{
	for (size_t i = 0; i < c->actual.creds.n; i++) {
		const struct listed_cred *cred = &c->actual.creds.creds[i];
		struct uuid subject;

		if (cred->type == 1 && uuid_parse(span_str(cred->subject), &subject) &&
		    uuid_eq(&subject, self))
			return cred->id;
	}
	return 0;
}

/* From here on the former owner knows no key. */
static int replace_key(struct dialog *d, const struct converge *c)
{
	const struct uuid *self = &state_self(d->state)->uuid;
	struct secret key CLEANUP(secret_wipe) = {.len = 16};
	uint32_t credid = own_credid(c, self);
	int r;

	drbg_fill(key.b, key.len);
	r = dialog_state(d, RFPRO);
	if (r >= 0)
		r = dialog_post_key(d, self, &key, credid);
	if (r < 0) {
		d->trouble.step = "replace-key";
		return r;
	}
	d->dev.key = key;
	r = state_put(d->state, &d->dev);
	if (r < 0)
		trouble_set(&d->trouble, OUT_STATE, "the record cannot be written");
	return r;
}

static int converge_once(struct dialog *d, const struct goal *goal, bool and_replace)
{
	struct converge c = {0};
	int r = converge_read(&c, d, goal);

	if (r >= 0 && and_replace)
		r = replace_key(d, &c);
	else if (r >= 0)
		r = converge_run(&c);
	converge_done(&c);
	return r;
}

static enum outcome take_over(struct dialog *d)
{
	const struct uuid *self = &state_self(d->state)->uuid;
	struct goal *goal CLEANUP(goal_freep) = goal_new();
	int r = goal ? 0 : -ENOMEM;

	if (r >= 0) {
		goal_add_defaults(goal, self, self, d->dev.has_sdi);
		r = state_put(d->state, &d->dev);
	}
	if (r >= 0)
		r = state_put_goal(d->state, &d->dev.device, goal);
	if (r < 0)
		return out_fail(d->o->json, OUT_STATE, "the record cannot be written");
	r = converge_once(d, goal, true);
	dialog_hang_up(d); /* with the new key from now on */
	if (r >= 0)
		r = converge_once(d, goal, false);
	if (r >= 0) {
		d->dev.complete = true;
		r = state_put(d->state, &d->dev);
	}
	if (r < 0)
		return out_trouble(d->o->json, &d->trouble);
	return out_done(d->o->json, &d->dev.device, d->dev.name, "taken over");
}

enum outcome cmd_take_over(const struct options *o)
{
	struct buf parcel CLEANUP(buf_done) = {.max = PARCEL_MAX, .secret = true};
	struct record_device dev CLEANUP(record_device_wipe) = {.name = ""};
	struct state *state CLEANUP(state_freep) = NULL;
	enum outcome outcome = sealed_read(o, o->args[0], &parcel);
	struct trouble trouble;
	struct uuid owner;
	struct dialog d;

	if (outcome != OUT_OK)
		return outcome;
	if (state_open(&state, o->dir, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	if (!read_parcel(buf_span(&parcel), &owner, &dev))
		return out_fail(o->json, OUT_USAGE, "%s: not from hand-over", o->args[0]);
	if (!uuid_eq(&owner, &state_self(state)->uuid))
		return out_fail(o->json, OUT_USAGE, "%s: it is for another owner", o->args[0]);
	dialog_init(&d, o, state, &dev);
	outcome = take_over(&d);
	dialog_done(&d);
	return outcome;
}
