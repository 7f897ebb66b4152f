/* lib/obt/rule.h - one access rule in words, as `allow role=admin read,update /lamp`, and as an ACE
 * (OCF Security 12.2, 13.5).
 *
 *	[allow] WHO PERMISSIONS RESOURCE... [during PERIOD [repeat RECURRENCE]]
 *
 * WHO is device=UUID, role=NAME, role=NAME@AUTHORITY, authenticated (any secured peer) or anyone.
 * PERMISSIONS are create, read, update, delete, notify with commas between, or all. A RESOURCE is a
 * path, or * + - as in an ACE. PERIOD and RECURRENCE are those of RFC 5545. */
#pragma once

#include "base/buf.h"
#include "base/uuid.h"
#include "codec/cbr.h"

#define RULE_ROLE_MAX      ((size_t)64) /* octets of a role or authority */
#define RULE_RESOURCES_MAX ((size_t)16)
#define RULE_HREF_MAX      ((size_t)128) /* octets */
#define RULE_PERIOD_MAX    ((size_t)64)
#define RULE_REPEAT_MAX    ((size_t)128)
#define RULE_TEXT_MAX      ((size_t)4096) /* octets of a rule in words */

enum rule_who { RULE_DEVICE, RULE_ROLE, RULE_AUTHENTICATED, RULE_ANYONE };

struct rule {
	enum rule_who who;
	struct uuid device;                                         /* RULE_DEVICE */
	char role[RULE_ROLE_MAX + 1], authority[RULE_ROLE_MAX + 1]; /* RULE_ROLE */
	unsigned permission;                                        /* 1 C, 2 R, 4 U, 8 D, 16 N */
	char resources[RULE_RESOURCES_MAX][RULE_HREF_MAX + 1];
	size_t n_resources;
	char period[RULE_PERIOD_MAX + 1], repeat[RULE_REPEAT_MAX + 1]; /* empty: always */
};

/* Finds the UUID that a name stands for. */
struct rule_names {
	bool (*find)(void *arg, const char *name, struct uuid *ret);
	void *arg;
};

/* `names` NULL: UUIDs only. NULL; else what is wrong (static text), and *ret is untouched. */
MUST_USE const char *rule_parse(struct span text, const struct rule_names *names, struct rule *ret);
/* In words, "allow " first. Errors stick in the buffer. */
void rule_format(const struct rule *rule, struct buf *out);
/* As an ACE, without an aceid. */
void rule_write(const struct rule *rule, struct buf *out);
/* The next item, an ACE. What cannot be said in a rule makes *ret_strange true. */
void rule_read(struct cbr *c, struct rule *ret, uint32_t *ret_aceid, bool *ret_strange);

/* Do the rules `b` grant all that the rule `a` grants? Devices may merge or split what they are
 * given. */
bool rule_is_covered(const struct rule *a, const struct rule *const *b, size_t n);
/* Each grants all that the other grants. */
bool rule_equal(const struct rule *a, const struct rule *b);
