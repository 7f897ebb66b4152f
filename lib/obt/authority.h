/* lib/obt/authority.h - the stored form of a security domain's own certificate authority. CBOR; it
 * holds the private key, so its memory is to be wiped. */
#pragma once

#include "base/buf.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "codec/cbr.h"

#define AUTHORITY_PEM_MAX    ((size_t)2048)
#define AUTHORITY_SERIAL_MAX ((size_t)20) /* octets (RFC 5280 4.1.2.2) */
#define AUTHORITY_ISSUED_MAX ((size_t)4096)
#define AUTHORITY_OCTETS_MAX ((size_t)512 * 1024)

struct authority_cert {
	struct uuid device;
	uint8_t serial[AUTHORITY_SERIAL_MAX];
	size_t len;
	uint64_t until_us; /* its end, wall clock */
	bool revoked;
};

struct authority {
	struct secret key; /* the private number */
	char pem[AUTHORITY_PEM_MAX + 1];
	uint32_t crl_number;                                /* of the latest list */
	struct authority_cert issued[AUTHORITY_ISSUED_MAX]; /* those that are not over yet */
	size_t n_issued;
};

MUST_USE struct authority *authority_new(void);        /* empty; NULL: no memory */
struct authority *authority_free(struct authority *a); /* wipes; accepts NULL, returns NULL */
DEFINE_CLEANUP(struct authority *, authority_free)

/* Forgets what is over at `now_us`, and notes a new one. False: AUTHORITY_ISSUED_MAX. */
MUST_USE bool authority_note(struct authority *a, const struct authority_cert *cert,
			     uint64_t now_us);
/* All that was issued to a device. The number that are revoked by it. */
size_t authority_revoke(struct authority *a, const struct uuid *device);

/* Errors stick in the buffer, which should be a secret one. */
void authority_write(const struct authority *a, struct buf *out);
/* *ret is untouched unless CBR_OK, and owned by the caller. CBR_LIMIT also for no memory. */
MUST_USE enum cbr_err authority_parse(struct span octets, struct authority **ret);
