/* lib/obt/goal.h - what an owned device shall hold: access rules, keys shared with other devices,
 * certificates. Kept beside its record, so that a device can be verified and repaired. */
#pragma once

#include "base/secret.h"
#include "obt/rule.h"

#define GOAL_RULES_MAX  ((size_t)256)
#define GOAL_PAIRS_MAX  ((size_t)64)
#define GOAL_ROLES_MAX  ((size_t)8)
#define GOAL_OCTETS_MAX ((size_t)256 * 1024)

struct goal_pair {
	struct uuid peer;
	struct secret key;
};

struct goal_role {
	char name[RULE_ROLE_MAX + 1], authority[RULE_ROLE_MAX + 1]; /* authority empty: our CA */
};

struct goal {
	struct rule rules[GOAL_RULES_MAX];
	size_t n_rules;
	struct goal_pair pairs[GOAL_PAIRS_MAX];
	size_t n_pairs;
	bool identity; /* our trust anchor, and a certificate of our authority */
	struct goal_role roles[GOAL_ROLES_MAX];
	size_t n_roles;
};

/* Empty. NULL: no memory. */
MUST_USE struct goal *goal_new(void);
struct goal *goal_free(struct goal *g); /* wipes; accepts NULL, returns NULL */
DEFINE_CLEANUP(struct goal *, goal_free)

/* Adds what deployed tools write: the owner's (`sp`: DOTS, `csr`: CMS) own access, and discovery
 * for everybody. */
void goal_add_defaults(struct goal *g, const struct uuid *dots, const struct uuid *cms,
		       bool has_sdi);
/* False: it holds GOAL_RULES_MAX. A rule that is there already is not added. */
MUST_USE bool goal_add_rule(struct goal *g, const struct rule *rule);
/* Replaces the key of a pair that is there. False: GOAL_PAIRS_MAX. */
MUST_USE bool goal_add_pair(struct goal *g, const struct uuid *peer, const struct secret *key);
/* False: there is none. */
bool goal_drop_rule(struct goal *g, const struct rule *rule);
bool goal_drop_pair(struct goal *g, const struct uuid *peer);
const struct goal_pair *goal_find_pair(const struct goal *g, const struct uuid *peer);

/* The stored form, CBOR. Errors stick in the buffer, which should be a secret one. */
void goal_write(const struct goal *g, struct buf *out);
/* *ret is untouched unless CBR_OK, and owned by the caller. CBR_LIMIT also for no memory. */
MUST_USE enum cbr_err goal_parse(struct span octets, struct goal **ret);
