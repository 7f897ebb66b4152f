/* daemons/ocf-fw-write/program.h - a configured program, and one run of it. */
#pragma once

#include <sys/types.h>

#include "base/span.h"

#define PROGRAM_PATH_MAX ((size_t)512)

/* The place of the file behind `path`, links followed. 0 only if nobody but root can change what
 * lies there: the file, each link and each folder on the way belong to root, and neither file nor
 * folders can be written by others. -EINVAL: not an absolute path; -EPERM: somebody else could;
 * -EACCES: not an executable file; -ENOENT ... */
MUST_USE int program_find(const char *path, char ret[PROGRAM_PATH_MAX]);

struct program_run {
	const char *path;  /* as program_find() gave it */
	char *const *argv; /* NULL-terminated, as is ... */
	char *const *env;  /* ... its whole environment */
	int in;            /* standard input; -1: /dev/null */
	int image;         /* descriptor 3; -1: none */
};

/* Starts it in a process group of its own, which dies with us. No descriptor but those meant gets
 * there; what it writes comes out of *ret_out and *ret_err, owned by the caller. -errno. */
MUST_USE int program_start(const struct program_run *p, pid_t *ret_pid, int *ret_out, int *ret_err);
