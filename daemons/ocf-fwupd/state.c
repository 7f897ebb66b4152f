#include "state.h"

#include "base/log.h"
#include "base/parse.h"
#include "codec/jsn.h"
#include "store/format.h"
#include "store/store.h"

#define STATE        "state"
#define STATE_NEWEST 1u
#define HISTORY      "history"
#define KEYS         "keys"

static const struct jsn_limits LIMITS = {.bytes = STORE_RECORD_MAX, .depth = 5};

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

static struct jsn *freeze_json(const struct freeze *f)
{
	struct jsn *o = jsn_new_object();

	jsn_set_int(o, "newest", (int64_t)f->newest_us);
	jsn_set_int(o, "since", (int64_t)f->since_s);
	jsn_set_int(o, "told", (int64_t)f->told_s);
	return o;
}

static int save(struct state *s, const char *name, unsigned format, unsigned *found,
		struct jsn *taken)
{
	struct jsn *o CLEANUP(jsn_freep) = taken;
	struct buf out = BUF_INIT(STORE_RECORD_MAX);
	int r;

	jsn_set_int(o, "format", format);
	r = jsn_write(o, JSN_COMPACT, &out);
	if (r == 0)
		r = store_put(s->store, name, buf_span(&out));
	if (r == 0)
		*found = format;
	buf_done(&out);
	return r;
}

static void set_accepted(struct jsn *o, const char *name, const struct state_accepted *a)
{
	if (a->any)
		jsn_set(o, name, accepted_json(a));
}

static struct jsn *trial_json(const struct state_trial *t)
{
	struct jsn *o = jsn_new_object();

	jsn_set_str(o, "state", TRIAL_STATE_NAMES[t->state]);
	jsn_set_str(o, "slot", t->slot);
	jsn_set_str(o, "boot", t->boot);
	jsn_set_str(o, "from", t->from);
	jsn_set_str(o, "to", t->to);
	jsn_set_str(o, "reason", t->reason);
	jsn_set_int(o, "deadline", (int64_t)t->deadline_us);
	if (t->restarts > 0)
		jsn_set_int(o, "restarts", t->restarts);
	if (t->deferred)
		jsn_set_bool(o, "deferred", true);
	set_accepted(o, "accepted", &t->accepted);
	return o;
}

int state_save(struct state *s)
{
	struct jsn *o = jsn_new_object();

	set_accepted(o, "accepted", &s->accepted);
	set_accepted(o, "settled", &s->settled);
	set_accepted(o, "rejected", &s->rejected);
	if (s->trial.state != TRIAL_NONE)
		jsn_set(o, "trial", trial_json(&s->trial));
	jsn_set_int(o, "floor", (int64_t)s->accepted.floor);
	jsn_set_int(o, "lastCheck", (int64_t)s->last_check_s);
	jsn_set_int(o, "clock", (int64_t)s->clock_us);
	jsn_set_int(o, "failures", s->failures);
	for (size_t i = 0; i < ARRAY_SIZE(s->freeze); i++)
		if (s->freeze[i].since_s > 0)
			jsn_set(o, DISCOVER_SOURCE_NAMES[i], freeze_json(&s->freeze[i]));
	return save(s, STATE, format_to_write(s->format, STATE_NEWEST, s->confirmed), &s->format,
		    o);
}

int state_save_history(struct state *s)
{
	const unsigned format = format_to_write(s->history_format, ENTRY_NEWEST, s->confirmed);
	struct jsn *o = jsn_new_object(), *list = jsn_new_array();

	for (size_t i = 0; i < s->n; i++)
		if (entry_fits(&s->history[i], format))
			jsn_add(list, entry_write(&s->history[i], format));
		else
			log_debug("state: an entry waits until this firmware is confirmed");
	jsn_set(o, "entries", list);
	return save(s, HISTORY, format, &s->history_format, o);
}

int state_confirm(struct state *s)
{
	int r = 0;

	s->confirmed = true;
	if (format_lags(s->format, STATE_NEWEST))
		r = state_save(s);
	if (r == 0 && format_lags(s->history_format, ENTRY_NEWEST))
		r = state_save_history(s);
	return r;
}

int state_save_keys(struct state *s, struct span record)
{
	struct buf copy = BUF_INIT(STORE_RECORD_MAX);
	int r;

	buf_put(&copy, record);
	r = buf_ok(&copy) ? store_put(s->store, KEYS, record) : -ENOMEM;
	if (r < 0) {
		buf_done(&copy);
		return r;
	}
	buf_done(&s->keys);
	s->keys = copy;
	return 0;
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

/* True without it: then it says nothing. */
static bool get_accepted(const struct jsn *o, const char *name, struct state_accepted *ret)
{
	const struct jsn *v = jsn_get(o, name);

	return !v || read_accepted(v, ret);
}

static bool get_text(const struct jsn *o, const char *name, char *ret, size_t room)
{
	const struct jsn *v = jsn_get(o, name);

	return jsn_type(v) == JSN_TEXT && span_to_str(jsn_text(v), ret, room) == 0;
}

static bool find_trial_state(struct span name, enum trial_state *ret)
{
	for (unsigned i = TRIAL_PENDING; i < TRIAL_STATES; i++)
		if (span_is(name, TRIAL_STATE_NAMES[i])) {
			*ret = (enum trial_state)i;
			return true;
		}
	return false;
}

static bool get_trial(const struct jsn *o, struct state_trial *ret)
{
	struct state_trial t = {0};
	uint64_t restarts = 0;

	if (!o)
		return true;
	if (!find_trial_state(jsn_text(jsn_get(o, "state")), &t.state) ||
	    !get_text(o, "slot", t.slot, sizeof(t.slot)) ||
	    !get_text(o, "boot", t.boot, sizeof(t.boot)) ||
	    !get_text(o, "from", t.from, sizeof(t.from)) ||
	    !get_text(o, "to", t.to, sizeof(t.to)) ||
	    !get_text(o, "reason", t.reason, sizeof(t.reason)) ||
	    !get_uint(o, "deadline", INT64_MAX, &t.deadline_us) ||
	    (jsn_get(o, "restarts") && !get_uint(o, "restarts", UINT32_MAX, &restarts)) ||
	    !get_accepted(o, "accepted", &t.accepted))
		return false;
	t.restarts = (uint32_t)restarts;
	t.deferred = jsn_bool(jsn_get(o, "deferred"));
	*ret = t;
	return true;
}

static struct jsn *open_record(struct span text, unsigned newest, unsigned *ret_format)
{
	struct jsn *o = NULL;
	uint64_t format;

	if (jsn_parse(text, &LIMITS, &o) == JSN_OK && get_uint(o, "format", newest, &format) &&
	    format >= FORMAT_OLDEST) {
		*ret_format = (unsigned)format;
		return o;
	}
	return jsn_free(o);
}

/* NULL: nothing was seen of that source. */
static bool read_freeze(const struct jsn *o, struct freeze *ret)
{
	return !o || (get_uint(o, "newest", INT64_MAX, &ret->newest_us) &&
		      get_uint(o, "since", INT64_MAX, &ret->since_s) &&
		      get_uint(o, "told", INT64_MAX, &ret->told_s));
}

bool state_read(struct state *s, struct span text)
{
	struct jsn *o CLEANUP(jsn_freep) = open_record(text, STATE_NEWEST, &s->format);
	struct state_accepted a = {0}, settled = {0}, rejected = {0};
	uint64_t floor, last_check, clock, failures;
	struct freeze freeze[DISCOVER_OFFLINE] = {0};
	struct state_trial trial = {0};

	if (!o || !get_accepted(o, "accepted", &a) || !get_accepted(o, "settled", &settled) ||
	    !get_accepted(o, "rejected", &rejected) || !get_trial(jsn_get(o, "trial"), &trial) ||
	    !get_uint(o, "floor", MANIFEST_UINT_MAX, &floor) ||
	    !get_uint(o, "lastCheck", INT64_MAX, &last_check) ||
	    !get_uint(o, "clock", INT64_MAX, &clock) ||
	    !get_uint(o, "failures", UINT32_MAX, &failures))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(freeze); i++)
		if (!read_freeze(jsn_get(o, DISCOVER_SOURCE_NAMES[i]), &freeze[i]))
			return false;
	s->accepted = a;
	s->accepted.floor = floor;
	s->settled = settled;
	s->rejected = rejected;
	s->trial = trial;
	s->last_check_s = last_check;
	s->clock_us = clock;
	s->failures = (uint32_t)failures;
	memcpy(s->freeze, freeze, sizeof(freeze));
	return true;
}

bool state_read_history(struct state *s, struct span text)
{
	struct jsn *o CLEANUP(jsn_freep) = open_record(text, ENTRY_NEWEST, &s->history_format);
	const struct jsn *list = jsn_get(o, "entries");

	if (jsn_type(list) != JSN_ARRAY || jsn_len(list) > STATE_HISTORY_MAX)
		return false;
	s->n = 0;
	for (size_t i = 0; i < jsn_len(list); i++)
		if (entry_read(jsn_at(list, i), s->history_format, &s->history[s->n]))
			s->n++;
		else if (s->history_format == 1) /* there is nothing that it could not know */
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
		s->history_format = 0;
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

	if (!state_is_rejected(s, j))
		s->rejected.any = false;
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

/* What `by` says holds from now on. True: something changed. */
static bool settle(struct state *s, const struct state_accepted *by)
{
	uint64_t floor = s->accepted.floor;
	bool news;

	if (by->security > floor)
		floor = by->security;
	news = floor != s->accepted.floor || !s->settled.any ||
	       memcmp(s->settled.sha256, by->sha256, sizeof(by->sha256)) != 0;
	s->settled = *by;
	s->accepted.floor = floor;
	return news;
}

bool state_keep_time(struct state *s, bool trusted, uint64_t now_us)
{
	if (!trusted || now_us <= s->clock_us)
		return false;
	s->clock_us = now_us;
	return true;
}

bool state_runs(struct state *s, const struct fw_version *version)
{
	return s->accepted.any && fw_version_cmp(&s->accepted.version, version) == 0 &&
	       settle(s, &s->accepted);
}

void state_keep(struct state *s)
{
	if (s->trial.accepted.any)
		(void)settle(s, &s->trial.accepted);
	s->trial = (struct state_trial){0};
}

/* To the last version that was confirmed. Where `bad` stood in the order of manifests and in time
 * stays known: what is older can still not be played back, but for the one that brought what runs.
 */
static void go_back(struct state *s, const struct state_accepted *bad)
{
	struct state_accepted *a = &s->accepted;

	*a = s->settled;
	a->any = true;
	a->seen |= bad->seen;
	if (bad->sequence > a->sequence)
		a->sequence = bad->sequence - 1; /* somebody may insist on it */
	if (bad->timestamp_us > a->timestamp_us)
		a->timestamp_us = bad->timestamp_us;
}

void state_roll_back(struct state *s)
{
	const struct state_accepted *bad = &s->trial.accepted;
	uint64_t floor = s->accepted.floor;

	if (bad->any) {
		s->rejected = *bad;
		if (memcmp(s->accepted.sha256, bad->sha256, sizeof(bad->sha256)) == 0)
			go_back(s, bad);
		s->accepted.floor = floor;
	}
	s->trial = (struct state_trial){0};
}

bool state_is_rejected(const struct state *s, const struct fw_judgement *j)
{
	const struct state_accepted *r = &s->rejected;

	/* The same images under another manifest are no better. */
	return r->any && (memcmp(r->sha256, j->sha256, sizeof(r->sha256)) == 0 ||
			  (fw_version_cmp(&r->version, &j->manifest->version) == 0 &&
			   digests_match(&r->digests, &j->manifest->digests)));
}

void state_add(struct state *s, const struct state_entry *e)
{
	size_t keep = s->n < STATE_HISTORY_MAX ? s->n : STATE_HISTORY_MAX - 1;

	memmove(&s->history[1], &s->history[0], keep * sizeof(*e));
	s->n = keep + 1;
	s->history[0] = *e;
}

void state_add_below(struct state *s, const struct state_entry *e)
{
	struct state_entry top = s->history[0];

	s->history[0] = *e;
	state_add(s, &top);
}

void state_end(struct state *s, const struct state_entry *e)
{
	bool repeat = s->n > 1 && entry_is_repeat(&s->history[1], e);
	uint64_t first = s->history[1].first;

	s->history[0] = *e;
	if (!repeat)
		return;
	s->history[0].first = first;
	s->n--;
	memmove(&s->history[1], &s->history[2], (s->n - 1) * sizeof(*e));
}

struct state_entry *state_find(struct state *s, uint64_t job)
{
	for (size_t i = 0; job > 0 && i < s->n; i++) {
		struct state_entry *e = &s->history[i];

		if (e->result != ENTRY_REFUSED && e->first <= job && job <= e->job)
			return e;
	}
	return NULL;
}

uint64_t state_last_job(const struct state *s)
{
	uint64_t last = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->history[i].job > last)
			last = s->history[i].job;
	return last;
}
