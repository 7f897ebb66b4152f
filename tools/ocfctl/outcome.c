#include "outcome.h"

#include <stdio.h>

#include "advice.h"

#define ERRORS "org.ocfgw.Firmware1.Error."

const char *outcome_advice(const char *error)
{
	enum fw_error e;

	return fw_error_from_name(span_str(error), &e) ? advice_for(e) : "";
}

enum ctl_exit outcome_status(const char *result, const char *error)
{
	enum fw_error e;

	if (result[0] == '\0')
		return CTL_RUNNING;
	if (strcmp(result, "no-update") == 0)
		return CTL_NOTHING;
	if (strcmp(result, "failed") != 0 && strcmp(result, "rolled-back") != 0)
		return CTL_OK;
	if (!fw_error_from_name(span_str(error), &e) || e == FWE_OK)
		return CTL_FAILED;
	return (enum ctl_exit)advice_exit(e);
}

static void print_failure(const char *verb, const char *error, const char *text)
{
	const char *advice = outcome_advice(error);

	(void)fprintf(stderr, "ocfctl: %s: %s%s%s\n", verb, error, text[0] ? ": " : "", text);
	if (advice[0])
		(void)fprintf(stderr, "  next: %s\n", advice);
}

enum ctl_exit outcome_of_job(const struct ctl *ctl, const char *verb, struct jsn *o)
{
	const char *result = ctl_text(o, "Result"), *error = ctl_text(o, "Error");
	const char *words = ctl_text(o, "Text");
	const struct jsn *missing = jsn_get(o, "Missing");
	enum ctl_exit status = outcome_status(result, error);
	const bool failed = strcmp(result, "failed") == 0;

	if (ctl->json) {
		if (failed)
			jsn_set_str(o, "Advice", outcome_advice(error));
		ctl_print_json_line(o);
	} else if (failed) {
		print_failure(verb, error, words);
	} else {
		(void)printf("%s%s%s\n", result, words[0] ? ": " : "", words);
		if (strcmp(result, "update-available") == 0 && jsn_len(missing) == 0)
			(void)fprintf(stderr, "  next: `ocfctl fw install`\n");
	}
	for (size_t i = 0; !ctl->json && i < jsn_len(missing); i++)
		(void)printf("missing: %s: %s\n", jsn_str(jsn_at(jsn_at(missing, i), 0)),
			     jsn_str(jsn_at(jsn_at(missing, i), 1)));
	return status == CTL_OK && jsn_len(missing) > 0 ? CTL_FAILED : status;
}

struct jsn *outcome_from_entry(const struct jsn *entry)
{
	static const char *const NAMES[][2] = {
		{"kind",           "Kind"         },
                {"result",         "Result"       },
		{"error",          "Error"        },
                {"text",           "Text"         },
		{"bytes",          "BytesDone"    },
                {"time",           "Started"      },
		{"initiator",      "Initiator"    },
                {"transaction-id", "TransactionId"},
	};
	struct jsn *o = jsn_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (jsn_get(entry, NAMES[i][0]))
			jsn_set(o, NAMES[i][1], jsn_copy(jsn_get(entry, NAMES[i][0])));
	if (ctl_text(o, "Text")[0] == '\0' && strcmp(ctl_text(o, "Result"), "failed") != 0)
		jsn_set_str(o, "Text", ctl_text(entry, "to"));
	return o;
}

/* ManifestSignatureInvalid */
static bool find_camel(const char *name, enum fw_error *ret)
{
	struct buf camel CLEANUP(buf_done) = BUF_INIT(128);

	for (unsigned i = 1; i < FWE_COUNT; i++) {
		buf_reset(&camel);
		fw_error_camel((enum fw_error)i, &camel);
		if (span_eq(buf_span(&camel), span_str(name))) {
			*ret = (enum fw_error)i;
			return true;
		}
	}
	return false;
}

/* Errors of calls that are none of a job's. */
static const char *advice_for_call(const char *name)
{
	static const char *const ROWS[][2] = {
		{ERRORS "Busy",                              "`ocfctl fw status` shows it, `ocfctl fw cancel` ends it."},
		{ERRORS "NoSuchJob",                         "`ocfctl fw history` lists what is remembered."           },
		{"org.freedesktop.DBus.Error.UnknownObject",
		 "That job is over, or never was: `ocfctl fw history`."                                                },
		{ERRORS "NotCancellable",                    "`ocfctl fw wait JOB` tells how it ends, or did."         },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
		if (strcmp(name, ROWS[i][0]) == 0)
			return ROWS[i][1];
	return NULL;
}

enum ctl_exit outcome_of_call(const struct ctl *ctl, const char *verb, int r,
			      const struct client_error *error)
{
	const size_t prefix = strlen(ERRORS);
	enum fw_error e;

	if (strncmp(error->name, ERRORS, prefix) != 0 || !find_camel(error->name + prefix, &e)) {
		const char *advice = advice_for_call(error->name);
		enum ctl_exit status = ctl_fail(ctl, verb, r, error);

		if (advice)
			(void)fprintf(stderr, "  next: %s\n", advice);
		return status;
	}
	if (ctl->json) {
		struct jsn *o CLEANUP(jsn_freep) = jsn_new_object();

		jsn_set_str(o, "Result", "failed");
		jsn_set_str(o, "Error", fw_error_name(e));
		jsn_set_str(o, "Text", error->text);
		jsn_set_str(o, "Advice", advice_for(e));
		ctl_print_json_line(o);
	} else {
		print_failure(verb, fw_error_name(e), error->text);
	}
	return e == FWE_POLICY_NOT_AUTHORISED ? CTL_REFUSED : (enum ctl_exit)advice_exit(e);
}
