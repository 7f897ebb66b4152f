#include "runner_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "child/proto.h"
#include "program.h"

#define LINES_MAX 200 /* of a program's standard error that go to the log */

/* ---- requests ---- */

static bool get_words(const struct runner_request *q, size_t *at, uint32_t count, char **ret)
{
	if (count > RUNNER_WORDS)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const char *end = memchr(q->text + *at, '\0', q->len - *at);

		if (!end)
			return false;
		ret[i] = (char *)(uintptr_t)(q->text + *at);
		*at = (size_t)(end - q->text) + 1;
	}
	ret[count] = NULL;
	return true;
}

static bool is_variable(const char *text)
{
	static const char PREFIX[] = "OCFGW_";
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return strncmp(text, PREFIX, sizeof(PREFIX) - 1) == 0 && text[n] == '=';
}

bool runner_read(struct runner_request *q, size_t len, size_t programs, struct runner_words *ret)
{
	size_t at = 0;

	if (len < offsetof(struct runner_request, text) || q->program >= programs ||
	    q->time > RUNNER_REPORTS || q->len != len - offsetof(struct runner_request, text) ||
	    !get_words(q, &at, q->args, ret->args) || !get_words(q, &at, q->env, ret->env))
		return false;
	for (size_t i = 0; ret->args[i]; i++)
		if (ret->args[i][0] == '-')
			return false;
	for (size_t i = 0; ret->env[i]; i++)
		if (!is_variable(ret->env[i]))
			return false;
	ret->input = span_of(q->text + at, q->len - at);
	return true;
}

/* ---- a program ---- */

struct run {
	const struct runner_program *program;
	pid_t pid;
	int out, err;           /* -1: closed */
	char line[RUNNER_LINE]; /* of standard error, not ended yet */
	size_t line_len, lines;
	uint64_t deadline_us;
	bool reports; /* each line is a sign of life */
	bool over;    /* has been told to stop */
	struct runner_result result;
};

/* The last line with something in it. */
static void keep_line(struct run *r, const char *from, size_t n)
{
	char line[RUNNER_LINE];

	if (span_to_str(span_of(from, n), line, sizeof(line)) == 0 && line[0])
		proto_text(r->result.text, sizeof(r->result.text), line);
}

static void end_line(struct run *r)
{
	if (r->line_len == 0)
		return;
	keep_line(r, r->line, r->line_len);
	if (r->lines++ < LINES_MAX)
		log_info("write: %s: %s", r->program->name, r->result.text);
	r->line_len = 0;
}

static void set_limit(struct run *r)
{
	r->deadline_us = clock_monotonic_us() + r->program->limit_ms * USEC_PER_MSEC;
}

static void take_error(struct run *r, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n' && r->reports)
			set_limit(r);
		if (text[i] == '\n')
			end_line(r);
		else if (r->line_len < sizeof(r->line) - 1 && text[i] != '\0')
			r->line[r->line_len++] = text[i];
	}
}

static void take_output(struct run *r, const char *text, size_t n)
{
	size_t room = sizeof(r->result.output) - r->result.len;

	n = n < room ? n : room;
	memcpy(r->result.output + r->result.len, text, n);
	r->result.len += (uint32_t)n;
}

/* What is there now; the end closes *fd. */
static void drain(struct run *r, int *fd, void (*take)(struct run *, const char *, size_t))
{
	char piece[1024];

	while (*fd >= 0) {
		ssize_t n = read(*fd, piece, sizeof(piece));

		if (n > 0) {
			take(r, piece, (size_t)n);
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			(void)close(*fd);
			*fd = -1;
		}
		if (n == 0 || errno != EINTR)
			return;
	}
}

static void kill_run(struct run *r, int why)
{
	if (!r->result.error)
		r->result.error = why;
	(void)kill(-r->pid, SIGKILL);
}

/* Whether it has ended. */
static bool reap(struct run *r)
{
	int status;

	if (waitpid(r->pid, &status, WNOHANG) != r->pid)
		return false;
	(void)kill(-r->pid, SIGKILL); /* what it left behind */
	drain(r, &r->out, take_output);
	drain(r, &r->err, take_error);
	end_line(r);
	r->result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (!r->result.error && r->result.status != 0)
		r->result.error = -EREMOTEIO;
	return true;
}

static int timeout_ms(const struct run *r)
{
	uint64_t now_us = clock_monotonic_us();

	if (r->deadline_us == NEVER_US)
		return -1;
	return now_us >= r->deadline_us ? 0 : (int)((r->deadline_us - now_us) / USEC_PER_MSEC + 1);
}

static void take_word(struct run *r, int control)
{
	uint8_t word;

	if (recv(control, &word, sizeof(word), 0) == sizeof(word) && word == RUNNER_LIMIT) {
		set_limit(r);
		return;
	}
	r->over = true; /* or the parent has ended */
	kill_run(r, -ECANCELED);
}

/* Until it has ended, one way or another. */
static void watch(struct run *r, int control, int signals)
{
	while (!reap(r)) {
		struct pollfd p[] = {
			{.fd = r->over ? -1 : control, .events = POLLIN},
			{.fd = signals,                .events = POLLIN},
			{.fd = r->out,                 .events = POLLIN},
			{.fd = r->err,                 .events = POLLIN},
		};
		struct signalfd_siginfo info;

		if (poll(p, ARRAY_SIZE(p), r->result.error ? -1 : timeout_ms(r)) < 0)
			continue;
		if (p[1].revents)
			(void)!read(signals, &info, sizeof(info));
		if (p[2].revents)
			drain(r, &r->out, take_output);
		if (p[3].revents)
			drain(r, &r->err, take_error);
		if (p[0].revents)
			take_word(r, control);
		if (!r->result.error && timeout_ms(r) == 0)
			kill_run(r, -ETIMEDOUT);
	}
}

/* Octets for standard input as a file, which programs may open by name. */
static int input_file(struct span input, int *ret)
{
	CLEANUP(closep) int fd = -1;

	if (input.len == 0)
		return 0;
	fd = memfd_create("ocfgw-input", MFD_CLOEXEC);
	if (fd < 0 || write(fd, input.ptr, input.len) != (ssize_t)input.len ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	*ret = fd_take(&fd);
	return 0;
}

static int start(struct run *r, const struct runner_words *words, int image)
{
	CLEANUP(closep) int in = -1;
	char path[PROGRAM_PATH_MAX];
	char *argv[2 * RUNNER_WORDS + 2] = {path};
	struct program_run p = {path, argv, words->env, -1, image};
	const char *const *fixed = r->program->args;
	int e = r->program->path[0] ? program_find(r->program->path, path) : -ENOENT;
	size_t n = 1;

	for (size_t i = 0; fixed && fixed[i] && i < RUNNER_WORDS; i++)
		argv[n++] = (char *)(uintptr_t)fixed[i];
	for (size_t i = 0; words->args[i]; i++)
		argv[n++] = words->args[i];
	if (e == 0)
		e = input_file(words->input, &in);
	p.in = in;
	return e < 0 ? e : program_start(&p, &r->pid, &r->out, &r->err);
}

static void run_program(const struct runner_program *program, const struct runner_words *words,
			uint32_t time, int image, int control, int signals,
			struct runner_result *ret)
{
	struct run r = {.program = program, .out = -1, .err = -1};

	set_limit(&r);
	r.reports = time == RUNNER_REPORTS;
	if (time == RUNNER_WAITS)
		r.deadline_us = NEVER_US;
	r.result.error = start(&r, words, image);
	if (r.result.error == 0)
		watch(&r, control, signals);
	closep(&r.out);
	closep(&r.err);
	if (!r.result.text[0] && r.result.error == -EREMOTEIO)
		(void)snprintf(r.result.text, sizeof(r.result.text), "%s: exit status %d",
			       program->name, r.result.status);
	else if (r.result.error != 0 && r.result.error != -EREMOTEIO)
		(void)snprintf(r.result.text, sizeof(r.result.text), "%s: %s", program->name,
			       strerror(-r.result.error));
	*ret = r.result;
}

/* ---- the process ---- */

/* Octets of the request; 0: the parent is gone. */
static size_t receive(int control, struct runner_request *q, int *ret_fd)
{
	union runner_passed room;
	struct iovec iov = {q, sizeof(*q)};
	struct msghdr h = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &room,
			   .msg_controllen = CMSG_LEN(sizeof(int))}; /* one, not its padding */
	const struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(control, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	c = n > 0 ? CMSG_FIRSTHDR(&h) : NULL;
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return n > 0 ? (size_t)n : 0;
}

void runner_process(const struct runner_program *programs, size_t n, int control)
{
	static struct runner_request q;
	static struct runner_result result;
	struct runner_words words;
	sigset_t child;
	int signals;

	(void)prctl(PR_SET_NAME, "ocf-fw-runner");
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (dup2(control, PROTO_FD) < 0 || syscall(SYS_close_range, PROTO_FD + 1U, ~0U, 0U) < 0 ||
	    fcntl(PROTO_FD, F_SETFD, FD_CLOEXEC) < 0)
		_exit(EXIT_FAILURE);
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
	signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	for (;;) {
		CLEANUP(closep) int image = -1;
		size_t len = receive(PROTO_FD, &q, &image);

		if (len == 0 || signals < 0)
			_exit(EXIT_SUCCESS);
		if (len == sizeof(uint8_t))
			continue; /* a word to stop what has ended by itself */
		result = (struct runner_result){.error = -EINVAL};
		if (runner_read(&q, len, n, &words))
			run_program(&programs[q.program], &words, q.time, image, PROTO_FD, signals,
				    &result);
		closep(&image);
		image = -1;
		if (send(PROTO_FD, &result, sizeof(result), MSG_NOSIGNAL) < 0)
			_exit(EXIT_SUCCESS);
	}
}
