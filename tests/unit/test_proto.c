/* child/proto: nothing but whole, sound messages gets through. */
#include "test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "child/proto.h"

struct pair {
	int a, b;
};

static int open_pair(void **state)
{
	static struct pair p;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	p = (struct pair){ends[0], ends[1]};
	*state = &p;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *p = *state;

	(void)close(p->a);
	if (p->b >= 0)
		(void)close(p->b);
	return 0;
}

static int open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void proto__carries_a_message_and_a_descriptor(void **state)
{
	struct pair *p = *state;
	struct proto_msg m = {
		.type = PROTO_IMAGE, .image = {.component = "rootfs", .size = 7}
        };
	struct proto_msg got;
	struct stat sent, received;
	int fd = -1, null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(proto_recv(p->b, &got, &fd, false), -EAGAIN);
	assert_int_equal(proto_send(p->a, &m, null), 0);
	assert_int_equal(proto_recv(p->b, &got, &fd, true), 1);
	assert_int_equal(got.type, PROTO_IMAGE);
	assert_string_equal(got.image.component, "rootfs");
	assert_int_equal(got.image.size, 7);
	assert_int_equal(fstat(null, &sent), 0);
	assert_int_equal(fstat(fd, &received), 0);
	assert_true(fd != null && sent.st_ino == received.st_ino);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	(void)close(fd);
	(void)close(null);
}

static void proto__tells_the_end(void **state)
{
	struct pair *p = *state;
	struct proto_msg m = {.type = PROTO_SLOTS};
	int fd = -1;

	(void)close(p->b);
	p->b = -1;
	assert_int_equal(proto_send(p->a, &m, -1), -EPIPE);
	assert_int_equal(proto_recv(p->a, &m, &fd, true), 0);
}

static void proto_recv__refuses_and_closes_unwanted_descriptors(void **state)
{
	struct pair *p = *state;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = {
		.head = {.cmsg_len = CMSG_LEN(2 * sizeof(int)),
			 .cmsg_level = SOL_SOCKET,
			 .cmsg_type = SCM_RIGHTS}
        };
	struct proto_msg m = {.type = PROTO_SLOTS}, got;
	struct iovec iov = {&m, sizeof(m.type)};
	struct msghdr h = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control.room)};
	int fd = -1, before = open_files();

	assert_int_equal(proto_send(p->a, &m, p->a), 0); /* SLOTS takes none */
	assert_int_equal(proto_recv(p->b, &got, &fd, true), -EBADMSG);
	memcpy(CMSG_DATA(&control.head), (int[]){p->a, p->b}, 2 * sizeof(int));
	assert_int_equal(sendmsg(p->a, &h, 0), sizeof(m.type));
	assert_int_equal(proto_recv(p->b, &got, &fd, true), -EBADMSG);
	assert_int_equal(fd, -1);
	assert_int_equal(open_files(), before);
}

#define SIZE(member) (offsetof(struct proto_msg, member) + sizeof(((struct proto_msg *)0)->member))

static void proto_is_sound__checks_size_descriptor_and_content(void **state)
{
	static struct proto_msg full;
	static const struct {
		const char *name;
		struct proto_msg m;
		size_t len;
		bool fd, want;
	} ROWS[] = {
		{"fetch",                     {.type = PROTO_FETCH},                         SIZE(fetch),       true,  true },
		{"fetch without descriptor",  {.type = PROTO_FETCH},                         SIZE(fetch),       false, false},
		{"kind",                      {.type = PROTO_FETCH, .fetch.kind = 2},        SIZE(fetch),       true,  false},
		{"reach",                     {.type = PROTO_FETCH, .fetch.reach = 3},       SIZE(fetch),       true,  false},
		{"same_host",
		 {.type = PROTO_FETCH, .fetch.same_host = 2},
		 SIZE(fetch),
		 true,												 false},
		{"fetched",                   {.type = PROTO_FETCHED},                       SIZE(fetched),     false, true },
		{"error",
		 {.type = PROTO_FETCHED, .fetched.error = FWE_COUNT},
		 SIZE(fetched),
		 false,												false},
		{"bare",                      {.type = PROTO_SLOTS},                         sizeof(uint32_t),  false, true },
		{"bare with more",            {.type = PROTO_SLOTS},                         SIZE(written),     false, false},
		{"short",                     {.type = PROTO_WRITTEN},                       SIZE(written) - 1, false, false},
		{"empty",                     {.type = PROTO_SLOTS},                         0,                 false, false},
		{"begin",                     {.type = PROTO_BEGIN},                         SIZE(begin),       false, true },
		{"digests",
		 {.type = PROTO_BEGIN, .begin.digests.algs = 8},
		 SIZE(begin),
		 false,												false},
		{"done",
		 {.type = PROTO_DONE, .done.error = FWE_COUNT - 1},
		 SIZE(done),
		 false,												true },
		{"text",                      {.type = PROTO_DONE, .done.text = "a~ b"},     SIZE(done),        false, true },
		{"line feed",                 {.type = PROTO_DONE, .done.text = "a\n"},      SIZE(done),        false, false},
		{"UTF-8",                     {.type = PROTO_DONE, .done.text = "\xc3\xa9"}, SIZE(done),        false, false},
		{"type 0",                    {.type = 0},                                   sizeof(uint32_t),  false, false},
		{"interface",
		 {.type = PROTO_FETCH, .fetch.interface = "0123456789abcdef"},               /* no NUL */
		 SIZE(fetch),
		 true,												 false},
		{"etag",                      {.type = PROTO_FETCH, .fetch.etag = "\"\n\""}, SIZE(fetch),       true,  false},
		{"addresses",
		 {.type = PROTO_FETCH, .fetch.addresses = "\x7f"},
		 SIZE(fetch),
		 true,												 false},
		{"ranged",
		 {.type = PROTO_FETCHED, .fetched.ranged = 2},
		 SIZE(fetched),
		 false,												false},
		{"etag of an answer",
		 {.type = PROTO_FETCHED, .fetched.etag = "\t"},
		 SIZE(fetched),
		 false,												false},
		{"ranges",                    {.type = PROTO_RANGES},                        SIZE(ranges),      true,  true },
		{"ranges without descriptor", {.type = PROTO_RANGES},                        SIZE(ranges),      false, false},
		{"chunks",                    {.type = PROTO_CHUNKS, .chunks.n = 32},        SIZE(chunks),      true,  true },
		{"chunks without descriptor",
		 {.type = PROTO_CHUNKS, .chunks.n = 1},
		 SIZE(chunks),
		 false,												false},
		{"probe",                     {.type = PROTO_PROBE, .probe.n = 32},          SIZE(probe),       false, true },
		{"probe of nothing",          {.type = PROTO_PROBE},                         SIZE(probe),       false, true },
		{"probe of too many",
		 {.type = PROTO_PROBE, .probe.n = 33},
		 SIZE(probe),
		 false,												false},
		{"component of a probe",
		 {.type = PROTO_PROBE, .probe = {.n = 1, .images[0].component = "\t"}},
		 SIZE(probe),
		 false,												false},
		{"probed",                    {.type = PROTO_PROBED, .probed.n = 12},        SIZE(probed),      false, true },
		{"probed too much",
		 {.type = PROTO_PROBED, .probed.n = 13},
		 SIZE(probed),
		 false,												false},
		{"name of a problem",
		 {.type = PROTO_PROBED, .probed = {.n = 2, .problems[1].name = "\n"}},
		 SIZE(probed),
		 false,												false},
		{"text of a problem",
		 {.type = PROTO_PROBED, .probed = {.n = 1, .problems[0].text = "\n"}},
		 SIZE(probed),
		 false,												false},
		{"chunks of nothing",         {.type = PROTO_CHUNKS},                        SIZE(chunks),      true,  false},
		{"too many images",
		 {.type = PROTO_CHUNKS, .chunks.n = 33},
		 SIZE(chunks),
		 true,												 false},
		{"digests of chunks",
		 {.type = PROTO_CHUNKS, .chunks = {.n = 1, .digests.algs = 8}},
		 SIZE(chunks),
		 true,												 false},
		{"component of chunks",
		 {.type = PROTO_CHUNKS, .chunks = {.n = 2, .images[1].component = "\t"}},
		 SIZE(chunks),
		 true,												 false},
		{"resume",                    {.type = PROTO_IMAGE, .image.resume = 2},      SIZE(image),       true,  false},
		{"verify",                    {.type = PROTO_VERIFY},                        SIZE(image),       true,  true },
		{"kept",                      {.type = PROTO_KEPT},                          SIZE(kept),        false, true },
		{"started",                   {.type = PROTO_STARTED},                       SIZE(started),     false, true },
		{"started by whom",
		 {.type = PROTO_STARTED, .started.private_peer = 2},
		 SIZE(started),
		 false,												false},
		{"started with a tag",
		 {.type = PROTO_STARTED, .started.etag = "\n"},
		 SIZE(started),
		 false,												false},
		{"reuse",                     {.type = PROTO_IMAGE, .image.reuse = 2},       SIZE(image),       true,  false},
		{"commit",                    {.type = PROTO_COMMIT},                        SIZE(commit),      false, true },
		{"confirm",                   {.type = PROTO_CONFIRM, .slot.slot = "a"},     SIZE(slot),        false, true },
		{"reject",                    {.type = PROTO_REJECT, .slot.slot = "\n"},     SIZE(slot),        false, false},
		{"standing",
		 {.type = PROTO_SLOTS_ARE, .slots_are.standing = 3},
		 SIZE(slots_are),
		 false,												false},
		{"immediate",
		 {.type = PROTO_SLOTS_ARE, .slots_are.immediate = 2},
		 SIZE(slots_are),
		 false,												false},
		{"boot",
		 {.type = PROTO_SLOTS_ARE, .slots_are.boot = "\t"},
		 SIZE(slots_are),
		 false,												false},
		{"type beyond",               {.type = PROTO_HEALTH + 1},                    sizeof(uint32_t),  false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (proto_is_sound(&ROWS[i].m, ROWS[i].len, ROWS[i].fd) != ROWS[i].want)
			fail_msg("%s", ROWS[i].name);
	full.type = PROTO_SLOTS_ARE;
	memset(full.slots_are.slot, 'x', sizeof(full.slots_are.slot)); /* no NUL */
	assert_false(proto_is_sound(&full, SIZE(slots_are), false));
}

static void proto_text__cuts_and_cleans(void **state)
{
	char s[6];

	(void)state;
	proto_text(s, sizeof(s),
		   "a\nb\xc3"
		   "def");
	assert_string_equal(s, "a?b?d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(proto__carries_a_message_and_a_descriptor,
						open_pair, close_pair),
		cmocka_unit_test_setup_teardown(proto__tells_the_end, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(proto_recv__refuses_and_closes_unwanted_descriptors,
						open_pair, close_pair),
		cmocka_unit_test(proto_text__cuts_and_cleans),
		cmocka_unit_test(proto_is_sound__checks_size_descriptor_and_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
