#include "svr/aclist.h"

#include <errno.h>

#include "codec/cbw.h"
#include "svr/acl.h"

#define NONE           UINT32_MAX
#define ACE_OCTETS_MAX ((size_t)16 * 1024) /* more than the longest entry has */
#define FNV_BASIS      UINT32_C(2166136261)
#define FNV_PRIME      UINT32_C(16777619)

/* One resource of one entry. */
struct node {
	uint32_t hash, next; /* in its bucket */
	const struct ace *ace;
	const struct ace_resource *resource;
};

struct aclist {
	unsigned refs;
	struct acl acl;
	struct buf octets;
	uint32_t mask, n_nodes; /* buckets - 1 */
	uint32_t *buckets;
	struct node *nodes;
};

static uint32_t mix(uint32_t hash, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ s.ptr[i]) * FNV_PRIME;
	return hash;
}

static uint32_t hash_of(enum ace_subject subject, struct span name, struct span href)
{
	const uint8_t kind = (uint8_t)subject;
	uint32_t hash = mix(mix(FNV_BASIS, span_of(&kind, 1)), name);

	return mix(hash * FNV_PRIME, href_bare(href)); /* the zero octet keeps the two apart */
}

static struct span name_of(const struct ace *ace)
{
	switch (ace->subject) {
	case ACE_UUID:
		return span_of(&ace->uuid, sizeof(ace->uuid));
	case ACE_ROLE:
		return ace->role;
	case ACE_AUTH_CRYPT:
	case ACE_ANON_CLEAR:
		break;
	}
	return span_of(NULL, 0);
}

static void add_node(struct aclist *l, const struct ace *ace, const struct ace_resource *resource)
{
	const uint32_t hash = hash_of(ace->subject, name_of(ace), resource->href);
	uint32_t *bucket = &l->buckets[hash & l->mask];

	l->nodes[l->n_nodes] = (struct node){hash, *bucket, ace, resource};
	*bucket = l->n_nodes++;
}

/* The octets come first: they bound how many resources there can be. */
static int write_octets(struct aclist *l)
{
	l->octets = BUF_INIT(ACLIST_MAX);
	cbw_array(&l->octets);
	for (size_t i = 0; i < l->acl.n; i++)
		acl2_rep_write(l->acl.v[i], &l->octets);
	cbw_end(&l->octets);
	if (buf_ok(&l->octets))
		return 0;
	return ACLIST_MAX - l->octets.len < ACE_OCTETS_MAX ? -EFBIG : -ENOMEM;
}

static int build_index(struct aclist *l)
{
	size_t total = 0, buckets = 1;

	for (size_t i = 0; i < l->acl.n; i++)
		total += l->acl.v[i]->n_resources;
	while (buckets < total)
		buckets *= 2;
	l->mask = (uint32_t)(buckets - 1);
	l->buckets = malloc(buckets * sizeof(l->buckets[0]));
	l->nodes = calloc(total + 1, sizeof(l->nodes[0]));
	if (!l->buckets || !l->nodes)
		return -ENOMEM;
	memset(l->buckets, 0xff, buckets * sizeof(l->buckets[0])); /* NONE */
	for (size_t i = 0; i < l->acl.n; i++)
		for (size_t j = 0; j < l->acl.v[i]->n_resources; j++)
			add_node(l, l->acl.v[i], &l->acl.v[i]->resources[j]);
	return 0;
}

int aclist_new(struct aclist **ret, struct acl *acl)
{
	struct aclist *l;
	int r;

	if (acl->n == 0) {
		acl_done(acl);
		*ret = NULL;
		return 0;
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->refs = 1;
	l->acl = *acl;
	*acl = (struct acl){0};
	r = write_octets(l);
	if (r == 0)
		r = build_index(l);
	if (r < 0)
		l = aclist_unref(l);
	else
		*ret = l;
	return r;
}

struct aclist *aclist_ref(struct aclist *l)
{
	if (l)
		l->refs++;
	return l;
}

struct aclist *aclist_unref(struct aclist *l)
{
	if (l && --l->refs == 0) {
		acl_done(&l->acl);
		buf_done(&l->octets);
		free(l->buckets);
		free(l->nodes);
		free(l);
	}
	return NULL;
}

const struct acl *aclist_acl(const struct aclist *l)
{
	static const struct acl EMPTY = {0};

	return l ? &l->acl : &EMPTY;
}

struct span aclist_octets(const struct aclist *l)
{
	static const uint8_t EMPTY[] = {0x9f, 0xff};

	return l ? buf_span(&l->octets) : span_of(EMPTY, sizeof(EMPTY));
}

void aclist_walk(struct aclist_walk *w, const struct aclist *l, enum ace_subject subject,
		 struct span name, struct span href)
{
	const uint32_t hash = hash_of(subject, name, href);

	*w = (struct aclist_walk){l, hash, l ? l->buckets[hash & l->mask] : NONE};
}

bool aclist_next(struct aclist_walk *w, const struct ace **ret_ace,
		 const struct ace_resource **ret_resource)
{
	while (w->at != NONE) {
		const struct node *node = &w->list->nodes[w->at];

		w->at = node->next;
		if (node->hash != w->hash)
			continue;
		*ret_ace = node->ace;
		*ret_resource = node->resource;
		return true;
	}
	return false;
}
