/* ocf-obt update: has a device look for new software, fetch it and install it. */
#include "base/clock.h"
#include "codec/cbj.h"
#include "codec/cbw.h"
#include "dialog.h"
#include "obt/answer.h"

#define SWU     "/oc/swu"
#define POLL_US (500 * USEC_PER_MSEC)

static const struct cbr_limits LIMITS = {.bytes = 8192, .depth = 8, .items = 256, .text = 2048};

/* In the order of an update. `tm` is the bit of pstat that asks for it. */
static const struct action {
	const char *word, *action, *doing;
	unsigned tm;
} ACTIONS[] = {
	{"check",    "isac",    "looking for new software", 0x100},
	{"download", "isvv",    "fetching and verifying",   0x40 },
	{"install",  "upgrade", "installing",               0x80 },
};

struct update {
	struct dialog d;
	uint64_t deadline_us;
	char state[32], version[128], shown[256];
	int64_t result;
	bool idle; /* nothing is under way */
};

static int fail(struct update *u, int err, enum outcome outcome, const char *text)
{
	trouble_set(&u->d.trouble, outcome, "%s", text);
	return err;
}

/* ---- asking for it ---- */

static int ask_by_url(struct update *u, const struct action *a)
{
	struct buf body CLEANUP(buf_done) = BUF_INIT(512);
	int r;

	cbw_map(&body);
	cbw_kv_str(&body, "purl", u->d.o->url);
	cbw_kv_str(&body, "swupdateaction", a->action);
	cbw_kv_str(&body, "updatetime", "now");
	cbw_end(&body);
	r = dialog_post(&u->d, OBT_DOTS, SWU, &body);
	dialog_explain_access(&u->d, "read,update", SWU);
	return r;
}

static int ask_by_mode(struct update *u, const struct action *a)
{
	struct buf body CLEANUP(buf_done) = BUF_INIT(32);

	cbw_map(&body);
	cbw_kv_uint(&body, "tm", a->tm);
	cbw_end(&body);
	return dialog_post(&u->d, OBT_DOTS, "/oic/sec/pstat", &body);
}

/* ---- watching it ---- */

static void take_text(const struct jsn *v, char *ret, size_t room)
{
	if (span_to_str(jsn_text(v), ret, room) < 0)
		*ret = '\0';
}

static int look(struct update *u)
{
	struct answer_pstat pstat;
	struct jsn *v = NULL;
	int r = dialog_get(&u->d, OBT_DOTS, SWU);

	dialog_explain_access(&u->d, "read,update", SWU);
	if (r < 0)
		return r;
	if (cbj_read(buf_span(&u->d.body), &LIMITS, &v) != CBR_OK)
		return fail(u, -EBADMSG, OUT_ANSWER, "its /oc/swu cannot be read");
	take_text(jsn_get(v, "swupdatestate"), u->state, sizeof(u->state));
	take_text(jsn_get(v, "nv"), u->version, sizeof(u->version));
	u->result = jsn_int(jsn_get(v, "swupdateresult"));
	u->idle = span_is(jsn_text(jsn_get(v, "swupdateaction")), "idle");
	(void)jsn_free(v);
	r = dialog_get(&u->d, OBT_DOTS, "/oic/sec/pstat");
	if (r < 0)
		return r;
	if (answer_pstat(buf_span(&u->d.body), &pstat) != CBR_OK)
		return fail(u, -EBADMSG, OUT_ANSWER, "its pstat cannot be read");
	u->idle &=
		pstat.tm == 0 && strcmp(u->state, "svv") != 0 && strcmp(u->state, "upgrading") != 0;
	return 0;
}

static void show(struct update *u, const struct action *a)
{
	char line[sizeof(u->shown)];

	(void)snprintf(line, sizeof(line), "  %s: %s%s%s", a->doing, u->state,
		       *u->version ? ", version " : "", u->version);
	if (strcmp(line, u->shown) != 0)
		out_progress(u->d.o->json, "%s", line);
	(void)memcpy(u->shown, line, sizeof(line));
}

/* A device may start anew while it installs: then it is looked for again. */
static int watch(struct update *u, const struct action *a)
{
	int r;

	for (;;) {
		r = dialog_wait(&u->d, POLL_US);
		if (r < 0)
			return r;
		r = look(u);
		if (r < 0 &&
		    (u->d.trouble.outcome != OUT_SILENT && u->d.trouble.outcome != OUT_NOT_FOUND))
			return r;
		if (r < 0)
			dialog_hang_up(&u->d);
		else
			show(u, a);
		if (r >= 0 && u->idle)
			return 0;
		if (clock_monotonic_us() >= u->deadline_us)
			return fail(u, -ETIMEDOUT, OUT_SILENT,
				    "it is not done yet: see --deadline");
	}
}

static int judge(struct update *u)
{
	static const char *const RESULTS[] = {
		[2] = "not enough memory",
		[3] = "not enough room",
		[4] = "it cannot reach the server",
		[5] = "the software is not authentic, or not for this device",
		[6] = "the URL is none",
		[7] = "it does not know the protocol of the URL",
		[8] = "the installation failed",
	};

	if (u->result <= 1)
		return 0;
	return fail(u, -EREMOTEIO, OUT_REFUSED,
		    u->result < (int64_t)ARRAY_SIZE(RESULTS) ? RESULTS[u->result]
							     : "it failed for a reason of its own");
}

static int act(struct update *u, const struct action *a)
{
	int r = u->d.o->url ? ask_by_url(u, a) : ask_by_mode(u, a);

	if (r >= 0)
		r = watch(u, a);
	if (r >= 0)
		r = judge(u);
	if (r < 0)
		u->d.trouble.step = a->word;
	return r;
}

/* ---- all of it ---- */

static enum outcome report(const struct update *u)
{
	struct jsn *v;

	if (!u->d.o->json) {
		out_text(stdout, u->d.dev.name);
		(void)printf(": %s%s%s\n", u->state, *u->version ? ", version " : "", u->version);
		return OUT_OK;
	}
	v = jsn_new_object();
	out_set_uuid(v, "uuid", &u->d.dev.device);
	jsn_set_str(v, "name", u->d.dev.name);
	jsn_set_str(v, "state", u->state);
	jsn_set_str(v, "version", u->version);
	jsn_set_int(v, "result", u->result);
	return out_json(v);
}

static enum outcome run(struct update *u)
{
	const char *only = u->d.o->n_args > 1 ? u->d.o->args[1] : NULL;
	bool known = false;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ACTIONS) && r >= 0; i++) {
		if (only && strcmp(only, ACTIONS[i].word) != 0)
			continue;
		known = true;
		r = act(u, &ACTIONS[i]);
		if (i == 0 && r >= 0 && !*u->version && strcmp(u->state, "nsa") != 0)
			break; /* nothing new */
	}
	if (!known)
		return out_fail(u->d.o->json, OUT_USAGE, "check, download or install");
	return r < 0 ? out_trouble(u->d.o->json, &u->d.trouble) : report(u);
}

enum outcome cmd_update(const struct options *o)
{
	struct state *state CLEANUP(state_freep) = NULL;
	struct update u = {.deadline_us = clock_monotonic_us() + o->deadline_us};
	enum outcome outcome;

	if (dialog_open(&u.d, o, &state, o->args[0]) < 0)
		return out_trouble(o->json, &u.d.trouble);
	outcome = run(&u);
	dialog_done(&u.d);
	return outcome;
}
