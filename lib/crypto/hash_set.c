#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <pthread.h>

#include "crypto/hash.h"

#define SHARED_MIN ((size_t)32 * 1024) /* octets that are worth waking another thread */
#define STACK      ((size_t)128 * 1024)

static const gnutls_digest_algorithm_t GNUTLS[HASH_COUNT] = {
	[HASH_SHA256] = GNUTLS_DIG_SHA256,
	[HASH_SHA384] = GNUTLS_DIG_SHA384,
	[HASH_SHA512] = GNUTLS_DIG_SHA512,
};

struct part {
	struct hash_set *set;
	gnutls_hash_hd_t running; /* NULL: not asked for */
	bool threaded;
	pthread_t thread;
	uint64_t round; /* done last */
};

/* The first digest is computed by the caller, each further one by a thread of its own: all over the
 * same piece, which the caller waits for. */
struct hash_set {
	struct part parts[HASH_COUNT];
	size_t n;
	bool alone; /* there can be no threads */
	pthread_mutex_t lock;
	pthread_cond_t go, ready;
	/* Under the lock. */
	struct span data;
	uint64_t round;
	size_t busy;
	bool failed, over;
};

static int digest(struct part *p, struct span data)
{
	return gnutls_hash(p->running, data.ptr, data.len) < 0 ? -EIO : 0;
}

static void *work(void *arg)
{
	struct part *p = arg;
	struct hash_set *s = p->set;

	pthread_mutex_lock(&s->lock);
	while (!s->over) {
		struct span data = s->data;
		int r;

		if (p->round == s->round) {
			pthread_cond_wait(&s->go, &s->lock);
			continue;
		}
		p->round = s->round;
		pthread_mutex_unlock(&s->lock);
		r = digest(p, data);
		pthread_mutex_lock(&s->lock);
		s->failed |= r < 0;
		if (--s->busy == 0)
			pthread_cond_signal(&s->ready);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* All but the first part get a thread. Where that is not possible, everything goes on without. */
static void start(struct hash_set *s)
{
	pthread_attr_t attr;
	bool is_first = true;

	if (pthread_attr_init(&attr) != 0) {
		s->alone = true;
		return;
	}
	(void)pthread_attr_setstacksize(&attr, STACK);
	for (size_t i = 0; i < HASH_COUNT; i++) {
		struct part *p = &s->parts[i];

		if (!p->running)
			continue;
		p->threaded = !is_first && pthread_create(&p->thread, &attr, work, p) == 0;
		s->alone |= !is_first && !p->threaded;
		is_first = false;
	}
	(void)pthread_attr_destroy(&attr);
}

static void stop(struct hash_set *s)
{
	pthread_mutex_lock(&s->lock);
	s->over = true;
	pthread_cond_broadcast(&s->go);
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < HASH_COUNT; i++) {
		if (s->parts[i].threaded)
			(void)pthread_join(s->parts[i].thread, NULL);
		s->parts[i].threaded = false;
	}
}

int hash_set_new(struct hash_set **ret, unsigned algs)
{
	CLEANUP(hash_set_freep) struct hash_set *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->go, NULL);
	(void)pthread_cond_init(&s->ready, NULL);
	for (size_t i = 0; i < HASH_COUNT; i++) {
		s->parts[i].set = s;
		if ((algs & HASH_BIT(i)) == 0)
			continue;
		if (gnutls_hash_init(&s->parts[i].running, GNUTLS[i]) < 0)
			return -EIO;
		s->n++;
	}
	*ret = s;
	s = NULL;
	return 0;
}

struct hash_set *hash_set_free(struct hash_set *s)
{
	if (!s)
		return NULL;
	stop(s);
	for (size_t i = 0; i < HASH_COUNT; i++) {
		if (s->parts[i].running)
			gnutls_hash_deinit(s->parts[i].running, NULL);
	}
	(void)pthread_cond_destroy(&s->go);
	(void)pthread_cond_destroy(&s->ready);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}

/* Digests that have no thread, in this one. */
static int update_here(struct hash_set *s, struct span data, bool all)
{
	for (size_t i = 0; i < HASH_COUNT; i++) {
		struct part *p = &s->parts[i];

		if (p->running && (all || !p->threaded) && digest(p, data) < 0)
			return -EIO;
	}
	return 0;
}

static size_t count_threads(const struct hash_set *s)
{
	size_t n = 0;

	for (size_t i = 0; i < HASH_COUNT; i++)
		n += s->parts[i].threaded;
	return n;
}

static int update_shared(struct hash_set *s, struct span data)
{
	bool failed;
	int r;

	pthread_mutex_lock(&s->lock);
	s->data = data;
	s->busy = count_threads(s);
	s->round++;
	pthread_cond_broadcast(&s->go);
	pthread_mutex_unlock(&s->lock);
	r = update_here(s, data, false);
	pthread_mutex_lock(&s->lock);
	while (s->busy > 0)
		pthread_cond_wait(&s->ready, &s->lock);
	failed = s->failed;
	pthread_mutex_unlock(&s->lock);
	return failed ? -EIO : r;
}

int hash_set_update(struct hash_set *s, struct span data)
{
	if (s->n > 1 && data.len >= SHARED_MIN && !s->alone && count_threads(s) == 0)
		start(s);
	return data.len < SHARED_MIN || count_threads(s) == 0 ? update_here(s, data, true)
							      : update_shared(s, data);
}

void hash_set_final(struct hash_set *s, struct digests *ret)
{
	*ret = (struct digests){0};
	for (size_t i = 0; i < HASH_COUNT; i++) {
		if (!s->parts[i].running)
			continue;
		gnutls_hash_output(s->parts[i].running, ret->b[i]); /* and resets */
		ret->algs |= HASH_BIT(i);
	}
}
