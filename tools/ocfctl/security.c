/* ocfctl status, pin, pair, reset: the device's security. */
#include "ctl.h"

#include <stdio.h>

static const struct {
	const char *state, *meaning;
} STATES[] = {
	{"RESET",  "being reset"                            },
	{"RFOTM",  "unowned, ready for an onboarding tool"  },
	{"RFPRO",  "owned, being provisioned"               },
	{"RFNOP",  "owned, in normal operation"             },
	{"SRESET", "owned, waits for its owner to repair it"},
};

static const struct {
	const char *problem, *remedy;
} REMEDIES[] = {
	{"just-works-unavailable",
	 "this GnuTLS lacks suite 0xFF00; install the private one (docs/private-gnutls.md)"              },
	{"no-transfer-method",
	 "silent on the network: set PinDisplayCommand= or install the private GnuTLS"                   },
	{"fixed-pin-unavailable",                "see FixedPinFile= in secd.conf(5), and the journal"    },
	{"manufacturer-certificate-unavailable", "see the journal of ocf-secd"                           },
	{"private-gnutls-old",                   "rebuild it: the system's copy has newer security fixes"},
	{"damaged-record",                       "the owner repairs it, or `ocfctl reset` starts afresh" },
};

static const char *meaning(const char *state)
{
	for (size_t i = 0; i < ARRAY_SIZE(STATES); i++)
		if (strcmp(STATES[i].state, state) == 0)
			return STATES[i].meaning;
	return "";
}

static const char *remedy(const char *problem)
{
	for (size_t i = 0; i < ARRAY_SIZE(REMEDIES); i++)
		if (strcmp(REMEDIES[i].problem, problem) == 0)
			return REMEDIES[i].remedy;
	return "see the journal of ocf-secd";
}

static void print_list(const char *label, const struct jsn *list)
{
	(void)printf("%-12s", label);
	for (size_t i = 0; i < jsn_len(list); i++)
		(void)printf("%s%s", i ? ", " : "", jsn_str(jsn_at(list, i)));
	(void)printf("%s\n", jsn_len(list) ? "" : "none");
}

/* As long as it matters. */
static void print_window(const struct jsn *s)
{
	const char *window = ctl_text(s, "OnboardingWindow");

	if (!jsn_bool(jsn_get(s, "Owned")) && strcmp(window, "always") != 0)
		(void)printf("%-12s%s%s\n", "Window", window,
			     strcmp(window, "closed") == 0 ? " (ocfctl pair opens it)" : "");
}

static void print_security(const struct jsn *s)
{
	const char *owner = ctl_text(s, "OwnerId"), *selected = ctl_text(s, "SelectedMethod");
	const struct jsn *problems = jsn_get(s, "Problems");

	(void)printf("%-12s%s\n", "Device", ctl_text(s, "DeviceId"));
	(void)printf("%-12s%s: %s%s\n", "State", ctl_text(s, "State"),
		     meaning(ctl_text(s, "State")),
		     jsn_bool(jsn_get(s, "OnboardingOpen")) ? ", onboarding connection open" : "");
	(void)printf("%-12s%s\n", "Owner", owner[0] ? owner : "none");
	print_window(s);
	print_list("Methods", jsn_get(s, "OwnerTransferMethods"));
	if (selected[0])
		(void)printf("%-12s%s%s\n", "Selected", selected,
			     jsn_bool(jsn_get(s, "PinWanted")) ? ", PIN wanted (ocfctl pin)" : "");
	(void)printf("%-12s%s\n", "GnuTLS", ctl_text(s, "TlsLibrary"));
	for (size_t i = 0; i < jsn_len(problems); i++)
		(void)printf("%-12s%s: %s\n", "Problem", jsn_str(jsn_at(problems, i)),
			     remedy(jsn_str(jsn_at(problems, i))));
}

static void print_firmware(const struct jsn *f)
{
	const char *version = ctl_text(f, "CurrentVersion");

	(void)printf("%-12s%s %s, version %s (%s)\n", "Firmware", ctl_text(f, "Manufacturer"),
		     ctl_text(f, "Model"), version[0] ? version : "unknown", ctl_text(f, "State"));
	if (ctl_text(f, "AvailableVersion")[0])
		(void)printf("%-12s%s\n", "Available", ctl_text(f, "AvailableVersion"));
	if (ctl_text(f, "LastError")[0])
		(void)printf("%-12s%s\n", "Last error", ctl_text(f, "LastError"));
}

/* Either daemon may be absent; the status says so. Both absent is an error. */
enum ctl_exit ctl_status(struct ctl *ctl)
{
	struct client_error error, fw_error;
	struct jsn *s = ctl_properties(ctl, &CTL_SECURITY, &error);
	struct jsn *f = ctl_properties(ctl, &CTL_FIRMWARE, &fw_error);

	if (!s && !f)
		return ctl_fail(ctl, "status", -EHOSTUNREACH, &error);
	if (ctl->json) {
		struct jsn *both = jsn_new_object();

		jsn_set(both, "security", s ? s : jsn_new_null());
		jsn_set(both, "firmware", f ? f : jsn_new_null());
		ctl_print_json(both);
		return CTL_OK;
	}
	if (s)
		print_security(s);
	else
		(void)printf("%-12socf-secd does not run\n", "Device");
	if (f)
		print_firmware(f);
	else
		(void)printf("%-12socf-fwupd does not run\n", "Firmware");
	(void)jsn_free(s);
	(void)jsn_free(f);
	return CTL_OK;
}

enum ctl_exit ctl_pin(struct ctl *ctl)
{
	struct jsn *v CLEANUP(jsn_freep) = jsn_new_object();
	struct client_error error;
	int r = client_call(ctl->client, &CTL_SECURITY, "ShowPin", &(struct client_in){0},
			    ctl_collect, v, &error);

	if (r < 0) {
		enum ctl_exit code = ctl_fail(ctl, "pin", r, &error);

		return strstr(error.name, "NoPin") ? CTL_NOTHING : code;
	}
	if (ctl->json) {
		struct jsn *out = jsn_new_object();

		jsn_set_str(out, "pin", ctl_text(v, ""));
		ctl_print_json(out);
	} else {
		(void)printf("%s\n", ctl_text(v, ""));
	}
	return CTL_OK;
}

enum ctl_exit ctl_pair(struct ctl *ctl)
{
	const struct client_in in = {.kind = CLIENT_NUMBER, .number = ctl->seconds};
	struct client_error error;
	int r = client_call(ctl->client, &CTL_SECURITY, "Pair", &in, NULL, NULL, &error);

	if (r < 0) {
		enum ctl_exit code = ctl_fail(ctl, "pair", r, &error);

		return strstr(error.name, "AlwaysOpen") ? CTL_NOTHING : code;
	}
	if (ctl->json)
		ctl_print_json(jsn_new_object());
	else if (ctl->seconds > 0)
		(void)printf("pair: the device can be owned for %u s\n", ctl->seconds);
	else
		(void)printf("pair: the device cannot be owned any more\n");
	return CTL_OK;
}

static bool person_agrees(void)
{
	char answer[8];

	(void)fprintf(stderr, "This forgets the owner, all credentials and all access rules. "
			      "Go on? [y/N] ");
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

enum ctl_exit ctl_reset(struct ctl *ctl)
{
	struct client_error error;
	int r;

	if (!ctl->yes && !isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "ocfctl: reset: nobody to ask; --yes does without\n");
		return CTL_USAGE;
	}
	if (!ctl->yes && !person_agrees())
		return CTL_NOTHING;
	r = client_call(ctl->client, &CTL_SECURITY, "Reset", &(struct client_in){0}, NULL, NULL,
			&error);
	if (r < 0)
		return ctl_fail(ctl, "reset", r, &error);
	if (ctl->json)
		ctl_print_json(jsn_new_object());
	else
		(void)printf("reset: the device has a new identity and waits for an owner\n");
	return CTL_OK;
}

enum ctl_exit ctl_selftest(struct ctl *ctl)
{
	struct jsn *v CLEANUP(jsn_freep) = jsn_new_object();
	struct client_error error;
	int r = client_call(ctl->client, &CTL_SECURITY, "SelfTest", &(struct client_in){0},
			    ctl_collect, v, &error);
	bool ok;

	if (r < 0)
		return ctl_fail(ctl, "selftest", r, &error);
	ok = jsn_bool(jsn_get(v, ""));
	if (ctl->json) {
		struct jsn *out = jsn_new_object();

		jsn_set(out, "ok", jsn_new_bool(ok));
		jsn_set_str(out, "text", ctl_text(v, "1"));
		ctl_print_json(out);
	} else {
		(void)fprintf(ok ? stdout : stderr, "selftest: %s: %s\n", ok ? "good" : "failed",
			      ctl_text(v, "1"));
	}
	return ok ? CTL_OK : CTL_FAILED;
}
