/* tools/ocf-manifest/verbs.h - the verbs, and what several of them use. */
#pragma once

#include "cli.h"
#include "codec/jsn.h"
#include "crypto/trust.h"
#include "fw/judge.h"
#include "fw/plan.h"

/* Where a manifest lies, for all that does not depend on it. */
#define BASE_FOLDER "http://local/a/"
#define BASE_URL    BASE_FOLDER "manifest.json"

extern const struct cli_verb VERB_KEY_GENERATE, VERB_KEY_PUBLIC, VERB_KEY_THUMBPRINT,
	VERB_KEY_TRUST, VERB_KEY_INFO;
extern const struct cli_verb VERB_CREATE, VERB_SIGN, VERB_SIGN_INPUT, VERB_ATTACH_SIGNATURE,
	VERB_VERIFY, VERB_SHOW, VERB_PUBLISH, VERB_CONVERT, VERB_DIFF, VERB_ENCRYPT, VERB_DECRYPT,
	VERB_ENCRYPT_IMAGE;

/* Keys: 0, or told to the user. The key is owned by the caller. */
MUST_USE int key_read_private(const char *path, struct key **ret); /* JWK or PEM, 0600 */
MUST_USE int key_read_public(const char *path, struct key **ret);  /* of either half */
MUST_USE int token_read(const char *url, struct key **ret);        /* pkcs11: (RFC 7512) */
MUST_USE int trust_read(const char *path, struct trust **ret);

/* Keys for encryption, JWK or COSE_Key; those that can decrypt must be readable by their owner
 * only. 0, or told. */
MUST_USE int enc_key_read(const char *path, struct enc_key **ret);
/* The public half of a key of either kind, owned by the caller; NULL: told. */
struct jsn *public_read(const char *path);
/* Those of --decrypt-key, which a verb with such a ring has. */
struct ring {
	struct enc_key *own[ENC_KEYS_MAX];
	struct enc_ring keys;
	bool may_be_open; /* others may read the files, which is told */
};
#define DECRYPT_OPTION                                                                             \
	{                                                                                          \
		"decrypt-key", "FILE", "key for an encrypted manifest", CLI_REPEATABLE             \
	}
MUST_USE int ring_read(const struct cli *cli, struct ring *ret);
void ring_done(struct ring *r);

/* An image has not the place of a manifest, nor of another image with other octets. False: told. */
MUST_USE bool names_are_free(const struct manifest *m);
/* The last segment of a path, if it can stand in a URL as it is; NULL: told. */
const char *url_name(const char *path);
/* Digests as a manifest has them. */
struct jsn *commit_hash(const struct digests *digests);
/* One strict JSON value, owned by the caller. 0, or told. */
MUST_USE int json_read(const char *path, size_t bytes, unsigned depth, struct jsn **ret);
/* Writes JSON with a line end; pretty for people, compact for what will be signed. 0, or told. */
MUST_USE int json_write(const char *path, const struct jsn *v, enum jsn_style style, unsigned mode);
/* What a verb makes, to --out or standard output, and under --json a report on the file. 0, or
 * told. */
MUST_USE int output_octets(const struct cli *cli, struct span octets);
MUST_USE int output_json(const struct cli *cli, const struct jsn *v, enum jsn_style style);
MUST_USE int output_report(const struct cli *cli, const char *path); /* "-": none */
/* Pretty to standard output; takes v. */
enum cli_exit json_print(struct jsn *v);

/* True if devices without history, of the kind that the manifest is for, would take it now; else it
 * was told. `threshold` keys must have signed (0: 1). Which version runs there is not asked. */
MUST_USE bool devices_take(const struct manifest *m, const struct trust *trust,
			   const struct enc_ring *ring, unsigned threshold, struct span octets);
