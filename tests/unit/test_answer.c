/* obt/answer: the recorded answers of a real device, and what is refused. */
#include "test.h"

#include "codec/cbw.h"
#include "obt/answer.h"
#include "tests/lite.h"

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

static struct span recorded(unsigned datagram)
{
	const struct lite_exchange *x = lite_find(all, n_all, datagram);

	assert_non_null(x);
	return span_of(x->answer, x->answer_len);
}

static void assert_uuid(const struct uuid *u, const char *want)
{
	char text[UUID_TEXT + 1];

	uuid_format(u, text);
	assert_string_equal(text, want);
}

static void answer_doxm__reads_the_recorded_one(void **state)
{
	struct answer_doxm d;

	(void)state;
	assert_int_equal(answer_doxm(recorded(1), &d), CBR_OK);
	assert_int_equal(d.n_oxms, 2);
	assert_true(answer_doxm_offers(&d, 0));
	assert_true(answer_doxm_offers(&d, 1));
	assert_false(answer_doxm_offers(&d, 2));
	assert_int_equal(d.oxmsel, 4);
	assert_int_equal(d.sct, 9);
	assert_false(d.owned);
	assert_uuid(&d.device, LITE_DEVICE);
	assert_true(uuid_is_nil(&d.devowner));
	assert_true(uuid_is_nil(&d.rowner));
}

static void answer_res__reads_the_recorded_one(void **state)
{
	struct answer_res r;

	(void)state;
	assert_int_equal(answer_res(recorded(4), &r), CBR_OK);
	assert_uuid(&r.device, LITE_DEVICE);
	assert_int_equal(r.n_eps, 2);
	assert_true(span_is(r.eps[0], "coap://[fd77::2]:36540"));
	assert_true(span_is(r.eps[1], "coaps://[fd77::2]:48115"));
	assert_int_equal(answer_res(recorded(48), &r), CBR_OK);
	assert_int_equal(r.n_eps, 1);
	assert_uuid(&r.device, LITE_RENAMED);
}

static void answer_d__reads_the_recorded_one(void **state)
{
	struct answer_d d;

	(void)state;
	assert_int_equal(answer_d(recorded(6), &d), CBR_OK);
	assert_uuid(&d.device, LITE_DEVICE);
	assert_string_equal(d.name, "Lamp");
}

/* A doxm with one member left out, twice there, or of another value. */
static struct span doxm(struct buf *b, const char *without, const char *twice)
{
	static const char *const UUIDS[] = {"deviceuuid", "devowneruuid", "rowneruuid"};
	const struct uuid u = {{1}};

	buf_reset(b);
	cbw_map(b);
	if (strcmp(without, "oxms") != 0) {
		cbw_str(b, "oxms");
		cbw_array(b);
		cbw_uint(b, 0);
		cbw_uint(b, 0xff00);
		cbw_end(b);
	}
	if (strcmp(without, "oxmsel") != 0)
		cbw_kv_uint(b, "oxmsel", 4);
	if (strcmp(without, "sct") != 0)
		cbw_kv_uint(b, "sct", 9);
	if (strcmp(without, "owned") != 0)
		cbw_kv_bool(b, "owned", true);
	for (size_t i = 0; i < ARRAY_SIZE(UUIDS); i++)
		if (strcmp(without, UUIDS[i]) != 0)
			cbw_kv_uuid(b, UUIDS[i], &u);
	cbw_kv_str(b, "x.example.extra", "skipped");
	if (*twice)
		cbw_kv_bool(b, twice, true);
	cbw_end(b);
	assert_true(buf_ok(b));
	return buf_span(b);
}

static void answer_doxm__wants_each_member_once(void **state)
{
	static const char *const MEMBERS[] = {"oxms",       "oxmsel",       "sct",       "owned",
					      "deviceuuid", "devowneruuid", "rowneruuid"};
	struct buf b = BUF_INIT(1024);
	struct answer_doxm d = {0};

	(void)state;
	assert_int_equal(answer_doxm(doxm(&b, "", ""), &d), CBR_OK);
	assert_true(d.owned);
	d.owned = false;
	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++)
		if (answer_doxm(doxm(&b, MEMBERS[i], ""), &d) != CBR_VALUE)
			fail_msg("taken without %s", MEMBERS[i]);
	assert_int_equal(answer_doxm(doxm(&b, "", "owned"), &d), CBR_DUPLICATE);
	assert_false(d.owned); /* untouched by what is refused */
	buf_done(&b);
}

static void answers__refuse_bad_bodies(void **state)
{
	static const struct {
		const char *name;
		struct span body;
	} ROWS[] = {
		{"nothing",                  SPAN_LIT("")							    },
		{"another type",             SPAN_LIT("\x01")							},
		{"empty map",                SPAN_LIT("\xa0")							},
		{"empty array",              SPAN_LIT("\x80")							},
		{"bomb",                     SPAN_LIT("\x9a\x0f\xff\xff\xff")                                        },
		{"text for owned",           SPAN_LIT("\xa1\x65owned\x64true")                                       },
		{"short UUID",               SPAN_LIT("\xa1\x62\x64i\x63"
					"abc")                                         },
		{"anchor of another scheme", SPAN_LIT("\x81\xa1\x66"
						      "anchor\x66oic://")},
		{"state 5",                  SPAN_LIT("\xa1\x63\x64os\xa2\x61s\x05\x61p\xf4")                        },
	};
	struct answer_pstat p;
	struct answer_doxm d;
	struct answer_res r;
	struct answer_d name;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (answer_doxm(ROWS[i].body, &d) == CBR_OK ||
		    answer_pstat(ROWS[i].body, &p) == CBR_OK ||
		    answer_res(ROWS[i].body, &r) == CBR_OK ||
		    answer_d(ROWS[i].body, &name) == CBR_OK)
			fail_msg("%s was taken", ROWS[i].name);
}

static void answer_res__bounds_its_endpoints(void **state)
{
	struct buf b = BUF_INIT(16384);

	(void)state;
	for (size_t n = ANSWER_EPS_MAX; n <= ANSWER_EPS_MAX + 1; n++) {
		struct answer_res r;

		buf_reset(&b);
		cbw_array(&b);
		cbw_map(&b);
		cbw_kv_str(&b, "href", "/oic/sec/doxm");
		cbw_kv_str(&b, "anchor", "ocf://" LITE_DEVICE);
		cbw_str(&b, "eps");
		cbw_array(&b);
		for (size_t i = 0; i < n; i++) {
			cbw_map(&b);
			cbw_kv_str(&b, "ep", "coap://10.0.0.1:5683");
			cbw_kv_uint(&b, "pri", 1);
			cbw_end(&b);
		}
		cbw_end(&b);
		cbw_end(&b);
		cbw_end(&b);
		assert_true(buf_ok(&b));
		assert_int_equal(answer_res(buf_span(&b), &r),
				 n <= ANSWER_EPS_MAX ? CBR_OK : CBR_LIMIT);
	}
	buf_done(&b);
}

static void answer_pstat__reads_the_state(void **state)
{
	struct buf b = BUF_INIT(512);
	const struct uuid u = {{7}};
	struct answer_pstat p;

	(void)state;
	cbw_map(&b);
	cbw_str(&b, "dos");
	cbw_map(&b);
	cbw_kv_bool(&b, "p", false);
	cbw_kv_uint(&b, "s", 3);
	cbw_end(&b);
	cbw_kv_bool(&b, "isop", true);
	cbw_kv_uint(&b, "cm", 0x140);
	cbw_kv_uint(&b, "tm", 0);
	cbw_kv_uint(&b, "om", 4);
	cbw_kv_uint(&b, "sm", 4);
	cbw_kv_uuid(&b, "rowneruuid", &u);
	cbw_end(&b);
	assert_int_equal(answer_pstat(buf_span(&b), &p), CBR_OK);
	assert_string_equal(answer_state_name(p.state), "RFNOP");
	assert_true(p.isop && !p.pending);
	assert_int_equal(p.cm, 0x140);
	assert_int_equal(p.om, 4);
	assert_true(uuid_eq(&p.rowner, &u));
	assert_string_equal(answer_state_name(5), "?");
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_doxm__reads_the_recorded_one),
		cmocka_unit_test(answer_res__reads_the_recorded_one),
		cmocka_unit_test(answer_d__reads_the_recorded_one),
		cmocka_unit_test(answer_doxm__wants_each_member_once),
		cmocka_unit_test(answers__refuse_bad_bodies),
		cmocka_unit_test(answer_res__bounds_its_endpoints),
		cmocka_unit_test(answer_pstat__reads_the_state),
	};

	return cmocka_run_group_tests(tests, load, NULL);
}
