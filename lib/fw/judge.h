/* lib/fw/judge.h - may this manifest be installed on this device, now?
 *
 * Pure: device, state, policy and time come in as a structure. */
#pragma once

#include "crypto/envelope.h"
#include "fw/manifest.h"

#define FW_FUTURE_MAX_US (UINT64_C(24) * 3600 * 1000 * 1000) /* timestamp ahead of the clock */

enum fw_verdict { FW_ACCEPT, FW_NO_UPDATE, FW_REJECT };

/* Borrowed texts; zero-initialised members mean "none". */
struct fw_context {
	/* Device. */
	const char *manufacturer, *model;
	const char *hardware;                    /* NULL: unknown */
	const struct uuid *vendor_id, *class_id; /* NULL: not configured, not compared */
	bool has_current;                        /* false: no firmware yet */
	struct fw_version current;               /* running */
	const struct digests *current_digests;   /* of the running image, for a forced reinstall */
	/* What was accepted before. */
	uint64_t security_floor;
	unsigned seen; /* MANIFEST_SEQUENCE, MANIFEST_EXPIRES: in an accepted manifest before */
	uint64_t last_sequence;              /* if MANIFEST_SEQUENCE was seen */
	const uint8_t *last_manifest_sha256; /* 32 octets, of the last accepted one, or NULL */
	uint64_t last_timestamp_us;          /* of the last accepted one */
	uint64_t key_info_version;           /* of the key set in force */
	/* Time. */
	bool clock_trusted;
	uint64_t now_us;   /* wall clock */
	uint64_t bound_us; /* lower bound for an untrusted clock: build time, last trusted time */
	/* Policy. */
	size_t bytes_max;            /* 0: MANIFEST_BYTES_MAX */
	unsigned threshold;          /* 0: 1 */
	unsigned algs;               /* SIG_BIT(); 0: SIG_ALL */
	const struct enc_ring *ring; /* keys to decrypt with; NULL: none */
	bool strict;                 /* Freshness=strict */
	unsigned required; /* members asked for beside that: MANIFEST_SEQUENCE, MANIFEST_EXPIRES */
	bool allow_downgrade;
	bool reinstall; /* forced: the running version again */
	bool direct;    /* the manifest came in the file of its image */
	bool sized;     /* all sizes must be known: the only slot is erased first */
};

struct fw_judgement {
	enum fw_verdict verdict;
	enum fw_error error;   /* FWE_OK if accepted; FWE_MANIFEST_VERSION_SAME if no update */
	enum fw_error warning; /* about key-info, or FWE_OK */
	bool rotates_keys;     /* accepted, and key-info is authorised and newer */
	uint8_t sha256[32];    /* of the manifest octets */
	struct envelope envelope;
	struct manifest *manifest; /* owned; NULL if it did not get that far */
};

/* All checks of the agent's order before the download, 1 to 16. `octets` are the manifest as
 * fetched. *ret is always filled and is ended by fw_judgement_done(). */
void fw_judge(const struct fw_context *ctx, const struct trust *trust, struct span octets,
	      struct fw_judgement *ret);
void fw_judgement_done(struct fw_judgement *j);
/* "accept", "no-update", "reject". */
const char *fw_verdict_name(enum fw_verdict v);
