/* lib/fw/chunks.h - the index of an image's chunks, and which of them have to be fetched (pure).
 *
 * An index is "OCFCHNK1", the size of a chunk in four octets, the size of the image in eight, and
 * the SHA-256 of each chunk. The image is all images of the manifest, one behind the other; its
 * last chunk may be short. The manifest signs the index (chunkIndex), which only ever saves octets:
 * what is installed has to match commitHash all the same. */
#pragma once

#include "base/buf.h"

#define CHUNKS_FILE_END   ".chunks" /* what the tool calls an index: its image and this */
#define CHUNKS_HEAD       ((size_t)20)
#define CHUNKS_DIGEST     ((size_t)32)
#define CHUNKS_OCTETS     4096u               /* of a chunk: a power of two, from this ... */
#define CHUNKS_OCTETS_MAX UINT32_C(1048576)   /* ... to this */
#define CHUNKS_MAX        (UINT64_C(1) << 24) /* of one index: 64 GiB of small chunks */

struct chunks_form {
	uint32_t octets; /* of a chunk */
	uint64_t size;   /* of the image */
};

/* Size of the index; 0: there is none of that form. */
uint64_t chunks_index_size(const struct chunks_form *form);
/* How many chunks an image of a sound form has. */
uint64_t chunks_count(const struct chunks_form *form);
void chunks_put_head(const struct chunks_form *form, struct buf *out);

/* An index on its way, piece by piece. */
struct chunks_reader {
	struct chunks_form form; /* as signed */
	uint64_t octets;         /* read */
	uint8_t part[CHUNKS_DIGEST];
};

/* Hands each whole digest, with its chunk's number, to `take`. 0; -EBADMSG: not an index of that
 * form, or longer; what `take` gave. */
MUST_USE int chunks_read(struct chunks_reader *r, struct span piece,
			 int (*take)(void *arg, uint64_t chunk, const uint8_t *digest), void *arg);
MUST_USE bool chunks_read_all(const struct chunks_reader *r);

/* Which chunks are held already; the others are missing. */
struct chunks_map {
	struct chunks_form form;
	uint8_t *held; /* owned: a bit for each chunk */
};

/* Nothing is held. -EINVAL: no sound form; -ENOMEM. */
MUST_USE int chunks_map_init(struct chunks_map *m, const struct chunks_form *form);
void chunks_map_done(struct chunks_map *m);
void chunks_map_hold(struct chunks_map *m, uint64_t chunk);
/* Octets from `at` on and below `to` (both within the image) that are all held, or all missing. */
uint64_t chunks_map_run(const struct chunks_map *m, uint64_t at, uint64_t to, bool *ret_held);
/* Runs of missing octets from `at` on and below `to`; *ret_octets is their sum. */
uint64_t chunks_map_missing(const struct chunks_map *m, uint64_t at, uint64_t to,
			    uint64_t *ret_octets);
/* Forgets held chunks between missing ones, the shortest runs first, until at most `max` runs are
 * missing: what each range of a request costs is worth some octets. */
void chunks_map_thin(struct chunks_map *m, uint64_t max);
