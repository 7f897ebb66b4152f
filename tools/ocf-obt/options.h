/* tools/ocf-obt/options.h - the command line: which commands there are, and what was given. */
#pragma once

#include "obt/record.h"
#include "out.h"

struct options {
	bool json, yes, owned, all, no_provision, cbor, separate, renew, dry_run, names, observe;
	bool has_method;
	enum obt_method method;
	unsigned scope, jobs, attempts, count;
	enum obt_service as;
	/* NULL: not given */
	const char *dir, *interfaces, *pin_file, *body_file, *cbor_file, *approved_file,
		*trust_file, *role, *passphrase_file, *to, *url;
	uint64_t timeout_us, deadline_us;
	char **args; /* what is left: devices, paths */
	size_t n_args;
};

/* Options, as bits of those that a command takes. */
#define O_JSON         (UINT64_C(1) << 0)
#define O_DIR          (UINT64_C(1) << 1)
#define O_HELP         (UINT64_C(1) << 2)
#define O_INTERFACE    (UINT64_C(1) << 3)
#define O_TIMEOUT      (UINT64_C(1) << 4)
#define O_OWNED        (UINT64_C(1) << 5)
#define O_ALL          (UINT64_C(1) << 6)
#define O_METHOD       (UINT64_C(1) << 7)
#define O_YES          (UINT64_C(1) << 8)
#define O_PIN_FILE     (UINT64_C(1) << 9)
#define O_NO_PROVISION (UINT64_C(1) << 10)
#define O_DEADLINE     (UINT64_C(1) << 11)
#define O_CBOR         (UINT64_C(1) << 12)
#define O_BODY         (UINT64_C(1) << 13)
#define O_CBOR_FILE    (UINT64_C(1) << 14)
#define O_SCOPE        (UINT64_C(1) << 15)
#define O_JOBS         (UINT64_C(1) << 16)
#define O_APPROVED     (UINT64_C(1) << 17)
#define O_ATTEMPTS     (UINT64_C(1) << 18)
#define O_SEPARATE     (UINT64_C(1) << 19)
#define O_TRUST        (UINT64_C(1) << 20)
#define O_AS           (UINT64_C(1) << 21)
#define O_RENEW        (UINT64_C(1) << 22)
#define O_ROLE         (UINT64_C(1) << 23)
#define O_DRY_RUN      (UINT64_C(1) << 24)
#define O_OBSERVE      (UINT64_C(1) << 25)
#define O_COUNT        (UINT64_C(1) << 26)
#define O_PASSPHRASE   (UINT64_C(1) << 27)
#define O_TO           (UINT64_C(1) << 28)
#define O_URL          (UINT64_C(1) << 29)
#define O_NAMES        (UINT64_C(1) << 30)
#define O_COMMON       (O_JSON | O_DIR | O_HELP) /* every command takes these */
#define O_NET          (O_INTERFACE | O_TIMEOUT | O_SCOPE)

struct command {
	const char *group; /* heading in the general help */
	const char *name, *args;
	size_t min_args, max_args;
	uint64_t options;
	enum outcome (*run)(const struct options *o);
	const char *summary, *help;
};
extern const struct command COMMANDS[];
extern const size_t N_COMMANDS;

struct opt {
	uint64_t bit;
	const char *name, *value; /* NULL: a flag */
	/* NULL, or what is wrong with the value. */
	const char *(*set)(struct options *o, const char *value);
	const char *help;
};
extern const struct opt OPTS[];
extern const size_t N_OPTS;

void help_general(FILE *to);
void help_command(const struct command *c);
/* For shell completion, one a line: the commands, or the options of one. */
void help_words(const char *command);

enum outcome cmd_discover(const struct options *o);
enum outcome cmd_own(const struct options *o);
enum outcome cmd_provision(const struct options *o);
enum outcome cmd_reset(const struct options *o);
enum outcome cmd_verify(const struct options *o);
enum outcome cmd_repair(const struct options *o);
enum outcome cmd_allow(const struct options *o);
enum outcome cmd_forbid(const struct options *o);
enum outcome cmd_rules(const struct options *o);
enum outcome cmd_pair(const struct options *o);
enum outcome cmd_unpair(const struct options *o);
enum outcome cmd_authority(const struct options *o);
enum outcome cmd_certify(const struct options *o);
enum outcome cmd_revoke(const struct options *o);
enum outcome cmd_apply(const struct options *o);
enum outcome cmd_backup(const struct options *o);
enum outcome cmd_restore(const struct options *o);
enum outcome cmd_hand_over(const struct options *o);
enum outcome cmd_take_over(const struct options *o);
enum outcome cmd_log(const struct options *o);
enum outcome cmd_update(const struct options *o);
enum outcome cmd_list(const struct options *o);
enum outcome cmd_get(const struct options *o);
enum outcome cmd_post(const struct options *o);
