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
	return result == ENTRY_REFUSED ? "refused" : JOB_RESULT_NAMES[result];
}

struct jsn *entry_write(const struct state_entry *e)
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
	jsn_set_int(o, "kind", (int64_t)e->kind);
	jsn_set_str(o, "result", entry_result_name(e->result));
	jsn_set_str(o, "error", fw_error_name(e->error));
	jsn_set_int(o, "source", e->source);
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
	for (unsigned i = JOB_RUNNING; i <= ENTRY_REFUSED; i++)
		if (span_is(name, entry_result_name(i))) {
			*ret = i;
			return true;
		}
	return false;
}

bool entry_read(const struct jsn *o, struct state_entry *ret)
{
	struct state_entry e = {0};
	const struct jsn *source = jsn_get(o, "source"), *kind = jsn_get(o, "kind");
	int64_t from = jsn_int(source), what = jsn_int(kind);

	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++)
		if (!read_member(o, &MEMBERS[i], &e))
			return false;
	if (jsn_type(kind) != JSN_INT || what < 0 || what >= JOB_KINDS || from < -1 ||
	    from >= DISCOVER_SOURCES || !find_result(jsn_text(jsn_get(o, "result")), &e.result) ||
	    !fw_error_from_name(jsn_text(jsn_get(o, "error")), &e.error))
		return false;
	e.kind = (enum job_kind)what;
	e.source = (int)from;
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
