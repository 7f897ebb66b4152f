/* /oic/sec/csr: one key pair from one RESET to the next, a request for the present identity. */
#include "svr_fixture.h"

#define CSR "/oic/sec/csr"

/* "csr cn=<uuid> key=<digits> nonce=<n>" of the fixture. */
static void read_csr(struct world *w, char cn[64], char key[64])
{
	assert_int_equal(get(w, device_doc(w->dev) ? DOC : LATER, OBT, CSR), V_CONTENT);
	assert_true(body_has(w, "\"encoding\":\"oic.sec.encoding.pem\""));
	assert_true(cert_word(buf_span(&w->body), "cn", cn));
	assert_true(cert_word(buf_span(&w->body), "key", key));
}

static void csr_get__keeps_one_key_until_reset(void **state)
{
	char cn[64], key[64], again[64];
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	read_csr(w, cn, key);
	assert_true(w->out.store);
	assert_string_equal(cn, FINAL);
	assert_null(world_start(w)); /* it is on disk already */
	read_csr(w, cn, again);
	assert_string_equal(again, key);
	assert_false(w->out.store);

	to_state(w, DOS_RESET);
	assert_int_equal(world_event(w, EV_RESET_DUE, 0), V_CHANGED);
	assert_int_equal(w->dev->csr_key.len, 0);
	to_owned(w);
	read_csr(w, cn, again);
	assert_string_not_equal(again, key);
	world_free(w);
}

/* Over the DOC the identity changes; the key does not, and before RFPRO nothing is stored. */
static void csr_get__follows_deviceuuid(void **state)
{
	char cn[64], key[64], again[64], uuid[UUID_TEXT + 1];
	struct world *w = world_new();

	(void)state;
	to_doc(w);
	read_csr(w, cn, key);
	assert_false(w->out.store);
	uuid_format(device_uuid(w->dev), uuid);
	assert_string_equal(cn, uuid);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/doxm", "{\"deviceuuid\":\"" FINAL "\"}"),
			 V_CHANGED);
	read_csr(w, cn, again);
	assert_string_equal(cn, FINAL);
	assert_string_equal(again, key);
	world_free(w);
}

/* Each signature is another one, but the blocks of an answer must fit together. */
static void csr_get__says_the_same_twice(void **state)
{
	struct world *w = world_new();
	struct buf first = BUF_INIT(4096);

	(void)state;
	to_provisioned(w, DOS_RFNOP);
	assert_int_equal(get(w, LATER, OBT, CSR), V_CONTENT);
	buf_put(&first, buf_span(&w->body));
	assert_int_equal(get(w, LATER, OBT, CSR), V_CONTENT);
	assert_true(span_eq(buf_span(&first), buf_span(&w->body)));
	buf_done(&first);
	world_free(w);
}

static void csr_get__fails_without_traces(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	w->certs_error = -EIO;
	assert_int_equal(get(w, LATER, OBT, CSR), V_INTERNAL);
	assert_int_equal(w->dev->csr_key.len, 0);
	w->certs_error = 0;
	w->csr_length = CSR_MAX + 1;
	assert_int_equal(get(w, LATER, OBT, CSR), V_INTERNAL);
	assert_int_equal(w->dev->csr_key.len, 0);
	w->csr_length = CSR_MAX;
	assert_int_equal(get(w, LATER, OBT, CSR), V_CONTENT);
	world_free(w);
}

static void csr__is_read_only_and_the_credential_services(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_provisioned(w, DOS_RFPRO);
	assert_int_equal(post(w, LATER, OBT, CSR, "{}"), V_NO_METHOD);
	assert_int_equal(del(w, LATER, OBT, CSR), V_NO_METHOD);
	assert_int_equal(get(w, LATER, OBT, CSR "?if=oic.if.ll"), V_FORBIDDEN);
	assert_int_equal(get(w, CLEAR, NULL, CSR), V_UNAUTHORIZED);
	assert_int_equal(get(w, STRANGER, OTHER, CSR), V_UNAUTHORIZED);
	assert_int_equal(get(w, LATER, OBT, CSR "?if=oic.if.baseline"), V_CONTENT);
	assert_true(body_has(w, "\"rt\":[\"oic.r.csr\"]"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csr_get__keeps_one_key_until_reset),
		cmocka_unit_test(csr_get__follows_deviceuuid),
		cmocka_unit_test(csr_get__says_the_same_twice),
		cmocka_unit_test(csr_get__fails_without_traces),
		cmocka_unit_test(csr__is_read_only_and_the_credential_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
