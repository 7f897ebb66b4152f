/* Manifests over time: random sequences of releases, replays, rotations, failed and successful
 * installations, roll backs, restarts and clocks, judged as ocf-fwupd does and by a model that
 * knows the rules only. */
#include "vector.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/timestamp.h"
#include "codec/b64.h"
#include "daemons/ocf-fwupd/state.h"
#include "fw/keyset.h"
#include "fw/manifest_cbor.h"
#include "tests/signing.h"

#define MAKER  "example.com"
#define HOUR_S UINT64_C(3600)
#define DAY_S  (24 * HOUR_S)
#define START  UINT64_C(1780000000) /* 2026 */
#define RUNS   25
#define STEPS  120

enum { ROOT, ROOT_2, FIRST, KEYS = FIRST + 4 }; /* then keys for manifests */

/* What one manifest says. */
struct release {
	uint32_t version, security;        /* security 0: left out */
	uint64_t sequence;                 /* 0: left out */
	uint64_t made_s, over_s;           /* over_s 0: left out */
	uint64_t info;                     /* version of key-info; 0: none */
	unsigned signers, brings, revokes; /* sets of keys */
	struct buf octets;
};

/* What a device has to know, by the rules. */
struct model {
	uint32_t running, floor;
	bool seen_sequence, seen_expires;
	uint64_t sequence, newest_s, bound_s, info;
	const struct release *last; /* accepted */
	unsigned may_sign, revoked; /* sets of keys */
	const struct release *rejected;
};

static struct key *keys[KEYS];
static char kids[KEYS][JWK_THUMBPRINT_LEN + 1];
static struct trust *store;
static uint64_t seed;

/* Numerical Recipes' 64-bit generator. */
static unsigned roll(unsigned n)
{
	seed = seed * UINT64_C(3202034522624059733) + 4354685564936845319;
	return (unsigned)((seed >> 33) % n);
}

static bool one_in(unsigned n)
{
	return roll(n) == 0;
}

static void put_texts(struct jsn *o, const char *name, const char *a, const char *b)
{
	struct jsn *array = jsn_new_array();

	jsn_add(array, jsn_new_text(span_str(a)));
	if (b)
		jsn_add(array, jsn_new_text(span_str(b)));
	jsn_set(o, name, array);
}

static int group_setup(void **state)
{
	CLEANUP(jsn_freep) struct jsn *set = jsn_new_object();
	struct jsn *list = jsn_new_array();
	struct buf text = BUF_INIT(VECTOR_MAX);
	char error[128];

	(void)state;
	for (size_t i = 0; i < KEYS; i++) {
		struct jsn *jwk;

		assert_int_equal(key_generate(KEY_ED25519, &keys[i]), 0);
		jwk = jwk_export(keys[i]);
		assert_int_equal(jwk_thumbprint(jwk, kids[i]), 0);
		put_texts(jwk, "x-ocf-roles", i < FIRST ? "root" : "manifest", NULL);
		put_texts(jwk, "x-ocf-manufacturers", MAKER, NULL);
		if (i <= FIRST)
			jsn_add(list, jwk);
		else
			(void)jsn_free(jwk);
	}
	jsn_set(set, "keys", list);
	assert_int_equal(jsn_write(set, JSN_COMPACT, &text), 0);
	assert_int_equal(trust_parse(buf_span(&text), &store, error, sizeof(error)), 0);
	buf_done(&text);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		keys[i] = key_free(keys[i]);
	store = trust_free(store);
	return 0;
}

/* ---- manifests ---- */

static void put_date(struct jsn *o, const char *name, uint64_t s)
{
	char text[TIMESTAMP_TEXT + 1];

	timestamp_format(s * USEC_PER_SEC, text);
	jsn_set_str(o, name, text);
}

static struct jsn *key_info(const struct release *r)
{
	struct jsn *info = jsn_new_object(), *list = jsn_new_array(), *revoked = jsn_new_array();

	for (size_t i = FIRST; i < KEYS; i++) {
		if ((r->brings >> i & 1) != 0)
			jsn_add(list, jwk_export(keys[i]));
		if ((r->revokes >> i & 1) != 0)
			jsn_add(revoked, jsn_new_text(span_str(kids[i])));
	}
	jsn_set_int(info, "version", (int64_t)r->info);
	jsn_set(info, "keys", list);
	jsn_set(info, "revoked", revoked);
	return info;
}

static struct jsn *members(const struct release *r)
{
	struct jsn *m = jsn_new_object(), *crypto = jsn_new_object(), *digest = jsn_new_object(),
		   *hashes = jsn_new_array();
	char text[2 * HASH_MAX + 1];

	jsn_set_str(m, "manifestVersion", "1.0");
	put_date(m, "timestamp", r->made_s);
	jsn_set_str(m, "manufacturer", MAKER);
	jsn_set_str(m, "model", "gw");
	(void)snprintf(text, sizeof(text), "1.%u.0", r->version);
	jsn_set_str(m, "firmwareVersion", text);
	jsn_set_str(m, "firmwareLocation", "image.bin");
	(void)snprintf(text, sizeof(text), "%064x", r->version);
	jsn_set_str(digest, "digestAlgo", "sha256");
	jsn_set_str(digest, "hash", text);
	jsn_add(hashes, digest);
	jsn_set(crypto, "commitHash", hashes);
	jsn_set(m, "firmwareCryptoInfo", crypto);
	if (r->security > 0)
		jsn_set_int(m, "securityVersion", r->security);
	if (r->sequence > 0)
		jsn_set_int(m, "sequenceNumber", (int64_t)r->sequence);
	if (r->over_s > 0)
		put_date(m, "expires", r->over_s);
	if (r->info > 0)
		jsn_set(m, "key-info", key_info(r));
	return m;
}

static void seal_json(struct release *r, const struct jsn *m, const struct key *const *by, size_t n)
{
	CLEANUP(jsn_freep) struct jsn *root = jsn_new_object();
	struct buf text CLEANUP(buf_done) = BUF_INIT(VECTOR_MAX);
	struct buf b64 CLEANUP(buf_done) = BUF_INIT(VECTOR_MAX);
	struct jsn *signatures = jsn_new_array(), *one = NULL;

	assert_int_equal(jsn_write(m, JSN_COMPACT, &text), 0);
	b64_encode(buf_span(&text), &b64);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(jws_sign(by[i], MANIFEST_TYP, buf_span(&b64), &one), 0);
		jsn_add(signatures, one);
	}
	jsn_set_text(root, "payload", buf_span(&b64));
	jsn_set(root, "signatures", signatures);
	assert_int_equal(jsn_write(root, JSN_COMPACT, &r->octets), 0);
}

static void seal_cbor(struct release *r, const struct jsn *m, const struct key *const *by, size_t n)
{
	struct buf payload CLEANUP(buf_done) = BUF_INIT(VECTOR_MAX);
	const char *why;

	assert_int_equal(manifest_to_cbor(m, &payload, &why), 0);
	assert_int_equal(cose_sign(by, n, MANIFEST_CONTENT_TYPE, span_of(NULL, 0),
				   buf_span(&payload), &r->octets),
			 0);
}

static void seal(struct release *r)
{
	CLEANUP(jsn_freep) struct jsn *m = members(r);
	const struct key *by[KEYS];
	size_t n = 0;

	for (size_t i = 0; i < KEYS; i++)
		if ((r->signers >> i & 1) != 0)
			by[n++] = keys[i];
	r->octets = BUF_INIT(VECTOR_MAX);
	if (one_in(2))
		seal_json(r, m, by, n);
	else
		seal_cbor(r, m, by, n);
}

/* Mostly what a maker would publish next, now and then what none should. */
static struct release invent(const struct model *d, uint64_t now_s)
{
	struct release r = {
		.version = d->running + roll(5),
		.made_s = now_s - HOUR_S + roll(2 * HOUR_S),
		.sequence = one_in(8) ? 0 : d->sequence + roll(5),
		.security = one_in(3) ? 0 : d->floor + roll(3),
		.signers =
			one_in(6) ? 1u << (FIRST + roll(KEYS - FIRST)) : d->may_sign & ~d->revoked,
	};

	if (one_in(6) && r.version > 3)
		r.version -= 3;
	if (one_in(8))
		r.made_s += DAY_S * (roll(5) - 1);
	if (!one_in(8))
		r.over_s = now_s + DAY_S * roll(40);
	if (one_in(4) && r.security > 1)
		r.security--;
	if (one_in(3))
		r.signers |= 1u << roll(KEYS);
	if (one_in(4)) {
		r.info = d->info + roll(3);
		r.signers |= one_in(4) ? 0 : 1u << ROOT;
		r.signers |= one_in(2) ? 0 : 1u << ROOT_2;
		r.brings =
			(1u << (FIRST + roll(KEYS - FIRST))) | (1u << (FIRST + roll(KEYS - FIRST)));
		if (one_in(6))
			r.revokes = 1u << (FIRST + roll(KEYS - FIRST));
		if ((r.brings & ~r.revokes) == 0)
			r.revokes = 0;
	}
	seal(&r);
	return r;
}

/* ---- the rules ---- */

struct clock {
	bool trusted;
	uint64_t now_s;
};

struct wish {
	bool downgrade;
	unsigned threshold;
};

static unsigned count(unsigned set)
{
	unsigned n = 0;

	for (; set != 0; set &= set - 1)
		n++;
	return n;
}

static enum fw_error signers_by_the_rules(const struct model *d, const struct release *r,
					  const struct wish *w)
{
	const unsigned of_manifests = ~((1u << FIRST) - 1);
	unsigned good = r->signers & d->may_sign & ~d->revoked;

	if (count(good) >= w->threshold)
		return FWE_OK;
	if (good != 0)
		return FWE_MANIFEST_THRESHOLD_NOT_MET;
	if ((r->signers & d->revoked) != 0)
		return FWE_MANIFEST_KEY_REVOKED;
	/* The first one is installed for good; others are unknown unless key-info brings them. */
	return (r->signers & ~of_manifests) != 0 || (r->signers >> FIRST & 1) != 0
		       ? FWE_MANIFEST_KEY_ROLE
		       : FWE_MANIFEST_KEY_UNKNOWN;
}

static enum fw_error by_the_rules(const struct model *d, const struct release *r,
				  const struct clock *c, const struct wish *w)
{
	uint64_t now_s = c->trusted                 ? c->now_s
			 : d->bound_s > d->newest_s ? d->bound_s
						    : d->newest_s;
	enum fw_error e = signers_by_the_rules(d, r, w);

	if (e != FWE_OK)
		return e;
	if ((d->seen_sequence && r->sequence == 0) || (d->seen_expires && r->over_s == 0))
		return FWE_MANIFEST_FIELD_MISSING;
	if (c->trusted && r->made_s > now_s + DAY_S)
		return FWE_MANIFEST_TIMESTAMP_FUTURE;
	if (r->over_s > 0 && r->over_s <= now_s)
		return FWE_MANIFEST_EXPIRED;
	if (r != d->last && (r->sequence > 0 ? d->seen_sequence && r->sequence <= d->sequence
					     : r->made_s < d->newest_s))
		return FWE_MANIFEST_SEQUENCE_ROLLBACK;
	if (r->security > 0 && r->security < d->floor)
		return FWE_MANIFEST_SECURITY_VERSION_ROLLBACK;
	if (r->version == d->running)
		return FWE_MANIFEST_VERSION_SAME;
	if (r->version < d->running &&
	    !(w->downgrade && r->sequence > 0 && r->security >= d->floor))
		return FWE_MANIFEST_VERSION_DOWNGRADE;
	return FWE_OK;
}

static bool rotates_by_the_rules(const struct model *d, const struct release *r,
				 const struct wish *w, enum fw_error e)
{
	return r->info > d->info && count(r->signers & ((1u << FIRST) - 1)) >= w->threshold &&
	       (e == FWE_OK || (e == FWE_MANIFEST_VERSION_SAME && r == d->last));
}

/* True: the set has a key that counts. */
static bool rotate_model(struct model *d, const struct release *r)
{
	unsigned revoked = d->revoked | r->revokes;

	if ((r->brings & ~revoked) == 0)
		return false;
	d->revoked = revoked;
	d->may_sign = r->brings;
	d->info = r->info;
	return true;
}

static bool is_rejected_by_the_rules(const struct model *d, const struct release *r)
{
	return d->rejected && d->rejected->version == r->version;
}

static void accept_model(struct model *d, const struct release *r)
{
	d->last = r;
	if (!is_rejected_by_the_rules(d, r))
		d->rejected = NULL;
	d->seen_sequence |= r->sequence > 0;
	d->seen_expires |= r->over_s > 0;
	if (r->sequence > 0)
		d->sequence = r->sequence;
	if (r->made_s > d->newest_s)
		d->newest_s = r->made_s;
}

/* ---- the device ---- */

static char dir[64];

static void judge(struct state *s, const struct model *d, const struct release *r,
		  const struct clock *c, const struct wish *w, struct trust **ret_trust,
		  struct fw_judgement *ret)
{
	const struct state_accepted *seen = &s->accepted;
	char error[128] = "";
	struct fw_context ctx = {
		.manufacturer = MAKER,
		.model = "gw",
		.has_current = true,
		.current = {{1, d->running, 0}},
		.security_floor = seen->floor,
		.seen = seen->seen,
		.last_sequence = seen->sequence,
		.last_manifest_sha256 = seen->any ? seen->sha256 : NULL,
		.last_timestamp_us = seen->timestamp_us,
		.clock_trusted = c->trusted,
		.now_us = c->now_s * USEC_PER_SEC,
		.bound_us = s->clock_us,
		.threshold = w->threshold,
		.allow_downgrade = w->downgrade,
	};

	if (keyset_trust(store, buf_span(&s->keys), ret_trust, &ctx.key_info_version, error,
			 sizeof(error)) < 0)
		fail_msg("%s", error);
	(void)state_keep_time(s, c->trusted, ctx.now_us);
	fw_judge(&ctx, *ret_trust, buf_span(&r->octets), ret);
}

static bool rotate(struct state *s, const struct fw_judgement *j)
{
	struct buf record = BUF_INIT(KEYSET_RECORD_MAX);
	char error[128];
	int r = keyset_rotate(store, buf_span(&s->keys), j->manifest, &record, error,
			      sizeof(error));

	assert_true(r == 0 || r == -EBADMSG);
	if (r < 0) {
		buf_done(&record);
		return false;
	}
	buf_done(&s->keys);
	s->keys = record;
	return true;
}

/* It runs on trial, and stays or does not. */
static void boot(struct state *s, struct model *d, const struct release *r, struct model *settled)
{
	s->trial = (struct state_trial){.state = TRIAL_ON, .accepted = s->accepted};
	if (!one_in(4)) {
		state_keep(s);
		d->running = r->version;
		if (r->security > d->floor)
			d->floor = r->security;
		*settled = *d;
		return;
	}
	state_roll_back(s);
	d->rejected = r;
	d->last = settled->last;
	d->sequence = r->sequence > settled->sequence ? r->sequence - 1 : settled->sequence;
}

static void restart(struct state **s)
{
	struct buf kept = (*s)->keys;
	const char *name;

	(*s)->keys = (struct buf){0};
	assert_int_equal(state_save_keys(*s, buf_span(&kept)), 0);
	assert_int_equal(state_save(*s), 0);
	*s = state_free(*s);
	buf_done(&kept);
	assert_int_equal(state_open(s, dir, &name), 0);
}

static struct state *begin(void)
{
	struct state *s = NULL;
	const char *name;

	(void)snprintf(dir, sizeof(dir), "/tmp/ocf-over-time-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(state_open(&s, dir, &name), 0);
	return s;
}

static void end(struct state *s)
{
	static const char *const NAMES[] = {"state", "keys"};
	char path[128];

	state_free(s);
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, NAMES[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

struct world {
	struct state *state;
	struct model model, settled;
	struct clock clock;
	size_t n;
	struct release shown[STEPS];
	unsigned seen[FWE_COUNT]; /* how often each error was found */
	unsigned rotations, roll_backs;
};

static void pass_time(struct clock *c)
{
	c->now_s += roll(2 * DAY_S);
	if (one_in(20))
		c->now_s -= roll(10 * DAY_S);
	c->trusted = !one_in(5);
}

static void install(struct world *w, const struct release *r, const struct fw_judgement *j)
{
	bool rejected = is_rejected_by_the_rules(&w->model, r);

	assert_int_equal(state_is_rejected(w->state, j), rejected);
	if (one_in(3) || (rejected && one_in(2)))
		return; /* a check, or nobody insists */
	state_accept(w->state, j);
	accept_model(&w->model, r);
	if (one_in(3))
		return; /* its image was not to be had */
	boot(w->state, &w->model, r, &w->settled);
	w->roll_backs += w->model.rejected == r;
}

static void step(struct world *w, unsigned run, unsigned n)
{
	const struct wish wish = {.downgrade = one_in(2), .threshold = one_in(8) ? 2 : 1};
	const bool again = w->n > 0 && one_in(3);
	const struct release *r = &w->shown[again ? roll((unsigned)w->n) : w->n];
	CLEANUP(trust_freep) struct trust *trust = NULL;
	struct fw_judgement j;
	enum fw_error want;
	bool rotates;

	pass_time(&w->clock);
	if (again && w->model.last && one_in(2))
		r = w->model.last;
	if (!again)
		w->shown[w->n++] = invent(&w->model, w->clock.now_s);
	want = by_the_rules(&w->model, r, &w->clock, &wish);
	rotates = rotates_by_the_rules(&w->model, r, &wish, want);
	if (w->clock.trusted && w->clock.now_s > w->model.bound_s)
		w->model.bound_s = w->clock.now_s;
	judge(w->state, &w->model, r, &w->clock, &wish, &trust, &j);
	if (j.error != want || j.rotates_keys != rotates)
		fail_msg("run %u, step %u: %s, by the rules %s; new keys: %d, by the rules %d", run,
			 n, fw_error_name(j.error), fw_error_name(want), j.rotates_keys, rotates);
	w->seen[want]++;
	w->rotations += rotates;
	if (rotates)
		assert_int_equal(rotate(w->state, &j), rotate_model(&w->model, r));
	if (want == FWE_OK)
		install(w, r, &j);
	fw_judgement_done(&j);
	if (one_in(100))
		restart(&w->state);
}

static void judging__follows_the_rules_whatever_came_before(void **state)
{
	static const enum fw_error ALL[] = {
		FWE_OK,
		FWE_MANIFEST_KEY_REVOKED,
		FWE_MANIFEST_KEY_ROLE,
		FWE_MANIFEST_KEY_UNKNOWN,
		FWE_MANIFEST_THRESHOLD_NOT_MET,
		FWE_MANIFEST_FIELD_MISSING,
		FWE_MANIFEST_TIMESTAMP_FUTURE,
		FWE_MANIFEST_EXPIRED,
		FWE_MANIFEST_SEQUENCE_ROLLBACK,
		FWE_MANIFEST_SECURITY_VERSION_ROLLBACK,
		FWE_MANIFEST_VERSION_SAME,
		FWE_MANIFEST_VERSION_DOWNGRADE,
	};
	static struct world w;
	unsigned seen[FWE_COUNT] = {0}, rotations = 0, roll_backs = 0;

	(void)state;
	for (unsigned run = 0; run < RUNS; run++) {
		seed = run + 1;
		w = (struct world){
			.state = begin(),
			.model = {.running = 3, .may_sign = 1u << FIRST},
			.clock = {true,         START                  },
		};
		for (unsigned n = 0; n < STEPS; n++)
			step(&w, run, n);
		for (size_t i = 0; i < w.n; i++)
			buf_done(&w.shown[i].octets);
		for (size_t i = 0; i < FWE_COUNT; i++)
			seen[i] += w.seen[i];
		rotations += w.rotations;
		roll_backs += w.roll_backs;
		end(w.state);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ALL); i++)
		if (seen[ALL[i]] < 20)
			fail_msg("%s: seen %u times only", fw_error_name(ALL[i]), seen[ALL[i]]);
	assert_true(rotations >= 50 && roll_backs >= 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judging__follows_the_rules_whatever_came_before),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
