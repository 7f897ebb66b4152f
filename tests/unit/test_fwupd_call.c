/* bus/fwupd_call: each failure has a D-Bus error of its own. */
#include "test.h"

#include <string.h>

#include "bus/fwupd_call.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fwupd_error_name__is_one_for_every_name),
		cmocka_unit_test(fwupd_error_name__is_in_camel_case),
	};

	return cmocka_run_group_tests_name("fwupd_call", tests, NULL, NULL);
}
