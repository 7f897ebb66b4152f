#include <getopt.h>
#include <stdio.h>

#include "base/parse.h"
#include "ctl.h"

/* ---- options ---- */

enum opt_kind { OPT_FLAG, OPT_TEXT, OPT_SECONDS };
enum opt {
	OPT_JSON,
	OPT_YES,
	OPT_FOR,
	OPT_SOURCE,
	OPT_URL,
	OPT_TRANSACTION,
	OPT_DIGEST,
	OPT_DOWNGRADE,
	OPT_REINSTALL,
	OPT_METERED,
	OPT_DEFER,
	OPT_RETRY,
	OPT_DRY,
	OPT_CERT,
	OPT_KEY,
	OPT_TRUST,
	OPT_DIR,
	OPT_GROUP,
	OPT_COUNT,
};
#define BIT(o) (1u << (o))

#define AT(member) offsetof(struct ctl, member)
static const struct {
	const char *name;
	enum opt_kind kind;
	size_t offset;
} OPTIONS[OPT_COUNT] = {
	[OPT_JSON] = {"json",            OPT_FLAG,    AT(json)              },
	[OPT_YES] = {"yes",             OPT_FLAG,    AT(yes)               },
	[OPT_FOR] = {"for",             OPT_SECONDS, AT(seconds)           },
	[OPT_SOURCE] = {"source",          OPT_TEXT,    AT(fw.source)         },
	[OPT_URL] = {"url",             OPT_TEXT,    AT(fw.url)            },
	[OPT_TRANSACTION] = {"transaction-id",  OPT_TEXT,    AT(fw.transaction)    },
	[OPT_DIGEST] = {"require-digest",  OPT_TEXT,    AT(fw.digest)         },
	[OPT_DOWNGRADE] = {"allow-downgrade", OPT_FLAG,    AT(fw.allow_downgrade)},
	[OPT_REINSTALL] = {"reinstall",       OPT_FLAG,    AT(fw.reinstall)      },
	[OPT_METERED] = {"allow-metered",   OPT_FLAG,    AT(fw.allow_metered)  },
	[OPT_DEFER] = {"defer-reboot",    OPT_FLAG,    AT(fw.defer_reboot)   },
	[OPT_RETRY] = {"retry-rejected",  OPT_FLAG,    AT(fw.retry_rejected) },
	[OPT_DRY] = {"dry-run",         OPT_FLAG,    AT(fw.dry_run)        },
	[OPT_CERT] = {"cert",            OPT_TEXT,    AT(factory.cert)      },
	[OPT_KEY] = {"key",             OPT_TEXT,    AT(factory.key)       },
	[OPT_TRUST] = {"trust",           OPT_TEXT,    AT(factory.trust)     },
	[OPT_DIR] = {"dir",             OPT_TEXT,    AT(factory.dir)       },
	[OPT_GROUP] = {"group",           OPT_TEXT,    AT(factory.group)     },
};

/* ---- verbs ---- */

#define FROM   (BIT(OPT_SOURCE) | BIT(OPT_URL))
#define PINNED (FROM | BIT(OPT_TRANSACTION) | BIT(OPT_DIGEST))
#define HOW                                                                                        \
	(BIT(OPT_DOWNGRADE) | BIT(OPT_REINSTALL) | BIT(OPT_METERED) | BIT(OPT_DEFER) |             \
	 BIT(OPT_RETRY))
#define FILES (BIT(OPT_CERT) | BIT(OPT_KEY) | BIT(OPT_TRUST) | BIT(OPT_DIR) | BIT(OPT_GROUP))
#define MANY  ((size_t)-1)

static const struct verb {
	const char *group, *name; /* group NULL: none */
	enum ctl_exit (*run)(struct ctl *ctl);
	size_t least, most; /* operands */
	const char *operands;
	unsigned options; /* BIT()s, beside --json */
	const char *help;
} VERBS[] = {
	{NULL,      "status",         ctl_status,            0, 0,    "",                  0,
	 "what the device is, who owns it, which firmware"												},
	{NULL,      "pin",            ctl_pin,               0, 0,    "",                  0,                     "the PIN to type at the onboarding tool"},
	{NULL,      "pair",           ctl_pair,              0, 0,    "",                  BIT(OPT_FOR),          "let an owner be taken for a while"     },
	{NULL,      "reset",          ctl_reset,             0, 0,    "",                  BIT(OPT_YES),
	 "hard reset: forget owner, credentials, access"												  },
	{NULL,      "selftest",       ctl_selftest,          0, 0,    "",                  0,                     "prove that the owner can connect"      },
	{NULL,      "resources",      ctl_resources,         0, 0,    "",                  0,                     "what programs serve to OCF clients"    },
	{"factory", "import",         ctl_factory_import,    0, 0,    "",                  FILES,
	 "take the manufacturer's certificate and key"												    },
	{"fw",      "status",         ctl_fw_status,         0, 0,    "",                  0,                     "versions, last check, last error"      },
	{"fw",      "check",          ctl_fw_check,          0, 0,    "",                  PINNED | BIT(OPT_DRY), "look for newer firmware"               },
	{"fw",      "download",       ctl_fw_download,       0, 0,    "",                  PINNED | HOW,
	 "find, verify and download it, install later"												    },
	{"fw",      "install",        ctl_fw_install,        0, 0,    "",                  PINNED | HOW,
	 "find, verify, download and install it"													  },
	{"fw",      "install-bundle", ctl_fw_install_bundle, 2, MANY, "MANIFEST IMAGE...",
	 (PINNED & ~FROM) | HOW,										  "install from files"                    },
	{"fw",      "describe",       ctl_fw_describe,       0, 1,    "[MANIFEST]",        FROM,
	 "what a manifest says, and whether it would be taken"											    },
	{"fw",      "wait",           ctl_fw_wait,           1, 1,    "JOB",               0,
	 "watch a job until its end, or tell how it was"												  },
	{"fw",      "cancel",         ctl_fw_cancel,         0, 1,    "[JOB]",             0,                     "end the job that is under way"         },
	{"fw",      "last",           ctl_fw_last,           0, 0,    "",                  0,                     "how the last job ended"                },
	{"fw",      "history",        ctl_fw_history,        0, 0,    "",                  0,                     "what was done, newest first"           },
	{"fw",      "confirm",        ctl_fw_confirm,        0, 0,    "",                  0,                     "keep the version that is on trial"     },
	{"fw",      "reject",         ctl_fw_reject,         0, 1,    "[REASON]",          0,                     "go back to the version before"         },
};

#define PAIR_SECONDS 180

static void help(FILE *to)
{
	(void)fprintf(to, "Usage: ocfctl [OPTION]... VERB [OPERAND]...\n\nControls the OCF gateway "
			  "services of this machine.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(VERBS); i++) {
		const struct verb *v = &VERBS[i];
		char words[64];

		(void)snprintf(words, sizeof(words), "%s%s%s %s", v->group ? v->group : "",
			       v->group ? " " : "", v->name, v->operands);
		(void)fprintf(to, "  %-36s %s\n", words, v->help);
	}
	(void)fprintf(
		to,
		"\n"
		"      --json              print JSON\n"
		"      --yes               reset without asking\n"
		"      --for SECONDS       pair: so long, at most 3600, instead of 180; 0: no "
		"more\n"
		"      --cert FILE, --key FILE-OR-URL, --trust FILE, --dir DIR, --group NAME\n"
		"                          factory import: the certificate with its "
		"intermediates,\n"
		"                          its private key or where it is (pkcs11:, tpmkey:), CAs "
		"of\n"
		"                          other makers, the directory, the group that may read "
		"it\n"
		"      --source WHERE      ask only there: local, manufacturer or offline\n"
		"      --url URL           ask only there\n"
		"      --dry-run           fw check: also name what an installation would lack\n"
		"      --require-digest X  take no manifest but the one with this SHA-256\n"
		"      --transaction-id X  a name for the job, shown in the history\n"
		"      --allow-downgrade, --reinstall, --allow-metered, --defer-reboot,\n"
		"      --retry-rejected\n"
		"      --help, --version\n"
		"\n"
		"Exit: 0 done, 1 failed, 2 usage, 3 the service does not run, 4 not allowed,\n"
		"5 nothing there, 6 the job goes on, 10 to 17 the update failed: see ocfctl(1).\n");
}

static const struct verb *find_verb(struct ctl *ctl)
{
	for (size_t i = 0; i < ARRAY_SIZE(VERBS); i++) {
		const struct verb *v = &VERBS[i];
		const size_t n = v->group ? 2 : 1;

		if (ctl->n_words < n || strcmp(ctl->words[n - 1], v->name) != 0 ||
		    (v->group && strcmp(ctl->words[0], v->group) != 0))
			continue;
		ctl->words += n;
		ctl->n_words -= n;
		return v;
	}
	return NULL;
}

/* NULL: it does not take what was given with it. */
static const struct verb *choose(struct ctl *ctl, unsigned given)
{
	const struct verb *v = find_verb(ctl);

	if (!v) {
		(void)fprintf(stderr, "ocfctl: which verb? ocfctl --help lists them\n");
		return NULL;
	}
	if (ctl->n_words < v->least || ctl->n_words > v->most) {
		(void)fprintf(stderr, "ocfctl: %s takes %s\n", v->name,
			      v->operands[0] ? v->operands : "no operand");
		return NULL;
	}
	for (size_t i = 0; i < OPT_COUNT; i++)
		if (given & BIT(i) & ~(v->options | BIT(OPT_JSON))) {
			(void)fprintf(stderr, "ocfctl: %s does not take --%s\n", v->name,
				      OPTIONS[i].name);
			return NULL;
		}
	return v;
}

static bool take(struct ctl *ctl, enum opt o, const char *value)
{
	void *at = (char *)ctl + OPTIONS[o].offset;

	switch (OPTIONS[o].kind) {
	case OPT_FLAG:
		*(bool *)at = true;
		return true;
	case OPT_TEXT:
		*(const char **)at = value;
		return true;
	case OPT_SECONDS:
		if (parse_u32(span_str(value), at))
			return true;
		(void)fprintf(stderr, "ocfctl: --%s takes a number of seconds\n", OPTIONS[o].name);
	}
	return false;
}

/* Negative: go on. Otherwise the exit status. */
static int read_options(struct ctl *ctl, int argc, char *argv[], unsigned *ret_given)
{
	struct option longs[OPT_COUNT + 3] = {
		[OPT_COUNT] = {"help",    no_argument, NULL, 'h'},
		[OPT_COUNT + 1] = {"version", no_argument, NULL, 'V'},
	};
	int c;

	for (int i = 0; i < OPT_COUNT; i++)
		longs[i] = (struct option){
			.name = OPTIONS[i].name,
			.has_arg = OPTIONS[i].kind == OPT_FLAG ? no_argument : required_argument,
			.val = 256 + i};
	while ((c = getopt_long(argc, argv, "hj", longs, NULL)) != -1) {
		if (c == 'h') {
			help(stdout);
			return CTL_OK;
		}
		if (c == 'V') {
			(void)printf("ocfctl %s\n", OCFGW_VERSION);
			return CTL_OK;
		}
		if (c == 'j')
			c = 256 + OPT_JSON;
		if (c < 256 || !take(ctl, (enum opt)(c - 256), optarg))
			return CTL_USAGE;
		*ret_given |= BIT(c - 256);
	}
	return -1;
}

int main(int argc, char *argv[])
{
	struct client *client CLEANUP(client_freep) = NULL;
	struct ctl ctl = {.seconds = PAIR_SECONDS, .terminal = isatty(STDERR_FILENO)};
	const struct verb *verb;
	unsigned given = 0;
	int r = read_options(&ctl, argc, argv, &given);

	if (r >= 0)
		return r;
	ctl.words = argv + optind;
	ctl.n_words = (size_t)(argc - optind);
	verb = choose(&ctl, given);
	if (!verb)
		return CTL_USAGE;
	/* The import works on files. */
	r = verb->run == ctl_factory_import ? 0 : client_new(&client);
	if (r < 0) {
		(void)fprintf(stderr,
			      "ocfctl: no system bus: %s\n  next: `systemctl start dbus`.\n",
			      strerror(-r));
		return CTL_ABSENT;
	}
	ctl.client = client;
	return (int)verb->run(&ctl);
}
