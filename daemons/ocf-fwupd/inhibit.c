#include "inhibit.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/log.h"
#include "bus/loop.h"

static void drop(struct inhibitor *x)
{
	loop_del_fd(x->all->loop, x->fd);
	(void)close(x->fd);
	x->what = 0;
}

/* The last copy of the other end is closed. */
static int on_hangup(void *arg, uint32_t revents)
{
	struct inhibitor *x = arg;
	struct inhibitors *all = x->all;

	(void)revents;
	log_info("policy: no longer held up what=%s by=%s", x->names, x->who);
	drop(x);
	all->fn(all->arg);
	return 0;
}

static bool is_reason(const char *text)
{
	size_t n = 0;

	while (text[n] >= ' ' && text[n] <= '~')
		n++;
	return n > 0 && text[n] == '\0' && n < INHIBIT_TEXT;
}

int inhibit_add(struct inhibitors *all, const char *what, const char *who, const char *why,
		int *ret_fd)
{
	struct inhibitor *x = all->at;
	int ends[2], r;
	unsigned bits;

	if (!policy_what_parse(span_str(what), &bits) || !is_reason(why))
		return -EINVAL;
	while (x < all->at + INHIBIT_MAX && x->what != 0)
		x++;
	if (x == all->at + INHIBIT_MAX)
		return -EMFILE;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	*x = (struct inhibitor){.all = all, .fd = ends[0], .what = bits};
	(void)snprintf(x->names, sizeof(x->names), "%s", what);
	(void)snprintf(x->who, sizeof(x->who), "%s", who);
	(void)snprintf(x->why, sizeof(x->why), "%s", why);
	r = loop_add_fd(all->loop, x->fd, 0, on_hangup, x); /* a hang-up is always told */
	if (r < 0) {
		x->what = 0;
		(void)close(ends[0]);
		(void)close(ends[1]);
		return r;
	}
	*ret_fd = ends[1];
	log_info("policy: held up what=%s by=%s: %s", x->names, x->who, x->why);
	all->fn(all->arg);
	return 0;
}

const struct inhibitor *inhibit_find(const struct inhibitors *all, unsigned what)
{
	for (size_t i = 0; i < INHIBIT_MAX; i++)
		if ((all->at[i].what & what) != 0)
			return &all->at[i];
	return NULL;
}

const struct inhibitor *inhibit_at(const struct inhibitors *all, size_t i)
{
	for (size_t k = 0; k < INHIBIT_MAX; k++)
		if (all->at[k].what != 0 && i-- == 0)
			return &all->at[k];
	return NULL;
}

void inhibit_done(struct inhibitors *all)
{
	for (size_t i = 0; i < INHIBIT_MAX; i++)
		if (all->at[i].what != 0)
			drop(&all->at[i]);
}
