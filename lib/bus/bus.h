/* lib/bus/bus.h - the system bus: one connection, one name, objects, and watching other services.
 *
 * The bus may be absent: everything here then waits for it without a wake-up, and comes back after
 * a restart of the bus. Nothing blocks. DBUS_SYSTEM_BUS_ADDRESS is honoured. */
#pragma once

#include "base/mem.h"

struct bus;
struct loop;

enum bus_state {
	BUS_ABSENT,     /* nobody listens at the address; waiting */
	BUS_UP,         /* connected, and the name is ours */
	BUS_DOWN,       /* the connection was lost; trying again */
	BUS_NAME_TAKEN, /* connected, but refused the name: another owner, or the bus policy */
};
typedef void (*bus_state_fn)(void *arg, enum bus_state state);

/* Connects to the system bus and asks for `name` (NULL: a client without a name). `loop` and
 * `name` are borrowed for life; `fn` hears of changes and may be NULL.
 * -ENOMEM, -EINVAL (address). */
MUST_USE int bus_new(struct bus **ret, struct loop *loop, const char *name, bus_state_fn fn,
		     void *arg);
/* After all its vtables and watches. Sends what waits; accepts NULL, returns NULL. */
struct bus *bus_free(struct bus *b);
DEFINE_CLEANUP(struct bus *, bus_free)

/* ---- watching another service ---- */

struct bus_value {
	char type; /* D-Bus: s (also for o), b, u, t, d */
	union {
		const char *s; /* borrowed during the callback */
		bool b;
		uint32_t u;
		uint64_t t;
		double d;
	};
};

/* One property has this value now (it may be the same as before). property NULL: the service is
 * gone, and so is all that it said. */
typedef void (*bus_watch_fn)(void *arg, const char *property, const struct bus_value *value);

struct bus_watch;
/* Follows the properties of simple types of one object: all of them when the service appears, then
 * each change. Does not start the service. Strings are borrowed for life. -ENOMEM. */
MUST_USE int bus_watch_new(struct bus_watch **ret, struct bus *b, const char *name,
			   const char *path, const char *interface, bus_watch_fn fn, void *arg);
/* May be called by its fn. Accepts NULL, returns NULL. */
struct bus_watch *bus_watch_free(struct bus_watch *w);
DEFINE_CLEANUP(struct bus_watch *, bus_watch_free)

/* ---- for lib/bus only ---- */

struct sd_bus;
struct sd_bus_message;
#define BUS_NAME_PRIMARY_OWNER 1 /* D-Bus specification, RequestName */

/* Something that lives on the connection: attach() puts it on each new one, in place of the old. */
struct bus_part {
	int (*attach)(struct bus_part *part, struct sd_bus *sd);
	struct bus_part *next;
};
/* Attaches at once if there is a connection. `part` is borrowed until bus_part_remove(), which
 * leaves its slots to the caller. What attach() gave. */
MUST_USE int bus_part_add(struct bus *b, struct bus_part *part);
void bus_part_remove(struct bus *b, struct bus_part *part);
/* The connection if it is up (signals may be sent), else NULL. */
struct sd_bus *bus_sd_bus(const struct bus *b);
/* A property whose changes are signalled: where its value lies in a structure of facts. */
struct bus_signalled {
	const char *name;
	size_t offset, size;
};
#define BUS_SIGNALLED(name, type, member)                                                          \
	{                                                                                          \
		name, offsetof(type, member), sizeof(((type *)NULL)->member)                       \
	}
#define BUS_SIGNALLED_MAX ((size_t)32)
/* PropertiesChanged with the names of what differs between `before` and `after`, if anything does
 * and the bus is there. */
void bus_emit_changes(const struct bus *b, const char *path, const char *interface,
		      const struct bus_signalled *list, size_t n, const void *before,
		      const void *after);
/* 0 if the caller of a method is root; else -EACCES, which sd-bus answers with AccessDenied. */
MUST_USE int bus_require_root(struct sd_bus_message *m);
/* The same for a system user by name. */
MUST_USE int bus_require_user(struct sd_bus_message *m, const char *user);
/* The user who sent it, as the bus says. */
MUST_USE int bus_sender_uid(struct sd_bus_message *m, uint32_t *ret);
bool bus_uid_is(uint32_t uid, const char *user);
/* By the databases of users and groups, not by what a process may have given up; a user in more
 * than BUS_GROUPS_MAX groups is in none. */
#define BUS_GROUPS_MAX ((size_t)64)
bool bus_uid_is_in(uint32_t uid, const char *group);
