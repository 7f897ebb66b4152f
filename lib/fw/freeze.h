/* lib/fw/freeze.h - the suspicion that a source holds back what is newer (pure).
 *
 * Whoever answers in the place of a server cannot change a manifest, but can go on showing an old
 * one. Counted is how long a source has shown nothing newer, by the signed timestamp: neither
 * several old manifests in turn nor a new name of the server begin that time anew. */
#pragma once

#include "base/mem.h"

/* Of one source. Zero-initialised: nothing was seen yet. */
struct freeze {
	uint64_t newest_us; /* timestamp of the newest manifest, since 1970, as are the others */
	uint64_t since_s;   /* when it was seen first */
	uint64_t told_s;    /* when the suspicion was told last; 0: never */
};

enum freeze_verdict {
	FREEZE_NONE,
	FREEZE_KNOWN, /* suspected, and told not long ago */
	FREEZE_NEWS,  /* suspected: to be told */
};

/* A valid manifest of that timestamp was shown at `now_s`. More than `max_s` after the first one of
 * its age the source is suspected. A clock that shows less than the timestamp is wrong, and what it
 * shows does not count. */
enum freeze_verdict freeze_note(struct freeze *f, uint64_t timestamp_us, uint64_t now_s,
				uint64_t max_s);
