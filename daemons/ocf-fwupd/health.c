#include "health.h"

#include <dirent.h>

#include "app.h"
#include "base/clock.h"
#include "base/text.h"
#include "bus/ask.h"
#include "bus/loop.h"
#include "helper.h"

#define ROUND_US     (5 * USEC_PER_SEC) /* between rounds, or ... */
#define ROUND_PARTS  4                  /* ... so many in HealthSettle= */
#define ROUND_MIN_US (50 * USEC_PER_MSEC)

struct unit {
	struct health *h;
	char name[CONFIG_NAME];
	struct bus_ask *ask;
};

struct health {
	const struct fwupd_config *config;
	struct bus *bus;
	struct loop *loop;
	health_fn fn;
	void *arg;
	struct trial_gate gate;
	struct loop_timer *timer;
	size_t n;
	struct unit units[CONFIG_UNITS];
	struct bus_ask *selftest;
	struct helper scripts;
	/* The round under way. */
	size_t open; /* questions without an answer */
	enum trial_health found;
	uint64_t since_us;
	char text[HEALTH_TEXT];
};

/* ---- a round ---- */

static void end_round(struct health *h)
{
	uint64_t now_us = clock_monotonic_us(), pause_us = h->config->settle_us / ROUND_PARTS;
	enum trial_health verdict =
		trial_gate_round(&h->gate, h->found, h->since_us, now_us, h->config->settle_us);

	if (pause_us > ROUND_US)
		pause_us = ROUND_US;
	if (pause_us < ROUND_MIN_US)
		pause_us = ROUND_MIN_US;
	if (verdict != TRIAL_BAD)
		loop_timer_set(h->timer, now_us + pause_us);
	h->fn(h->arg, verdict, h->text[0] ? h->text : "all is well, but not for long enough");
}

/* The worst answer counts, and its text. */
static void note(struct health *h, enum trial_health found, const char *what, const char *text)
{
	static const int WORSE[] = {[TRIAL_GOOD] = 0, [TRIAL_WAIT] = 1, [TRIAL_BAD] = 2};

	if (WORSE[found] <= WORSE[h->found])
		return;
	h->found = found;
	text_put(h->text, sizeof(h->text), "%.40s: %s", what, text);
}

static void answered(struct health *h)
{
	if (--h->open == 0)
		end_round(h);
}

/* ---- units ---- */

static void on_unit(void *arg, const char *state, uint64_t since_us)
{
	struct unit *u = arg;
	struct health *h = u->h;

	u->ask = bus_ask_free(u->ask);
	if (!state)
		note(h, TRIAL_WAIT, u->name, "systemd does not answer");
	else if (!strcmp(state, "failed"))
		note(h, TRIAL_BAD, u->name, state);
	else if (strcmp(state, "active") != 0)
		note(h, TRIAL_WAIT, u->name, state);
	else if (since_us > h->since_us)
		h->since_us = since_us;
	answered(h);
}

static void ask_units(struct health *h)
{
	for (size_t i = 0; i < h->n; i++) {
		struct unit *u = &h->units[i];

		if (bus_ask_unit(&u->ask, h->bus, u->name, on_unit, u) < 0)
			note(h, TRIAL_WAIT, u->name, "there is no bus to ask systemd");
		else
			h->open++;
	}
}

/* ---- ocf-secd ---- */

static void on_selftest(void *arg, enum bus_selftest result, const char *text)
{
	struct health *h = arg;

	if (result == BUS_SELFTEST_BAD)
		note(h, TRIAL_BAD, "ocf-secd", text);
	else if (result == BUS_SELFTEST_ABSENT && h->config->health_secd == HEALTH_SECD_YES)
		note(h, TRIAL_BAD, "ocf-secd", "it is not there");
	h->selftest = bus_ask_free(h->selftest);
	answered(h);
}

static void ask_secd(struct health *h)
{
	if (h->config->health_secd == HEALTH_SECD_NO)
		return;
	if (bus_ask_selftest(&h->selftest, h->bus, on_selftest, h) == 0)
		h->open++;
	else /* it may be there all the same */
		note(h, TRIAL_WAIT, "ocf-secd", "there is no bus to ask it");
}

/* ---- scripts ---- */

static bool has_scripts(const char *folder)
{
	DIR *d = folder[0] ? opendir(folder) : NULL;
	const struct dirent *e;
	bool any = false;

	if (!d) /* what cannot be looked at is no reason to confirm: ocf-fw-health says why */
		return folder[0] && errno != ENOENT;
	while (!any && (e = readdir(d)))
		any = e->d_name[0] != '.';
	(void)closedir(d);
	return any;
}

static void on_scripts(void *arg, const struct proto_msg *m)
{
	struct health *h = arg;
	bool ours = m && m->type == PROTO_DONE;

	helper_close(&h->scripts);
	if (!ours)
		note(h, TRIAL_WAIT, "scripts", "ocf-fw-health has failed");
	else if (m->done.error == FWE_POLICY_DEFERRED)
		note(h, TRIAL_WAIT, "scripts", m->done.text);
	else if (m->done.error != FWE_OK)
		note(h, TRIAL_BAD, "scripts", m->done.text);
	answered(h);
}

static void ask_scripts(struct health *h)
{
	const struct proto_msg m = {.type = PROTO_HEALTH};

	if (!has_scripts(h->config->health_scripts))
		return;
	if (helper_open(&h->scripts) == 0 && helper_send(&h->scripts, &m, -1) == 0) {
		h->open++;
		return;
	}
	helper_close(&h->scripts);
	note(h, TRIAL_WAIT, "scripts", "ocf-fw-health cannot be used");
}

/* ---- the gate ---- */

static int begin_round(void *arg)
{
	struct health *h = arg;

	h->found = TRIAL_GOOD;
	h->since_us = 0;
	h->text[0] = '\0';
	h->open = 1; /* ours, so that no early answer ends the round */
	ask_units(h);
	ask_secd(h);
	ask_scripts(h);
	answered(h);
	return 0;
}

static void split_units(struct health *h)
{
	struct span rest = span_str(h->config->health_units), word;

	while (h->n < CONFIG_UNITS && span_word(&rest, &word)) {
		struct unit *u = &h->units[h->n];

		u->h = h;
		if (span_to_str(word, u->name, sizeof(u->name)) == 0)
			h->n++;
	}
}

int health_new(struct health **ret, const struct fwupd_config *config, struct bus *bus,
	       struct loop *loop, struct child_starter *starter, health_fn fn, void *arg)
{
	CLEANUP(health_freep) struct health *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	*h = (struct health){
		.config = config,
		.bus = bus,
		.loop = loop,
		.fn = fn,
		.arg = arg,
		.scripts = {loop, starter, APP_HEALTH, "ocf-fw-health", on_scripts, h, -1, -1},
	};
	trial_gate_init(&h->gate);
	split_units(h);
	r = loop_timer_new(&h->timer, loop, begin_round, h);
	if (r < 0)
		return r;
	loop_timer_set(h->timer, clock_monotonic_us());
	*ret = h;
	h = NULL;
	return 0;
}

void health_stop(struct health *h)
{
	loop_timer_set(h->timer, NEVER_US);
}

struct health *health_free(struct health *h)
{
	if (!h)
		return NULL;
	for (size_t i = 0; i < h->n; i++)
		bus_ask_free(h->units[i].ask);
	bus_ask_free(h->selftest);
	helper_close(&h->scripts);
	loop_timer_free(h->timer);
	free(h);
	return NULL;
}
