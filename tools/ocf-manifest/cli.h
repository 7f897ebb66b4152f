/* tools/ocf-manifest/cli.h - verbs, their options, and how they end. */
#pragma once

#include <stdio.h>

#include "base/fwerr.h"
#include "base/span.h"

#define CLI_OPTIONS_MAX ((size_t)32)
#define CLI_VALUES_MAX  ((size_t)32) /* of one repeated option */

/* Exit codes; documented in ocf-manifest(1). */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1, /* refused, or could not be done; of diff: they differ */
	CLI_USAGE = 2,  /* called wrongly; of verify and diff also: there is no answer */
};

enum cli_flag { CLI_REQUIRED = 1, CLI_REPEATABLE = 2 };

struct cli_option {
	const char *name;
	const char
		*value; /* what it stands for in the help; NULL: a flag; "[=X]": may be left out */
	const char *help;
	unsigned flags; /* of enum cli_flag */
};

struct cli_values {
	const char *at[CLI_VALUES_MAX];
	size_t n;
};

struct cli;

struct cli_verb {
	const char *group, *name; /* group NULL: none */
	const char *operands;     /* for the usage line */
	size_t operands_min, operands_max;
	const char *summary; /* one line for the list of verbs */
	const char *help;    /* more for its own help; NULL: nothing to add */
	const char *example; /* what stands behind the verb */
	const struct cli_option *options;
	size_t n_options;
	bool octets;        /* what goes to standard output without --out is not JSON */
	const char *answer; /* member of its JSON that is null where there is no answer; or NULL */
	enum cli_exit (*run)(const struct cli *cli);
};

/* One call: the options as given and the operands. */
struct cli {
	const struct cli_verb *verb;
	struct cli_values values[CLI_OPTIONS_MAX]; /* by index of the option */
	char **operands;
	size_t n_operands;
	bool json;
};

/* Finds the verb and runs it; answers --help and --version. With --json a failure is told on
 * standard output, too: {"error": name or null, "message": text}, behind the answer that is null.
 */
enum cli_exit cli_main(int argc, char *argv[], const struct cli_verb *const *verbs, size_t n);

/* The values given for an option of the verb; empty if none. */
const struct cli_values *cli_values(const struct cli *cli, const char *name);
/* The last value, "" for a flag or what was left out; NULL if it was not given. */
const char *cli_value(const struct cli *cli, const char *name);
/* True: not given, *ret untouched, or a number up to `max`. False: told to the user. */
MUST_USE bool cli_number(const struct cli *cli, const char *name, uint64_t max, uint64_t *ret);

/* "ocf-manifest: ..." to standard error: why the verb fails. */
void cli_say(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* As cli_say(), and CLI_FAILED. */
enum cli_exit cli_fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* As cli_say(), with the name of the error and what can be done about it. */
void cli_refuse(const char *what, enum fw_error e);
/* "ocf-manifest: warning: ...": it goes on. */
void cli_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The verb has written its JSON to standard output. */
void cli_answered(void);
