#include "svr/credential.h"

#include "svr/period.h"

/* The texts that an entry owns. */
static size_t list_texts(struct cred *cred, struct span *ret[5])
{
	size_t n = 0;

	ret[n++] = &cred->public;
	ret[n++] = &cred->optional;
	ret[n++] = &cred->role;
	ret[n++] = &cred->authority;
	ret[n++] = &cred->period;
	return n;
}

struct cred *cred_new(const struct cred *draft)
{
	struct cred copy = *draft, *cred;
	struct span *texts[5];
	size_t n = list_texts(&copy, texts);
	uint8_t *at;

	copy.refs = 1;
	copy.size = sizeof(copy);
	for (size_t i = 0; i < n; i++)
		copy.size += texts[i]->len; /* each has its limit */
	cred = malloc(copy.size);
	if (!cred) {
		secret_wipe(&copy.key);
		return NULL;
	}
	at = (uint8_t *)(cred + 1);
	for (size_t i = 0; i < n; i++) {
		if (texts[i]->len)
			memcpy(at, texts[i]->ptr, texts[i]->len);
		*texts[i] = span_of(at, texts[i]->len);
		at += texts[i]->len;
	}
	*cred = copy;
	secret_wipe(&copy.key);
	return cred;
}

struct cred *cred_ref(struct cred *cred)
{
	cred->refs++;
	return cred;
}

struct cred *cred_unref(struct cred *cred)
{
	if (cred && --cred->refs == 0) {
		explicit_bzero(cred, cred->size);
		free(cred);
	}
	return NULL;
}

bool cred_is_same(const struct cred *a, const struct cred *b)
{
	return a->usage == b->usage && a->any == b->any && uuid_eq(&a->subject, &b->subject) &&
	       secret_eq(&a->key, &b->key) && span_eq(a->public, b->public) &&
	       a->has_optional == b->has_optional && a->revoked == b->revoked &&
	       a->optional_encoding == b->optional_encoding && span_eq(a->optional, b->optional) &&
	       span_eq(a->role, b->role) && span_eq(a->authority, b->authority) &&
	       a->crms == b->crms && span_eq(a->period, b->period);
}

bool cred_names(const struct cred *cred, const struct uuid *subject)
{
	return !cred->any && uuid_eq(&cred->subject, subject);
}

bool cred_in_force(const struct cred *cred, const struct svr_wall *wall)
{
	struct period period;

	if (cred->revoked)
		return false;
	if (cred->period.len == 0)
		return true;
	return period_parse(cred->period, &period) && wall->us < period.until_us &&
	       (!wall->trusted || wall->us >= period.from_us);
}

struct crl *crl_new(uint32_t crlid, struct span thisupdate, struct span der)
{
	struct crl *crl = calloc(1, sizeof(*crl) + der.len); /* bounded by CRL_MAX */

	if (!crl)
		return NULL;
	crl->refs = 1;
	crl->crlid = crlid;
	if (thisupdate.len)
		memcpy(crl->thisupdate, thisupdate.ptr, thisupdate.len);
	crl->len = der.len;
	memcpy(crl->der, der.ptr, der.len);
	return crl;
}

struct crl *crl_ref(struct crl *crl)
{
	if (crl)
		crl->refs++;
	return crl;
}

struct crl *crl_unref(struct crl *crl)
{
	if (crl && --crl->refs == 0)
		free(crl);
	return NULL;
}
