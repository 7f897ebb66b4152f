/* The commands, in the order of the help. */
#include "options.h"
#include "svr/req.h"

#define FINDING "Finding"
#define OWNING  "Owning"
#define CARE    "Looking after devices"
#define ACCESS  "Who may do what"
#define CERTS   "Certificates"
#define RAW     "Resources as they are"

#define RULE_WORDS_MAX 64
#define RULE_HELP                                                                                  \
	"WHO is device=DEVICE, role=NAME, role=NAME@AUTHORITY, authenticated or anyone.\n"         \
	"WHAT is create, read, update, delete, notify with commas between, or all.\n"              \
	"A RESOURCE is a path, or + (secured), - (unsecured) or * (all) application\n"             \
	"resources. Behind them may stand: during PERIOD [repeat RECURRENCE], RFC 5545.\n"

/* clang-format off */
const struct command COMMANDS[] = {
	{
		.group = FINDING, .name = "discover", .args = "[DEVICE]", .max_args = 1,
		.options = O_NET | O_OWNED | O_ALL, .run = cmd_discover,
		.summary = "find devices: those without an owner, unless told otherwise",
		.help =
"Asks by multicast over IPv4 and IPv6 on every interface, until a round brings\n"
"nothing new, and prints each device once, as it answers. DEVICE is a UUID, its\n"
"first four or more characters, or a name.\n",
	},
	{
		.group = FINDING, .name = "list", .args = "", .options = O_NAMES, .run = cmd_list,
		.summary = "list the devices that this tool owns",
		.help = "Reads the tool's own records; asks no device.\n",
	},
	{
		.group = OWNING, .name = "own", .args = "[DEVICE]", .max_args = 1,
		.options = O_NET | O_METHOD | O_YES | O_PIN_FILE | O_NO_PROVISION | O_DEADLINE |
			   O_ALL | O_APPROVED | O_JOBS | O_ATTEMPTS | O_TRUST |
			   O_SEPARATE,
		.run = cmd_own,
		.summary = "take ownership of a device and make it ready for use",
		.help =
"DEVICE may be left out if just one device without an owner is found. Asks before\n"
"anything is changed. The PIN that a device displays is asked for when it is\n"
"needed. What fails by silence is tried again, from discovery on.\n"
"--all takes all devices, many at once, and first finishes what an interrupted\n"
"run has left.\n",
	},
	{
		.group = OWNING, .name = "provision", .args = "DEVICE", .min_args = 1, .max_args = 1,
		.options = O_NET, .run = cmd_provision,
		.summary = "write the access rules of an owned device and set it to work",
		.help =
"Replaces the device's access list by the owner's own access and readable\n"
"discovery resources, and ends in RFNOP. own does this by itself.\n",
	},
	{
		.group = OWNING, .name = "reset", .args = "DEVICE", .min_args = 1, .max_args = 1,
		.options = O_NET | O_YES | O_DEADLINE, .run = cmd_reset,
		.summary = "set an owned device back to its maker's state and forget it",
		.help =
"The device loses owner, credentials and access rules and takes a new UUID.\n",
	},
	{
		.group = ACCESS, .name = "rules", .args = "DEVICE", .min_args = 1, .max_args = 1,
		.run = cmd_rules,
		.summary = "list the access rules of a device, as recorded",
		.help = "verify tells whether the device still holds just these.\n",
	},
	{
		.group = ACCESS, .name = "allow", .args = "DEVICE WHO WHAT RESOURCE...",
		.min_args = 4, .max_args = RULE_WORDS_MAX, .options = O_NET, .run = cmd_allow,
		.summary = "add an access rule: allow Lamp role=admin read,update /light",
		.help = RULE_HELP,
	},
	{
		.group = ACCESS, .name = "forbid", .args = "DEVICE WHO WHAT RESOURCE...",
		.min_args = 4, .max_args = RULE_WORDS_MAX, .options = O_NET, .run = cmd_forbid,
		.summary = "remove an access rule, in the same words",
		.help = RULE_HELP,
	},
	{
		.group = ACCESS, .name = "pair", .args = "DEVICE DEVICE", .min_args = 2, .max_args = 2,
		.options = O_NET, .run = cmd_pair,
		.summary = "give two devices a key that they share",
		.help =
"What they may do to each other is said with allow: device=UUID.\n",
	},
	{
		.group = ACCESS, .name = "unpair", .args = "DEVICE DEVICE", .min_args = 2, .max_args = 2,
		.options = O_NET, .run = cmd_unpair,
		.summary = "take the shared key from both",
		.help = "Rules that name the other device stay.\n",
	},
	{
		.group = CERTS, .name = "authority", .args = "", .options = O_RENEW,
		.run = cmd_authority,
		.summary = "print the root certificate of this tool's own authority",
		.help =
"The authority is made at the first use: a P-256 key in the state directory. After\n"
"--renew, repair brings the new root to each device.\n",
	},
	{
		.group = CERTS, .name = "certify", .args = "DEVICE", .min_args = 1, .max_args = 1,
		.options = O_NET | O_ROLE, .run = cmd_certify,
		.summary = "give a device an identity certificate, or renew it",
		.help =
"The device gets the authority's root as trust anchor and a certificate for its\n"
"own request. repair renews certificates that end within 30 days.\n",
	},
	{
		.group = CERTS, .name = "revoke", .args = "DEVICE", .min_args = 1, .max_args = 1,
		.options = O_NET, .run = cmd_revoke,
		.summary = "revoke the certificates of a device and tell all others",
		.help =
"DEVICE may also be the UUID of one that has no record any more. Exit 6 if another\n"
"device was not reached: run it again then.\n",
	},
	{
		.group = CARE, .name = "apply", .args = "FILE", .min_args = 1, .max_args = 1,
		.options = O_NET | O_DRY_RUN, .run = cmd_apply,
		.summary = "bring a site to what a JSON document says",
		.help =
"The document lists owned devices with their rules, pairs, identity and roles; its\n"
"schema is site.schema.json. What is as it should be is left alone; with --dry-run\n"
"everything is, and exit 11 tells that there are differences.\n",
	},
	{
		.group = CARE, .name = "verify", .args = "DEVICE", .min_args = 1, .max_args = 1,
		.options = O_NET, .run = cmd_verify,
		.summary = "tell whether a device still is as its record says",
		.help =
"Reads doxm, pstat, cred and acl2 back. Exit 11 and a line for each difference\n"
"if there is one.\n",
	},
	{
		.group = CARE, .name = "repair", .args = "DEVICE", .min_args = 1, .max_args = 1,
		.options = O_NET, .run = cmd_repair,
		.summary = "make a device as its record says",
		.help =
"Carries out what verify would tell: in RFPRO, and through SRESET where the\n"
"resource owners have changed.\n",
	},
	{
		.group = CARE, .name = "log", .args = "DEVICE", .min_args = 1, .max_args = 1,
		.options = O_NET, .run = cmd_log,
		.summary = "print the auditable events of a device, oldest first",
		.help = "A rule must let us read /oic/sec/ael; without one the message says which.\n",
	},
	{
		.group = CARE, .name = "update", .args = "DEVICE [check|download|install]",
		.min_args = 1, .max_args = 2, .options = O_NET | O_DEADLINE | O_URL, .run = cmd_update,
		.summary = "have a device update its software, and watch it",
		.help =
"All three steps, or the one named; ends early where there is nothing new. Asks by\n"
"pstat.tm, with --url by /oc/swu. A rule must let us read,update /oc/swu.\n",
	},
	{
		.group = CARE, .name = "hand-over", .args = "DEVICE FILE", .min_args = 2, .max_args = 2,
		.options = O_NET | O_YES | O_PASSPHRASE | O_TO, .run = cmd_hand_over,
		.summary = "give a device to another owner, who takes it over with FILE",
		.help =
"Asks, then writes a sealed file for the owner --to and makes that one the owner of\n"
"all security resources. The device rests in SRESET until it is taken over.\n",
	},
	{
		.group = CARE, .name = "take-over", .args = "FILE", .min_args = 1, .max_args = 1,
		.options = O_NET | O_PASSPHRASE, .run = cmd_take_over,
		.summary = "take a device over from its former owner",
		.help =
"Removes what the former owner has left, replaces the key that both know, and sets\n"
"the device to work.\n",
	},
	{
		.group = CARE, .name = "backup", .args = "FILE", .min_args = 1, .max_args = 1,
		.options = O_PASSPHRASE, .run = cmd_backup,
		.summary = "save the state directory in a new file, under a passphrase",
		.help =
"PBKDF2 and AES-256-GCM. Whoever has file and passphrase owns the devices.\n",
	},
	{
		.group = CARE, .name = "restore", .args = "FILE", .min_args = 1, .max_args = 1,
		.options = O_PASSPHRASE, .run = cmd_restore,
		.summary = "bring a saved state directory back, into a new place",
		.help = "",
	},
	{
		.group = RAW, .name = "get", .args = "DEVICE PATH [QUERY]...",
		.min_args = 2, .max_args = 2 + REQ_QUERY_MAX,
		.options = O_NET | O_CBOR | O_AS | O_OBSERVE | O_COUNT, .run = cmd_get,
		.summary = "read a resource of an owned device, /oic/sec/pstat",
		.help =
"Goes over a session with the owner credential and prints JSON, with byte\n"
"strings as base64url. With --observe it goes on: the present state, then\n"
"each change that the device tells, bodies of one block only.\n",
	},
	{
		.group = RAW, .name = "post", .args = "DEVICE PATH [QUERY]...",
		.min_args = 2, .max_args = 2 + REQ_QUERY_MAX,
		.options = O_NET | O_BODY | O_CBOR_FILE | O_AS, .run = cmd_post,
		.summary = "write a resource of an owned device",
		.help =
"The body is JSON, from standard input unless --body names a file, and is\n"
"sent as CBOR.\n",
	},
};
/* clang-format on */
const size_t N_COMMANDS = ARRAY_SIZE(COMMANDS);

void help_general(FILE *to)
{
	const char *group = "";

	(void)fprintf(to, "Usage: ocf-obt COMMAND [OPTION]... [ARGUMENT]...\n\n"
			  "Finds OCF devices, takes ownership of them and looks after them.\n");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(group, COMMANDS[i].group) != 0)
			(void)fprintf(to, "\n%s:\n", COMMANDS[i].group);
		group = COMMANDS[i].group;
		(void)fprintf(to, "  %-10s %s\n", COMMANDS[i].name, COMMANDS[i].summary);
	}
	(void)fprintf(
		to,
		"\nocf-obt COMMAND --help tells more. ocf-obt --version.\n\n"
		"Exit: 0 done, 1 failed, 2 usage, 3 no such device, 4 declined, 5 refused by the\n"
		"device, 6 no answer, 7 wrong PIN or credential, 8 no usable transfer method,\n"
		"9 senseless answer, 10 state directory, 11 not as recorded, 130 interrupted.\n");
}

void help_command(const struct command *c)
{
	(void)printf("Usage: ocf-obt %s [OPTION]...%s%s\n\n%s\n", c->name, *c->args ? " " : "",
		     c->args, c->help);
	for (size_t i = 0; i < N_OPTS; i++) {
		char left[40];

		if (!((c->options | O_COMMON) & OPTS[i].bit))
			continue;
		(void)snprintf(left, sizeof(left), "--%s%s%s", OPTS[i].name,
			       OPTS[i].value ? " " : "", OPTS[i].value ? OPTS[i].value : "");
		(void)printf("  %-22s %s\n", left, OPTS[i].help);
	}
}

void help_words(const char *command)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (!command) {
			(void)printf("%s\n", COMMANDS[i].name);
			continue;
		}
		if (strcmp(command, COMMANDS[i].name) != 0)
			continue;
		for (size_t k = 0; k < N_OPTS; k++)
			if ((COMMANDS[i].options | O_COMMON) & OPTS[k].bit)
				(void)printf("--%s\n", OPTS[k].name);
	}
}
