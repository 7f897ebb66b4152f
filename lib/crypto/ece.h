/* lib/crypto/ece.h - encrypted images: the content coding aes128gcm (RFC 8188), as a stream.
 *
 * A stream is cut into records that are authentic each, numbered, and marked if they are the last.
 * One pass, and memory for two records: nothing is handed on before its record was checked, and a
 * missing, repeated, swapped or added record is found. */
#pragma once

#include "base/buf.h"

#define ECE_RECORD_MIN  ((size_t)18) /* octets of a record with its tag */
#define ECE_RECORD_MAX  ((size_t)1048576)
#define ECE_RECORD_OURS ((size_t)65536) /* that we write */
#define ECE_IKM_LEN     ((size_t)32)    /* of the keys that we make */
#define ECE_KEYID_MAX   ((size_t)255)
#define ECE_HEADER_MAX  (16 + 4 + 1 + ECE_KEYID_MAX)

struct ece; /* opaque: one stream */

/* Takes what comes out; its error ends the stream. */
struct ece_sink {
	int (*put)(void *arg, struct span data);
	void *arg;
};

/* Decrypting with input keying material `ikm` (copied). 0: *ret is owned by the caller. -EINVAL:
 * none, or more than 64 octets. -ENOMEM. */
MUST_USE int ece_open_new(struct ece **ret, struct span ikm, const struct ece_sink *sink);
/* Encrypting; the salt is random, `keyid` goes into the header. -EINVAL also: a keyid or record
 * size out of bounds. */
MUST_USE int ece_seal_new(struct ece **ret, struct span ikm, struct span keyid, size_t record,
			  const struct ece_sink *sink);
/* A stream that was interrupted: its header, as it began, says how it goes on. */

/* Octets of the header that `start` begins with; 0: they are not all there. */
size_t ece_header_len(struct span start);
/* Octets of data in each record but the last, if there is no padding; 0: not a sound header. */
size_t ece_record_data(struct span header);
/* Decrypting what comes behind `records` whole records. -EINVAL also: not a sound header. */
MUST_USE int ece_open_at(struct ece **ret, struct span ikm, struct span header, uint64_t records,
			 const struct ece_sink *sink);
/* Encrypting again what was in a stream with this header: that gives the same octets, the header
 * first. Never anything else, since keys and nonces repeat. -EINVAL also: not a sound header. */
MUST_USE int ece_seal_again(struct ece **ret, struct span ikm, struct span header,
			    const struct ece_sink *sink);

struct ece *ece_free(struct ece *e); /* wipes; accepts NULL, returns NULL */
DEFINE_CLEANUP(struct ece *, ece_free)

/* The next octets, in pieces of any size. 0; -EBADMSG: damaged, or not of this key; -ENOMEM, -EIO,
 * or what the sink gave. After an error every call gives it again. */
MUST_USE int ece_feed(struct ece *e, struct span data);
/* No more octets: -EBADMSG if the last record is missing. */
MUST_USE int ece_end(struct ece *e);
