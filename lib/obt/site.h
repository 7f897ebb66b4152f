/* lib/obt/site.h - a site in one JSON document: what each device shall hold. The schema is
 * docs/site.schema.json. */
#pragma once

#include "codec/jsn.h"
#include "obt/goal.h"

#define SITE_OCTETS_MAX  ((size_t)4 * 1024 * 1024)
#define SITE_DEVICES_MAX ((size_t)4096)
#define SITE_NAME_MAX    ((size_t)256) /* octets of a device's name */

struct site_device {
	char device[SITE_NAME_MAX + 1];          /* UUID, the beginning of one, or a name */
	const struct jsn *rules, *pairs, *roles; /* arrays of text, borrowed; NULL: none */
	bool identity;
};

struct site {
	struct jsn *json;            /* owned */
	struct site_device *devices; /* owned */
	size_t n;
};

#define SITE_WHY_MAX ((size_t)160)

/* 0: site_done() ends it. -EINVAL: `ret_why` says what is wrong, and where. -ENOMEM. */
MUST_USE int site_parse(struct span text, struct site *ret, char ret_why[SITE_WHY_MAX]);
void site_done(struct site *s);

/* The rules and roles of a device into a goal. `names` as in rule_parse(). NULL; else what is wrong
 * (static text). */
MUST_USE const char *site_fill(const struct site_device *d, const struct rule_names *names,
			       struct goal *goal);
