#include <getopt.h>
#include <stdio.h>

#include "base/parse.h"
#include "ctl.h"

static const struct verb {
	const char *group, *name; /* group NULL: none */
	enum ctl_exit (*run)(struct ctl *ctl);
	const char *help;
} VERBS[] = {
	{NULL,      "status",    ctl_status,         "what the device is, who owns it, which firmware"     },
	{NULL,      "pin",       ctl_pin,            "the PIN to type at the onboarding tool (root)"       },
	{NULL,      "pair",      ctl_pair,           "let an owner be taken for a while (root)"            },
	{NULL,      "reset",     ctl_reset,          "hard reset: forget owner, credentials, access (root)"},
	{NULL,      "selftest",  ctl_selftest,       "prove that the owner can connect (root)"             },
	{NULL,      "resources", ctl_resources,      "what programs of this machine serve to OCF clients"  },
	{"factory", "import",    ctl_factory_import,
	 "take the manufacturer's certificate and key (root)"                                              },
	{"fw",      "status",    ctl_fw_status,      "versions, last check, last error"                    },
	{"fw",      "check",     ctl_fw_check,       "look for newer firmware (root)"                      },
	{"fw",      "download",  ctl_fw_download,    "find, verify and download it, install later (root)"  },
	{"fw",      "install",   ctl_fw_install,     "find, verify, download and install it (root)"        },
	{"fw",      "history",   ctl_fw_history,     "what was checked and installed, newest first"        },
};

#define PAIR_SECONDS 180

enum {
	OPT_JSON = 'j',
	OPT_YES = 'y',
	OPT_SOURCE = 's',
	OPT_FOR = 'f',
	OPT_CERT = 'c',
	OPT_KEY = 'k',
	OPT_TRUST = 't',
	OPT_DIR = 'd',
	OPT_GROUP = 'g',
	OPT_HELP = 'h',
	OPT_VERSION = 'V'
};

static const struct option OPTIONS[] = {
	{"json",    no_argument,       NULL, OPT_JSON   },
	{"yes",     no_argument,       NULL, OPT_YES    },
	{"for",     required_argument, NULL, OPT_FOR    },
	{"source",  required_argument, NULL, OPT_SOURCE },
	{"cert",    required_argument, NULL, OPT_CERT   },
	{"key",     required_argument, NULL, OPT_KEY    },
	{"trust",   required_argument, NULL, OPT_TRUST  },
	{"dir",     required_argument, NULL, OPT_DIR    },
	{"group",   required_argument, NULL, OPT_GROUP  },
	{"help",    no_argument,       NULL, OPT_HELP   },
	{"version", no_argument,       NULL, OPT_VERSION},
	{NULL,      0,                 NULL, 0          },
};

static void help(FILE *to)
{
	(void)fprintf(to, "Usage: ocfctl [OPTION]... VERB\n\nControls the OCF gateway services of "
			  "this machine.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(VERBS); i++)
		(void)fprintf(to, "  %s%s%-*s %s\n", VERBS[i].group ? VERBS[i].group : "",
			      VERBS[i].group ? " " : "",
			      VERBS[i].group ? 14 - (int)strlen(VERBS[i].group) : 15, VERBS[i].name,
			      VERBS[i].help);
	(void)fprintf(
		to,
		"\n"
		"      --json           print one JSON object (or list)\n"
		"      --yes            reset without asking\n"
		"      --for SECONDS    pair: so long, at most 3600, instead of 180; 0: no more\n"
		"      --cert FILE, --key FILE-OR-URL, --trust FILE, --dir DIR, --group NAME\n"
		"                       factory import: the certificate with its intermediates, "
		"its\n"
		"                       private key or where it is (pkcs11:, tpmkey:), CAs of "
		"other\n"
		"                       makers, the directory, and the group that may read it\n"
		"      --source WHERE   fw check, fw install: local, manufacturer or offline\n"
		"      --help, --version\n"
		"\n"
		"Exit: 0 done, 1 failed, 2 usage, 3 the service does not run, 4 not allowed,\n"
		"5 nothing there (no PIN wanted, no newer firmware).\n");
}

static const struct verb *find_verb(char *const words[], int n)
{
	for (size_t i = 0; i < ARRAY_SIZE(VERBS); i++) {
		const struct verb *v = &VERBS[i];

		if (!v->group && n == 1 && strcmp(words[0], v->name) == 0)
			return v;
		if (v->group && n == 2 && strcmp(words[0], v->group) == 0 &&
		    strcmp(words[1], v->name) == 0)
			return v;
	}
	return NULL;
}

static int usage(void)
{
	(void)fprintf(stderr, "ocfctl: which verb? ocfctl --help lists them\n");
	return CTL_USAGE;
}

static bool take_factory(struct ctl *ctl, int opt)
{
	const char **const to = opt == OPT_CERT    ? &ctl->factory.cert
				: opt == OPT_KEY   ? &ctl->factory.key
				: opt == OPT_TRUST ? &ctl->factory.trust
				: opt == OPT_DIR   ? &ctl->factory.dir
				: opt == OPT_GROUP ? &ctl->factory.group
						   : NULL;

	if (to)
		*to = optarg;
	return to != NULL;
}

int main(int argc, char *argv[])
{
	struct client *client CLEANUP(client_freep) = NULL;
	struct ctl ctl = {.seconds = PAIR_SECONDS, .terminal = isatty(STDERR_FILENO)};
	const struct verb *verb;
	int opt, r;

	while ((opt = getopt_long(argc, argv, "hj", OPTIONS, NULL)) != -1) {
		if (opt == OPT_JSON) {
			ctl.json = true;
		} else if (opt == OPT_YES) {
			ctl.yes = true;
		} else if (opt == OPT_FOR) {
			if (!parse_u32(span_str(optarg), &ctl.seconds)) {
				(void)fprintf(stderr, "ocfctl: --for takes a number of seconds\n");
				return CTL_USAGE;
			}
		} else if (opt == OPT_SOURCE) {
			ctl.source = optarg;
		} else if (take_factory(&ctl, opt)) {
			continue;
		} else if (opt == OPT_HELP) {
			help(stdout);
			return CTL_OK;
		} else if (opt == OPT_VERSION) {
			(void)printf("ocfctl %s\n", OCFGW_VERSION);
			return CTL_OK;
		} else {
			return CTL_USAGE;
		}
	}
	verb = find_verb(argv + optind, argc - optind);
	if (!verb)
		return usage();
	/* The import works on files. */
	r = verb->run == ctl_factory_import ? 0 : client_new(&client);
	if (r < 0) {
		(void)fprintf(stderr, "ocfctl: no system bus: %s\n", strerror(-r));
		return CTL_ABSENT;
	}
	ctl.client = client;
	return (int)verb->run(&ctl);
}
