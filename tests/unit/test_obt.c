/* obt/obt: the whole sequence against the recorded one, and a failure at every position. */
#include "test.h"

#include "codec/cbw.h"
#include "obt/obt.h"
#include "tests/lite.h"

#define STEPS_MAX 40

static struct lite_exchange all[LITE_MAX];
static size_t n_all;

static int load(void **state)
{
	char path[512];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/ocf/lite-just-works.exchanges", getenv("VECTORS"));
	n_all = lite_load(path, all);
	return n_all > 0 ? 0 : -1;
}

static struct uuid uuid_of(const char *text)
{
	struct uuid u;

	assert_true(uuid_parse(span_str(text), &u));
	return u;
}

static struct obt_params params(enum obt_method m)
{
	return (struct obt_params){
		.obt = uuid_of(LITE_OBT),
		.cms = uuid_of(LITE_OBT),
		.ams = uuid_of(LITE_OBT),
		.device = uuid_of(LITE_DEVICE),
		.renamed = uuid_of(LITE_RENAMED),
		.domain = uuid_of(LITE_DOMAIN),
		.domain_name = "OBT",
		.method = m,
	};
}

/* A device that does what it is told; one thing can be made to go wrong. */
struct script {
	enum obt_task task;
	enum obt_method method;
	const char *fail_at; /* step, or NULL */
	int err;
	unsigned code;
	struct span body; /* of a wrong answer */
	bool undo_fails;

	/* What was seen. */
	const char *steps[STEPS_MAX];
	struct obt_turn turns[STEPS_MAX];
	uint8_t bodies[STEPS_MAX][512];
	size_t n;
	struct obt o; /* as it ended */
};

struct doxm {
	uint64_t oxms[2];
	unsigned oxmsel;
	bool owned;
	const char *devowner, *device;
};
#define NIL "00000000-0000-0000-0000-000000000000"

static void write_doxm(struct buf *b, const struct doxm *d)
{
	cbw_map(b);
	cbw_str(b, "oxms");
	cbw_array(b);
	cbw_uint(b, d->oxms[0]);
	cbw_uint(b, d->oxms[1]);
	cbw_end(b);
	cbw_kv_uint(b, "oxmsel", d->oxmsel);
	cbw_kv_uint(b, "sct", 9);
	cbw_kv_bool(b, "owned", d->owned);
	cbw_kv_str(b, "devowneruuid", d->devowner);
	cbw_kv_str(b, "deviceuuid", d->device);
	cbw_kv_str(b, "rowneruuid", NIL);
	cbw_end(b);
}

static void write_pstat(struct buf *b, unsigned state, bool pending, unsigned om)
{
	cbw_map(b);
	cbw_str(b, "dos");
	cbw_map(b);
	cbw_kv_bool(b, "p", pending);
	cbw_kv_uint(b, "s", state);
	cbw_end(b);
	cbw_kv_bool(b, "isop", false);
	cbw_kv_uint(b, "cm", 2);
	cbw_kv_uint(b, "tm", 0);
	cbw_kv_uint(b, "om", om);
	cbw_kv_uint(b, "sm", 4);
	cbw_kv_str(b, "rowneruuid", NIL);
	cbw_end(b);
}

static void answer(struct script *s, const struct obt_turn *t)
{
	struct buf b = BUF_INIT(1024);
	struct obt_reply r = {.code = t->verb == OBT_GET ? 205 : t->verb == OBT_POST ? 204 : 202};
	const struct doxm before = {
		.oxms[1] = 1, .oxmsel = 4, .devowner = NIL, .device = LITE_DEVICE};
	const struct doxm after = {.oxms[1] = 1,
				   .oxmsel = (unsigned)s->method,
				   .devowner = LITE_OBT,
				   .device = LITE_RENAMED};

	if (strcmp(t->step, "read-doxm") == 0)
		write_doxm(&b, &before);
	else if (strcmp(t->step, "verify-doxm") == 0)
		write_doxm(&b, &after);
	else if (strcmp(t->step, "verify-pstat") == 0)
		write_pstat(&b, 1, false, 4);
	r.body = buf_span(&b);
	if (s->fail_at && strcmp(t->step, s->fail_at) == 0)
		r = (struct obt_reply){.err = s->err, .code = s->code, .body = s->body};
	else if (s->undo_fails && strcmp(t->step, "undo") == 0)
		r = (struct obt_reply){.code = 400};
	obt_reply(&s->o, &r);
	buf_done(&b);
}

static void run(struct script *s)
{
	struct obt_params p = params(s->method);
	struct obt_turn t;

	obt_start(&s->o, s->task, &p);
	for (s->n = 0; s->n < STEPS_MAX;) {
		obt_next(&s->o, &t);
		s->steps[s->n] = t.step;
		s->turns[s->n] = t;
		assert_true(t.body.len <= sizeof(s->bodies[0]));
		if (t.body.len)
			memcpy(s->bodies[s->n], t.body.ptr, t.body.len);
		s->turns[s->n].body.ptr = s->bodies[s->n];
		s->n++;
		if (t.act == OBT_DONE || t.act == OBT_FAILED)
			break;
		if (t.act == OBT_CALL)
			answer(s, &t);
		else
			obt_acted(&s->o,
				  s->fail_at && strcmp(t.step, s->fail_at) == 0 ? "no" : NULL);
	}
	obt_end(&s->o);
	assert_true(s->n < STEPS_MAX);
}

static bool saw(const struct script *s, const char *step)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->steps[i], step) == 0)
			return true;
	return false;
}

static void assert_steps(const struct script *s, const char *const *want, size_t n)
{
	for (size_t i = 0; i < n && i < s->n; i++)
		if (strcmp(s->steps[i], want[i]) != 0)
			fail_msg("step %zu: %s, want %s", i, s->steps[i], want[i]);
	assert_int_equal(s->n, n);
}

/* Conformance of the tool: CR 2935 1..9 in order, then the order of deployed tools. */
static void obt_next__follows_the_order_of_cr2935(void **state)
{
	static const char *const WANT[] = {
		"read-doxm",   "approve",   "select-method", "enter-pin",   "connect",
		"set-mode",    "set-owner", "set-uuid",      "verify-doxm", "verify-pstat",
		"own-doxm",    "own-acl2",  "own-pstat",     "keep-key",    "own-cred",
		"set-domain",  "set-owned", "enter-rfpro",   "clear-acl",   "write-acl",
		"enter-rfnop", "close",     "done"};
	struct script s = {.task = OBT_OWN_AND_PROVISION, .method = OBT_RANDOM_PIN};

	(void)state;
	run(&s);
	assert_steps(&s, WANT, ARRAY_SIZE(WANT));
	assert_true(s.o.key_kept);
	/* Nothing but a GET precedes the approval, nothing but oxmsel goes out unsecured after it.
	 */
	for (size_t i = 0; i < s.n; i++)
		if (s.turns[i].act == OBT_CALL && !s.turns[i].secured && i > 0)
			assert_string_equal(s.steps[i], "select-method");
	assert_int_equal(s.turns[0].verb, OBT_GET);
}

/* The requests of the recorded tool from its doxm GET (#8) to RFNOP (#42), without its reads of
 * what we add: same way, method, path and octets. */
static void obt_next__sends_the_recorded_octets(void **state)
{
	static const char *const VERBS[] = {"GET", "POST", "DELETE"};
	struct script s = {.task = OBT_OWN_AND_PROVISION, .method = OBT_JUST_WORKS};
	unsigned datagram = 8;
	size_t compared = 0;

	(void)state;
	run(&s);
	for (size_t i = 0; i < s.n; i++) {
		const struct obt_turn *t = &s.turns[i];
		const struct lite_exchange *x;

		if (t->act != OBT_CALL || strncmp(t->step, "verify-", 7) == 0)
			continue;
		while (!(x = lite_find(all, n_all, datagram)))
			datagram++;
		datagram++;
		assert_string_equal(x->way, t->secured ? "secured" : "plain");
		assert_string_equal(x->method, VERBS[t->verb]);
		assert_string_equal(x->path, t->path);
		if (!span_eq(t->body, span_of(x->request, x->request_len)))
			fail_msg("%s differs from datagram %u", t->step, x->datagram);
		compared++;
	}
	assert_int_equal(compared, 15);
	assert_int_equal(datagram, 43);
}

static void obt_next__stops_at_rfpro_when_asked(void **state)
{
	struct script s = {.task = OBT_OWN, .method = OBT_JUST_WORKS};

	(void)state;
	run(&s);
	assert_int_equal(s.o.failure.cause, OBT_CAUSE_NONE);
	assert_string_equal(s.steps[s.n - 3], "enter-rfpro");
	assert_string_equal(s.steps[s.n - 2], "close");
	assert_false(saw(&s, "clear-acl"));
}

static void obt_next__provisions_an_owned_device(void **state)
{
	static const char *const WANT[] = {"connect",     "enter-rfpro", "clear-acl", "write-acl",
					   "enter-rfnop", "close",       "done"};
	struct script s = {.task = OBT_PROVISION};

	(void)state;
	run(&s);
	assert_steps(&s, WANT, ARRAY_SIZE(WANT));
	assert_null(strstr((const char *)s.bodies[3], "/oic/sec/sdi")); /* has_sdi was false */
}

static const char *const OWN_STEPS[] = {
	"read-doxm", "approve",   "select-method", "enter-pin",    "connect",   "set-mode",
	"set-owner", "set-uuid",  "verify-doxm",   "verify-pstat", "own-doxm",  "own-acl2",
	"own-pstat", "keep-key",  "own-cred",      "set-domain",   "set-owned", "enter-rfpro",
	"clear-acl", "write-acl", "enter-rfnop",
};

static void check_failure(const struct script *s, size_t at, enum obt_cause cause)
{
	bool before_session = at <= 4, key = at > 13, committed = at >= 17;
	bool is_call = s->turns[at].act == OBT_CALL;
	bool lost = s->err == -ECONNRESET && is_call, silent = s->err == -ETIMEDOUT && is_call;
	bool undo = committed && !lost && !silent;

	if (strcmp(s->o.failure.step, OWN_STEPS[at]) != 0 || s->o.failure.cause != cause)
		fail_msg("%s: reported %s, cause %d", OWN_STEPS[at], s->o.failure.step,
			 s->o.failure.cause);
	if (saw(s, "close") != (!before_session && !lost))
		fail_msg("%s: close %d", OWN_STEPS[at], saw(s, "close"));
	if (saw(s, "undo") != undo)
		fail_msg("%s: undo %d", OWN_STEPS[at], saw(s, "undo"));
	/* The key goes unless the device may already be owned by it. */
	if (saw(s, "forget-key") != (key && (!committed || undo)) ||
	    s->o.key_kept != (committed && !undo))
		fail_msg("%s: key kept %d", OWN_STEPS[at], s->o.key_kept);
	assert_string_equal(s->steps[s->n - 1], "failed");
}

static void obt_next__cleans_up_after_a_failure_at_every_step(void **state)
{
	static const struct {
		int err;
		unsigned code;
		enum obt_cause cause;
	} ROWS[] = {
		{0,           400, OBT_CAUSE_REFUSED},
                {0,           401, OBT_CAUSE_REFUSED},
		{0,           500, OBT_CAUSE_REFUSED},
                {0,           301, OBT_CAUSE_BAD    },
		{-ETIMEDOUT,  0,   OBT_CAUSE_SILENT },
                {-ECONNRESET, 0,   OBT_CAUSE_LOST   },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(ROWS); r++) {
		for (size_t i = 0; i < ARRAY_SIZE(OWN_STEPS); i++) {
			struct script s = {.task = OBT_OWN_AND_PROVISION,
					   .method = OBT_RANDOM_PIN,
					   .fail_at = OWN_STEPS[i],
					   .err = ROWS[r].err,
					   .code = ROWS[r].code};

			run(&s);
			check_failure(&s, i,
				      s.turns[i].act == OBT_CALL ? ROWS[r].cause : OBT_CAUSE_LOCAL);
		}
	}
}

static void obt_next__keeps_the_key_when_the_undo_is_refused(void **state)
{
	struct script s = {.task = OBT_OWN_AND_PROVISION,
			   .fail_at = "write-acl",
			   .code = 400,
			   .undo_fails = true};

	(void)state;
	run(&s);
	assert_true(saw(&s, "undo"));
	assert_false(saw(&s, "forget-key"));
	assert_true(s.o.key_kept);
	assert_string_equal(s.o.failure.step, "write-acl");
}

static void obt_reply__tolerates_a_device_without_sdi(void **state)
{
	struct script with = {.task = OBT_OWN_AND_PROVISION};
	struct script without = {
		.task = OBT_OWN_AND_PROVISION, .fail_at = "set-domain", .code = 404};

	(void)state;
	run(&with);
	run(&without);
	assert_string_equal(with.steps[with.n - 1], "done");
	assert_string_equal(without.steps[without.n - 1], "done");
	assert_true(with.o.has_sdi);
	assert_false(without.o.has_sdi);
	assert_int_equal(with.turns[18].body.len, 329);
	assert_string_equal(without.steps[18], "write-acl");
	assert_int_equal(without.turns[18].body.len, 329 - (1 + 5 + 13 + 1));
}

static void obt_reply__takes_silence_after_a_reset_as_success(void **state)
{
	static const char *const WANT[] = {"approve",    "connect", "reset",
					   "forget-key", "close",   "done"};
	struct script done = {.task = OBT_RESET};
	struct script silent = {.task = OBT_RESET, .fail_at = "reset", .err = -ETIMEDOUT};
	struct script closed = {.task = OBT_RESET, .fail_at = "reset", .err = -ECONNRESET};
	struct script refused = {.task = OBT_RESET, .fail_at = "reset", .code = 401};

	(void)state;
	run(&done);
	assert_steps(&done, WANT, ARRAY_SIZE(WANT));
	run(&silent);
	assert_steps(&silent, WANT, ARRAY_SIZE(WANT));
	run(&closed);
	assert_true(saw(&closed, "forget-key"));
	assert_string_equal(closed.steps[closed.n - 1], "done");
	run(&refused);
	assert_false(saw(&refused, "forget-key"));
	assert_int_equal(refused.o.failure.code, 401);
}

/* Runs with one answer replaced; `body` may be empty. */
static void assert_cause(const char *name, const char *step, struct span body, enum obt_cause want)
{
	struct script s = {
		.task = OBT_OWN_AND_PROVISION, .fail_at = step, .code = 205, .body = body};

	run(&s);
	if (s.o.failure.cause != want || strcmp(s.o.failure.step, step) != 0 || !s.o.failure.why)
		fail_msg("%s: step %s, cause %d", name, s.o.failure.step, s.o.failure.cause);
}

static void obt_reply__checks_what_it_reads(void **state)
{
	static const struct {
		const char *name, *step;
		struct doxm doxm;
	} ROWS[] = {
		{"has an owner",       "read-doxm",   {{0, 1}, 4, true, NIL, LITE_DEVICE}       },
		{"another device",     "read-doxm",   {{0, 1}, 4, false, NIL, LITE_RENAMED}     },
		{"method not offered", "read-doxm",   {{1, 2}, 4, false, NIL, LITE_DEVICE}      },
		{"owned too early",    "verify-doxm", {{0, 1}, 0, true, LITE_OBT, LITE_RENAMED} },
		{"another method",     "verify-doxm", {{0, 1}, 1, false, LITE_OBT, LITE_RENAMED}},
		{"owner not taken",    "verify-doxm", {{0, 1}, 0, false, NIL, LITE_RENAMED}     },
		{"UUID not taken",     "verify-doxm", {{0, 1}, 0, false, LITE_OBT, LITE_DEVICE} },
	};
	static const char *const READS[] = {"read-doxm", "verify-doxm", "verify-pstat"};
	struct buf b = BUF_INIT(1024);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		buf_reset(&b);
		write_doxm(&b, &ROWS[i].doxm);
		assert_cause(ROWS[i].name, ROWS[i].step, buf_span(&b), OBT_CAUSE_MISMATCH);
	}
	for (unsigned i = 0; i < 3; i++) { /* another state, a pending change, another mode */
		buf_reset(&b);
		write_pstat(&b, i == 0 ? 2 : 1, i == 1, i == 2 ? 3 : 4);
		assert_cause("pstat", "verify-pstat", buf_span(&b), OBT_CAUSE_MISMATCH);
	}
	for (size_t i = 0; i < ARRAY_SIZE(READS); i++)
		assert_cause("not CBOR", READS[i], SPAN_LIT("hello"), OBT_CAUSE_BAD);
	buf_done(&b);
}

static void obt_abort__ends_a_step_under_way(void **state)
{
	struct obt_params p = params(OBT_JUST_WORKS);
	struct obt_turn t;
	struct obt o;

	(void)state;
	obt_start(&o, OBT_OWN, &p);
	obt_next(&o, &t);
	obt_abort(&o, OBT_CAUSE_LOCAL, "interrupted");
	obt_abort(&o, OBT_CAUSE_LOST, "too late to matter");
	obt_next(&o, &t);
	assert_int_equal(t.act, OBT_FAILED);
	assert_string_equal(o.failure.step, "read-doxm");
	assert_string_equal(o.failure.why, "interrupted");
	obt_end(&o);
}

static void obt_method_choose__takes_the_strongest(void **state)
{
	static const struct {
		const char *name;
		uint16_t oxms[3];
		size_t n;
		unsigned usable;
		bool found;
		enum obt_method want;
	} ROWS[] = {
		{"PIN before Just Works",  {0, 1},    2, 3, true,  OBT_RANDOM_PIN},
		{"only Just Works usable", {0, 1},    2, 1, true,  OBT_JUST_WORKS},
		{"certificate first",      {0, 2, 1}, 3, 7, true,  OBT_MFG_CERT  },
		{"vendor methods only",    {0xff00},  1, 7, false, 0             },
		{"none in common",         {2},       1, 3, false, 0             },
		{"nothing offered",        {0},       0, 7, false, 0             },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct answer_doxm d = {.n_oxms = ROWS[i].n};
		enum obt_method m = 0;

		memcpy(d.oxms, ROWS[i].oxms, sizeof(ROWS[i].oxms));
		if (obt_method_choose(&d, ROWS[i].usable, &m) != ROWS[i].found || m != ROWS[i].want)
			fail_msg("%s: %d", ROWS[i].name, m);
	}
}

static void obt_method_parse__knows_its_own_names(void **state)
{
	(void)state;
	for (enum obt_method m = OBT_JUST_WORKS; m < OBT_METHODS; m++) {
		enum obt_method back;

		assert_true(obt_method_parse(span_str(obt_method_name(m)), &back));
		assert_int_equal(back, m);
	}
	assert_false(obt_method_parse(SPAN_LIT("pin"), &(enum obt_method){0}));
	assert_string_equal(obt_method_label(OBT_RANDOM_PIN), "oic.sec.doxm.rdp");
}

static unsigned draws;

static void zero_at_first(void *ret, size_t len)
{
	memset(ret, 0x11, len);
	if (draws++ == 0)
		((uint8_t *)ret)[15] = 0;
}

static void obt_uuid_new__draws_until_no_octet_is_zero(void **state)
{
	struct uuid u;

	(void)state;
	draws = 0;
	obt_uuid_new(zero_at_first, &u);
	assert_int_equal(draws, 2);
	assert_false(uuid_has_zero_octet(&u));
	assert_int_equal(u.b[6] >> 4, 4);
	assert_int_equal(u.b[8] >> 6, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(obt_next__follows_the_order_of_cr2935),
		cmocka_unit_test(obt_next__sends_the_recorded_octets),
		cmocka_unit_test(obt_next__stops_at_rfpro_when_asked),
		cmocka_unit_test(obt_next__provisions_an_owned_device),
		cmocka_unit_test(obt_next__cleans_up_after_a_failure_at_every_step),
		cmocka_unit_test(obt_next__keeps_the_key_when_the_undo_is_refused),
		cmocka_unit_test(obt_reply__tolerates_a_device_without_sdi),
		cmocka_unit_test(obt_reply__takes_silence_after_a_reset_as_success),
		cmocka_unit_test(obt_reply__checks_what_it_reads),
		cmocka_unit_test(obt_abort__ends_a_step_under_way),
		cmocka_unit_test(obt_method_choose__takes_the_strongest),
		cmocka_unit_test(obt_method_parse__knows_its_own_names),
		cmocka_unit_test(obt_uuid_new__draws_until_no_octet_is_zero),
	};

	return cmocka_run_group_tests(tests, load, NULL);
}
