/* lib/svr/cred.h - /oic/sec/cred, the credentials: OCF Security 13.3. */
#pragma once

#include "codec/cbr.h"
#include "svr/route.h"

struct cred_update {
	unsigned seen; /* PROP_BIT()s */
	struct uuid rowneruuid;
	size_t n_creds;
	struct cred creds[CREDS_MAX]; /* credid NO_CREDID: to be assigned; empty key: derive it */
};
#define NO_CREDID UINT32_MAX
#define KEY_SHORT ((size_t)16)
#define KEY_LONG  ((size_t)32)

/* For CLEANUP. */
void cred_update_wipe(struct cred_update *u);

/* Body of an UPDATE; *ret holds keys. False: malformed, an unknown or unsupported name, a value
 * out of range, more than CREDS_MAX. */
MUST_USE bool cred_rep_parse(struct span body, struct cred_update *ret);
void cred_rep_read(struct cbr *c, struct cred_update *ret);
/* One element of "creds". Over the network the key is never shown. */
void cred_rep_write(const struct cred *cred, bool with_key, struct buf *b);

enum verdict cred_get(struct exchange *x);
enum verdict cred_post(struct exchange *x);
enum verdict cred_delete(struct exchange *x);
