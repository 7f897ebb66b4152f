/* What a forged source address can have sent to somebody else. */
#include "test.h"

#include <arpa/inet.h>

#include "base/clock.h"
#include "transport/allowance.h"

#define REQUEST ((size_t)20)
#define ANSWER  ((size_t)1024)

static struct remote at(const char *address)
{
	struct remote r = {0};

	assert_int_equal(inet_pton(AF_INET6, address, &r.addr.sa.sin6_addr), 1);
	return r;
}

/* How many of n large answers go out at this moment. */
static size_t draw(struct allowance *a, const struct remote *to, size_t n, uint64_t now_us)
{
	size_t sent = 0;

	for (size_t i = 0; i < n; i++)
		sent += allowance_take(a, to, REQUEST, ANSWER, now_us);
	return sent;
}

static void allowance_take__stops_at_the_burst_and_goes_on_at_the_rate(void **state)
{
	const struct remote victim = at("2001:db8::1"), neighbour = at("2001:db8::ffff:2");
	const uint64_t t = 5 * USEC_PER_SEC;
	struct allowance a;

	(void)state;
	allowance_init(&a);
	assert_int_equal(draw(&a, &victim, 10000, t), ALLOWANCE_BURST / ANSWER);
	assert_int_equal(draw(&a, &neighbour, 10, t), 0); /* the same network */
	assert_int_equal(draw(&a, &victim, 10000, t + USEC_PER_SEC), ALLOWANCE_RATE / ANSWER);
	assert_int_equal(draw(&a, &victim, 10000, t + 100 * USEC_PER_SEC),
			 ALLOWANCE_BURST / ANSWER);
}

static void allowance_take__counts_what_amplifies_only(void **state)
{
	static const struct {
		const char *name, *address;
		uint64_t session;
		size_t answer;
		bool free;
	} CASES[] = {
		{"three times the request", "2001:db8::1",        0, 3 * REQUEST,     true },
		{"an octet more",           "2001:db8::1",        0, 3 * REQUEST + 1, false},
		{"secured",                 "2001:db8::1",        7, ANSWER,          true },
		{"loopback",                "::1",                0, ANSWER,          true },
		{"loopback, IPv4",          "::ffff:127.0.0.1",   0, ANSWER,          true },
		{"link-local",              "fe80::1",            0, ANSWER,          false},
		{"IPv4",                    "::ffff:192.0.2.127", 0, ANSWER,          false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct remote to = at(CASES[i].address);
		struct allowance a;
		bool free = true;

		allowance_init(&a);
		(void)draw(&a, &to, 1000, USEC_PER_SEC); /* nothing is left */
		to.session = CASES[i].session;
		for (size_t n = 0; n < 1000; n++)
			free = allowance_take(&a, &to, REQUEST, CASES[i].answer, USEC_PER_SEC) &&
			       free;
		if (free != CASES[i].free)
			fail_msg("%s", CASES[i].name);
	}
}

/* Whatever is forged beside it, a network gets no more than its share. */
static void allowance_take__forgets_nobody_in_a_flood(void **state)
{
	const struct remote victim = at("::ffff:192.0.2.1");
	struct allowance a;
	size_t others = 0;

	(void)state;
	allowance_init(&a);
	assert_true(draw(&a, &victim, 10000, USEC_PER_SEC) > 0);
	for (unsigned i = 0; i < 100000; i++) {
		struct remote forged = at("::ffff:10.0.0.1");

		forged.addr.sa.sin6_addr.s6_addr[13] = (uint8_t)(i >> 8);
		forged.addr.sa.sin6_addr.s6_addr[14] = (uint8_t)i;
		others += draw(&a, &forged, 1, USEC_PER_SEC);
	}
	assert_true(others > 10000);
	assert_int_equal(draw(&a, &victim, 10000, USEC_PER_SEC), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allowance_take__stops_at_the_burst_and_goes_on_at_the_rate),
		cmocka_unit_test(allowance_take__counts_what_amplifies_only),
		cmocka_unit_test(allowance_take__forgets_nobody_in_a_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
