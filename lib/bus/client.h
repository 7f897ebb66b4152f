/* lib/bus/client.h - calls from a tool to a service on the system bus; these block. */
#pragma once

#include "base/mem.h"

struct client;

/* -errno of connecting: no bus, no right. DBUS_SYSTEM_BUS_ADDRESS is honoured. */
MUST_USE int client_new(struct client **ret);
struct client *client_free(struct client *c); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct client *, client_free)

struct client_object {
	const char *name, *path, *interface;
};

struct client_value {
	/* D-Bus: s (also for o), b, u, t, d; l for a list of texts; { and } around each dictionary
	 * of a list of them, whose members come between. */
	char type;
	size_t columns; /* l: 1, or so many texts for each element of a list of structures */
	union {
		const char *s; /* borrowed during the callback, as is list */
		bool b;
		uint64_t n; /* u and t */
		double d;
		char **list; /* NULL-terminated */
	};
};

/* What a call gave: key "" for a plain result ("1", "2" ... for those behind it), the keys of a
 * dictionary, and a NULL key where a dictionary of a list begins. */
typedef void (*client_fn)(void *arg, const char *key, const struct client_value *value);

struct client_error {
	char name[128]; /* D-Bus error name; empty if the failure is our own */
	char text[256];
};

/* One entry of an a{sv}. */
struct client_option {
	const char *key;
	char type; /* s, b (true), h */
	const char *text;
	int fd; /* borrowed */
};

/* What goes in: nothing, a number, one or two texts, an a{sv}, or h ah a{sv}. */
struct client_in {
	enum { CLIENT_NONE, CLIENT_NUMBER, CLIENT_TEXTS, CLIENT_OPTIONS, CLIENT_FILES } kind;
	uint32_t number;
	const char *texts[2]; /* NULL: there is no second one */
	const struct client_option *options;
	size_t n_options;
	const int *fds; /* CLIENT_FILES: the h, and then those of the ah */
	size_t n_fds;
};

/* Calls `method`; fn may be NULL. 0, or -errno with *ret_error filled: -EHOSTUNREACH the service
 * is not there, -EACCES refused, others. */
MUST_USE int client_call(struct client *c, const struct client_object *o, const char *method,
			 const struct client_in *in, client_fn fn, void *arg,
			 struct client_error *ret_error);
/* All properties of the object, without starting the service. Errors as client_call. */
MUST_USE int client_properties(struct client *c, const struct client_object *o, client_fn fn,
			       void *arg, struct client_error *ret_error);
/* Properties now and then each change, each with a NULL key behind it, until done(arg) says so.
 * -EINTR: a signal came, which the caller keeps blocked otherwise; call again to go on.
 * -EHOSTUNREACH: the service went away. */
MUST_USE int client_follow(struct client *c, const struct client_object *o, client_fn fn,
			   bool (*done)(void *arg), void *arg, struct client_error *ret_error);
