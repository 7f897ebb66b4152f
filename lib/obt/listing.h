/* lib/obt/listing.h - the lists that an owned device answers with: access entries, credentials.
 *
 * As in obt/answer.h: members that are not named are skipped, anything beyond a limit or of a wrong
 * type spoils the whole. */
#pragma once

#include "obt/rule.h"

#define LISTING_ACES_MAX    ((size_t)1024)
#define LISTING_CREDS_MAX   ((size_t)256)
#define LISTING_OCTETS_MAX  ((size_t)64 * 1024)
#define LISTING_SUBJECT_MAX UUID_TEXT /* octets: a UUID, or "*" */
#define LISTING_USAGE_MAX   ((size_t)40)

struct listed_ace {
	uint32_t id;
	struct rule rule;
	bool strange; /* it says what a rule cannot say */
};

/* GET /oic/sec/acl2. */
struct listed_aces {
	struct listed_ace *aces; /* owned */
	size_t n;
	struct uuid rowner;
};
/* listed_aces_done() it in any case. CBR_LIMIT also for no memory. */
MUST_USE enum cbr_err listed_aces_read(struct span body, struct listed_aces *ret);
void listed_aces_done(struct listed_aces *l);

struct listed_cred {
	uint32_t id;
	uint16_t type;                         /* 1 pairwise symmetric, 8 certificate */
	char subject[LISTING_SUBJECT_MAX + 1]; /* lower case as the device writes it; or "*" */
	char usage[LISTING_USAGE_MAX + 1];     /* "oic.sec.cred.trustca"; empty for keys */
	struct span data; /* publicdata.data, borrowed from the body; empty: none */
};

/* GET /oic/sec/cred. */
struct listed_creds {
	struct listed_cred creds[LISTING_CREDS_MAX];
	size_t n;
	struct uuid rowner;
};
MUST_USE enum cbr_err listed_creds_read(struct span body, struct listed_creds *ret);

/* GET /oic/sec/csr: the request in PEM, borrowed from the body. */
MUST_USE enum cbr_err listed_csr_read(struct span body, struct span *ret_pem);
