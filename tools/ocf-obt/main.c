#include <getopt.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/parse.h"
#include "options.h"
#include "svr/req.h"

/* Options, as bits of those a command takes; all take the ones above COMMON. */
enum {
	O_JSON = 1,
	O_DIR = 2,
	O_HELP = 4,
	O_COMMON = 7,
	O_INTERFACE = 8,
	O_TIMEOUT = 16,
	O_OWNED = 32,
	O_ALL = 64,
	O_METHOD = 128,
	O_YES = 256,
	O_PIN_FILE = 512,
	O_NO_PROVISION = 1024,
	O_DEADLINE = 2048,
	O_CBOR = 4096,
	O_BODY = 8192,
	O_CBOR_FILE = 16384,
	O_NET = O_INTERFACE | O_TIMEOUT,
};

static const struct command {
	const char *name, *args;
	size_t min_args, max_args;
	unsigned options;
	enum outcome (*run)(const struct options *o);
	const char *summary, *help;
} COMMANDS[] = {
	{
         .name = "discover",
         .args = "",
         .options = O_NET | O_OWNED | O_ALL,
         .run = cmd_discover,
         .summary = "find devices: those without an owner, unless told otherwise",
         .help = "Asks by multicast over IPv4 and IPv6 on every interface and prints each\n"
			"device once.\n",	       },
	{
         .name = "own",
         .args = "[DEVICE]",
         .max_args = 1,
         .options = O_NET | O_METHOD | O_YES | O_PIN_FILE | O_NO_PROVISION | O_DEADLINE,
         .run = cmd_own,
         .summary = "take ownership of a device and make it ready for use",
         .help = "DEVICE is a UUID, its first four or more characters, or a name; it may "
			"be\n"
			"left out if just one device without an owner is found. Asks before "
			"anything\n"
			"is changed. The PIN that the device displays is asked for when it is "
			"needed.\n", },
	{
         .name = "provision",
         .args = "DEVICE",
         .min_args = 1,
         .max_args = 1,
         .options = O_NET | O_DEADLINE,
         .run = cmd_provision,
         .summary = "write the access rules of an owned device and set it to work",
         .help = "Replaces the device's access list by the owner's own access and readable\n"
			"discovery resources, and ends in RFNOP. own does this by itself.\n", },
	{
         .name = "list",
         .args = "",
         .run = cmd_list,
         .summary = "list the devices that this tool owns",
         .help = "Reads the tool's own records; asks no device.\n",
	 },
	{
         .name = "get",
         .args = "DEVICE PATH [QUERY]...",
         .min_args = 2,
         .max_args = 2 + REQ_QUERY_MAX,
         .options = O_NET | O_CBOR,
         .run = cmd_get,
         .summary = "read a resource of an owned device, /oic/sec/pstat",
         .help = "Goes over a session with the owner credential and prints JSON, with byte\n"
			"strings as base64url.\n", },
	{
         .name = "post",
         .args = "DEVICE PATH [QUERY]...",
         .min_args = 2,
         .max_args = 2 + REQ_QUERY_MAX,
         .options = O_NET | O_BODY | O_CBOR_FILE,
         .run = cmd_post,
         .summary = "write a resource of an owned device",
         .help = "The body is JSON, from standard input unless --body names a file, and is\n"
			"sent as CBOR.\n", },
	{
         .name = "reset",
         .args = "DEVICE",
         .min_args = 1,
         .max_args = 1,
         .options = O_NET | O_YES | O_DEADLINE,
         .run = cmd_reset,
         .summary = "set an owned device back to its maker's state and forget it",
         .help = "The device loses owner, credentials and access rules and takes a new "
			"UUID.\n", },
};

static const struct opt {
	unsigned bit;
	const char *name, *value, *help;
} OPTS[] = {
	{O_OWNED,        "owned",        NULL,       "devices that have an owner"                              },
	{O_ALL,          "all",          NULL,       "devices with and without an owner"                       },
	{O_METHOD,       "method",       "METHOD",   "just-works or random-pin; default: the strongest offered"},
	{O_YES,          "yes",          NULL,       "do not ask"					      },
	{O_PIN_FILE,     "pin-file",     "FILE",
	 "read the PIN from FILE when it is wanted; - is standard input"                                       },
	{O_NO_PROVISION, "no-provision", NULL,       "stop at RFPRO, for provision to go on"                   },
	{O_CBOR,         "cbor",         NULL,       "print the body as it came, in CBOR"                      },
	{O_BODY,         "body",         "FILE",     "JSON to send; - is standard input"                       },
	{O_CBOR_FILE,    "cbor-file",    "FILE",     "CBOR to send as it is"                                   },
	{O_INTERFACE,    "interface",    "PATTERNS", "search on these interfaces only: \"eth* !eth9\""         },
	{O_TIMEOUT,      "timeout",      "SECONDS",  "search for so long (3)"                                  },
	{O_DEADLINE,     "deadline",     "SECONDS",
	 "give up when the device has not done it all by then (60)"                                            },
	{O_DIR,          "dir",          "DIR",      "state directory ($OCF_OBT_DIR, ~/.local/state/ocf-obt)"  },
	{O_JSON,         "json",         NULL,       "print one JSON value"                                    },
	{O_HELP,         "help",         NULL,       "print this help"                                         },
};

static void help_general(FILE *to)
{
	(void)fprintf(to, "Usage: ocf-obt COMMAND [OPTION]... [ARGUMENT]...\n\n"
			  "Finds OCF devices, takes ownership of them and talks to them.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(COMMANDS); i++)
		(void)fprintf(to, "  %-10s %s\n", COMMANDS[i].name, COMMANDS[i].summary);
	(void)fprintf(
		to,
		"\nocf-obt COMMAND --help tells more. ocf-obt --version.\n\n"
		"Exit: 0 done, 1 failed, 2 usage, 3 no such device, 4 declined, 5 refused by the\n"
		"device, 6 no answer, 7 wrong PIN or credential, 8 no usable transfer method,\n"
		"9 senseless answer, 10 state directory, 130 interrupted.\n");
}

static void help_command(const struct command *c)
{
	(void)printf("Usage: ocf-obt %s [OPTION]...%s%s\n\n%s\n", c->name, *c->args ? " " : "",
		     c->args, c->help);
	for (size_t i = 0; i < ARRAY_SIZE(OPTS); i++) {
		char left[40];

		if (!((c->options | O_COMMON) & OPTS[i].bit))
			continue;
		(void)snprintf(left, sizeof(left), "--%s%s%s", OPTS[i].name,
			       OPTS[i].value ? " " : "", OPTS[i].value ? OPTS[i].value : "");
		(void)printf("  %-22s %s\n", left, OPTS[i].help);
	}
}

static bool parse_seconds(const char *text, uint64_t *ret)
{
	uint32_t s;

	if (!parse_u32(span_str(text), &s) || s == 0 || s > 3600)
		return false;
	*ret = s * USEC_PER_SEC;
	return true;
}

/* NULL, or what is wrong with the value. */
static const char *apply(struct options *o, unsigned bit, const char *value)
{
	switch (bit) {
	case O_JSON:
		o->json = true;
		break;
	case O_DIR:
		o->dir = value;
		break;
	case O_INTERFACE:
		o->interfaces = value;
		break;
	case O_TIMEOUT:
		return parse_seconds(value, &o->timeout_us) ? NULL : "takes 1 to 3600 seconds";
	case O_OWNED:
		o->owned = true;
		break;
	case O_ALL:
		o->all = true;
		break;
	case O_METHOD:
		o->has_method = true;
		return obt_method_parse(span_str(value), &o->method) && o->method != OBT_MFG_CERT
			       ? NULL
			       : "takes just-works or random-pin";
	case O_YES:
		o->yes = true;
		break;
	case O_PIN_FILE:
		o->pin_file = value;
		break;
	case O_NO_PROVISION:
		o->no_provision = true;
		break;
	case O_DEADLINE:
		return parse_seconds(value, &o->deadline_us) ? NULL : "takes 1 to 3600 seconds";
	case O_CBOR:
		o->cbor = true;
		break;
	case O_BODY:
		o->body_file = value;
		break;
	default:
		o->cbor_file = value;
	}
	return NULL;
}

/* The command's options and arguments; an outcome other than OUT_OK ends the program. */
static enum outcome parse(const struct command *c, int argc, char *argv[], struct options *o,
			  bool *ret_help)
{
	struct option longs[ARRAY_SIZE(OPTS) + 1] = {0};
	int chosen, got;

	for (size_t i = 0; i < ARRAY_SIZE(OPTS); i++)
		longs[i] = (struct option){.name = OPTS[i].name, .has_arg = OPTS[i].value != NULL};
	while ((got = getopt_long(argc, argv, "", longs, &chosen)) != -1) {
		const char *wrong;

		if (got != 0)
			return OUT_USAGE;
		if (!((c->options | O_COMMON) & OPTS[chosen].bit))
			return out_fail(false, OUT_USAGE, "%s takes no --%s", c->name,
					OPTS[chosen].name);
		if (OPTS[chosen].bit == O_HELP) {
			*ret_help = true;
			return OUT_OK;
		}
		wrong = apply(o, OPTS[chosen].bit, optarg);
		if (wrong)
			return out_fail(o->json, OUT_USAGE, "--%s %s", OPTS[chosen].name, wrong);
	}
	o->args = argv + optind;
	o->n_args = (size_t)(argc - optind);
	if (o->n_args < c->min_args || o->n_args > c->max_args)
		return out_fail(o->json, OUT_USAGE, "usage: ocf-obt %s [OPTION]... %s", c->name,
				c->args);
	return OUT_OK;
}

int main(int argc, char *argv[])
{
	struct options o = {.timeout_us = 3 * USEC_PER_SEC, .deadline_us = 60 * USEC_PER_SEC};
	const char *name = argc > 1 ? argv[1] : "";
	enum outcome outcome;
	bool help = false;

	if (strcmp(name, "--version") == 0) {
		(void)printf("ocf-obt %s\n", OCFGW_VERSION);
		return OUT_OK;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
		help_general(stdout);
		return OUT_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(COMMANDS); i++) {
		if (strcmp(name, COMMANDS[i].name) != 0)
			continue;
		outcome = parse(&COMMANDS[i], argc - 1, argv + 1, &o, &help);
		if (help)
			help_command(&COMMANDS[i]);
		else if (outcome == OUT_OK)
			outcome = COMMANDS[i].run(&o);
		return (int)outcome;
	}
	help_general(stderr);
	return OUT_USAGE;
}
