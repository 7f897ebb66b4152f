#include "input.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>

void input_init(struct input *in, struct loop *loop, int fd)
{
	*in = (struct input){.loop = loop, .fd = fd};
}

int input_open(struct input *in, struct loop *loop, const char *path)
{
	int fd = STDIN_FILENO;

	if (strcmp(path, "-") != 0) {
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO may lack its writer */
		if (fd < 0)
			return -errno;
	}
	input_init(in, loop, fd);
	in->owned = fd != STDIN_FILENO;
	return 0;
}

void input_done(struct input *in)
{
	if (in->fn)
		loop_del_fd(in->loop, in->fd);
	if (in->owned)
		(void)close(in->fd);
	explicit_bzero(in, sizeof(*in));
}

/* Hands a line over, with its end at `end`, and keeps what is behind it. */
static void deliver(struct input *in, size_t end)
{
	input_fn fn = in->fn;
	char line[INPUT_LINE_MAX];

	in->fn = NULL;
	memcpy(line, in->text, end);
	line[end] = '\0';
	if (end > 0 && line[end - 1] == '\r')
		line[end - 1] = '\0';
	in->len -= end + 1;
	memmove(in->text, in->text + end + 1, in->len);
	explicit_bzero(in->text + in->len, sizeof(in->text) - in->len);
	fn(in->arg, line);
	explicit_bzero(line, sizeof(line));
}

static bool take(struct input *in)
{
	char *newline = memchr(in->text, '\n', in->len);

	if (!newline)
		return false;
	deliver(in, (size_t)(newline - in->text));
	return true;
}

static void fail(struct input *in)
{
	input_fn fn = in->fn;

	in->fn = NULL;
	fn(in->arg, NULL);
}

/* 1: a line (or its absence) is settled; 0: more must come. */
static int fill(struct input *in)
{
	ssize_t n = read(in->fd, in->text + in->len, sizeof(in->text) - 1 - in->len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0)
		in->len += (size_t)n;
	else if (in->len > 0)
		in->text[in->len++] = '\n'; /* a last line without its end */
	if (take(in))
		return 1;
	if (n > 0 && in->len < sizeof(in->text) - 1)
		return 0;
	fail(in);
	return 1;
}

static int on_readable(void *arg, uint32_t revents)
{
	struct input *in = arg;
	struct loop *loop = in->loop;
	int fd = in->fd;

	(void)revents;
	loop_del_fd(loop, fd);
	if (fill(in) == 0)
		return loop_add_fd(loop, fd, EPOLLIN, on_readable, in);
	return 0;
}

int input_line(struct input *in, input_fn fn, void *arg)
{
	int r;

	in->fn = fn;
	in->arg = arg;
	if (take(in))
		return 0;
	r = loop_add_fd(in->loop, in->fd, EPOLLIN, on_readable, in);
	if (r != -EPERM) {
		if (r < 0)
			in->fn = NULL;
		return r;
	}
	while (fill(in) == 0) /* a plain file: never a wait */
		;
	return 0;
}
