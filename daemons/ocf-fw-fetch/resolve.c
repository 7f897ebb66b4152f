#include "resolve.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "base/clock.h"

/* Shared by the thread and whoever waits for it; the last one frees it. */
struct lookup {
	atomic_int owners;
	int done; /* an eventfd */
	char host[NI_MAXHOST];
	struct resolved found;
};

static struct lookup *lookup_free(struct lookup *l)
{
	if (l && atomic_fetch_sub(&l->owners, 1) == 1) {
		closep(&l->done);
		free(l);
	}
	return NULL;
}
DEFINE_CLEANUP(struct lookup *, lookup_free)

static int look_up(const char *host, int flags, struct resolved *ret)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = flags};
	struct addrinfo *found = NULL;

	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return -EHOSTUNREACH;
	for (const struct addrinfo *a = found; a && ret->n < RESOLVE_MAX; a = a->ai_next)
		memcpy(&ret->at[ret->n++], a->ai_addr, a->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

static void *run(void *arg)
{
	struct lookup *l = arg;

	(void)look_up(l->host, AI_ADDRCONFIG, &l->found);
	(void)eventfd_write(l->done, 1);
	(void)lookup_free(l);
	return NULL;
}

static int start(struct lookup *l)
{
	pthread_t thread;
	int r;

	atomic_store(&l->owners, 2);
	r = pthread_create(&thread, NULL, run, l);
	if (r != 0) {
		atomic_store(&l->owners, 1);
		return -r;
	}
	(void)pthread_detach(thread);
	return 0;
}

static int await(const struct lookup *l, uint64_t deadline_us, int control)
{
	struct pollfd p[] = {
		{.fd = l->done, .events = POLLIN},
		{.fd = control, .events = POLLIN},
	};

	for (;;) {
		uint64_t now_us = clock_monotonic_us();

		if (now_us >= deadline_us)
			return -ETIMEDOUT;
		if (poll(p, ARRAY_SIZE(p), (int)((deadline_us - now_us) / USEC_PER_MSEC) + 1) < 0 &&
		    errno != EINTR)
			return -errno;
		if (p[1].revents)
			return -ECANCELED;
		if (p[0].revents)
			return 0;
	}
}

int resolve(const char *host, uint64_t deadline_us, int control, struct resolved *ret)
{
	CLEANUP(lookup_freep) struct lookup *l = NULL;
	int r;

	*ret = (struct resolved){0};
	if (look_up(host, AI_NUMERICHOST, ret) == 0)
		return 0;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	atomic_store(&l->owners, 1);
	l->done = eventfd(0, EFD_CLOEXEC);
	(void)snprintf(l->host, sizeof(l->host), "%s", host);
	r = l->done < 0 ? -errno : start(l);
	if (r == 0)
		r = await(l, deadline_us, control);
	if (r < 0)
		return r;
	*ret = l->found;
	return ret->n > 0 ? 0 : -EHOSTUNREACH;
}

int resolve_list(const char *addresses, struct resolved *ret)
{
	struct span rest = span_str(addresses);

	*ret = (struct resolved){0};
	while (rest.ptr) {
		char text[NI_MAXHOST];

		if (span_to_str(span_cut(&rest, ','), text, sizeof(text)) < 0 ||
		    look_up(text, AI_NUMERICHOST, ret) < 0)
			return -EINVAL;
	}
	return 0;
}
