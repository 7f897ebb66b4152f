#include "svr/ace.h"

static size_t text_size(const struct ace *ace)
{
	size_t n = ace->role.len + ace->authority.len;

	for (size_t i = 0; i < ace->n_resources; i++)
		n += ace->resources[i].href.len;
	return n;
}

static struct span keep(uint8_t **room, struct span text)
{
	uint8_t *at = *room;

	if (text.len)
		memcpy(at, text.ptr, text.len);
	*room += text.len;
	return span_of(at, text.len);
}

struct ace *ace_new(const struct ace *draft)
{
	size_t list = draft->n_resources * sizeof(draft->resources[0]);
	struct ace *ace = malloc(sizeof(*ace) + list + text_size(draft));
	uint8_t *text;

	if (!ace)
		return NULL;
	*ace = *draft;
	ace->refs = 1;
	ace->resources = (struct ace_resource *)(ace + 1);
	text = (uint8_t *)(ace->resources + ace->n_resources);
	ace->role = keep(&text, draft->role);
	ace->authority = keep(&text, draft->authority);
	for (size_t i = 0; i < ace->n_resources; i++) {
		ace->resources[i].wildcard = draft->resources[i].wildcard;
		ace->resources[i].href = keep(&text, draft->resources[i].href);
	}
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
