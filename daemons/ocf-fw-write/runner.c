#include "runner.h"

#include <poll.h>

#include "child/proto.h"
#include "runner_process.h"

#define WAITING_MS 500

struct runner {
	const struct runner_program *programs;
	size_t n;
	int control;           /* to the process */
	bool busy;             /* a result is to come */
	void (*waiting)(void); /* NULL: nobody wants to know */
};

int runner_new(struct runner **ret, const struct runner_program *programs, size_t n)
{
	CLEANUP(runner_freep) struct runner *r = calloc(1, sizeof(*r));
	int ends[2];
	pid_t pid;

	if (!r)
		return -ENOMEM;
	*r = (struct runner){.programs = programs, .n = n, .control = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	r->control = ends[0];
	pid = fork();
	if (pid == 0)
		runner_process(programs, n, ends[1]);
	(void)close(ends[1]);
	if (pid < 0)
		return -EAGAIN;
	*ret = r;
	r = NULL;
	return 0;
}

struct runner *runner_free(struct runner *r)
{
	if (!r)
		return NULL;
	closep(&r->control); /* which ends the process and what it runs */
	free(r);
	return NULL;
}

bool runner_has(const struct runner *r, size_t program)
{
	return r && program < r->n && r->programs[program].path[0];
}

void runner_on_wait(struct runner *r, void (*waiting)(void))
{
	r->waiting = waiting;
}

const struct runner_program *runner_program(const struct runner *r, size_t program)
{
	return &r->programs[program];
}

static bool put_words(struct runner_request *q, const char *const *words, uint32_t *ret_count)
{
	*ret_count = 0;
	for (; words && *words; words++) {
		size_t n = strlen(*words) + 1;

		if (n > sizeof(q->text) - q->len || ++*ret_count > RUNNER_WORDS)
			return false;
		memcpy(q->text + q->len, *words, n);
		q->len += (uint32_t)n;
	}
	return true;
}

int runner_start(struct runner *r, const struct runner_call *c)
{
	static struct runner_request q;
	union runner_passed room = {0};
	struct iovec iov = {&q, 0};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	runner_cancel(r);
	q = (struct runner_request){.program = (uint32_t)c->program, .time = c->time};
	if (!put_words(&q, c->args, &q.args) || !put_words(&q, c->env, &q.env) ||
	    c->input.len > sizeof(q.text) - q.len)
		return -E2BIG;
	if (c->input.len > 0)
		memcpy(q.text + q.len, c->input.ptr, c->input.len);
	q.len += (uint32_t)c->input.len;
	iov.iov_len = offsetof(struct runner_request, text) + q.len;
	if (c->fd >= 0) {
		room.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
					     .cmsg_level = SOL_SOCKET,
					     .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&room.head), &c->fd, sizeof(c->fd));
		h.msg_control = &room;
		h.msg_controllen = sizeof(room.room);
	}
	r->busy = sendmsg(r->control, &h, MSG_NOSIGNAL) >= 0;
	return r->busy ? 0 : -errno;
}

static void say(struct runner *r, enum runner_word w)
{
	uint8_t octet = (uint8_t)w;
	struct iovec iov = {&octet, sizeof(octet)};
	const struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	(void)!sendmsg(r->control, &h, MSG_NOSIGNAL); /* its end is seen elsewhere */
}

void runner_limit(struct runner *r)
{
	say(r, RUNNER_LIMIT);
}

void runner_cancel(struct runner *r)
{
	static struct runner_result result;

	if (!r->busy)
		return;
	say(r, RUNNER_STOP);
	(void)!runner_wait(r, -1, &result);
}

int runner_wait(struct runner *r, int control, struct runner_result *ret)
{
	struct pollfd p[] = {
		{.fd = r->control, .events = POLLIN},
		{.fd = control               },
	};
	struct iovec iov = {ret, sizeof(*ret)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	while (p[0].revents == 0) {
		int n = poll(p, ARRAY_SIZE(p), r->waiting ? WAITING_MS : -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 && r->waiting)
			r->waiting();
		if (p[1].revents != 0 && p[1].fd >= 0) {
			p[1].fd = -1;
			say(r, RUNNER_STOP);
		}
	}
	r->busy = false;
	if (recvmsg(r->control, &h, 0) != sizeof(*ret)) {
		*ret = (struct runner_result){.error = -EPIPE, .text = "nobody runs programs"};
		return -EPIPE;
	}
	ret->text[sizeof(ret->text) - 1] = '\0';
	if (ret->len > sizeof(ret->output))
		ret->len = 0;
	return ret->error;
}

int runner_run(struct runner *r, const struct runner_call *c, int control,
	       struct runner_result *ret)
{
	int e = runner_start(r, c);

	if (e == 0)
		return runner_wait(r, control, ret);
	*ret = (struct runner_result){.error = e};
	proto_text(ret->text, sizeof(ret->text), strerror(-e));
	return e;
}
