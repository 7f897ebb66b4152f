/* daemons/ocf-fwupd/inhibit.h - who holds up what, as long as a descriptor of his is open. */
#pragma once

#include "fw/policy.h"

#define INHIBIT_MAX  ((size_t)16)
#define INHIBIT_TEXT ((size_t)128) /* of a reason, with its NUL */

struct loop;

struct inhibitors {
	struct loop *loop;
	void (*fn)(void *arg); /* the list has changed */
	void *arg;
	struct inhibitor {
		struct inhibitors *all;
		int fd;        /* our end of the pipe */
		unsigned what; /* enum policy_what; 0: a free place */
		char names[32], who[64], why[INHIBIT_TEXT];
	} at[INHIBIT_MAX];
};

/* 0: the caller's end in *ret_fd, which he passes on and closes. -EINVAL: no such `what` (as
 * policy_what_parse() takes it), or a reason that is empty, too long or not printable; -EMFILE. */
MUST_USE int inhibit_add(struct inhibitors *all, const char *what, const char *who, const char *why,
			 int *ret_fd);
/* One that holds up any of `what`; NULL: none. */
const struct inhibitor *inhibit_find(const struct inhibitors *all, unsigned what);
/* The i-th; NULL: there are less. */
const struct inhibitor *inhibit_at(const struct inhibitors *all, size_t i);
void inhibit_done(struct inhibitors *all);
