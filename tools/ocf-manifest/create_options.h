/* tools/ocf-manifest/create_options.h - what `create` is asked for, checked before any image is
 * read. */
#pragma once

#include "index.h"
#include "verbs.h"

struct draft {
	const struct cli *cli;
	struct jsn *root;
	unsigned algs;
	uint64_t timestamp_us, expires_us; /* 0: never */
	uint64_t sequence, security;
	uint64_t chunk;          /* octets of one, if there is an index: */
	struct index_plan index; /* n is 0 if there is none */
	struct digests index_digests;
	const char *files[CLI_VALUES_MAX]; /* the images of the index */
};

/* The options of the call. False: told to the user. */
MUST_USE bool draft_read(const struct cli *cli, struct draft *d);
