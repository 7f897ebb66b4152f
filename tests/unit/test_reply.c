/* ocf-fw-fetch/reply: only octets of what was asked for get to the reader. */
#include "test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "daemons/ocf-fw-fetch/reply.h"

#define ETAG "\"one\""
#define DATE "Sun, 01 Nov 2020 08:49:37 GMT"

struct fixture {
	struct proto_fetch f;
	struct proto_fetched out;
	struct sink sink;
	struct ranges ranges;
	struct reply reply;
	int pipe[2], control[2], file;
};

static int set_up(void **state)
{
	static struct fixture x;

	x = (struct fixture){
		.f = {.kind = PROTO_IMAGE_BODY, .limit = 100}
        };
	if (pipe2(x.pipe, O_CLOEXEC | O_NONBLOCK) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, x.control) < 0)
		return -1;
	x.file = memfd_create("ranges", MFD_CLOEXEC);
	x.reply = (struct reply){.f = &x.f, .out = &x.out, .sink = &x.sink};
	*state = &x;
	return sink_open(&x.sink, x.pipe[1], x.control[0], x.f.limit, 0);
}

static int tear_down(void **state)
{
	struct fixture *x = *state;

	for (size_t i = 0; i < 2; i++) {
		(void)close(x->pipe[i]);
		(void)close(x->control[i]);
	}
	(void)close(x->file);
	return 0;
}

/* What has come to the reader. */
static struct span passed(struct fixture *x)
{
	static uint8_t octets[256];
	ssize_t n = read(x->pipe[0], octets, sizeof(octets));

	return span_of(octets, n > 0 ? (size_t)n : 0);
}

static void want(struct fixture *x, const struct proto_range *r, uint32_t n)
{
	assert_int_equal(write(x->file, r, n * sizeof(*r)), n * sizeof(*r));
	ranges_open(&x->ranges, x->file, n, x->f.limit);
	assert_int_equal(ranges_next(&x->ranges), 1);
	x->reply.ranges = &x->ranges;
}

static void reply_take_head__keeps_a_strong_validator(void **state)
{
	static const struct {
		const char *etag, *modified, *want;
	} ROWS[] = {
		{ETAG,      DATE, ETAG},
                {ETAG,      NULL, ETAG},
                {"W/" ETAG, DATE, DATE},
		{NULL,      DATE, DATE},
                {"W/" ETAG, NULL, ""  },
                {"one",     NULL, ""  },
		{"\"\n\"",  NULL, ""  },
                {"\"",      DATE, DATE},
                {NULL,      NULL, ""  },
	};
	struct fixture *x = *state;

	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct reply_head head = {.etag = ROWS[i].etag, .modified = ROWS[i].modified};

		x->out.etag[0] = '\0';
		reply_begin(&x->reply);
		assert_true(reply_take_head(&x->reply, &head));
		assert_string_equal(x->out.etag, ROWS[i].want);
	}
}

static void reply_take_head__declines_another_part(void **state)
{
	static const struct {
		const char *etag, *range;
		bool want;
	} ROWS[] = {
		{ETAG,      "bytes 10-19/20", true },
		{NULL,      "bytes 10-19/20", true },
		{"\"two\"", "bytes 10-19/20", false},
		{ETAG,      "bytes 11-19/20", false},
		{ETAG,      "bytes 10-18/20", false},
		{ETAG,      "bytes 10-19/*",  true },
		{ETAG,      NULL,             false},
	};
	struct fixture *x = *state;

	x->f.offset = 10;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct reply_head head = {.etag = ROWS[i].etag, .range = ROWS[i].range};

		memcpy(x->reply.etag, ETAG, sizeof(ETAG));
		x->out.etag[0] = '\0';
		reply_begin(&x->reply);
		if (reply_take_head(&x->reply, &head) != ROWS[i].want ||
		    x->reply.declined == ROWS[i].want)
			fail_msg("row %zu", i);
		assert_int_equal(x->reply.error, FWE_OK);
	}
}

static void reply_take_body__passes_parts_in_order(void **state)
{
	static const char BODY[] = "--x\r\nContent-Range: bytes 2-4/9\r\n\r\ncde\r\n"
				   "--x\r\nContent-Range: bytes 7-7/9\r\n\r\nh\r\n--x--\r\n";
	const struct reply_head head = {.type = "multipart/byteranges; boundary=x"};
	struct fixture *x = *state;

	want(x,
	     (struct proto_range[]){
		     {2, 3},
                     {7, 1}
        },
	     2);
	reply_begin(&x->reply);
	assert_true(reply_take_head(&x->reply, &head));
	assert_true(reply_take_body(&x->reply, span_str(BODY)));
	assert_true(span_is(passed(x), "cdeh"));
	assert_int_equal(ranges_next(&x->ranges), 0);
}

static void reply_take_body__stops_at_a_foreign_part(void **state)
{
	static const char BODY[] = "--x\r\nContent-Range: bytes 2-4/9\r\n\r\ncde\r\n"
				   "--x\r\nContent-Range: bytes 6-7/9\r\n\r\ngh\r\n--x--\r\n";
	const struct reply_head head = {.type = "multipart/byteranges; boundary=x"};
	struct fixture *x = *state;

	want(x,
	     (struct proto_range[]){
		     {2, 3},
                     {7, 1}
        },
	     2);
	reply_begin(&x->reply);
	assert_true(reply_take_head(&x->reply, &head));
	assert_false(reply_take_body(&x->reply, span_str(BODY)));
	assert_true(x->reply.declined);
	assert_true(span_is(passed(x), "cde"));
	assert_int_equal(ranges_left(&x->ranges), 1);
}

static void reply_take_body__bounds_a_body(void **state)
{
	uint8_t octets[200] = {0};
	struct fixture *x = *state;

	reply_begin(&x->reply);
	assert_false(reply_take_body(&x->reply, span_of(octets, sizeof(octets))));
	assert_int_equal(x->reply.error, FWE_IMAGE_SIZE_MISMATCH);
	assert_int_equal(passed(x).len, 101);
	assert_true(reply_take_other(&x->reply, REPLY_OTHER_MAX));
	assert_false(reply_take_other(&x->reply, 1));
}

static void sink_put__ends_when_asked_to(void **state)
{
	static uint8_t octets[1 << 20];
	struct fixture *x = *state;

	x->sink.room = sizeof(octets);
	assert_int_equal(write(x->control[1], "x", 1), 1);
	assert_true(sink_is_cancelled(&x->sink));
	assert_int_equal(sink_put(&x->sink, octets, sizeof(octets)),
			 -ECANCELED); /* the pipe is full */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reply_take_head__keeps_a_strong_validator, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(reply_take_head__declines_another_part, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(reply_take_body__passes_parts_in_order, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(reply_take_body__stops_at_a_foreign_part, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(reply_take_body__bounds_a_body, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sink_put__ends_when_asked_to, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
