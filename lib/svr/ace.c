#include "svr/ace.h"

/* Calls `visit` for each text. */
static void each_text(struct ace *ace, void (*visit)(void *ctx, struct span *text), void *ctx)
{
	visit(ctx, &ace->role);
	visit(ctx, &ace->authority);
	for (size_t i = 0; i < ace->n_resources; i++)
		visit(ctx, &ace->resources[i].href);
	for (size_t i = 0; i < ace->n_validities; i++) {
		struct ace_validity *v = &ace->validities[i];

		visit(ctx, &v->period);
		for (size_t j = 0; j < v->n_recurrences; j++)
			visit(ctx, &v->recurrences[j]);
	}
}

static void add_size(void *ctx, struct span *text)
{
	*(size_t *)ctx += text->len;
}

/* Moves the text to the room at *ctx. */
static void keep(void *ctx, struct span *text)
{
	uint8_t **room = ctx, *at = *room;

	if (text->len)
		memcpy(at, text->ptr, text->len);
	*room += text->len;
	*text = span_of(at, text->len);
}

struct ace *ace_new(const struct ace *draft)
{
	const size_t resources = draft->n_resources * sizeof(draft->resources[0]);
	const size_t validities = draft->n_validities * sizeof(draft->validities[0]);
	struct ace from = *draft, *ace;
	size_t texts = 0;
	uint8_t *room;

	each_text(&from, add_size, &texts);
	ace = malloc(sizeof(*ace) + resources + validities + texts);
	if (!ace)
		return NULL;
	*ace = from;
	ace->refs = 1;
	ace->resources = (struct ace_resource *)(ace + 1);
	ace->validities = (struct ace_validity *)(ace->resources + ace->n_resources);
	if (resources)
		memcpy(ace->resources, from.resources, resources);
	if (validities)
		memcpy(ace->validities, from.validities, validities);
	room = (uint8_t *)(ace->validities + ace->n_validities);
	each_text(ace, keep, &room);
	return ace;
}

struct ace *ace_unref(struct ace *ace)
{
	if (ace && --ace->refs == 0)
		free(ace);
	return NULL;
}

void acl_done(struct acl *acl)
{
	for (size_t i = 0; i < acl->n; i++)
		(void)ace_unref(acl->v[i]);
	free(acl->v);
	*acl = (struct acl){0};
}

bool acl_copy(struct acl *ret, const struct acl *acl)
{
	*ret = (struct acl){0};
	if (acl->n == 0)
		return true;
	ret->v = calloc(acl->n, sizeof(struct ace *));
	if (!ret->v)
		return false;
	ret->n = acl->n;
	for (size_t i = 0; i < acl->n; i++) {
		ret->v[i] = acl->v[i];
		ret->v[i]->refs++;
	}
	return true;
}

bool acl_append(struct acl *acl, struct ace *ace)
{
	struct ace **v = reallocarray(acl->v, acl->n + 1, sizeof(struct ace *));

	if (!v)
		return false;
	acl->v = v;
	acl->v[acl->n++] = ace;
	ace->refs++;
	return true;
}

static size_t find(const struct acl *acl, uint32_t aceid)
{
	size_t i = 0;

	while (i < acl->n && acl->v[i]->aceid != aceid)
		i++;
	return i;
}

struct ace *acl_find(const struct acl *acl, uint32_t aceid)
{
	size_t i = find(acl, aceid);

	return i < acl->n ? acl->v[i] : NULL;
}

bool acl_remove(struct acl *acl, uint32_t aceid)
{
	size_t i = find(acl, aceid);

	if (i == acl->n)
		return false;
	(void)ace_unref(acl->v[i]);
	acl->n--;
	memmove(&acl->v[i], &acl->v[i + 1], (acl->n - i) * sizeof(struct ace *));
	return true;
}
