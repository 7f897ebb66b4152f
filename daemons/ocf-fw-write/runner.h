/* daemons/ocf-fw-write/runner.h - a small process that runs configured programs for ocf-fw-write.
 *
 * It is forked before its parent confines itself, knows the programs by their place in a table of
 * the configuration, and takes from the parent only what may vary: words that are no options,
 * variables named OCFGW_*, octets for standard input, a descriptor. So a parent that was broken
 * into runs nothing that was not configured.
 *
 * A program is a file that nobody but root can change (program.h). It gets an empty environment but
 * for those variables, its own process group, and a time limit, after which the group is killed. */
#pragma once

#include "base/span.h"

#define RUNNER_TEXT   ((size_t)4096) /* octets of words, variables and input of one call */
#define RUNNER_WORDS  ((size_t)24)   /* words, and variables, of one call */
#define RUNNER_OUTPUT ((size_t)4096) /* of a program's standard output: the rest is dropped */
#define RUNNER_LINE   ((size_t)128)

struct runner_program {
	const char *name;        /* for the log */
	const char *path;        /* empty: not configured */
	const char *const *args; /* before those of a call, NULL-terminated; NULL: none */
	uint32_t limit_ms;
};

enum runner_time {
	RUNNER_COUNTS,
	RUNNER_WAITS,  /* its time does not count before runner_limit() */
	RUNNER_REPORTS /* it begins anew with each line on standard error, an empty one, too */
};

struct runner_call {
	size_t program;
	const char *const *args; /* NULL-terminated; NULL: none. None may begin with '-' */
	const char *const *env;  /* "OCFGW_NAME=value", NULL-terminated; NULL: none */
	struct span input;       /* standard input; empty: /dev/null */
	int fd;                  /* becomes descriptor 3 (borrowed); -1: none */
	enum runner_time time;
};

struct runner_result {
	int32_t error;  /* what runner_wait() gives */
	int32_t status; /* its exit status, for -EREMOTEIO */
	uint32_t len;
	char output[RUNNER_OUTPUT];
	char text[RUNNER_LINE]; /* its last line, of standard error if there is one; or why not */
};

struct runner; /* opaque */

/* Forks. `programs` are borrowed for life. Before threads. 0: *ret is owned by the caller. */
MUST_USE int runner_new(struct runner **ret, const struct runner_program *programs, size_t n);
/* Kills what runs. Accepts NULL, returns NULL. */
struct runner *runner_free(struct runner *r);
DEFINE_CLEANUP(struct runner *, runner_free)

MUST_USE bool runner_has(const struct runner *r, size_t program);

/* Until a program has ended runner_wait() calls this every half a second. */
void runner_on_wait(struct runner *r, void (*waiting)(void));

/* Its row of the table. */
const struct runner_program *runner_program(const struct runner *r, size_t program);

/* Starts a program; one that still runs is cancelled first. -E2BIG: more than a call may hold;
 * -EPIPE. */
MUST_USE int runner_start(struct runner *r, const struct runner_call *c);
/* Until it has ended; the end of connection `control` (-1: none) kills it. 0: it ended with status
 * 0. -EREMOTEIO: with another, or by a signal; -ETIMEDOUT; -ECANCELED; -EPIPE; or why it could not
 * be started, as program_find() says it. *ret is always filled. */
MUST_USE int runner_wait(struct runner *r, int control, struct runner_result *ret);
/* From now on the time of a program that waits counts. */
void runner_limit(struct runner *r);
/* Kills what was started, if that has not been waited for, and forgets how it ended. */
void runner_cancel(struct runner *r);
MUST_USE int runner_run(struct runner *r, const struct runner_call *c, int control,
			struct runner_result *ret);
