/* obt/record: what is stored is read back, and nothing else. */
#include "test.h"

#include "codec/cbw.h"
#include "obt/record.h"

static struct record_device sample(void)
{
	struct record_device d = {
		.device = {{1, 2, 3}       },
		.method = OBT_RANDOM_PIN,
		.complete = true,
		.has_sdi = true,
		.owned_us = UINT64_C(1700000000000000),
		.name = "Lamp \xc3\xa9",
		.addresses = { "[fe80::1%eth0]:48115", "10.0.0.1:5684"},
		.n_addresses = 2,
	};

	assert_true(secret_set(&d.key, SPAN_LIT("0123456789abcdef")));
	return d;
}

static void record_device__round_trip(void **state)
{
	struct record_device in = sample(), out;
	struct buf b = BUF_INIT(RECORD_OCTETS_MAX);

	(void)state;
	record_device_write(&in, &b);
	assert_true(buf_ok(&b));
	assert_int_equal(record_device_parse(buf_span(&b), &out), CBR_OK);
	assert_true(uuid_eq(&in.device, &out.device));
	assert_true(secret_eq(&in.key, &out.key));
	assert_int_equal(out.method, OBT_RANDOM_PIN);
	assert_true(out.complete && out.has_sdi);
	assert_int_equal(out.owned_us, in.owned_us);
	assert_string_equal(out.name, in.name);
	assert_int_equal(out.n_addresses, 2);
	assert_string_equal(out.addresses[0], in.addresses[0]);
	assert_string_equal(out.addresses[1], in.addresses[1]);
	record_device_wipe(&out);
	assert_int_equal(out.key.len, 0);
	buf_done(&b);
}

static void record_device__fits_at_its_largest(void **state)
{
	struct record_device in = sample(), out;
	struct buf b = BUF_INIT(RECORD_OCTETS_MAX);

	(void)state;
	memset(in.name, 'x', ANSWER_NAME_MAX);
	in.n_addresses = RECORD_ADDRESSES_MAX;
	for (size_t i = 0; i < in.n_addresses; i++)
		memset(in.addresses[i], 'a', RECORD_ADDRESS_MAX - 1);
	record_device_write(&in, &b);
	assert_true(buf_ok(&b));
	assert_int_equal(record_device_parse(buf_span(&b), &out), CBR_OK);
	assert_int_equal(strlen(out.name), ANSWER_NAME_MAX);
	buf_done(&b);
}

static void record_device__refuses_every_truncation(void **state)
{
	struct record_device in = sample(), out = {.n_addresses = 77};
	struct buf b = BUF_INIT(RECORD_OCTETS_MAX);

	(void)state;
	record_device_write(&in, &b);
	for (size_t n = 0; n < b.len; n++)
		if (record_device_parse(span_of(b.ptr, n), &out) == CBR_OK)
			fail_msg("taken when cut to %zu octets", n);
	assert_int_equal(out.n_addresses, 77);
	buf_done(&b);
}

static void records__refuse_what_they_do_not_know(void **state)
{
	struct buf b = BUF_INIT(RECORD_OCTETS_MAX);
	struct record_self self = {.uuid = {{1}}, .domain = {{2}}}, back;
	struct record_device dev;

	(void)state;
	record_self_write(&self, &b);
	assert_int_equal(record_self_parse(buf_span(&b), &back), CBR_OK);
	assert_true(uuid_eq(&self.domain, &back.domain));
	assert_int_equal(record_device_parse(buf_span(&b), &dev), CBR_VALUE);

	buf_reset(&b);
	cbw_map(&b);
	cbw_kv_uint(&b, "format", 2); /* of a later version */
	cbw_end(&b);
	assert_int_equal(record_self_parse(buf_span(&b), &back), CBR_VALUE);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_device__round_trip),
		cmocka_unit_test(record_device__fits_at_its_largest),
		cmocka_unit_test(record_device__refuses_every_truncation),
		cmocka_unit_test(records__refuse_what_they_do_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
