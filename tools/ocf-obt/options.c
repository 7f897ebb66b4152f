/* What each option does, in the order of the help. */
#include "options.h"

#include "base/clock.h"
#include "base/parse.h"

#define JOBS_MAX     128u
#define ATTEMPTS_MAX 20u
#define COUNT_MAX    1000000u

#define FLAG(member)                                                                               \
	static const char *set_##member(struct options *o, const char *value)                      \
	{                                                                                          \
		(void)value;                                                                       \
		o->member = true;                                                                  \
		return NULL;                                                                       \
	}
#define TEXT(member)                                                                               \
	static const char *set_##member(struct options *o, const char *value)                      \
	{                                                                                          \
		o->member = value;                                                                 \
		return NULL;                                                                       \
	}

FLAG(json)
FLAG(yes)
FLAG(owned)
FLAG(all)
FLAG(no_provision)
FLAG(cbor)
FLAG(observe)
FLAG(separate)
FLAG(renew)
FLAG(dry_run)
FLAG(names)
TEXT(dir)
TEXT(interfaces)
TEXT(pin_file)
TEXT(body_file)
TEXT(cbor_file)
TEXT(approved_file)
TEXT(trust_file)
TEXT(role)
TEXT(passphrase_file)
TEXT(to)
TEXT(url)

static const char *parse_seconds(const char *text, uint64_t *ret)
{
	uint32_t s;

	if (!parse_u32(span_str(text), &s) || s == 0 || s > 3600)
		return "takes 1 to 3600 seconds";
	*ret = s * USEC_PER_SEC;
	return NULL;
}

static const char *set_timeout(struct options *o, const char *value)
{
	return parse_seconds(value, &o->timeout_us);
}

static const char *set_deadline(struct options *o, const char *value)
{
	return parse_seconds(value, &o->deadline_us);
}

static const char *set_method(struct options *o, const char *value)
{
	o->has_method = true;
	return obt_method_parse(span_str(value), &o->method)
		       ? NULL
		       : "takes manufacturer-certificate, random-pin, fixed-pin or just-works";
}

static const char *set_scope(struct options *o, const char *value)
{
	static const struct {
		const char *name;
		unsigned scope;
	} SCOPES[] = {
		{"link",  2},
                {"realm", 3},
                {"site",  5}
        };

	for (size_t i = 0; i < ARRAY_SIZE(SCOPES); i++) {
		if (strcmp(value, SCOPES[i].name) != 0)
			continue;
		o->scope = SCOPES[i].scope;
		return NULL;
	}
	return "takes link, realm or site";
}

static const char *set_as(struct options *o, const char *value)
{
	static const char *const NAMES[OBT_SERVICES] = {"owner", "credentials", "access"};

	for (unsigned i = 0; i < OBT_SERVICES; i++) {
		if (strcmp(value, NAMES[i]) != 0)
			continue;
		o->as = (enum obt_service)i;
		return NULL;
	}
	return "takes owner, credentials or access";
}

static const char *parse_count(const char *text, uint32_t max, unsigned *ret)
{
	uint32_t n;

	if (!parse_u32(span_str(text), &n) || n == 0 || n > max)
		return "takes a number from 1 on, and not so high";
	*ret = n;
	return NULL;
}

static const char *set_jobs(struct options *o, const char *value)
{
	return parse_count(value, JOBS_MAX, &o->jobs);
}

static const char *set_count(struct options *o, const char *value)
{
	return parse_count(value, COUNT_MAX, &o->count);
}

static const char *set_attempts(struct options *o, const char *value)
{
	return parse_count(value, ATTEMPTS_MAX, &o->attempts);
}

/* clang-format off */
const struct opt OPTS[] = {
	{O_OWNED, "owned", NULL, set_owned, "devices that have an owner"},
	{O_ALL, "all", NULL, set_all, "all devices, not just one or one kind"},
	{O_APPROVED, "approved", "FILE", set_approved_file,
	 "with --all: only those whose UUID or name is a line of FILE, without asking"},
	{O_JOBS, "jobs", "N", set_jobs, "with --all: so many at once (32)"},
	{O_ATTEMPTS, "attempts", "N", set_attempts,
	 "begin so often with one device when it falls silent (4)"},
	{O_METHOD, "method", "METHOD", set_method,
	 "manufacturer-certificate, random-pin, fixed-pin or just-works"},
	{O_TRUST, "trust", "FILE", set_trust_file,
	 "CA certificates of manufacturers, in PEM; without them none is good"},
	{O_SEPARATE, "separate-services", NULL, set_separate,
	 "credentials and access get services of their own, with keys of their own"},
	{O_YES, "yes", NULL, set_yes, "do not ask"},
	{O_PIN_FILE, "pin-file", "FILE", set_pin_file,
	 "read the PIN from FILE when it is wanted; - is standard input"},
	{O_NO_PROVISION, "no-provision", NULL, set_no_provision,
	 "stop at RFPRO, for provision to go on"},
	{O_ROLE, "role", "NAME[@AUTHORITY]", set_role, "a certificate of this role, too"},
	{O_RENEW, "renew", NULL, set_renew, "make a new root, with the key of the old one"},
	{O_DRY_RUN, "dry-run", NULL, set_dry_run, "only tell what would be changed"},
	{O_TO, "to", "UUID", set_to, "the new owner: uuid of its own list --json"},
	{O_PASSPHRASE, "passphrase-file", "FILE", set_passphrase_file,
	 "read the passphrase from the first line of FILE; - is standard input"},
	{O_URL, "url", "URL", set_url, "where the software is, in place of the device's own sources"},
	{O_NAMES, "names", NULL, set_names, "only names, one a line; the UUID of a device without one"},
	{O_AS, "as", "SERVICE", set_as, "speak as owner (default), credentials or access service"},
	{O_OBSERVE, "observe", NULL, set_observe, "print each change, until interrupted"},
	{O_COUNT, "count", "N", set_count, "with --observe: end after N bodies"},
	{O_CBOR, "cbor", NULL, set_cbor, "print the body as it came, in CBOR"},
	{O_BODY, "body", "FILE", set_body_file, "JSON to send; - is standard input"},
	{O_CBOR_FILE, "cbor-file", "FILE", set_cbor_file, "CBOR to send as it is"},
	{O_INTERFACE, "interface", "PATTERNS", set_interfaces,
	 "search on these interfaces only: \"eth* !eth9\""},
	{O_SCOPE, "scope", "SCOPE", set_scope, "IPv6 search in the link (default), realm or site"},
	{O_TIMEOUT, "timeout", "SECONDS", set_timeout, "a round of the search takes so long (3)"},
	{O_DEADLINE, "deadline", "SECONDS", set_deadline,
	 "give up when the device has not done it all by then (60)"},
	{O_DIR, "dir", "DIR", set_dir, "state directory ($OCF_OBT_DIR, ~/.local/state/ocf-obt)"},
	{O_JSON, "json", NULL, set_json, "print one JSON value"},
	{O_HELP, "help", NULL, NULL, "print this help"},
};
/* clang-format on */
const size_t N_OPTS = ARRAY_SIZE(OPTS);
