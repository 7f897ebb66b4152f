/* daemons/options.h - the command line that the daemons share. */
#pragma once

#include "base/mem.h"

struct daemon_options {
	const char *name, *purpose;     /* set by the caller: "ocf-secd", one line for --help */
	const char *config, *state_dir; /* the caller's defaults, or what the line says */
	bool can_rescue;                /* --rescue is one of its options, ... */
	bool rescue;                    /* ... and was given */
	bool check;                     /* --check-config: end after reading it */
};

/* -1: go on, the log level is set. Else the status to exit with: all has been said. */
MUST_USE int daemon_options_read(struct daemon_options *o, int argc, char **argv);
