/* ocf-fw-fetch/splice: a body from a socket to a pipe, and each way in which it ends. */
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "daemons/ocf-fw-fetch/splice.h"

#define BODY ((size_t)3 * 1024 * 1024) /* more than pipe and socket hold */

struct way {
	int peer[2], pipe[2], control[2];
	struct sink sink;
};

static int set_up(void **state)
{
	static struct way w;

	*state = &w;
	(void)signal(SIGPIPE, SIG_IGN);
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w.peer) == 0 &&
			       socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w.control) == 0 &&
			       pipe2(w.pipe, O_CLOEXEC) == 0 &&
			       fcntl(w.peer[1], F_SETFL, O_NONBLOCK) == 0 &&
			       sink_open(&w.sink, w.pipe[1], w.control[1], BODY, 0) == 0
		       ? 0
		       : -1;
}

static int tear_down(void **state)
{
	struct way *w = *state;

	for (int i = 0; i < 2; i++) {
		(void)close(w->peer[i]);
		(void)close(w->pipe[i]);
		(void)close(w->control[i]);
	}
	return 0;
}

static uint8_t octet(size_t at)
{
	return (uint8_t)(at * 7 + at / 4096);
}

/* Another process writes so many octets of the body, and ends. */
static pid_t peer_sends(struct way *w, size_t n)
{
	uint8_t piece[1024];
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	for (size_t at = 0; at < n; at += sizeof(piece)) {
		for (size_t i = 0; i < sizeof(piece); i++)
			piece[i] = octet(at + i);
		if (write(w->peer[0], piece, sizeof(piece)) != (ssize_t)sizeof(piece))
			break;
	}
	_exit(0);
}

/* Another process reads everything; its status tells whether that was the body. */
static pid_t reader(struct way *w, size_t n)
{
	uint8_t piece[5000];
	size_t at = 0;
	ssize_t got;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	(void)close(w->pipe[1]);
	(void)close(w->peer[0]);
	while ((got = read(w->pipe[0], piece, sizeof(piece))) > 0)
		for (ssize_t i = 0; i < got; i++)
			if (piece[i] != octet(at++))
				_exit(1);
	_exit(at == n ? 0 : 2);
}

static void end(pid_t pid, int want)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), want);
}

static void splice_body__passes_all_of_it(void **state)
{
	struct way *w = *state;
	pid_t from = peer_sends(w, BODY), to = reader(w, BODY);

	assert_int_equal(splice_body(&w->sink, w->peer[1], BODY, 10), 0);
	assert_int_equal(w->sink.octets, BODY);
	(void)close(w->pipe[1]);
	end(from, 0);
	end(to, 0);
}

static void splice_body__tells_of_an_early_end(void **state)
{
	struct way *w = *state;
	pid_t from = peer_sends(w, BODY / 2), to = reader(w, BODY / 2);

	(void)close(w->peer[0]);
	assert_int_equal(splice_body(&w->sink, w->peer[1], BODY, 10), -ENODATA);
	assert_int_equal(w->sink.octets, BODY / 2);
	(void)close(w->pipe[1]);
	end(from, 0);
	end(to, 0);
}

static void splice_body__stops_when_it_is_cancelled(void **state)
{
	struct way *w = *state;

	assert_int_equal(write(w->control[0], "x", 1), 1);
	assert_int_equal(splice_body(&w->sink, w->peer[1], BODY, 0), -ECANCELED);
	/* Also while the reader does not read. */
	assert_int_equal(write(w->peer[0], "x", 1), 1);
	while (write(w->pipe[1], "xxxxxxxx", 8) > 0)
		;
	assert_int_equal(splice_body(&w->sink, w->peer[1], BODY, 0), -ECANCELED);
}

static void splice_body__notices_that_nobody_reads(void **state)
{
	struct way *w = *state;

	assert_int_equal(write(w->peer[0], "x", 1), 1);
	(void)close(w->pipe[0]);
	assert_int_equal(splice_body(&w->sink, w->peer[1], BODY, 0), -EPIPE);
}

static void splice_body__is_not_held_by_a_slow_peer(void **state)
{
	struct way *w = *state;

	assert_int_equal(write(w->peer[0], "x", 1), 1);
	assert_int_equal(splice_body(&w->sink, w->peer[1], BODY, 1), -ETIMEDOUT);
	assert_int_equal(w->sink.octets, 1);
}

static int held(const struct way *w)
{
	int n = 0;

	assert_int_equal(ioctl(w->pipe[0], FIONREAD, &n), 0);
	return n;
}

/* Another process sends pieces of that size until so many octets wait in the pipe, which nobody
 * reads, and it is full. Then, or after 5 s, it ends the request. */
static pid_t peer_fills(struct way *w, size_t piece, int octets)
{
	static const uint8_t DATA[32 * 1024];
	struct pollfd full = {.fd = w->pipe[1], .events = POLLOUT};
	pid_t pid = fork();
	bool is_full = false;

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	(void)fcntl(w->peer[0], F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 1000 && !is_full; i++) {
		while (write(w->peer[0], DATA, piece) > 0)
			;
		(void)poll(NULL, 0, 5);
		is_full = poll(&full, 1, 0) == 0 && held(w) >= octets;
	}
	if (write(w->control[0], "x", 1) != 1)
		_exit(2);
	_exit(is_full ? 0 : 1);
}

static void splice_body__widens_a_pipe_of_small_pieces(void **state)
{
	struct way *w = *state;
	pid_t from = peer_fills(w, 1024, 128 * 1024);

	assert_int_equal(splice_body(&w->sink, w->peer[1], BODY, 0), -ECANCELED);
	end(from, 0);
	assert_int_equal(fcntl(w->pipe[1], F_GETPIPE_SZ), 512 * 1024);
	assert_int_equal(held(w), 128 * 1024);
}

static void splice_body__leaves_a_pipe_of_large_pieces(void **state)
{
	struct way *w = *state;
	pid_t from;

	assert_int_equal(fcntl(w->pipe[1], F_SETPIPE_SZ, 128 * 1024), 128 * 1024);
	from = peer_fills(w, 32 * 1024, 257 * 1024);
	assert_int_equal(splice_body(&w->sink, w->peer[1], BODY, 0), -ECANCELED);
	end(from, 0);
	assert_int_equal(fcntl(w->pipe[1], F_GETPIPE_SZ), 128 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(splice_body__passes_all_of_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(splice_body__tells_of_an_early_end, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(splice_body__stops_when_it_is_cancelled, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(splice_body__notices_that_nobody_reads, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(splice_body__is_not_held_by_a_slow_peer, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(splice_body__widens_a_pipe_of_small_pieces, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(splice_body__leaves_a_pipe_of_large_pieces, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
