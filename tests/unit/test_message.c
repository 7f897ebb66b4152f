#include "test.h"

#include <stdio.h>

#include "base/parse.h"
#include "transport/message.h"

#define DATAGRAM_MAX ((size_t)256)

static struct span datagram(const char *hex)
{
	static uint8_t octets[DATAGRAM_MAX];
	size_t len = strlen(hex) / 2;

	assert_true(hex_decode(span_str(hex), octets, len));
	return span_of(octets, len);
}

static const struct {
	const char *name;
	const char *hex;
	int want;
} FORMATS[] = {
	{"one octet",                    "40",                         -EPROTO },
	{"shorter than a header",        "400100",                     -EPROTO },
	{"version 0",                    "00010001",                   -EPROTO },
	{"version 2",                    "80010001",                   -EPROTO },
	{"ping",			 "40001234",                   0       },
	{"ping with a token",            "41001234aa",                 -EBADMSG},
	{"ping with an octet behind it", "4000123400",                 -EBADMSG},
	{"bare GET",		     "40011234",                   0       },
	{"token of 8",                   "480112340102030405060708",   0       },
	{"token of 9",                   "49011234010203040506070809", -EBADMSG},
	{"token of 15",                  "4f011234",                   -EBADMSG},
	{"token cut short",              "44011234010203",             -EBADMSG},
	{"class 1 is reserved",          "40201234",                   -EBADMSG},
	{"class 7 is not for UDP",       "40e11234",                   -EBADMSG},
	{"payload",		      "40021234ffa0",               0       },
	{"marker with no payload",       "40021234ff",                 -EBADMSG},
	{"option cut short",             "40011234b36f69",             -EBADMSG},
	{"option length 15",             "40011234bf6f",               -EBADMSG},
	{"option delta 15",              "40011234f16f",               -EBADMSG},
	{"extended delta cut short",     "40011234e001",               -EBADMSG},
	{"option number beyond 65535",   "40011234e0fef2e00000",       -EBADMSG},
};

static void message_parse__checks_the_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(FORMATS); i++) {
		struct message m;
		int r = message_parse(&m, datagram(FORMATS[i].hex));

		if (r != FORMATS[i].want)
			fail_msg("%s: got %d, want %d", FORMATS[i].name, r, FORMATS[i].want);
		if (r != -EPROTO && m.id != 0x1234)
			fail_msg("%s: id %#x", FORMATS[i].name, m.id);
	}
}

/* A GET with these options. */
static const struct {
	const char *name;
	const char *hex;
	uint8_t refusal;
} OPTIONS[] = {
	{"none",			 "ff00",				   0             },
	{"Uri-Host is accepted",         "3168",                                   0             },
	{"Uri-Port is accepted",         "721633",                                 0             },
	{"If-Match is critical",         "10",                                     MC_BAD_OPTION },
	{"If-None-Match is critical",    "50",                                     MC_BAD_OPTION },
	{"OSCORE is critical",           "90",				     MC_BAD_OPTION },
	{"unknown elective",             "e1070155",                               0             },
	{"unknown critical",             "e1070255",                               MC_BAD_OPTION },
	{"Proxy-Uri",                    "d11678",				 MC_NO_PROXY   },
	{"Proxy-Scheme",                 "d11a78",                                 MC_NO_PROXY   },
	{"two Accept",                   "d1043c013c",                             MC_BAD_OPTION },
	{"Accept of 3 octets",           "d30400003c",                             MC_BAD_OPTION },
	{"two Content-Format, elective", "c13c0100",                               0             },
	{"Block2 of size 7",             "d10a07",                                 MC_BAD_REQUEST},
	{"Block2 of 4 octets",           "d40a00000000",                           MC_BAD_OPTION },
	{"slash in a segment",           "b3612f62",                               MC_NOT_FOUND  },
	{"NUL in a segment",             "b26100",                                 MC_NOT_FOUND  },
	{"nine queries",                 "d1026101620163016401650166016701680169", MC_BAD_REQUEST},
};

static void message_parse__refuses_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(OPTIONS); i++) {
		char hex[2 * DATAGRAM_MAX];
		struct message m;

		(void)snprintf(hex, sizeof(hex), "40011234%s", OPTIONS[i].hex);
		assert_int_equal(message_parse(&m, datagram(hex)), 0);
		if (m.refusal != OPTIONS[i].refusal)
			fail_msg("%s: got %#x, want %#x", OPTIONS[i].name, m.refusal,
				 OPTIONS[i].refusal);
	}
}

static void message_parse__path_too_long(void **state)
{
	uint8_t octets[DATAGRAM_MAX] = {0x40, 0x01, 0x12,
					0x34, 0xbd, 0x73}; /* one segment of 128 */
	struct message m;

	(void)state;
	memset(octets + 6, 'x', 128);
	assert_int_equal(message_parse(&m, span_of(octets, 6 + 128)), 0);
	assert_int_equal(m.refusal, MC_NOT_FOUND);
	octets[5] = 0x72; /* 127, and its slash */
	assert_int_equal(message_parse(&m, span_of(octets, 6 + 127)), 0);
	assert_int_equal(m.refusal, 0);
	assert_int_equal(m.path_len, REQ_PATH_MAX);
}

/* The first datagram of a recorded onboarding. */
static void message_parse__reads_a_real_discovery(void **state)
{
	static const uint8_t DATAGRAM[] = "\x58\x01\x9c\x17\x01\x02\x03\x04\x05\x06\x07\x08"
					  "\xb3oic\x03sec\x04"
					  "doxm\x4bowned=FALSE\x22\x27\x10\xe2\x06\xe3\x08\x00";
	struct message m;

	(void)state;
	assert_int_equal(message_parse(&m, span_of(DATAGRAM, sizeof(DATAGRAM) - 1)), 0);
	assert_int_equal(m.type, MT_NON);
	assert_int_equal(m.code, MC_GET);
	assert_int_equal(m.refusal, 0);
	assert_true(span_is(span_of(m.path, m.path_len), "/oic/sec/doxm"));
	assert_int_equal(m.n_query, 1);
	assert_true(span_is(m.query[0], "owned=FALSE"));
	assert_int_equal(m.accept, CF_OCF_CBOR);
	assert_int_equal(m.accept_version, MESSAGE_OCF_1_0);
	assert_int_equal(m.token_len, 8);
}

static void message_write__is_read_back(void **state)
{
	static const uint8_t TAG[4] = {1, 2, 3, 4};
	uint8_t octets[MESSAGE_MAX];
	struct message m, back;
	size_t len;

	(void)state;
	message_init(&m, MT_CON, MC_POST, 0xbeef);
	assert_true(message_set_path(&m, SPAN_LIT("/oic/sec/cred")));
	m.token_len = 3;
	memcpy(m.token, "tok", 3);
	m.query[m.n_query++] = SPAN_LIT("credid=1");
	m.query[m.n_query++] = SPAN_LIT("if=oic.if.rw");
	m.content_format = m.accept = CF_OCF_CBOR;
	m.content_version = m.accept_version = MESSAGE_OCF_1_0;
	m.observe = 0;
	m.size1 = 70000;
	m.size2 = 0;
	m.block1 = (struct message_block){.present = true, .more = true, .szx = 6, .num = 1000000};
	m.block2 = (struct message_block){.present = true, .szx = 0, .num = 0};
	m.etag = span_of(TAG, sizeof(TAG));
	m.payload = SPAN_LIT("\xa0");
	len = message_write(&m, octets, sizeof(octets));
	assert_true(len > 0);

	assert_int_equal(message_parse(&back, span_of(octets, len)), 0);
	assert_int_equal(back.refusal, 0);
	assert_int_equal(back.type, MT_CON);
	assert_int_equal(back.code, MC_POST);
	assert_int_equal(back.id, 0xbeef);
	assert_true(span_eq(span_of(back.token, back.token_len), SPAN_LIT("tok")));
	assert_true(span_is(span_of(back.path, back.path_len), "/oic/sec/cred"));
	assert_int_equal(back.n_query, 2);
	assert_true(span_is(back.query[1], "if=oic.if.rw"));
	assert_int_equal(back.content_format, CF_OCF_CBOR);
	assert_int_equal(back.accept, CF_OCF_CBOR);
	assert_int_equal(back.content_version, MESSAGE_OCF_1_0);
	assert_int_equal(back.accept_version, MESSAGE_OCF_1_0);
	assert_int_equal(back.observe, 0);
	assert_int_equal(back.size1, 70000);
	assert_int_equal(back.size2, 0);
	assert_memory_equal(&back.block1, &m.block1, sizeof(m.block1));
	assert_memory_equal(&back.block2, &m.block2, sizeof(m.block2));
	assert_true(span_eq(back.etag, m.etag));
	assert_true(span_eq(back.payload, m.payload));
	for (size_t room = 0; room < len; room++)
		assert_int_equal(message_write(&m, octets, room), 0);
}

static void message_write__refuses_what_does_not_fit(void **state)
{
	uint8_t octets[64];
	struct message m;

	(void)state;
	message_init(&m, MT_CON, MC_GET, 1);
	m.block2 = (struct message_block){.present = true, .num = MESSAGE_NUM_MAX + 1};
	assert_int_equal(message_write(&m, octets, sizeof(octets)), 0);
	assert_false(message_set_path(&m, SPAN_LIT("oic")));
	assert_false(message_set_path(&m, SPAN_LIT("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_parse__checks_the_format),
		cmocka_unit_test(message_parse__refuses_options),
		cmocka_unit_test(message_parse__path_too_long),
		cmocka_unit_test(message_parse__reads_a_real_discovery),
		cmocka_unit_test(message_write__is_read_back),
		cmocka_unit_test(message_write__refuses_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
