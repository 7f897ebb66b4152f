#include "helper.h"

#include <sys/epoll.h>

#include "base/log.h"
#include "bus/loop.h"

/* One message a turn: what fn does may close the connection. */
static int on_ready(void *arg, uint32_t revents)
{
	struct helper *h = arg;
	struct proto_msg m;
	int r;

	(void)revents;
	h->passed = -1;
	r = proto_recv(h->fd, &m, &h->passed, false);
	if (r == -EAGAIN)
		return 0;
	if (r > 0) {
		h->fn(h->arg, &m);
		closep(&h->passed);
		return 0;
	}
	if (r < 0)
		log_error("helper: bad message name=%s error=%s", h->name, strerror(-r));
	helper_close(h);
	h->fn(h->arg, NULL);
	return 0;
}

void helper_pump(struct helper *h)
{
	if (h->fd >= 0)
		(void)on_ready(h, EPOLLIN);
}

int helper_open(struct helper *h)
{
	int r;

	if (h->fd >= 0)
		return 0;
	r = child_open(h->starter, h->program, &h->fd);
	if (r < 0) {
		log_error("helper: cannot be started name=%s error=%s%s", h->name, strerror(-r),
			  r == -ENOENT ? " (no such program, or no such user: see [Helpers])" : "");
		return r;
	}
	r = loop_add_fd(h->loop, h->fd, EPOLLIN, on_ready, h);
	if (r < 0) {
		(void)close(h->fd);
		h->fd = -1;
	}
	return r;
}

void helper_close(struct helper *h)
{
	if (h->fd < 0)
		return;
	loop_del_fd(h->loop, h->fd);
	(void)close(h->fd);
	h->fd = -1;
}

int helper_send(struct helper *h, const struct proto_msg *m, int pass)
{
	return h->fd < 0 ? -ENOTCONN : proto_send(h->fd, m, pass);
}
