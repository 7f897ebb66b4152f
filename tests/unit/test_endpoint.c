/* The endpoint: requests, plain datagrams, bodies in blocks. */
#include "endpoint_pair.h"

static void call__get_is_answered(void **state)
{
	static const struct {
		const char *host, *in_uri;
	} CASES[] = {
		{"127.0.0.1", "127.0.0.1"},
		{"::1",       "[::1]"    },
	};
	struct pair *p = *state;
	struct got got = {0};

	p->server.answer_len = 100;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		char want[64];

		call(p,
		     &(struct call){.method = M_GET,
				    .to = server_addr(p, CASES[i].host, false),
				    .path = "/oic/res"},
		     &got);
		assert_int_equal(got.err, 0);
		assert_int_equal(got.code, 205);
		assert_int_equal(got.content_format, CF_OCF_CBOR);
		assert_int_equal(got.len, 100);
		assert_string_equal(p->server.path, "/oic/res");
		assert_int_equal(p->server.last.accept, CF_OCF_CBOR);
		assert_int_equal(p->server.last.session, 0);
		(void)snprintf(want, sizeof(want), "coap://%s:%u", CASES[i].in_uri,
			       endpoint_coap_port(p->server.e));
		assert_string_equal(p->server.ep_coap, want);
		(void)snprintf(want, sizeof(want), "coaps://%s:%u", CASES[i].in_uri,
			       endpoint_coaps_port(p->server.e));
		assert_string_equal(p->server.ep_coaps, want);
	}
}

static void call__post_carries_its_body_and_act_follows(void **state)
{
	struct pair *p = *state;
	struct got got = {0};

	p->server.verdict = V_CHANGED;
	p->server.act = true;
	call(p,
	     &(struct call){.method = M_POST,
			    .to = server_addr(p, "127.0.0.1", false),
			    .path = "/oic/sec/doxm",
			    .body = SPAN_LIT("\xa0")},
	     &got);
	assert_int_equal(got.code, 204);
	assert_int_equal(got.len, 0);
	assert_int_equal(p->server.last.content_format, CF_OCF_CBOR);
	assert_int_equal(p->server.body_len, 1);
	assert_int_equal(p->server.acts, 1);
}

static void connect__psk_session_carries_requests(void **state)
{
	struct pair *p = *state;
	struct got got = {0};
	uint64_t id = open_session(p);

	assert_int_equal(id, p->client.session);
	assert_int_equal(p->client.facts.suite, 0xC037);
	p->server.answer_len = 50;
	call(p, &(struct call){.method = M_GET, .session = id, .path = "/oic/sec/cred"}, &got);
	assert_int_equal(got.code, 205);
	assert_int_equal(got.len, 50);
	assert_int_equal(p->server.last.session, p->server.session);
	assert_true(p->server.last.has_peer);
	assert_true(uuid_eq(&p->server.last.peer, &CLIENT_ID));

	endpoint_close(p->client.e, id);
	run_until(p, &p->client.closed, 1);
	assert_int_equal(p->client.why, DTLS_END_LOCAL);
	assert_true(p->client.was_open);
	run_until(p, &p->server.closed, 1);
	assert_int_equal(p->server.why, DTLS_END_NOTIFY);
	assert_int_equal(endpoint_sessions(p->server.e), 0);
}

/* ---- plain datagrams ---- */

static void plain_send(const struct pair *p, int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, 0), len);
	assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
}

static void ping__is_answered_by_rst(void **state)
{
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "::1", false);
	int fd = udp_socket(&to);
	uint8_t b[64];

	plain_send(p, fd, "\x40\x00\x12\x34", 4);
	assert_int_equal(recv(fd, b, sizeof(b), 0), 4);
	assert_memory_equal(b, "\x70\x00\x12\x34", 4);
	plain_send(p, fd, "\x4f\x01\x56\x78", 4); /* a format error in a CON */
	assert_int_equal(recv(fd, b, sizeof(b), 0), 4);
	assert_memory_equal(b, "\x70\x00\x56\x78", 4);
	plain_send(p, fd, "\x5f\x01\x56\x78", 4); /* in a NON */
	plain_send(p, fd, "\x00\x01\x56\x78", 4); /* no CoAP */
	plain_send(p, fd, "", 0);
	assert_int_equal(recv(fd, b, sizeof(b), 0), -1);
	(void)close(fd);
}

static void duplicate__is_not_carried_out_twice(void **state)
{
	static const uint8_t POST[] = "\x41\x02\x12\x34t\xb1x\xff\xa0";
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "127.0.0.1", false);
	int fd;
	uint8_t a[64], b[64];
	ssize_t n;

	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to.sa, sizeof(to.sa)), 0);
	p->server.verdict = V_CHANGED;
	plain_send(p, fd, POST, sizeof(POST) - 1);
	n = recv(fd, a, sizeof(a), 0);
	assert_true(n > 4);
	plain_send(p, fd, POST, sizeof(POST) - 1);
	assert_int_equal(recv(fd, b, sizeof(b), 0), n);
	assert_memory_equal(a, b, (size_t)n);
	assert_int_equal(p->server.requests, 1);
	(void)close(fd);
}

static void oversize__datagram_is_too_large(void **state)
{
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "::1", false);
	int fd = udp_socket(&to);
	uint8_t b[4000] = {0x40, 0x02, 0x12, 0x34, 0xb1, 'x', 0xff};

	plain_send(p, fd, b, sizeof(b));
	assert_int_equal(recv(fd, b, sizeof(b), 0), 4);
	assert_int_equal(b[1], 0x8d);
	assert_int_equal(p->server.requests, 0);
	(void)close(fd);
}

/* More than one recvmmsg(2) batch in one dispatch. */
static void batch__of_100_is_answered_in_one_dispatch(void **state)
{
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "::1", false);
	int fd = udp_socket(&to);
	uint8_t b[64];

	for (uint8_t i = 0; i < 100; i++)
		assert_int_equal(send(fd, (uint8_t[]){0x40, 0x01, 0x00, i, 0xb1, 'x'}, 6, 0), 6);
	assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
	assert_int_equal(p->server.requests, 100);
	for (uint8_t i = 0; i < 100; i++) {
		assert_int_equal(recv(fd, b, sizeof(b), 0), 4);
		assert_int_equal(b[3], i);
	}
	(void)close(fd);
}

static bool is_readable(const struct endpoint *e)
{
	struct pollfd p = {endpoint_fd(e), POLLIN, 0};

	return poll(&p, 1, 0) == 1;
}

/* More than one dispatch takes: the rest, and what comes later, wakes the loop as ever. */
static void batch__of_300_wakes_again(void **state)
{
	struct pair *p = *state;
	struct endpoint_addr to = server_addr(p, "::1", false);
	int fd = udp_socket(&to);
	unsigned first;
	uint8_t b[64];

	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(
			send(fd, (uint8_t[]){0x50, 0x01, (uint8_t)(i >> 8), (uint8_t)i, 0xb1, 'x'},
			     6, 0),
			6);
	assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
	first = p->server.requests;
	assert_in_range(first, 100, 299);
	for (unsigned i = 0; i < first; i++)
		assert_int_equal(recv(fd, b, sizeof(b), 0), 4);
	assert_true(is_readable(p->server.e));
	assert_int_equal(endpoint_dispatch(p->server.e, now()), 0);
	assert_int_equal(p->server.requests, 300);
	assert_false(is_readable(p->server.e));
	assert_int_equal(send(fd, "\x50\x01\x7f\x00\xb1x", 6, 0), 6);
	assert_true(is_readable(p->server.e));
	(void)close(fd);
}

static void idle__endpoint_never_wakes(void **state)
{
	struct pair *p = *state;
	struct got got = {0};
	struct pollfd fds[2];

	call(p, &(struct call){.method = M_GET, .to = server_addr(p, "::1", false), .path = "/x"},
	     &got);
	settle(p, NULL);
	assert_int_equal(endpoint_deadline(p->server.e), NEVER_US);
	assert_int_equal(endpoint_deadline(p->client.e), NEVER_US);
	fds[0] = (struct pollfd){endpoint_fd(p->server.e), POLLIN, 0};
	fds[1] = (struct pollfd){endpoint_fd(p->client.e), POLLIN, 0};
	assert_int_equal(poll(fds, 2, 0), 0);
}

/* ---- blocks, both roles at once ---- */

static void blocks__both_ways(void **state)
{
	struct pair *p = *state;
	static struct got got;
	static uint8_t body[REQ_BODY_MAX + 1];
	uint64_t id = open_session(p);

	for (unsigned secured = 0; secured < 2; secured++) {
		struct call c = {.path = "/x",
				 .session = secured ? id : 0,
				 .to = server_addr(p, "::1", false)};

		p->server.verdict = V_CONTENT;
		p->server.answer_len = REQ_BODY_MAX;
		c.method = M_GET;
		call(p, &c, &got);
		assert_int_equal(got.err, 0);
		assert_int_equal(got.len, REQ_BODY_MAX);
		for (size_t i = 0; i < got.len; i++)
			assert_int_equal(got.body[i], (uint8_t)(i * 7));

		p->server.verdict = V_CHANGED;
		p->server.answer_len = 0;
		c.method = M_POST;
		c.body = span_of(body, REQ_BODY_MAX);
		call(p, &c, &got);
		assert_int_equal(got.code, 204);
		assert_int_equal(p->server.body_len, REQ_BODY_MAX);

		p->server.requests = 0;
		c.body.len++;
		call(p, &c, &got);
		assert_int_equal(got.code, 413);
		assert_int_equal(p->server.requests, 0);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(call__get_is_answered),
		T(call__post_carries_its_body_and_act_follows),
		T(connect__psk_session_carries_requests),
		T(ping__is_answered_by_rst),
		T(duplicate__is_not_carried_out_twice),
		T(oversize__datagram_is_too_large),
		T(batch__of_100_is_answered_in_one_dispatch),
		T(batch__of_300_wakes_again),
		T(idle__endpoint_never_wakes),
		T(blocks__both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
