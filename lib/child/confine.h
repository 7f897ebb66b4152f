/* lib/child/confine.h - a program gives up what it does not need, before it touches input.
 *
 * Under systemd the unit has taken most of it already; these walls stand without it, too. Both
 * calls set no_new_privs. A kernel without the feature leaves the program as it was, which the
 * caller may log. */
#pragma once

#include <stdint.h>

#include "base/mem.h"

enum confine_access {
	CONFINE_READ,  /* read files and folders below the path (or the file itself) */
	CONFINE_WRITE, /* also write, create, remove and rename regular files and links */
};

struct confine_path {
	const char *path; /* one that does not exist is passed over */
	enum confine_access access;
};

/* From now on no other file can be opened (Landlock). Descriptors that are open stay usable.
 * 0; -EOPNOTSUPP: not in this kernel; or what it said. */
MUST_USE int confine_files(const struct confine_path *paths, size_t n);

/* A system call that may be made; with `mask`, only if (argument & mask) == value. */
struct confine_call {
	int nr;
	uint8_t argument;
	uint32_t mask, value;
};

#define CONFINE_CALLS_MAX ((size_t)160)

#ifdef __s390x__
#define CONFINE_CLONE_FLAGS 1 /* where they stand among the arguments of clone(2) */
#else
#define CONFINE_CLONE_FLAGS 0
#endif

/* From now on every call that is neither in `calls` nor one that each program needs (read, write,
 * memory, time, exit ...) fails with EPERM (seccomp). 0; -EOPNOTSUPP; or what the kernel said. */
MUST_USE int confine_calls(const struct confine_call *calls, size_t n);
