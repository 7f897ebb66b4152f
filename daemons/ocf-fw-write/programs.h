/* daemons/ocf-fw-write/programs.h - the configured programs, by their place in the runner's table.
 */
#pragma once

#include "runner.h"

struct config;

enum program {
	PROGRAM_PRINTENV,
	PROGRAM_SETENV,
	PROGRAM_BOOT_SCRIPT,
	PROGRAM_PRE_INSTALL,
	PROGRAM_PRE_COMMIT,
	PROGRAM_POST_INSTALL,
	PROGRAM_HANDLER,
	PROGRAMS,
};

/* The table for `config`, which is borrowed for life. True: at least one is configured. */
bool programs_fill(struct runner_program ret[PROGRAMS], const struct config *config);
