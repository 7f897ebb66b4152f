#include "entry.h"

#define NUMBER(name, member, since, missing)                                                       \
	{                                                                                          \
		name, offsetof(struct state_entry, member), 0, since, missing                      \
	}
#define TEXT(name, member, since)                                                                  \
	{                                                                                          \
		name, offsetof(struct state_entry, member),                                        \
			sizeof(((struct state_entry *)NULL)->member), since, 0                     \
	}
enum since { ALWAYS, LATER };

static const struct member {
	const char *name;
	size_t offset, room; /* room 0: a number */
	enum since since;
	uint64_t missing; /* what a record without it means */
} MEMBERS[] = {
	NUMBER("time", time_s, ALWAYS, 0),
	NUMBER("usec", usec, ALWAYS, 0),
	NUMBER("octets", octets, ALWAYS, 0),
	TEXT("from", from, ALWAYS),
	TEXT("to", to, ALWAYS),
	TEXT("url", url, ALWAYS),
	NUMBER("job", job, LATER, 0),
	NUMBER("first", first, LATER, 0),
	NUMBER("uid", uid, LATER, ENTRY_TIMER),
	TEXT("transaction", transaction, LATER),
	TEXT("digest", digest, LATER),
	TEXT("signer", signer, LATER),
	TEXT("text", text, LATER),
};

const char *entry_result_name(unsigned result)
{
	static const char *const NAMES[] = {"refused", "confirmed", "rolled-back"};

	return result < ENTRY_REFUSED ? JOB_RESULT_NAMES[result] : NAMES[result - ENTRY_REFUSED];
}

/* What the first format knew; enums may only grow at their end. */
bool entry_fits(const struct state_entry *e, unsigned format)
{
	return format > 1 || (e->kind <= JOB_DOWNLOAD && e->source <= DISCOVER_MANUFACTURER &&
			      e->result <= ENTRY_REFUSED);
}

struct jsn *entry_write(const struct state_entry *e, unsigned format)
{
	struct jsn *o = jsn_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++) {
		const void *at = (const char *)e + MEMBERS[i].offset;
		uint64_t number;

		if (MEMBERS[i].room > 0) {
			jsn_set_str(o, MEMBERS[i].name, at);
			continue;
		}
		memcpy(&number, at, sizeof(number));
		jsn_set_int(o, MEMBERS[i].name, (int64_t)number);
	}
	if (format == 1) {
		jsn_set_int(o, "kind", (int64_t)e->kind);
		jsn_set_int(o, "source", e->source);
	} else {
		jsn_set_str(o, "kind", JOB_KIND_NAMES[e->kind]);
		jsn_set_str(o, "source", e->source < 0 ? "" : DISCOVER_SOURCE_NAMES[e->source]);
	}
	jsn_set_str(o, "result", entry_result_name(e->result));
	jsn_set_str(o, "error", fw_error_name(e->error));
	return o;
}

static bool read_member(const struct jsn *o, const struct member *m, struct state_entry *e)
{
	const struct jsn *v = jsn_get(o, m->name);
	void *at = (char *)e + m->offset;
	int64_t number = jsn_int(v);

	if (!v && m->since == LATER) {
		if (m->room == 0)
			memcpy(at, &m->missing, sizeof(m->missing));
		return true;
	}
	if (m->room > 0)
		return jsn_type(v) == JSN_TEXT && span_to_str(jsn_text(v), at, m->room) == 0;
	if (jsn_type(v) != JSN_INT || number < 0)
		return false;
	memcpy(at, &number, sizeof(number));
	return true;
}

static bool find_result(struct span name, unsigned *ret)
{
	for (unsigned i = JOB_RUNNING; i < ENTRY_RESULTS; i++)
		if (span_is(name, entry_result_name(i))) {
			*ret = i;
			return true;
		}
	return false;
}

/* By number in the first format, then by name. */
static bool read_choice(const struct jsn *v, unsigned format, const char *const names[], int first,
			int n, int *ret)
{
	int64_t number = jsn_int(v);

	if (format == 1 && jsn_type(v) == JSN_INT && number >= first && number < n) {
		*ret = (int)number;
		return true;
	}
	for (int i = first; format > 1 && jsn_type(v) == JSN_TEXT && i < n; i++)
		if (span_is(jsn_text(v), i < 0 ? "" : names[i])) {
			*ret = i;
			return true;
		}
	return false;
}

bool entry_read(const struct jsn *o, unsigned format, struct state_entry *ret)
{
	struct state_entry e = {0};
	int kind;

	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++)
		if (!read_member(o, &MEMBERS[i], &e))
			return false;
	if (!read_choice(jsn_get(o, "kind"), format, JOB_KIND_NAMES, 0, JOB_KINDS, &kind) ||
	    !read_choice(jsn_get(o, "source"), format, DISCOVER_SOURCE_NAMES, -1, DISCOVER_SOURCES,
			 &e.source) ||
	    !find_result(jsn_text(jsn_get(o, "result")), &e.result) ||
	    !fw_error_from_name(jsn_text(jsn_get(o, "error")), &e.error))
		return false;
	e.kind = (enum job_kind)kind;
	*ret = e;
	return true;
}

bool entry_is_repeat(const struct state_entry *a, const struct state_entry *b)
{
	return a->kind == JOB_CHECK && b->kind == JOB_CHECK && a->result == b->result &&
	       a->error == b->error && a->source == b->source && !strcmp(a->url, b->url) &&
	       !strcmp(a->from, b->from) && !strcmp(a->to, b->to) &&
	       !strcmp(a->digest, b->digest) && !a->transaction[0] && !b->transaction[0];
}
