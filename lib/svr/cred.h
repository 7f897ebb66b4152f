/* lib/svr/cred.h - /oic/sec/cred, the credentials: OCF Security 13.3. */
#pragma once

#include "codec/cbr.h"
#include "svr/route.h"

struct cred_update {
	unsigned seen; /* PROP_BIT()s */
	struct uuid rowneruuid;
	size_t n_creds;
	/* Drafts, texts borrowed from the body. credid NO_CREDID: to be assigned; a pairwise entry
	 * with an empty key: derive it. */
	struct cred creds[CREDS_MAX];
	const char *why; /* what is not supported, if that is what is wrong */
};
#define NO_CREDID UINT32_MAX
#define KEY_SHORT ((size_t)16)
#define KEY_LONG  ((size_t)32)

/* For CLEANUP. */
void cred_update_wipe(struct cred_update *u);

/* Body of an UPDATE; *ret holds keys. False: malformed, an unknown or unsupported name, a value
 * out of range, more than CREDS_MAX; ret->why may say more, all else in *ret is wiped. */
MUST_USE bool cred_rep_parse(struct span body, struct cred_update *ret);
void cred_rep_read(struct cbr *c, struct cred_update *ret);
/* One element of "creds" or "roles". Over the network a key is never shown. */
void cred_rep_write(const struct cred *cred, bool with_key, struct buf *b);
/* One element: false for the empty map, which deployed tools send and skip. Of a role, only the
 * certificate counts. *ret_why: NULL or what is not supported. */
enum cred_form { CRED_ENTRY, CRED_ROLE };
MUST_USE bool cred_rep_read_one(struct cbr *c, enum cred_form form, struct cred *ret,
				const char **ret_why);

enum verdict cred_get(struct exchange *x);
enum verdict cred_post(struct exchange *x);
enum verdict cred_delete(struct exchange *x);
