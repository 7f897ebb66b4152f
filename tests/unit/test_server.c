/* The server's message layer. */
#include "server_bench.h"

#include <arpa/inet.h>

/* ---- CON, ACK, NON ---- */

static void con__is_answered_in_its_ack(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_GET, 77, "/oic/res");

	b->answer_len = 10;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->n_sent, 1);
	assert_int_equal(b->sent[0].m.type, MT_ACK);
	assert_int_equal(b->sent[0].m.id, 77);
	assert_int_equal(b->sent[0].m.code, MC_CONTENT);
	assert_true(span_eq(span_of(b->sent[0].m.token, b->sent[0].m.token_len), SPAN_LIT("tokn")));
	assert_int_equal(b->sent[0].m.content_format, CF_OCF_CBOR);
	assert_int_equal(b->sent[0].m.content_version, MESSAGE_OCF_1_0);
	assert_int_equal(b->sent[0].m.payload.len, 10);
}

static void non__is_answered_by_a_non_with_an_id_of_ours(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_NON, MC_GET, 77, "/oic/res");

	receive(b, &PLAIN, &m);
	m.id = 78;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(b->sent[0].m.type, MT_NON);
	assert_int_equal(b->sent[1].m.type, MT_NON);
	assert_int_not_equal(b->sent[0].m.id, b->sent[1].m.id);
	assert_int_equal(b->sent[0].m.token_len, 4);
}

static void answer__of_another_format_has_no_version(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_GET, 77, "/oic/res");

	b->answer_len = 1;
	b->answer_format = CF_CBOR;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->sent[0].m.content_format, CF_CBOR);
	assert_int_equal(b->sent[0].m.content_version, MESSAGE_ABSENT);
}

static void answer__to_nothing_but_requests(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_ACK, MC_GET, 77, "/oic/res");

	receive(b, &PLAIN, &m);
	m.type = MT_RST;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->n_sent, 0);
	assert_int_equal(b->requests, 0);
}

static void ignore__means_no_datagram(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_GET, 77, "/oic/res");

	b->verdict = V_IGNORE;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->requests, 1);
	assert_int_equal(b->n_sent, 0);
}

static void act__comes_after_the_answer(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_POST, 77, "/oic/sec/pstat");

	b->act = true;
	b->verdict = V_CHANGED;
	receive(b, &SECURED, &m);
	assert_int_equal(b->acts, 1);
	assert_int_equal(b->sent_before_act, 1);
	receive(b, &SECURED, &m);
	assert_int_equal(b->acts, 1);
}

static const struct {
	enum verdict verdict;
	uint8_t code;
} CODES[] = {
	{V_CONTENT,        0x45},
        {V_CHANGED,        0x44},
        {V_DELETED,        0x42},
	{V_CREATED,        0x41},
        {V_BAD_REQUEST,    0x80},
        {V_UNAUTHORIZED,   0x81},
	{V_BAD_OPTION,     0x82},
        {V_FORBIDDEN,      0x83},
        {V_NOT_FOUND,      0x84},
	{V_NO_METHOD,      0x85},
        {V_NOT_ACCEPTABLE, 0x86},
        {V_INCOMPLETE,     0x88},
	{V_TOO_LARGE,      0x8d},
        {V_BAD_FORMAT,     0x8f},
        {V_INTERNAL,       0xa0},
	{V_UNAVAILABLE,    0xa3},
};

static void verdict__becomes_a_code(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(CODES); i++) {
		struct message m = request(MT_CON, MC_GET, (uint16_t)i, "/oic/res");

		b->n_sent = 0;
		b->verdict = CODES[i].verdict;
		receive(b, &PLAIN, &m);
		assert_int_equal(b->sent[0].m.code, CODES[i].code);
	}
}

/* ---- options ---- */

static const struct {
	const char *name;
	uint8_t code;
	uint32_t accept_version, content_version, content_format;
	uint8_t want; /* 0: the application is asked */
} VERSIONS[] = {
	{"no versions",        MC_GET,  MESSAGE_ABSENT, MESSAGE_ABSENT, MESSAGE_ABSENT, 0            },
	{"1.0.0",              MC_GET,  2048,           MESSAGE_ABSENT, MESSAGE_ABSENT, 0            },
	{"1.1.0",              MC_GET,  2112,           MESSAGE_ABSENT, MESSAGE_ABSENT, 0            },
	{"0.x accepted",       MC_GET,  2047,           MESSAGE_ABSENT, MESSAGE_ABSENT, MC_BAD_FORMAT},
	{"0 accepted",         MC_GET,  0,              MESSAGE_ABSENT, MESSAGE_ABSENT, MC_BAD_FORMAT},
	{"0.x sent",           MC_POST, 2048,           2047,           CF_OCF_CBOR,    MC_BAD_FORMAT},
	{"1.0.0 sent",         MC_POST, 2048,           2048,           CF_OCF_CBOR,    0            },
	{"CBOR",               MC_POST, MESSAGE_ABSENT, MESSAGE_ABSENT, CF_CBOR,        0            },
	{"text",               MC_POST, MESSAGE_ABSENT, MESSAGE_ABSENT, 0,              MC_BAD_FORMAT},
	{"JSON",               MC_POST, MESSAGE_ABSENT, MESSAGE_ABSENT, 50,             MC_BAD_FORMAT},
	{"FETCH is no method", 5,       MESSAGE_ABSENT, MESSAGE_ABSENT, MESSAGE_ABSENT, MC_NO_METHOD },
};

static void options__of_version_and_format_follow_the_table(void **state)
{
	struct bench *b = *state;

	b->verdict = V_CHANGED;
	for (size_t i = 0; i < ARRAY_SIZE(VERSIONS); i++) {
		struct message m = request(MT_CON, VERSIONS[i].code, (uint16_t)i, "/oic/sec/doxm");

		m.accept_version = VERSIONS[i].accept_version;
		m.content_version = VERSIONS[i].content_version;
		m.content_format = VERSIONS[i].content_format;
		b->n_sent = b->requests = 0;
		receive(b, &PLAIN, &m);
		if (b->n_sent != 1 || b->requests != (VERSIONS[i].want == 0) ||
		    b->sent[0].m.code != (VERSIONS[i].want ? VERSIONS[i].want : MC_CHANGED))
			fail_msg("%s: code %#x", VERSIONS[i].name, b->sent[0].m.code);
	}
}

/* A request with the critical option 2051, from `from`. */
static void receive_unknown_option(struct bench *b, const struct remote *from, bool con,
				   uint16_t id)
{
	uint8_t octets[] = {con ? 0x40 : 0x50,
			    MC_GET,
			    (uint8_t)(id >> 8),
			    (uint8_t)id,
			    0xb3,
			    'o',
			    'i',
			    'c',
			    0x03,
			    's',
			    'e',
			    'c',
			    0x04,
			    'd',
			    'o',
			    'x',
			    'm',
			    0xe0,
			    0x06,
			    0xeb};
	struct message m;

	assert_int_equal(message_parse(&m, span_of(octets, sizeof(octets))), 0);
	server_receive(b->s, from, &m, span_of(octets, sizeof(octets)), false, b->now_us);
}

static void unknown_critical_option__con_gets_4_02_and_non_nothing(void **state)
{
	struct bench *b = *state;

	receive_unknown_option(b, &PLAIN, false, 1);
	assert_int_equal(b->n_sent, 0);
	receive_unknown_option(b, &PLAIN, true, 2);
	assert_int_equal(b->n_sent, 1);
	assert_int_equal(b->sent[0].m.type, MT_ACK);
	assert_int_equal(b->sent[0].m.code, MC_BAD_OPTION);
	assert_int_equal(b->requests, 0);
	assert_int_equal(b->refusals, 2); /* both are told */
	assert_int_equal(b->refused_code, MC_BAD_OPTION);
}

static void cut_datagram__is_too_large(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_POST, 1, "/oic/sec/doxm");

	server_receive(b->s, &PLAIN, &m, SPAN_LIT("x"), true, b->now_us);
	assert_int_equal(b->sent[0].m.code, MC_TOO_LARGE);
	assert_int_equal(b->requests, 0);
}

/* ---- duplicates ---- */

static void duplicate__gets_the_stored_answer(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_POST, 9, "/oic/sec/doxm");

	b->verdict = V_CHANGED;
	receive(b, &PLAIN, &m);
	b->verdict = V_BAD_REQUEST; /* what it would be if it were carried out again */
	b->now_us += EXCHANGE_LIFETIME_US - 1;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->requests, 1);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(b->sent[1].len, b->sent[0].len);
	assert_memory_equal(b->sent[1].octets, b->sent[0].octets, b->sent[0].len);

	receive(b, &OTHER, &m);
	assert_int_equal(b->requests, 2); /* another peer is no duplicate */
	b->now_us += 1;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->requests, 3); /* nor is what comes after the lifetime */
}

static void duplicate__of_an_ignored_request_stays_ignored(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_POST, 9, "/oic/sec/doxm");

	b->verdict = V_IGNORE;
	receive(b, &PLAIN, &m);
	b->verdict = V_CHANGED;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->requests, 1);
	assert_int_equal(b->n_sent, 0);
}

static void duplicate__of_a_non_is_dropped(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_NON, MC_GET, 9, "/oic/res");

	receive(b, &PLAIN, &m);
	receive(b, &PLAIN, &m);
	assert_int_equal(b->requests, 1);
	assert_int_equal(b->n_sent, 1);
}

static void duplicate__of_a_get_is_carried_out_again(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_GET, 9, "/oic/res");

	receive(b, &PLAIN, &m);
	receive(b, &PLAIN, &m);
	assert_int_equal(b->n_sent, 2);
	assert_memory_equal(b->sent[1].octets, b->sent[0].octets, b->sent[0].len);
}

static void duplicate__a_peer_displaces_only_its_own(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_POST, 1, "/oic/sec/doxm");
	struct remote other = {.session = 6};

	b->verdict = V_CHANGED;
	receive(b, &other, &m);
	for (uint16_t id = 1; id <= EXCHANGES_PER_PEER_MAX + 1; id++) {
		b->n_sent = 0;
		m.id = id;
		receive(b, &SECURED, &m);
	}
	b->requests = 0;
	m.id = 2; /* still within the share */
	receive(b, &SECURED, &m);
	assert_int_equal(b->requests, 0);
	m.id = 1;
	receive(b, &other, &m);
	assert_int_equal(b->requests, 0);
	receive(b, &SECURED, &m);
	assert_int_equal(b->requests, 1);
}

static void duplicate__plain_flood_leaves_sessions_alone(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_POST, 1, "/oic/sec/doxm");

	b->verdict = V_CHANGED;
	receive(b, &SECURED, &m);
	for (uint16_t port = 1; port < 3 * EXCHANGES_MAX; port++) {
		b->n_sent = 0;
		receive(b, &(struct remote){.addr.sa.sin6_port = port}, &m);
	}
	b->requests = 0;
	receive(b, &SECURED, &m);
	assert_int_equal(b->requests, 0);
}

static void forget__drops_what_a_session_left(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_POST, 1, "/oic/sec/doxm");

	b->verdict = V_CHANGED;
	receive(b, &SECURED, &m);
	server_forget(b->s, SECURED.session);
	receive(b, &SECURED, &m);
	assert_int_equal(b->requests, 2);
}

/* ---- blocks ---- */

static void block1__is_joined_and_a_lone_block_refused(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_POST, 1, "/oic/sec/cred");

	b->verdict = V_CHANGED;
	m.payload = SPAN_LIT("0123456789abcdef");
	m.block1 = (struct message_block){.present = true, .more = true};
	receive(b, &SECURED, &m);
	assert_int_equal(b->sent[0].m.code, MC_CONTINUE);
	assert_true(b->sent[0].m.block1.present);
	assert_true(b->sent[0].m.block1.more);
	assert_int_equal(b->requests, 0);

	m.id = 2;
	m.payload = SPAN_LIT("xyz");
	m.block1 = (struct message_block){.present = true, .num = 1};
	receive(b, &PLAIN, &m);
	assert_int_equal(b->sent[1].m.code, MC_INCOMPLETE);
	assert_int_equal(b->requests, 0);
	receive(b, &SECURED, &m);
	assert_int_equal(b->sent[2].m.code, MC_CHANGED);
	assert_int_equal(b->sent[2].m.block1.num, 1);
	assert_int_equal(b->requests, 1);
	assert_int_equal(b->req.body.len, 19);
	assert_memory_equal(b->body, "0123456789abcdefxyz", 19);
}

static void block1__on_a_get_is_refused(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_GET, 1, "/oic/res");

	m.block1 = (struct message_block){.present = true};
	receive(b, &PLAIN, &m);
	assert_int_equal(b->sent[0].m.code, MC_BAD_OPTION);
}

static void block2__a_large_answer_comes_in_blocks(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_GET, 1, "/oic/res");
	uint8_t tag[8];

	b->answer_len = 2500;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->sent[0].m.code, MC_CONTENT);
	assert_true(b->sent[0].m.block2.more);
	assert_int_equal(b->sent[0].m.payload.len, 1024);
	assert_int_equal(b->sent[0].m.size2, 2500);
	assert_int_equal(b->sent[0].m.etag.len, 4);
	memcpy(tag, b->sent[0].m.etag.ptr, 4);

	m.id = 2;
	m.block2 = (struct message_block){.present = true, .szx = 6, .num = 2};
	receive(b, &PLAIN, &m);
	assert_false(b->sent[1].m.block2.more);
	assert_int_equal(b->sent[1].m.payload.len, 452);
	assert_memory_equal(b->sent[1].m.etag.ptr, tag, 4);

	m.id = 3;
	m.block2.num = 3;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->sent[2].m.code, MC_BAD_REQUEST);
	assert_int_equal(b->sent[2].m.payload.len, 0);
}

static void etag__of_the_present_state_is_valid(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_GET, 1, "/oic/res");

	b->answer_len = 1500;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->sent[0].m.etag.len, 4);
	m.etag = b->sent[0].m.etag;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->sent[1].m.code, MC_VALID);
	assert_int_equal(b->sent[1].m.payload.len, 0);
	assert_false(b->sent[1].m.block2.present);
	assert_int_equal(b->sent[1].m.content_format, MESSAGE_ABSENT);
	assert_true(span_eq(b->sent[1].m.etag, m.etag));
	b->answer_first++;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->sent[2].m.code, MC_CONTENT);
	assert_int_equal(b->sent[2].m.payload.len, MESSAGE_BLOCK_MAX);
}

static void block2__answers_have_a_limit_of_their_own(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_GET, 1, "/oic/sec/cred");

	for (size_t over = 0; over < 2; over++) {
		b->answer_len = REQ_ANSWER_MAX + over;
		m.id++;
		receive(b, &PLAIN, &m);
		assert_int_equal(b->sent[over].m.code, over ? MC_INTERNAL : MC_CONTENT);
		assert_int_equal(b->sent[over].m.payload.len, over ? 0 : 1024);
	}
	m.id++;
	b->answer_len = 7;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->sent[2].m.code, MC_CONTENT);
}

static void block2__only_a_get_can_have_a_large_answer(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_CON, MC_POST, 1, "/oic/res");

	b->answer_len = 1025;
	receive(b, &PLAIN, &m);
	assert_int_equal(b->sent[0].m.code, MC_INTERNAL);
}

/* ---- groups ---- */

static void multicast__answer_comes_within_the_leisure(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_NON, MC_GET, 1, "/oic/sec/doxm");
	uint64_t due;

	b->answer_len = 10;
	receive(b, &GROUP, &m);
	assert_int_equal(b->n_sent, 0);
	assert_true(b->req.multicast);
	due = server_deadline(b->s);
	assert_in_range(due, b->now_us, b->now_us + LEISURE_US);
	server_tick(b->s, due - 1);
	assert_int_equal(b->n_sent, 0);
	server_tick(b->s, due);
	assert_int_equal(b->n_sent, 1);
	assert_int_equal(b->requests, 2);
	assert_int_equal(b->sent[0].m.type, MT_NON);
	assert_int_equal(b->sent[0].m.code, MC_CONTENT);
	assert_true(b->sent[0].to.multicast);
	assert_int_equal(server_deadline(b->s), NEVER_US);
}

static void multicast__leisure_differs(void **state)
{
	struct bench *b = *state;
	uint64_t first = 0;
	bool differs = false;

	for (uint16_t id = 1; id <= MULTICAST_PENDING_MAX; id++) {
		struct message m = request(MT_NON, MC_GET, id, "/oic/sec/doxm");
		uint64_t due;

		receive(b, &GROUP, &m);
		due = server_deadline(b->s);
		server_tick(b->s, due);
		differs |= id > 1 && due != first;
		first = due;
	}
	assert_true(differs);
}

static void multicast__is_asked_again_when_due(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_NON, MC_GET, 1, "/oic/sec/doxm");

	receive(b, &GROUP, &m);
	b->verdict = V_IGNORE; /* an onboarding connection opened meanwhile */
	server_tick(b->s, b->now_us + LEISURE_US);
	assert_int_equal(b->requests, 2);
	assert_int_equal(b->n_sent, 0);
}

static const struct {
	const char *name;
	enum message_type type;
	uint8_t code;
	const char *path;
	enum verdict verdict;
	bool asked;
} SILENT[] = {
	{"ignored",               MT_NON, MC_GET,    "/oic/sec/doxm",     V_IGNORE,       true },
	{"not found",             MT_NON, MC_GET,    "/oic/res",          V_NOT_FOUND,    true },
	{"refused",               MT_NON, MC_GET,    "/oic/res",          V_BAD_REQUEST,  true },
	{"unauthorized",          MT_NON, MC_GET,    "/oic/res",          V_UNAUTHORIZED, true },
	{"CON",		   MT_CON, MC_GET,    "/oic/sec/doxm",     V_CONTENT,      false},
	{"POST",		  MT_NON, MC_POST,   "/oic/sec/doxm",     V_CHANGED,      false},
	{"PUT",		   MT_NON, MC_PUT,    "/oic/sec/doxm",     V_CHANGED,      false},
	{"DELETE",                MT_NON, MC_DELETE, "/oic/res",          V_DELETED,      false},
	{"FETCH",                 MT_NON, 5,         "/oic/res",          V_CONTENT,      false},
	{"other resource",        MT_NON, MC_GET,    "/oic/d",            V_CONTENT,      false},
	{"/.well-known/core",     MT_NON, MC_GET,    "/.well-known/core", V_CONTENT,      false},
	{"root",		  MT_NON, MC_GET,    "/",                 V_CONTENT,      false},
	{"path with more behind", MT_NON, MC_GET,    "/oic/res/x",        V_CONTENT,      false},
};

static void multicast__everything_else_is_silence(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(SILENT); i++) {
		struct message m =
			request(SILENT[i].type, SILENT[i].code, (uint16_t)i, SILENT[i].path);

		b->verdict = SILENT[i].verdict;
		b->requests = 0;
		receive(b, &GROUP, &m);
		server_tick(b->s, b->now_us + LEISURE_US);
		if (b->n_sent != 0 || (b->requests > 0) != SILENT[i].asked)
			fail_msg("%s: sent %zu", SILENT[i].name, b->n_sent);
	}
	receive_unknown_option(b, &GROUP, false, 100);
	receive_unknown_option(b, &GROUP, true, 101);
	assert_int_equal(b->n_sent, 0);
	assert_int_equal(server_deadline(b->s), NEVER_US);
}

static void multicast__old_version_is_silence(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_NON, MC_GET, 1, "/oic/sec/doxm");

	m.accept_version = 2047;
	receive(b, &GROUP, &m);
	server_tick(b->s, b->now_us + LEISURE_US);
	assert_int_equal(b->n_sent, 0);
}

static struct remote in_group(const char *address, uint16_t port, uint32_t ifindex)
{
	struct remote r = {.addr.sa.sin6_port = port, .ifindex = ifindex, .multicast = true};

	assert_int_equal(inet_pton(AF_INET6, address, &r.addr.sa.sin6_addr), 1);
	return r;
}

/* A requester may ask over both families; who asks beside it gets an answer of its own, even with
 * the same message id and token. */
static void multicast__one_answer_for_each_requester(void **state)
{
	static const struct {
		const char *name, *address;
		uint16_t port;
		uint32_t ifindex;
		bool is_first;
	} CASES[] = {
		{"the first",                   "fe80::1",          1000, 2, true },
		{"repeated",                    "fe80::1",          1000, 2, false},
		{"over IPv4",                   "::ffff:192.0.2.1", 1001, 2, false},
		{"another program of the host", "fe80::1",          1002, 2, true },
		{"another host",                "fe80::2",          1000, 2, true },
		{"another host, repeated",      "fe80::2",          1000, 2, false},
		{"over IPv4 on another link",   "::ffff:192.0.2.2", 1000, 3, true },
		{"another host on that link",   "::ffff:192.0.2.3", 1000, 3, true },
	};
	struct bench *b = *state;
	struct message m = request(MT_NON, MC_GET, 1, "/oic/sec/doxm");

	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct remote from = in_group(CASES[i].address, CASES[i].port, CASES[i].ifindex);

		b->n_sent = 0;
		receive(b, &from, &m);
		server_tick(b->s, b->now_us + LEISURE_US);
		if (b->n_sent != CASES[i].is_first)
			fail_msg("%s: %zu answers", CASES[i].name, (size_t)b->n_sent);
	}
	m.token[0]++;
	b->n_sent = 0;
	receive(b, &(struct remote){.addr.sa.sin6_port = 1000, .multicast = true}, &m);
	server_tick(b->s, b->now_us + LEISURE_US);
	assert_int_equal(b->n_sent, 1);
}

static void multicast__eight_wait_at_most(void **state)
{
	struct bench *b = *state;

	for (uint16_t id = 1; id <= MULTICAST_PENDING_MAX + 3; id++) {
		struct message m = request(MT_NON, MC_GET, id, "/oic/sec/doxm");

		receive(b, &GROUP, &m);
	}
	server_tick(b->s, b->now_us + LEISURE_US);
	assert_int_equal(b->n_sent, MULTICAST_PENDING_MAX);
}

static void multicast__a_long_request_is_not_kept(void **state)
{
	struct bench *b = *state;
	struct message m = request(MT_NON, MC_GET, 1, "/oic/res");
	static const uint8_t LONG[250] = "rt=";

	m.query[m.n_query++] = span_of(LONG, sizeof(LONG));
	receive(b, &GROUP, &m);
	assert_int_equal(server_deadline(b->s), NEVER_US);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(con__is_answered_in_its_ack),
		T(non__is_answered_by_a_non_with_an_id_of_ours),
		T(answer__of_another_format_has_no_version),
		T(answer__to_nothing_but_requests),
		T(ignore__means_no_datagram),
		T(act__comes_after_the_answer),
		T(verdict__becomes_a_code),
		T(options__of_version_and_format_follow_the_table),
		T(unknown_critical_option__con_gets_4_02_and_non_nothing),
		T(cut_datagram__is_too_large),
		T(duplicate__gets_the_stored_answer),
		T(duplicate__of_an_ignored_request_stays_ignored),
		T(duplicate__of_a_non_is_dropped),
		T(duplicate__of_a_get_is_carried_out_again),
		T(duplicate__a_peer_displaces_only_its_own),
		T(duplicate__plain_flood_leaves_sessions_alone),
		T(forget__drops_what_a_session_left),
		T(block1__is_joined_and_a_lone_block_refused),
		T(block1__on_a_get_is_refused),
		T(block2__a_large_answer_comes_in_blocks),
		T(etag__of_the_present_state_is_valid),
		T(block2__answers_have_a_limit_of_their_own),
		T(block2__only_a_get_can_have_a_large_answer),
		T(multicast__answer_comes_within_the_leisure),
		T(multicast__leisure_differs),
		T(multicast__is_asked_again_when_due),
		T(multicast__everything_else_is_silence),
		T(multicast__old_version_is_silence),
		T(multicast__one_answer_for_each_requester),
		T(multicast__eight_wait_at_most),
		T(multicast__a_long_request_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
