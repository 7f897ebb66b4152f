/* /oic/sec/crl: a revocation list by an anchor, never an older one. */
#include "svr_fixture.h"

#include "codec/b64.h"
#include "svr/crl.h"

#define CRL   "/oic/sec/crl"
#define EMPTY "{\"crlid\":0,\"thisupdate\":\"\",\"crldata\":\"\"}"

static const struct {
	const char *name, *body;
	bool want;
} PARSES[] = {
	{"all",		 "{\"crlid\":1,\"thisupdate\":\"now\",\"crldata\":\"YQ==\"}", true },
	{"data only",           "{\"crldata\":\"YQ==\"}",                                    true },
	{"no data",             "{\"crlid\":1,\"thisupdate\":\"now\"}",                      false},
	{"empty data",          "{\"crldata\":\"\"}",                                        false},
	{"nothing",             "{}",							false},
	{"no padding",          "{\"crldata\":\"YQ\"}",                                      false},
	{"the URL alphabet",    "{\"crldata\":\"_-_-\"}",                                    false},
	{"octets",              "{\"crldata\":h'00'}",                                       false},
	{"negative number",     "{\"crlid\":-1,\"crldata\":\"YQ==\"}",                       false},
	{"largest number",      "{\"crlid\":2147483647,\"crldata\":\"YQ==\"}",               true },
	{"number too large",    "{\"crlid\":2147483648,\"crldata\":\"YQ==\"}",               false},
	{"data twice",          "{\"crldata\":\"YQ==\",\"crldata\":\"YQ==\"}",               false},
	{"unknown name",        "{\"crldata\":\"YQ==\",\"rowneruuid\":\"" OBT "\"}",         false},
	{"thisupdate a number", "{\"thisupdate\":1,\"crldata\":\"YQ==\"}",                   false},
	{"64 octets of date",
	 "{\"thisupdate\":\"0123456789012345678901234567890123456789012345678901234567890123\","
	 "\"crldata\":\"YQ==\"}",							    true },
	{"65 octets of date",
	 "{\"thisupdate\":\"01234567890123456789012345678901234567890123456789012345678901234\","
	 "\"crldata\":\"YQ==\"}",							    false},
};

static void crl_rep_parse__takes_or_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PARSES); i++) {
		CLEANUP(crl_update_done) struct crl_update u;
		struct buf body = BUF_INIT(4096);
		bool got;

		diag(&body, PARSES[i].body);
		got = crl_rep_parse(buf_span(&body), &u);
		if (got != PARSES[i].want)
			fail_msg("%s: got %d", PARSES[i].name, got);
		buf_done(&body);
	}
}

static enum verdict post_crl(struct world *w, unsigned id, const char *list, size_t padding)
{
	struct buf der = BUF_INIT(REQ_BODY_MAX), text = BUF_INIT(REQ_BODY_MAX);
	struct buf body = BUF_INIT(2 * REQ_BODY_MAX);
	enum verdict v;

	buf_put_str(&der, list);
	while (padding-- > 0)
		buf_put_byte(&der, '\n');
	b64_encode_padded(buf_span(&der), &text);
	cbw_map(&body);
	cbw_kv_uint(&body, "crlid", id);
	cbw_kv_str(&body, "thisupdate", "today");
	cbw_kv_text(&body, "crldata", buf_span(&text));
	cbw_end(&body);
	v = world_ask(w, &(struct ask){.method = M_POST,
				       .uri = CRL,
				       .session = LATER,
				       .peer = OBT,
				       .raw = buf_span(&body)});
	buf_done(&body);
	buf_done(&text);
	buf_done(&der);
	return v;
}

static struct world *world_with_anchor(void)
{
	struct world *w = world_new();

	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/cred",
			      "{\"creds\":[{\"credid\":5,\"credtype\":8,\"subjectuuid\":\"*\","
			      "\"credusage\":\"oic.sec.cred.trustca\",\"publicdata\":{\"data\":"
			      "\"ca name=root\",\"encoding\":\"oic.sec.encoding.pem\"}}]}"),
			 V_CHANGED);
	return w;
}

static void crl_post__stores_what_an_anchor_signed(void **state)
{
	struct world *w = world_with_anchor();

	(void)state;
	assert_int_equal(get(w, LATER, OBT, CRL), V_CONTENT);
	expect_body(w, EMPTY);
	assert_int_equal(post_crl(w, 1, "no list", 0), V_BAD_REQUEST);
	assert_int_equal(post_crl(w, 1, "crl ca=other made=2", 0), V_BAD_REQUEST);
	assert_int_equal(post_crl(w, 7, "crl ca=root made=2", 0), V_CHANGED);
	assert_true(w->out.effects & FX_REKEY);
	assert_null(world_start(w));
	assert_true(span_is(svr_crl(w->dev), "crl ca=root made=2"));
	assert_int_equal(get(w, LATER, OBT, CRL), V_CONTENT);
	expect_body(w, "{\"crlid\":7,\"thisupdate\":\"today\","
		       "\"crldata\":\"Y3JsIGNhPXJvb3QgbWFkZT0y\"}");
	world_free(w);
}

static void crl_post__never_goes_back(void **state)
{
	struct world *w = world_with_anchor();

	(void)state;
	assert_int_equal(post_crl(w, 1, "crl ca=root made=2", 0), V_CHANGED);
	assert_int_equal(post_crl(w, 2, "crl ca=root made=1", 0), V_BAD_REQUEST);
	assert_true(span_is(svr_crl(w->dev), "crl ca=root made=2"));
	assert_int_equal(post_crl(w, 2, "crl ca=root made=2", 0), V_CHANGED);
	assert_int_equal(post_crl(w, 2, "crl ca=root made=3", 0), V_CHANGED);
	/* With its anchor gone, it says nothing any more. */
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/cred",
			      "{\"creds\":[{\"credid\":5,\"credtype\":8,\"subjectuuid\":\"*\","
			      "\"credusage\":\"oic.sec.cred.trustca\",\"publicdata\":{\"data\":"
			      "\"ca name=next\",\"encoding\":\"oic.sec.encoding.pem\"}}]}"),
			 V_CHANGED);
	assert_int_equal(post_crl(w, 2, "crl ca=next made=1", 0), V_CHANGED);
	world_free(w);
}

static void crl_post__keeps_to_its_limit(void **state)
{
	struct world *w = world_with_anchor();
	const char *list = "crl ca=root made=2";

	(void)state;
	assert_int_equal(post_crl(w, 1, list, CRL_MAX - strlen(list)), V_CHANGED);
	assert_int_equal(get(w, LATER, OBT, CRL), V_CONTENT);
	assert_null(world_start(w));
	assert_int_equal(svr_crl(w->dev).len, CRL_MAX);
	assert_int_equal(post_crl(w, 1, list, CRL_MAX - strlen(list) + 1), V_BAD_REQUEST);
	world_free(w);
}

static void crl__belongs_to_the_credential_service(void **state)
{
	struct world *w = world_with_anchor();

	(void)state;
	assert_int_equal(get(w, CLEAR, NULL, CRL), V_UNAUTHORIZED);
	assert_int_equal(get(w, STRANGER, OTHER, CRL), V_UNAUTHORIZED);
	assert_int_equal(del(w, LATER, OBT, CRL), V_NO_METHOD);
	w->certs_error = -ENOMEM;
	assert_int_equal(post_crl(w, 1, "crl ca=root made=2", 0), V_INTERNAL);
	w->certs_error = 0;
	to_state(w, DOS_RFNOP);
	assert_int_equal(post_crl(w, 1, "crl ca=root made=2", 0), V_BAD_REQUEST);
	to_state(w, DOS_SRESET);
	assert_int_equal(post_crl(w, 1, "crl ca=root made=2", 0), V_CHANGED);
	to_state(w, DOS_RESET);
	assert_int_equal(world_event(w, EV_RESET_DUE, 0), V_CHANGED);
	assert_int_equal(svr_crl(w->dev).len, 0);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crl_rep_parse__takes_or_refuses),
		cmocka_unit_test(crl_post__stores_what_an_anchor_signed),
		cmocka_unit_test(crl_post__never_goes_back),
		cmocka_unit_test(crl_post__keeps_to_its_limit),
		cmocka_unit_test(crl__belongs_to_the_credential_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
