/* tools/ocf-obt/own.h - inside `ocf-obt own`: one device or a fleet of them. */
#pragma once

#include "approved.h"
#include "find.h"
#include "job.h"
#include "options.h"
#include "person.h"

enum own_phase {
	OWN_WAITING, /* for its turn */
	OWN_RUNNING,
	OWN_ENDED, /* the job is to be looked at */
	OWN_AGAIN, /* to be discovered anew */
	OWN_GOOD,
	OWN_BAD
};

/* A device that is to be ours. */
struct candidate {
	struct own *own;
	struct found at; /* as discovered last; `find` and `call` are void */
	enum own_phase phase;
	unsigned attempts;
	bool resumed;   /* of a former run, which left an incomplete record */
	bool finishing; /* the job provisions what may be ours already */
	struct uuid former, device;
	enum obt_method method;
	uint64_t elapsed_us;
	struct trouble trouble; /* of the last attempt */
	struct job job;
	struct question question;
};

struct own {
	const struct options *o;
	struct net net;
	struct state *state;
	struct person person;
	struct question approval; /* of a fleet */
	struct approved approved;
	struct x509_trust *trust;
	struct uuid wanted; /* the one device, when a whole UUID names it */
	struct find find;
	struct loop_timer *turn; /* work that is not for callbacks of a job */
	struct candidate **list; /* room for FIND_MAX */
	size_t n;
};

/* own_one.c. The methods that this build, this GnuTLS and this command line allow, as
 * OBT_METHOD_BITs. */
unsigned own_methods(const struct options *o);
void own_start(struct candidate *c); /* it is OWN_RUNNING, or has failed already */
void own_judge(struct candidate *c); /* an OWN_ENDED one */

/* own_report.c: what the person, or the script, gets to see. */
void own_describe(const struct candidate *c);
void own_status(const struct own *w);
enum outcome own_report_one(const struct candidate *c, bool json);
enum outcome own_report_all(const struct own *w);
