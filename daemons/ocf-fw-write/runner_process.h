/* daemons/ocf-fw-write/runner_process.h - the process that runs the programs, and what it is told;
 * for runner.c, tests and fuzzing only. */
#pragma once

#include <sys/socket.h>

#include "runner.h"

/* What else than a request goes to the process: one octet. */
enum runner_word { RUNNER_STOP, RUNNER_LIMIT };

struct runner_request {
	uint32_t program;
	uint32_t time;
	uint32_t args, env; /* NUL-terminated texts in `text`, one behind the other ... */
	uint32_t len;       /* ... and then input, so many octets in all */
	char text[RUNNER_TEXT];
};

/* The descriptor that comes with one. */
union runner_passed {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

struct runner_words {
	char *args[RUNNER_WORDS + 1]; /* NULL-terminated; borrowed from the request */
	char *env[RUNNER_WORDS + 1];
	struct span input;
};

/* Whether `len` octets are a request for one of `programs` that asks for nothing else. */
MUST_USE bool runner_read(struct runner_request *q, size_t len, size_t programs,
			  struct runner_words *ret);

/* Runs what is asked for over `control`, until its other end is closed. */
__attribute__((noreturn)) void runner_process(const struct runner_program *programs, size_t n,
					      int control);
