/* lib/fw/job.h - the course of one check, download or installation (secfu 5.6, 6), as a table.
 *
 * Pure: the daemon tells what happened and does what the row asks for. What no row allows does
 * not happen. */
#pragma once

#include "base/fwerr.h"

/* A download ends after verification; what it wrote stays for an installation to find. */
enum job_kind { JOB_CHECK, JOB_INSTALL, JOB_DOWNLOAD, JOB_KINDS }; /* numbers are stored */

enum job_phase {
	JOB_DISCOVERING, /* choosing whom to ask */
	JOB_FETCHING,    /* a manifest */
	JOB_VALIDATING,
	JOB_DEFERRED,    /* accepted; the device is being onboarded */
	JOB_DOWNLOADING, /* into the inactive slot, hashed on the way */
	JOB_VERIFYING,   /* the end of an image has come */
	JOB_INSTALLING,  /* the slot becomes the current one: no way back from here */
	JOB_DONE,
	JOB_FAILED,
	JOB_PHASES,
};

enum job_event {
	JOB_TRY,        /* there is a URL to ask */
	JOB_EXHAUSTED,  /* there is none left */
	JOB_FETCHED,    /* a manifest came */
	JOB_MISSING,    /* this URL has none: 404, 410 */
	JOB_SERVER_BAD, /* no connection, timeout, 5xx, not a manifest */
	JOB_ACCEPTED,   /* newer, and for us */
	JOB_MUST_WAIT,  /* the same, but writing has to wait */
	JOB_SAME,       /* valid, and nothing newer, from this server or from all */
	JOB_REFUSED,    /* the manifest fails a check */
	JOB_CLEAR,      /* writing may begin */
	JOB_BEGUN,      /* the slot is empty; may be so once more, to fetch the whole image */
	JOB_BODY_END,   /* all octets of the image are on their way */
	JOB_IMAGE_OK,   /* and right; there is another image */
	JOB_ALL_OK,     /* and right; it was the last one */
	JOB_AGAIN,      /* a helper failed, or what was kept did not fit: begin the slot again */
	JOB_IMAGE_BAD,  /* not there, cut, or not what was signed */
	JOB_COMMITTED,  /* the new version is current */
	JOB_TROUBLE,    /* our own: disk, helper, memory */
	JOB_CANCEL,
	JOB_EVENTS,
};

enum job_effect {
	JOB_FX_FETCH = 1 << 0,       /* ask the URL at hand */
	JOB_FX_JUDGE = 1 << 1,       /* the manifest */
	JOB_FX_NEXT_TRY = 1 << 2,    /* go to the next URL, then tell TRY or EXHAUSTED */
	JOB_FX_NEXT_SERVER = 1 << 3, /* pass over what is left of this server, then the same */
	JOB_FX_WAIT = 1 << 4,        /* until writing may begin */
	JOB_FX_BEGIN = 1 << 5,       /* remember the manifest; empty the slot */
	JOB_FX_IMAGE = 1 << 6,       /* fetch and write the next image */
	JOB_FX_COMMIT = 1 << 7,      /* make the slot current */
	JOB_FX_ABORT = 1 << 8,       /* stop what the helpers do */
	JOB_FX_END = 1 << 9,         /* it is over: tell and remember the result */
	JOB_FX_AGAIN = 1 << 10,      /* begin the slot again, and keep what it holds */
};

enum job_result {
	JOB_RUNNING,
	JOB_UPDATE_AVAILABLE,
	JOB_NO_UPDATE,
	JOB_DOWNLOADED,
	JOB_INSTALLED,
	JOB_ERROR
};

struct job {
	enum job_kind kind;
	enum job_phase phase;
	enum job_result result;
	enum fw_error error;    /* the most telling failure so far; FWE_OK: none */
	int weight;             /* how telling that is */
	size_t error_try;       /* which URL it was */
	uint64_t octets, total; /* of all images; total 0: not known */
	double percent;         /* never falls */
};

extern const char *const JOB_KIND_NAMES[];   /* "check", "install", "download" */
extern const char *const JOB_PHASE_NAMES[];  /* as State and Phase on D-Bus */
extern const char *const JOB_RESULT_NAMES[]; /* "" while it runs */

void job_init(struct job *j, enum job_kind kind);
/* True: the row was taken, *ret_effects is what to do. False: there is none, nothing changed. */
MUST_USE bool job_step(struct job *j, enum job_event event, unsigned *ret_effects);
/* Remembers why URL `i` was passed over, unless something more telling is known: what a server
 * gave says more than that it gave nothing, and our own trouble is the last word. */
void job_note(struct job *j, enum fw_error error, size_t i);
/* `octets` of all images have been written. */
void job_progress(struct job *j, uint64_t octets);
