/* daemons/ocf-fwupd/entry.h - one line of the history, in memory and in its record. */
#pragma once

#include "base/fwerr.h"
#include "codec/jsn.h"
#include "fw/discover.h"
#include "fw/job.h"
#include "fw/version.h"

#define ENTRY_ID     ((size_t)65) /* a transaction, or SHA-256 in hexadecimal, with its NUL */
#define ENTRY_SIGNER ((size_t)257)
#define ENTRY_TEXT   ((size_t)128)
#define ENTRY_TIMER  UINT32_MAX /* as `uid`: nobody asked */

enum entry_result {                                /* as JOB_RESULT_NAMES, and: */
		    ENTRY_REFUSED = JOB_ERROR + 1, /* a server was passed over */
		    ENTRY_CONFIRMED,               /* a trial has ended ... */
		    ENTRY_ROLLED_BACK,             /* ... the other way */
		    ENTRY_RESULTS,
};

struct state_entry {
	uint64_t time_s, usec, octets;
	enum job_kind kind;
	unsigned result; /* enum job_result or entry_result; JOB_RUNNING: not ended yet */
	enum fw_error error;
	char from[FW_VERSION_TEXT + 1], to[FW_VERSION_TEXT + 1];
	int source; /* enum discover_source; -1: none */
	char url[URL_MAX + 1];
	uint64_t job,
		first; /* equal checks in a row are one entry: jobs first to job; 0: unknown */
	uint64_t uid;  /* who asked */
	char transaction[ENTRY_ID], digest[ENTRY_ID]; /* digest of the manifest, SHA-256 */
	char signer[ENTRY_SIGNER];                    /* key identifiers, separated by blanks */
	char text[ENTRY_TEXT];                        /* for people */
};

const char *entry_result_name(unsigned result);
/* Formats of the history. In 1 kind and source are numbers, and what came later cannot be said; in
 * 2 they are names, so that an entry which is not understood is left out alone. */
#define ENTRY_NEWEST 2u

/* Can this format say it? */
bool entry_fits(const struct state_entry *e, unsigned format);
/* Owned by the caller; NULL: no memory. */
struct jsn *entry_write(const struct state_entry *e, unsigned format);
/* Members that an older version did not write may lack. False: not one of ours. */
MUST_USE bool entry_read(const struct jsn *o, unsigned format, struct state_entry *ret);
/* Two checks one after the other that ended the same way. */
bool entry_is_repeat(const struct state_entry *a, const struct state_entry *b);
