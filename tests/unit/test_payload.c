/* a{sv} as CBOR and back. */
#include "svr_fixture.h"

#include <math.h>

#include "bus/payload.h"
#include "bus_message.h"

static sd_bus *bus;

static int open_bus(void **state)
{
	static int fds[2];

	(void)state;
	bus = bus_to_nowhere(fds);
	return 0;
}

static int close_bus(void **state)
{
	(void)state;
	sd_bus_close_unref(bus);
	return 0;
}

/* The CBOR of `text` through D-Bus and back; -EBADMSG of the first way. */
static int there_and_back(struct span cbor, struct buf *out)
{
	sd_bus_message *m = message_new(bus);
	int r = payload_append(m, cbor);

	if (r == 0) {
		message_seal(m);
		assert_int_equal(payload_read(m, out), 0);
	}
	sd_bus_message_unref(m);
	return r;
}

static void payload__comes_back_as_it_went(void **state)
{
	static const char *const TEXTS[] = {
		"{}",
		"{\"value\":true}",
		"{\"n\":-1,\"z\":0,\"max\":9223372036854775807,\"min\":-9223372036854775808}",
		"{\"text\":\"lamp\",\"empty\":\"\",\"bytes\":h'00ff',\"none\":h''}",
		"{\"list\":[1,\"a\",[],{}],\"map\":{\"a\":{\"b\":[true]}}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++) {
		struct buf cbor = BUF_INIT(PAYLOAD_MAX), back = BUF_INIT(PAYLOAD_MAX);

		diag(&cbor, TEXTS[i]);
		if (there_and_back(buf_span(&cbor), &back) < 0 ||
		    !span_eq(buf_span(&cbor), buf_span(&back)))
			fail_msg("%s", TEXTS[i]);
		buf_done(&cbor);
		buf_done(&back);
	}
}

static void payload__keeps_wide_numbers(void **state)
{
	struct buf cbor = BUF_INIT(64), back = BUF_INIT(64);

	(void)state;
	cbw_map(&cbor);
	cbw_kv_uint(&cbor, "u", UINT64_MAX);
	cbw_str(&cbor, "d");
	cbw_float(&cbor, -21.5);
	cbw_end(&cbor);
	assert_int_equal(there_and_back(buf_span(&cbor), &back), 0);
	assert_true(span_eq(buf_span(&cbor), buf_span(&back)));
	buf_done(&cbor);
	buf_done(&back);
}

static const struct {
	const char *name;
	struct span cbor;
} BAD[] = {
	{"null",          SPAN_LIT("\xa1\x61"
			  "a\xf6")					},
	{"NUL in a text", SPAN_LIT("\xa1\x61"
				   "a\x61\0")                    },
	{"NUL in a key",  SPAN_LIT("\xa1\x61\0\x01")                                      },
	{"below -2^63",   SPAN_LIT("\xa1\x61"
				 "a\x3b\x80\0\0\0\0\0\0\0")        },
	{"not a number",  SPAN_LIT("\xa1\x61"
				  "a\xf9\x7e\0")                  },
	{"key twice",     SPAN_LIT("\xa2\x61"
			       "a\x01\x61"
			       "a\x02")                              },
	{"integer key",   SPAN_LIT("\xa1\x01\x02")                                        },
	{"tag",           SPAN_LIT("\xa1\x61"
			 "a\xc1\x01")				      },
	{"no map",        SPAN_LIT("\x81\x01")					    },
	{"cut",           SPAN_LIT("\xa1\x61"
			 "a")					      },
	{"two items",     SPAN_LIT("\xa0\xa0")					    },
	{"nothing",       SPAN_LIT("")						    },
	{"too deep",      SPAN_LIT("\xa1\x61"
			      "a\x81\x81\x81\x81\x81\x81\x81\x81\x01")},
};

static void payload_append__refuses_what_dbus_cannot_say(void **state)
{
	struct buf back = BUF_INIT(PAYLOAD_MAX);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		if (there_and_back(BAD[i].cbor, &back) != -EBADMSG)
			fail_msg("%s", BAD[i].name);
	assert_int_equal(there_and_back(SPAN_LIT("\xa1\x61"
						 "a\x81\x81\x81\x81\x81\x81\x81\x01"),
					&back),
			 0);
	buf_done(&back);
}

static int append_keys(size_t n)
{
	struct buf cbor = BUF_INIT(PAYLOAD_MAX), back = BUF_INIT(PAYLOAD_MAX);
	int r;

	cbw_map(&cbor);
	for (size_t i = 0; i < n; i++) {
		char key[8];

		(void)snprintf(key, sizeof(key), "%zu", i);
		cbw_kv_uint(&cbor, key, i);
	}
	cbw_end(&cbor);
	r = there_and_back(buf_span(&cbor), &back);
	buf_done(&cbor);
	buf_done(&back);
	return r;
}

static int append_text_of(size_t len)
{
	struct buf cbor = BUF_INIT(PAYLOAD_MAX), back = BUF_INIT(PAYLOAD_MAX), text = BUF_INIT(len);
	int r;

	while (text.len < len)
		buf_put_byte(&text, 'a');
	cbw_map(&cbor);
	cbw_kv_text(&cbor, "t", buf_span(&text));
	cbw_end(&cbor);
	r = there_and_back(buf_span(&cbor), &back);
	buf_done(&text);
	buf_done(&cbor);
	buf_done(&back);
	return r;
}

static void limits__at_the_edge_and_beyond(void **state)
{
	(void)state;
	assert_int_equal(append_keys(PAYLOAD_KEYS_MAX), 0);
	assert_int_equal(append_keys(PAYLOAD_KEYS_MAX + 1), -EBADMSG);
	assert_int_equal(append_text_of(PAYLOAD_TEXT_MAX), 0);
	assert_int_equal(append_text_of(PAYLOAD_TEXT_MAX + 1), -EBADMSG);
}

/* What programs write that does not come from us. */
static void payload_read__takes_every_plain_type(void **state)
{
	struct buf got = BUF_INIT(PAYLOAD_MAX), want = BUF_INIT(PAYLOAD_MAX);
	sd_bus_message *m = message_new(bus);

	(void)state;
	assert_true(sd_bus_message_append(m, "a{sv}", 9, "y", "y", 1, "n", "n", -2, "q", "q", 3,
					  "i", "i", -4, "u", "u", 5, "o", "o", "/p", "as", "as", 2,
					  "a", "b", "st", "(xb)", INT64_C(7), 1, "m", "a{su}", 1,
					  "k", 8) >= 0);
	message_seal(m);
	assert_int_equal(payload_read(m, &got), 0);
	diag(&want, "{\"y\":1,\"n\":-2,\"q\":3,\"i\":-4,\"u\":5,\"o\":\"/p\",\"as\":[\"a\",\"b\"],"
		    "\"st\":[7,true],\"m\":{\"k\":8}}");
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.ptr, want.ptr, want.len);
	sd_bus_message_unref(m);
	buf_done(&got);
	buf_done(&want);
}

static int read_of(const char *types, ...)
{
	struct buf got = BUF_INIT(PAYLOAD_MAX);
	sd_bus_message *m = message_new(bus);
	va_list ap;
	int r;

	va_start(ap, types);
	assert_true(sd_bus_message_appendv(m, types, ap) >= 0);
	va_end(ap);
	message_seal(m);
	r = payload_read(m, &got);
	sd_bus_message_unref(m);
	buf_done(&got);
	return r;
}

static void payload_read__refuses_what_cbor_or_ocf_cannot_say(void **state)
{
	(void)state;
	assert_int_equal(read_of("a{sv}", 1, "a", "h", 0), -EBADMSG);
	assert_int_equal(read_of("a{sv}", 1, "a", "d", (double)INFINITY), -EBADMSG);
	assert_int_equal(read_of("a{sv}", 1, "a", "a{us}", 1, 1, "b"), -EBADMSG);
	assert_int_equal(read_of("a{sv}", 2, "a", "b", 1, "a", "b", 1), -EBADMSG);
	assert_int_equal(read_of("a{ss}", 1, "a", "b"), -EBADMSG);
	assert_int_equal(read_of("s", "a"), -EBADMSG);
	assert_int_equal(read_of("a{sv}", 1, "a", "aaaaaaaai", 1, 1, 1, 1, 1, 1, 1, 1, 1),
			 -EBADMSG);
	assert_int_equal(read_of("a{sv}", 1, "a", "aaaaaaai", 1, 1, 1, 1, 1, 1, 1, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payload__comes_back_as_it_went),
		cmocka_unit_test(payload__keeps_wide_numbers),
		cmocka_unit_test(payload_append__refuses_what_dbus_cannot_say),
		cmocka_unit_test(limits__at_the_edge_and_beyond),
		cmocka_unit_test(payload_read__takes_every_plain_type),
		cmocka_unit_test(payload_read__refuses_what_cbor_or_ocf_cannot_say),
	};

	return cmocka_run_group_tests(tests, open_bus, close_bus);
}
