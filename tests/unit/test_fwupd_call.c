/* bus/fwupd_call: each failure has a D-Bus error of its own. */
#include "test.h"

#include <string.h>

#include "bus/fwupd_call.h"
#include "bus_message.h"

/* D-Bus specification, "Valid Names": elements of letters, digits and underscores, no digit first,
 * at most 255 octets. */
static bool is_valid(const char *name)
{
	bool first = true;

	for (const char *p = name; *p; p++) {
		bool letter = (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || *p == '_';
		bool digit = *p >= '0' && *p <= '9';

		if (*p == '.' ? first : !(letter || (digit && !first)))
			return false;
		first = *p == '.';
	}
	return !first && strlen(name) <= 255;
}

static void fwupd_error_name__is_one_for_every_name(void **state)
{
	static char names[FWE_COUNT][FWUPD_ERROR_ROOM];

	(void)state;
	for (int e = FWE_OK + 1; e < FWE_COUNT; e++) {
		fwupd_error_name((enum fw_error)e, names[e]);
		if (strncmp(names[e], FWUPD_ERROR, strlen(FWUPD_ERROR)) != 0 || !is_valid(names[e]))
			fail_msg("%s: %s", fw_error_name((enum fw_error)e), names[e]);
		for (int other = FWE_OK + 1; other < e; other++)
			if (!strcmp(names[e], names[other]))
				fail_msg("twice: %s", names[e]);
	}
}

static void fwupd_error_name__is_in_camel_case(void **state)
{
	static const struct {
		enum fw_error error;
		const char *want;
	} ROWS[] = {
		{FWE_MANIFEST_SIGNATURE_INVALID,         "ManifestSignatureInvalid"       },
		{FWE_MANIFEST_SECURITY_VERSION_ROLLBACK, "ManifestSecurityVersionRollback"},
		{FWE_POLICY_NOT_AUTHORISED,              "PolicyNotAuthorised"            },
		{FWE_FETCH_COAP_STATUS,                  "FetchCoapStatus"                },
		{FWE_INTERNAL,                           "InternalFailure"                },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		char name[FWUPD_ERROR_ROOM];

		fwupd_error_name(ROWS[i].error, name);
		assert_string_equal(name + strlen(FWUPD_ERROR), ROWS[i].want);
	}
}

/* ---- options ---- */

static sd_bus *bus;

/* What is read of one option of D-Bus type `type`. */
static char said[128]; /* the text of the last error */

static int read_one(unsigned kind, enum fwupd_caller caller, const char *name, const char *type,
		    const void *value, struct fwupd_options *ret)
{
	CLEANUP(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = message_new(bus);
	int r;

	*ret = (struct fwupd_options){.manifest = -1};
	assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
	assert_true(sd_bus_message_open_container(m, 'e', "sv") >= 0);
	assert_true(sd_bus_message_append_basic(m, 's', name) >= 0);
	assert_true(sd_bus_message_open_container(m, 'v', type) >= 0);
	if (type[0] == 'a')
		assert_true(sd_bus_message_append_array(m, 'y', value, 32) >= 0);
	else
		assert_true(sd_bus_message_append_basic(m, type[0], value) >= 0);
	for (int i = 0; i < 3; i++)
		assert_true(sd_bus_message_close_container(m) >= 0);
	message_seal(m);
	r = fwupd_options_read(m, kind, caller, ret, &error);
	assert_int_equal(r < 0, sd_bus_error_is_set(&error));
	(void)snprintf(said, sizeof(said), "%s", error.message ? error.message : "");
	ret->transaction = NULL; /* it goes with the message */
	sd_bus_message_unref(m);
	return r;
}

#define ALL   (FWUPD_ROOT | FWUPD_OWNER | FWUPD_ADMIN)
#define LOCAL (FWUPD_ROOT | FWUPD_ADMIN)
#define HEX   "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static void fwupd_options_read__follows_kind_and_caller(void **state)
{
	enum {
		C = 1 << FWUPD_CHECK,
		D = 1 << FWUPD_DOWNLOAD,
		I = 1 << FWUPD_INSTALL,
		B = 1 << FWUPD_BUNDLE,
		S = 1 << FWUPD_DESCRIBE,
	};
	static const int YES = 1;
	static const struct {
		const char *name, *type;
		const void *value;
		unsigned kinds, callers; /* that may give it */
	} ROWS[] = {
		{"url",                     "s",  "http://h",   C | D | I | S,     ALL       },
		{"source",                  "s",  "local",      C | D | I | S,     LOCAL     },
		{"transaction-id",          "s",  "T 1",        C | D | I | B | S, LOCAL     },
		{"transaction-id",          "s",  "two\nlines", 0,                 0         },
		{"transaction-id",          "s",  HEX "0",      0,                 0         },
		{"transaction-id",          "b",  &YES,         0,                 0         },
		{"require-manifest-digest", "s",  HEX,          C | D | I | B | S, LOCAL     },
		{"require-manifest-digest", "ay", HEX,          C | D | I | B | S, LOCAL     },
		{"require-manifest-digest", "s",  "0011",       0,                 0         },
		{"require-manifest-digest", "s",  HEX "00",     0,                 0         },
		{"require-manifest-digest", "b",  &YES,         0,                 0         },
		{"allow-downgrade",         "b",  &YES,         D | I | B,         FWUPD_ROOT},
		{"allow-downgrade",         "s",  "yes",        0,                 0         },
		{"reinstall",               "b",  &YES,         D | I | B,         FWUPD_ROOT},
		{"retry-rejected",          "b",  &YES,         I | B,             FWUPD_ROOT},
		{"defer-reboot",            "b",  &YES,         I | B,             LOCAL     },
		{"allow-metered",           "b",  &YES,         D | I,             LOCAL     },
		{"dry-run",                 "b",  &YES,         C,                 LOCAL     },
		{"colour",                  "s",  "red",        0,                 0         },
		{"",			"s",  "",           0,                 0         },
	};
	static const enum fwupd_caller CALLERS[] = {FWUPD_ROOT, FWUPD_OWNER, FWUPD_ADMIN};
	int fds[2];

	(void)state;
	bus = bus_to_nowhere(fds);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		for (unsigned kind = 0; kind <= FWUPD_DESCRIBE; kind++)
			for (size_t c = 0; c < ARRAY_SIZE(CALLERS); c++) {
				bool want = (ROWS[i].kinds & 1u << kind) != 0 &&
					    (ROWS[i].callers & CALLERS[c]) != 0;
				struct fwupd_options o;
				int r = read_one(kind, CALLERS[c], ROWS[i].name, ROWS[i].type,
						 ROWS[i].value, &o);

				if ((r >= 0) != want)
					fail_msg("%s (%zu) kind %u caller %d: %d", ROWS[i].name, i,
						 kind, CALLERS[c], r);
			}
	sd_bus_unref(bus);
	(void)close(fds[1]);
}

static void fwupd_options_read__fills_what_was_given(void **state)
{
	struct fwupd_options o;
	int yes = 1, no = 0, fds[2];

	(void)state;
	bus = bus_to_nowhere(fds);
	assert_true(read_one(FWUPD_INSTALL, FWUPD_ROOT, "require-manifest-digest", "s", HEX, &o) >=
		    0);
	assert_true(o.has_digest);
	assert_int_equal(o.digest[1], 0x11);
	assert_int_equal(o.digest[31], 0xff);
	assert_true(read_one(FWUPD_INSTALL, FWUPD_ROOT, "require-manifest-digest", "ay", HEX, &o) >=
		    0);
	assert_memory_equal(o.digest, HEX, 32);
	assert_true(read_one(FWUPD_INSTALL, FWUPD_ROOT, "defer-reboot", "b", &yes, &o) >= 0);
	assert_true(o.defer_reboot && !o.allow_downgrade && !o.reinstall && !o.allow_metered);
	assert_true(read_one(FWUPD_INSTALL, FWUPD_ROOT, "defer-reboot", "b", &no, &o) >= 0);
	assert_false(o.defer_reboot);
	assert_int_equal(o.manifest, -1);
	sd_bus_unref(bus);
	(void)close(fds[1]);
}

static void fwupd_options_read__says_what_is_wrong(void **state)
{
	static const struct {
		unsigned kind;
		enum fwupd_caller caller;
		const char *name, *type, *want;
	} ROWS[] = {
		{FWUPD_CHECK,   FWUPD_ROOT,  "colour",                  "s", "Option 'colour' is not known"},
		{FWUPD_CHECK,   FWUPD_ROOT,  "reinstall",               "s",
		 "Option 'reinstall' is not for this method"                                               },
		{FWUPD_INSTALL, FWUPD_ADMIN, "reinstall",               "s",
		 "Option 'reinstall' is not for this user"                                                 },
		{FWUPD_INSTALL, FWUPD_ROOT,  "reinstall",               "s",
		 "Option 'reinstall' takes another type"                                                   },
		{FWUPD_CHECK,   FWUPD_ROOT,  "require-manifest-digest", "s",
		 "Option 'require-manifest-digest' takes 64 hexadecimal digits"                            },
	};
	struct fwupd_options o;
	int fds[2];

	(void)state;
	bus = bus_to_nowhere(fds);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		assert_true(read_one(ROWS[i].kind, ROWS[i].caller, ROWS[i].name, ROWS[i].type, "x",
				     &o) < 0);
		assert_string_equal(said, ROWS[i].want);
	}
	sd_bus_unref(bus);
	(void)close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fwupd_error_name__is_one_for_every_name),
		cmocka_unit_test(fwupd_error_name__is_in_camel_case),
		cmocka_unit_test(fwupd_options_read__follows_kind_and_caller),
		cmocka_unit_test(fwupd_options_read__fills_what_was_given),
		cmocka_unit_test(fwupd_options_read__says_what_is_wrong),
	};

	return cmocka_run_group_tests_name("fwupd_call", tests, NULL, NULL);
}
