/* lib/bus/resources.h - org.ocfgw.Resources1, where programs register the resources that they
 * serve, and org.ocfgw.Resource1, by which they are asked; dbus/ describes both.
 *
 * A registration ends with UnregisterResource(), with its program, and with the bus. */
#pragma once

#include "base/span.h"
#include "base/verdict.h"

struct bus;

#define RESOURCES_BUS_NAME        "org.ocfgw.Resources1"
#define RESOURCES_PER_PROGRAM_MAX ((size_t)64)
#define RESOURCES_LIST_MAX        ((size_t)8)             /* texts of one list, and the NULL */
#define RESOURCES_ANSWER_US       (UINT64_C(5) * 1000000) /* a program that needs longer is not there */

/* What a program says of its resource; texts are borrowed. */
struct bus_resource_facts {
	const char *href;
	const char *types[RESOURCES_LIST_MAX], *interfaces[RESOURCES_LIST_MAX];
	bool discoverable, observable;
};

struct bus_resource; /* one registration */

struct bus_resources_ops {
	/* 0: *ret is what the others get as `it`. -EINVAL: *ret_why says what is wrong. -EEXIST:
	 * the href is taken. -ENOSPC: too many in all. -ENOMEM. */
	int (*add)(void *arg, struct bus_resource *r, const struct bus_resource_facts *facts,
		   void **ret, const char **ret_why);
	void (*remove)(void *it);
	void (*describe)(const void *it, struct bus_resource_facts *ret);
	/* Its program says that it has changed: a CBOR map. */
	void (*changed)(void *it, struct span map);
	/* The bus refuses the name, so no program finds us. */
	void (*nameless)(void *arg);
};

struct bus_resources;
/* `ops` and `arg` are borrowed for life. -ENOMEM. */
MUST_USE int bus_resources_new(struct bus_resources **ret, struct bus *b,
			       const struct bus_resources_ops *ops, void *arg);
/* Removes all; who is asked is not heard any more. Accepts NULL, returns NULL. */
struct bus_resources *bus_resources_free(struct bus_resources *rs);
DEFINE_CLEANUP(struct bus_resources *, bus_resources_free)

/* What the program has said: V_CONTENT (Retrieve) or V_CHANGED (Update) and a CBOR map, or a
 * refusal. Called once for each call, not from inside it. */
typedef void (*bus_resource_fn)(void *it, uint64_t ticket, enum verdict verdict, struct span map);

MUST_USE int bus_resource_retrieve(struct bus_resource *r, bus_resource_fn fn, uint64_t ticket);
/* -EBADMSG: D-Bus cannot say what the map says. */
MUST_USE int bus_resource_update(struct bus_resource *r, struct span map, bus_resource_fn fn,
				 uint64_t ticket);
