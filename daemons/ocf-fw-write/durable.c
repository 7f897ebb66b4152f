#include "durable.h"

#include <pthread.h>

struct durable {
	struct backend *backend;
	const char *component;
	int fd;
	bool has_thread;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t news;
	uint64_t asked, synced; /* octets */
	int error;
	bool stop;
};

static void *work(void *arg)
{
	struct durable *d = arg;

	(void)pthread_mutex_lock(&d->lock);
	for (;;) {
		uint64_t octets = d->asked;
		int r;

		if (d->stop)
			break;
		if (octets == d->synced || d->error < 0) {
			(void)pthread_cond_wait(&d->news, &d->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&d->lock);
		r = d->backend->ops->sync(d->backend, d->component, d->fd, octets);
		(void)pthread_mutex_lock(&d->lock);
		d->error = r;
		d->synced = octets;
		(void)pthread_cond_broadcast(&d->news);
	}
	(void)pthread_mutex_unlock(&d->lock);
	return NULL;
}

int durable_new(struct durable **ret, struct backend *b, const char *component, int fd,
		uint64_t octets)
{
	struct durable *d;

	*ret = NULL;
	if (!b->ops->sync)
		return 0;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	*d = (struct durable){
		.backend = b, .component = component, .fd = fd, .asked = octets, .synced = octets};
	(void)pthread_mutex_init(&d->lock, NULL);
	(void)pthread_cond_init(&d->news, NULL);
	d->has_thread = pthread_create(&d->thread, NULL, work, d) == 0;
	*ret = d;
	return 0;
}

int durable_end(struct durable *d)
{
	if (!d)
		return 0;
	if (d->has_thread) {
		(void)pthread_mutex_lock(&d->lock);
		d->stop = true;
		(void)pthread_cond_broadcast(&d->news);
		(void)pthread_mutex_unlock(&d->lock);
		(void)pthread_join(d->thread, NULL);
		d->has_thread = false;
	}
	return d->error;
}

struct durable *durable_free(struct durable *d)
{
	if (!d)
		return NULL;
	(void)!durable_end(d);
	(void)pthread_cond_destroy(&d->news);
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
	return NULL;
}

static int wait_for_thread(struct durable *d, uint64_t octets)
{
	int r;

	(void)pthread_mutex_lock(&d->lock);
	if (octets - d->asked >= DURABLE_STEP) {
		d->asked = octets;
		(void)pthread_cond_broadcast(&d->news);
	}
	while (d->error == 0 && octets - d->synced > DURABLE_LAG)
		(void)pthread_cond_wait(&d->news, &d->lock);
	r = d->error;
	(void)pthread_mutex_unlock(&d->lock);
	return r;
}

int durable_wrote(struct durable *d, uint64_t octets)
{
	int r;

	if (d && d->has_thread)
		return wait_for_thread(d, octets);
	if (!d || octets - d->asked < DURABLE_STEP)
		return 0;
	r = d->backend->ops->sync(d->backend, d->component, d->fd, octets);
	d->asked = octets;
	return r;
}
