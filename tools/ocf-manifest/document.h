/* tools/ocf-manifest/document.h - a manifest file taken apart, nothing of it verified. */
#pragma once

#include "crypto/cose_sign.h"
#include "crypto/jws.h"
#include "fw/manifest.h"

enum document_form {
	DOCUMENT_JSON, /* bare */
	DOCUMENT_CBOR, /* bare */
	DOCUMENT_COMPACT,
	DOCUMENT_FLATTENED,
	DOCUMENT_GENERAL,
	DOCUMENT_SIGN1,
	DOCUMENT_SIGN,
};

struct document {
	struct buf octets; /* the file */
	struct buf inner;  /* what its encryption hid, if it has any */
	enum document_form form;
	struct jsn *root;          /* of a JSON form */
	struct jws *jws;           /* or NULL */
	struct cose_sign *cose;    /* or NULL */
	struct manifest *manifest; /* NULL: it cannot be read, see `error` */
	enum fw_error error;       /* of reading the payload */
};

/* Takes the octets apart; they are copied. `ring` (or NULL) opens encrypted ones. *ret is always to
 * be ended by document_done(). */
MUST_USE enum fw_error document_open(struct span octets, const struct enc_ring *ring,
				     struct document *ret);
/* Reads the file ("-": standard input). 0: as document_open(). Otherwise it was told to the user.
 */
MUST_USE int document_read(const char *path, const struct enc_ring *ring, struct document *ret);
void document_done(struct document *d);
/* Tells why there is no manifest in it. */
void document_refuse(const char *what, const struct document *d);
/* The manifest as it was, or will be, signed; borrowed. */
struct span document_payload(const struct document *d);
/* The payload is CBOR, and its container COSE. */
bool document_is_cbor(const struct document *d);
bool document_is_encrypted(const struct document *d);
/* "general" ... */
const char *document_form_name(enum document_form f);
