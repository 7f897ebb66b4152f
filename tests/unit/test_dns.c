/* ocf-fw-fetch/dns: questions as RFC 1035 has them, answers as name servers give them, or not. */
#include "test.h"

#include "daemons/ocf-fw-fetch/dns.h"

#define QUESTION              "\11_firmware\1a\4test\0"
#define QUESTION_A            QUESTION "\0\1\0\1"
#define REPLY(flags, answers) "\0\7" flags "\0\1\0" answers "\0\0\0\0" QUESTION_A
#define RECORD(type, len)     "\300\14" type "\0\1\0\0\0\74" len

static void dns_query__is_as_rfc_1035_has_it(void **state)
{
	struct buf out = BUF_INIT(DNS_MESSAGE_MAX);

	(void)state;
	assert_true(dns_query(7, "_firmware.a.test", DNS_A, &out));
	assert_true(span_eq(buf_span(&out), SPAN_LIT("\0\7\1\0\0\1\0\0\0\0\0\0" QUESTION_A)));
	buf_done(&out);
}

static void dns_query__refuses_what_is_no_name(void **state)
{
	char longest[300];
	const char *const ROWS[] = {
		"",   ".",     "a..b",
		"a.", longest, "x123456789012345678901234567890123456789012345678901234567890123"};

	(void)state;
	for (size_t i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = i % 2 ? '.' : 'a';
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct buf out = BUF_INIT(DNS_MESSAGE_MAX);

		if (dns_query(7, ROWS[i], DNS_A, &out))
			fail_msg("%zu", i);
		buf_done(&out);
	}
}

static void dns_answer__takes_addresses_of_the_answer(void **state)
{
	static const struct {
		const char *name;
		struct span message;
		enum dns_result want;
		const char *addresses;
	} ROWS[] = {
		{"one address",
		 SPAN_LIT(REPLY("\201\200",                                      "\1") RECORD("\0\1","\0\4") "\12\115\0\1"),DNS_FOUND,
		 "10.77.0.1"},
		{"two",
		 SPAN_LIT(REPLY("\201\200",						  "\2") RECORD("\0\1","\0\4") "\12\115\0\1" RECORD(
			 "\0\1","\0\4") "\12\115\0\2"),
		 DNS_FOUND, "10.77.0.1,10.77.0.2"},
		{"an alias first",
		 SPAN_LIT(REPLY("\201\200",        "\2") RECORD("\0\5","\0\4") "\1b\300\27"
									 "\1b\300\27"
									 "\0\1\0\1\0\0\0\74\0\4"
									 "\12\115\0\1"),
		 DNS_FOUND, "10.77.0.1"},
		{"another type only",
		 SPAN_LIT(REPLY("\201\200",                                      "\1") RECORD("\0\20","\0\4") "\3abc"),DNS_NONE, ""},
		{"empty",                    SPAN_LIT(REPLY("\201\200",                                                 "\0")),DNS_NONE,""},
		{"no such name",               SPAN_LIT(REPLY("\201\203",                                    "\0")),                       DNS_NONE,																							  ""},
		{"server failure",SPAN_LIT(REPLY("\201\202","\0")),DNS_FAILED,""},
		{"refused",                  SPAN_LIT(REPLY("\201\205",        "\0")),DNS_FAILED,""},
		{"cut",			       SPAN_LIT(REPLY("\203\200",                                             "\0")),DNS_FAILED,""},
		{"record is missing",                             SPAN_LIT(REPLY("\201\200",                                                          "\1")),DNS_FAILED,""},
		{"record is cut",
		 SPAN_LIT(REPLY("\201\200",						"\1") RECORD("\0\1",										  "\0\4") "\12\115\0"),																												      DNS_FAILED,
		 ""},
		{"address of a wrong length",
		 SPAN_LIT(REPLY("\201\200","\1") RECORD("\0\1","\0\3") "\12\115\0"),DNS_NONE,
		 ""},
		{"label too long",SPAN_LIT(REPLY("\201\200","\1") "\177xxx"),DNS_FAILED,""},
		{"a question",                 SPAN_LIT(REPLY("\1\0",                                      "\0")),DNS_OTHER,""},
		{"another id",                              SPAN_LIT("\0\10\201\200\0\1\0\0\0\0\0\0" QUESTION_A),                                                           DNS_OTHER,""},
		{"another name",
		 SPAN_LIT("\0\7\201\200\0\1\0\0\0\0\0\0\11_firmware\1b\4test\0\0\1\0\1"),                                DNS_OTHER,
		 ""},
		{"another case",
		 SPAN_LIT("\0\7\201\200\0\1\0\0\0\0\0\0\11_FIRMWARE\1a\4tEst\0\0\1\0\1"),												   DNS_NONE,
		 ""																				 },
		{"another type asked",
		 SPAN_LIT("\0\7\201\200\0\1\0\0\0\0\0\0" QUESTION "\0\34\0\1"),            DNS_OTHER,""},
		{"short",			       SPAN_LIT("\0\7\201\200"),                                                 DNS_OTHER,""},
		{"nothing",			       SPAN_LIT(""),					       DNS_OTHER,""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct buf out = BUF_INIT(255);
		enum dns_result got =
			dns_answer(ROWS[i].message, 7, "_firmware.a.test", DNS_A, &out);

		if (got != ROWS[i].want || !span_is(buf_span(&out), ROWS[i].addresses))
			fail_msg("%s: %d %.*s", ROWS[i].name, got, (int)out.len, (char *)out.ptr);
		buf_done(&out);
	}
}

static void dns_answer__keeps_what_there_is_room_for(void **state)
{
	struct span m = SPAN_LIT(REPLY("\201\200", "\2") RECORD(
		"\0\1", "\0\4") "\12\115\0\1" RECORD("\0\1", "\0\4") "\12\115\0\2");
	struct buf out = BUF_INIT(15);

	(void)state;
	assert_int_equal(dns_answer(m, 7, "_firmware.a.test", DNS_A, &out), DNS_FOUND);
	assert_true(span_is(buf_span(&out), "10.77.0.1"));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dns_query__is_as_rfc_1035_has_it),
		cmocka_unit_test(dns_query__refuses_what_is_no_name),
		cmocka_unit_test(dns_answer__takes_addresses_of_the_answer),
		cmocka_unit_test(dns_answer__keeps_what_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
