#include "state.h"

#include "base/log.h"
#include "base/parse.h"
#include "codec/jsn.h"
#include "store/store.h"

#define FORMAT  1 /* rises when an older program could not read the record */
#define STATE   "state"
#define HISTORY "history"
#define KEYS    "keys"

static const struct jsn_limits LIMITS = {.bytes = STORE_RECORD_MAX, .depth = 5};

const char *state_result_name(unsigned result)
{
	return result == ENTRY_REFUSED ? "refused" : JOB_RESULT_NAMES[result];
}

/* ---- writing ---- */

static void set_hex(struct jsn *o, const char *name, const uint8_t *data, size_t len)
{
	char text[2 * HASH_MAX + 1];

	hex_encode(span_of(data, len), text);
	jsn_set_str(o, name, text);
}

static struct jsn *accepted_json(const struct state_accepted *a)
{
	struct jsn *o = jsn_new_object(), *digests = jsn_new_object();
	char version[FW_VERSION_TEXT + 1];

	fw_version_format(&a->version, version);
	jsn_set_str(o, "version", version);
	jsn_set_int(o, "seen", a->seen);
	jsn_set_int(o, "sequence", (int64_t)a->sequence);
	jsn_set_int(o, "timestamp", (int64_t)a->timestamp_us);
	jsn_set_int(o, "security", (int64_t)a->security);
	set_hex(o, "sha256", a->sha256, sizeof(a->sha256));
	for (unsigned i = 0; i < HASH_COUNT; i++)
		if ((a->digests.algs & HASH_BIT(i)) != 0)
			set_hex(digests, hash_name((enum hash_alg)i), a->digests.b[i],
				hash_len((enum hash_alg)i));
	jsn_set(o, "digests", digests);
	return o;
}

static int save(struct state *s, const char *name, struct jsn *taken)
{
	struct jsn *o CLEANUP(jsn_freep) = taken;
	struct buf out = BUF_INIT(STORE_RECORD_MAX);
	int r;

	jsn_set_int(o, "format", FORMAT);
	r = jsn_write(o, JSN_COMPACT, &out);
	if (r == 0)
		r = store_put(s->store, name, buf_span(&out));
	buf_done(&out);
	return r;
}

int state_save(struct state *s)
{
	struct jsn *o = jsn_new_object();

	if (s->accepted.any)
		jsn_set(o, "accepted", accepted_json(&s->accepted));
	jsn_set_int(o, "floor", (int64_t)s->accepted.floor);
	jsn_set_int(o, "lastCheck", (int64_t)s->last_check_s);
	jsn_set_int(o, "clock", (int64_t)s->clock_us);
	jsn_set_int(o, "failures", s->failures);
	return save(s, STATE, o);
}

int state_save_history(struct state *s)
{
	struct jsn *o = jsn_new_object(), *list = jsn_new_array();

	for (size_t i = 0; i < s->n; i++) {
		const struct state_entry *e = &s->history[i];
		struct jsn *entry = jsn_new_object();

		jsn_set_int(entry, "time", (int64_t)e->time_s);
		jsn_set_int(entry, "usec", (int64_t)e->usec);
		jsn_set_int(entry, "octets", (int64_t)e->octets);
		jsn_set_int(entry, "kind", (int64_t)e->kind);
		jsn_set_str(entry, "result", state_result_name(e->result));
		jsn_set_str(entry, "error", fw_error_name(e->error));
		jsn_set_str(entry, "from", e->from);
		jsn_set_str(entry, "to", e->to);
		jsn_set_int(entry, "source", e->source);
		jsn_set_str(entry, "url", e->url);
		jsn_add(list, entry);
	}
	jsn_set(o, "entries", list);
	return save(s, HISTORY, o);
}

int state_save_keys(struct state *s, struct span record)
{
	int r = store_put(s->store, KEYS, record);

	if (r < 0)
		return r;
	buf_reset(&s->keys);
	buf_put(&s->keys, record);
	return buf_ok(&s->keys) ? 0 : -ENOMEM;
}

/* ---- reading: what we wrote, but through a disk ---- */

static bool get_uint(const struct jsn *o, const char *name, uint64_t max, uint64_t *ret)
{
	const struct jsn *v = jsn_get(o, name);
	int64_t n = jsn_int(v);

	if (jsn_type(v) != JSN_INT || n < 0 || (uint64_t)n > max)
		return false;
	*ret = (uint64_t)n;
	return true;
}

static bool get_text(const struct jsn *o, const char *name, char *ret, size_t room)
{
	const struct jsn *v = jsn_get(o, name);

	return jsn_type(v) == JSN_TEXT && span_to_str(jsn_text(v), ret, room) == 0;
}

static bool get_digests(const struct jsn *o, struct digests *ret)
{
	struct digests d = {0};

	for (size_t i = 0; i < jsn_len(o); i++) {
		enum hash_alg alg;
		struct span name;
		const struct jsn *v = jsn_member(o, i, &name);

		if (!hash_from_name(name, &alg) ||
		    !hex_decode(jsn_text(v), d.b[alg], hash_len(alg)))
			return false;
		d.algs |= HASH_BIT(alg);
	}
	*ret = d;
	return jsn_type(o) == JSN_OBJECT;
}

static bool read_accepted(const struct jsn *o, struct state_accepted *ret)
{
	struct state_accepted a = {.any = true};
	uint64_t seen;

	if (!get_uint(o, "seen", MANIFEST_SEQUENCE | MANIFEST_EXPIRES, &seen) ||
	    !get_uint(o, "sequence", MANIFEST_UINT_MAX, &a.sequence) ||
	    !get_uint(o, "timestamp", INT64_MAX, &a.timestamp_us) ||
	    !get_uint(o, "security", MANIFEST_UINT_MAX, &a.security) ||
	    !hex_decode(jsn_text(jsn_get(o, "sha256")), a.sha256, sizeof(a.sha256)) ||
	    !fw_version_parse(jsn_text(jsn_get(o, "version")), &a.version) ||
	    !get_digests(jsn_get(o, "digests"), &a.digests))
		return false;
	a.seen = (unsigned)seen;
	*ret = a;
	return true;
}

static struct jsn *open_record(struct span text)
{
	struct jsn *o = NULL;
	uint64_t format;

	if (jsn_parse(text, &LIMITS, &o) == JSN_OK && get_uint(o, "format", FORMAT, &format))
		return o;
	return jsn_free(o);
}

bool state_read(struct state *s, struct span text)
{
	struct jsn *o CLEANUP(jsn_freep) = open_record(text);
	const struct jsn *accepted = jsn_get(o, "accepted");
	struct state_accepted a = {0};
	uint64_t floor, last_check, clock, failures;

	if (!o || (accepted && !read_accepted(accepted, &a)) ||
	    !get_uint(o, "floor", MANIFEST_UINT_MAX, &floor) ||
	    !get_uint(o, "lastCheck", INT64_MAX, &last_check) ||
	    !get_uint(o, "clock", INT64_MAX, &clock) ||
	    !get_uint(o, "failures", UINT32_MAX, &failures))
		return false;
	s->accepted = a;
	s->accepted.floor = floor;
	s->last_check_s = last_check;
	s->clock_us = clock;
	s->failures = (uint32_t)failures;
	return true;
}

static bool find_result(struct span name, unsigned *ret)
{
	for (unsigned i = JOB_RUNNING; i <= ENTRY_REFUSED; i++)
		if (span_is(name, state_result_name(i))) {
			*ret = i;
			return true;
		}
	return false;
}

static bool read_entry(const struct jsn *o, struct state_entry *ret)
{
	struct state_entry e = {0};
	int64_t source = jsn_int(jsn_get(o, "source"));
	uint64_t kind;

	if (!get_uint(o, "time", INT64_MAX, &e.time_s) ||
	    !get_uint(o, "usec", INT64_MAX, &e.usec) ||
	    !get_uint(o, "octets", INT64_MAX, &e.octets) ||
	    !get_uint(o, "kind", JOB_KINDS - 1, &kind) || source < -1 ||
	    source > DISCOVER_MANUFACTURER ||
	    !find_result(jsn_text(jsn_get(o, "result")), &e.result) ||
	    !fw_error_from_name(jsn_text(jsn_get(o, "error")), &e.error) ||
	    !get_text(o, "from", e.from, sizeof(e.from)) ||
	    !get_text(o, "to", e.to, sizeof(e.to)) || !get_text(o, "url", e.url, sizeof(e.url)))
		return false;
	e.kind = (enum job_kind)kind;
	e.source = (int)source;
	*ret = e;
	return true;
}

bool state_read_history(struct state *s, struct span text)
{
	struct jsn *o CLEANUP(jsn_freep) = open_record(text);
	const struct jsn *list = jsn_get(o, "entries");

	if (jsn_type(list) != JSN_ARRAY || jsn_len(list) > STATE_HISTORY_MAX)
		return false;
	s->n = 0;
	for (size_t i = 0; i < jsn_len(list); i++)
		if (!read_entry(jsn_at(list, i), &s->history[s->n++]))
			return false;
	return true;
}

static int load(struct state *s, const char *name, bool (*read)(struct state *, struct span))
{
	struct buf text = BUF_INIT(STORE_RECORD_MAX);
	int r = store_get(s->store, name, &text);

	if (r == 0 && !read(s, buf_span(&text)))
		r = -EBADMSG;
	buf_done(&text);
	return r == -ENOENT ? 0 : r;
}

int state_open(struct state **ret, const char *dir, const char **ret_name)
{
	CLEANUP(state_freep) struct state *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	*ret_name = dir;
	r = store_open(&s->store, dir);
	if (r < 0)
		return r;
	*ret_name = STATE;
	r = load(s, STATE, state_read);
	if (r < 0)
		return r;
	*ret_name = KEYS;
	s->keys = BUF_INIT(STORE_RECORD_MAX);
	r = store_get(s->store, KEYS, &s->keys);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret_name = HISTORY;
	r = load(s, HISTORY, state_read_history);
	if (r == -EBADMSG) {
		log_warning("state: the history is damaged and begins anew");
		s->n = 0;
	} else if (r < 0) {
		return r;
	}
	*ret = s;
	s = NULL;
	return 0;
}

struct state *state_free(struct state *s)
{
	if (s) {
		store_free(s->store);
		buf_done(&s->keys);
	}
	free(s);
	return NULL;
}

/* ---- changing ---- */

void state_accept(struct state *s, const struct fw_judgement *j)
{
	const struct manifest *m = j->manifest;
	struct state_accepted *a = &s->accepted;

	a->any = true;
	a->seen |= m->has & (MANIFEST_SEQUENCE | MANIFEST_EXPIRES);
	if ((m->has & MANIFEST_SEQUENCE) != 0)
		a->sequence = m->sequence;
	if (m->timestamp_us > a->timestamp_us)
		a->timestamp_us = m->timestamp_us;
	memcpy(a->sha256, j->sha256, sizeof(a->sha256));
	a->version = m->version;
	a->digests = m->digests;
	a->security = (m->has & MANIFEST_SECURITY) != 0 ? m->security_version : 0;
}

bool state_runs(struct state *s, const struct fw_version *version)
{
	struct state_accepted *a = &s->accepted;

	if (!a->any || fw_version_cmp(&a->version, version) != 0 || a->security <= a->floor)
		return false;
	a->floor = a->security;
	return true;
}

static bool is_repeat(const struct state_entry *a, const struct state_entry *b)
{
	return a->kind == JOB_CHECK && b->kind == JOB_CHECK && a->result == b->result &&
	       a->error == b->error && a->source == b->source && !strcmp(a->url, b->url) &&
	       !strcmp(a->from, b->from) && !strcmp(a->to, b->to);
}

void state_add(struct state *s, const struct state_entry *e)
{
	size_t keep = s->n < STATE_HISTORY_MAX ? s->n : STATE_HISTORY_MAX - 1;

	if (s->n == 0 || !is_repeat(&s->history[0], e)) {
		memmove(&s->history[1], &s->history[0], keep * sizeof(*e));
		s->n = keep + 1;
	}
	s->history[0] = *e;
}
