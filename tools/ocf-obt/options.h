/* tools/ocf-obt/options.h - the command line. */
#pragma once

#include "obt/obt.h"
#include "out.h"

struct options {
	bool json, yes, owned, all, no_provision, cbor;
	bool has_method;
	enum obt_method method;
	const char *dir, *interfaces, *pin_file, *body_file, *cbor_file; /* NULL: not given */
	uint64_t timeout_us, deadline_us;
	char **args; /* what is left: devices, paths */
	size_t n_args;
};

enum outcome cmd_discover(const struct options *o);
enum outcome cmd_own(const struct options *o);
enum outcome cmd_provision(const struct options *o);
enum outcome cmd_reset(const struct options *o);
enum outcome cmd_list(const struct options *o);
enum outcome cmd_get(const struct options *o);
enum outcome cmd_post(const struct options *o);
