#include "app_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/loop.h"

#define AGAIN_US (UINT64_C(60) * USEC_PER_SEC) /* after the writer could not do it */

static void act(struct app *a, enum trial_event event);
static void look(struct app *a);

/* ---- how it ends ---- */

/* What runs stays: records may take formats that an older version could not read. */
static void settled(struct app *a)
{
	(void)app_is_stored("state in its newest format", state_confirm(a->state));
}

static void kept(struct app *a)
{
	settled(a);
	app_record_trial(a, ENTRY_CONFIRMED);
	state_keep(a->state);
	a->facts.floor = a->state->accepted.floor;
}

static void rolled_back(struct app *a)
{
	struct state_trial *t = &a->state->trial;

	if (!t->reason[0])
		(void)snprintf(t->reason, sizeof(t->reason),
			       "it was not confirmed within its starts");
	settled(a);
	app_record_trial(a, ENTRY_ROLLED_BACK);
	state_roll_back(a->state);
	a->facts.error = fw_error_name(FWE_INSTALL_ROLLED_BACK);
	a->facts.error_server[0] = '\0';
	a->facts.available[0] = '\0';
}

/* ---- the gate ---- */

static void stop_gate(struct app *a)
{
	a->trial_gate = false;
	a->trial_waits[0] = '\0';
	if (a->trial_in_gate)
		health_stop(a->health);
	else
		a->health = health_free(a->health);
}

static void on_health(void *arg, enum trial_health verdict, const char *text)
{
	struct app *a = arg;

	if (!a->trial_gate)
		return; /* it was decided otherwise */
	a->trial_in_gate = true;
	(void)snprintf(a->trial_waits, sizeof(a->trial_waits), "%s", text);
	if (verdict == TRIAL_BAD) {
		text_put(a->state->trial.reason, ENTRY_TEXT, "%s", text);
		act(a, TRIAL_UNHEALTHY);
	} else if (verdict == TRIAL_GOOD && a->config->auto_confirm) {
		act(a, TRIAL_HEALTHY);
	} else if (verdict == TRIAL_GOOD) {
		(void)snprintf(a->trial_waits, sizeof(a->trial_waits),
			       "all is well; to be confirmed by the operator");
	}
	a->trial_in_gate = false;
	app_publish(a);
}

static int on_deadline(void *arg)
{
	struct app *a = arg;

	if (a->state->trial.state == TRIAL_ON)
		text_put(a->state->trial.reason, ENTRY_TEXT, "not confirmed in time: %s",
			 a->trial_waits);
	act(a, TRIAL_DEADLINE);
	return 0;
}

static int on_look_time(void *arg)
{
	struct app *a = arg;

	a->trial_told_bad = false;
	look(a);
	return 0;
}

static void start_gate(struct app *a)
{
	const struct state_trial *t = &a->state->trial;

	a->health = health_free(a->health);
	a->trial_gate = true;
	log_info("trial: begins version=%s slot=%s attempts=%u", t->to, t->slot, a->slots.left);
	if (health_new(&a->health, a->config, a->bus, a->loop, a->starter, on_health, a) < 0)
		log_error("trial: the health gate cannot be opened");
}

/* ---- effects ---- */

/* The deadline counts from the first sight in a boot, and outlives the program. */
static void note_boot(struct app *a)
{
	struct state_trial *t = &a->state->trial;

	if (t->state != TRIAL_ON || (t->deadline_us != 0 && !strcmp(t->boot, a->slots.boot)))
		return;
	(void)snprintf(t->boot, sizeof(t->boot), "%s", a->slots.boot);
	t->deadline_us = clock_boottime_us() + a->config->confirm_us;
}

/* The writer answers in order: the answers to marks come before all to the job's own steps. */
static bool may_mark(const struct app *a)
{
	return !a->run || a->run->awaited < AWAIT_BEGIN;
}

static void mark(struct app *a, uint32_t type)
{
	struct proto_msg m = {.type = type};
	int r = may_mark(a) ? helper_open(&a->write) : -EBUSY;

	(void)snprintf(m.slot.slot, sizeof(m.slot.slot), "%s", a->state->trial.slot);
	if (r == 0)
		r = helper_send(&a->write, &m, -1);
	a->trial_marks += r == 0;
	a->trial_heard = r == 0;
	if (r == 0)
		app_expect_writer(a);
	else
		act(a, TRIAL_MARK_FAILED);
}

static void look_later(struct app *a)
{
	loop_timer_set(a->trial_look_timer, clock_boottime_us() + AGAIN_US);
}

/* Not as a step of the job, if there is one under way. Once more if no answer comes. */
static void look(struct app *a)
{
	int r = helper_open(&a->write);

	a->trial_heard = false;
	if (r == 0)
		r = helper_send(&a->write, &(struct proto_msg){.type = PROTO_SLOTS}, -1);
	if (r == 0)
		app_expect_writer(a);
	look_later(a);
}

static void set_deadline(struct app *a, unsigned fx)
{
	const struct state_trial *t = &a->state->trial;

	if ((fx & TRIAL_FX_BOUND) != 0)
		loop_timer_set(a->trial_timer, clock_boottime_us() + a->config->confirm_us);
	else if (t->state == TRIAL_ON)
		loop_timer_set(a->trial_timer, t->deadline_us);
	else if (t->state < TRIAL_ON || (fx & TRIAL_FX_REBOOT) != 0)
		loop_timer_set(a->trial_timer, NEVER_US);
}

/* A loader that counts takes an attempt each time. One that does not is not asked for ever. */
static void restart(struct app *a)
{
	struct state_trial *t = &a->state->trial;

	if (a->trial_heard) { /* the other slot might start even less */
		log_error("trial: it can only end by hand version=%s", t->to);
		return;
	}
	if (t->restarts >= a->config->attempts) {
		log_error("trial: nothing is heard of the slots, and restarts have not helped");
		return;
	}
	t->restarts++;
	log_error("trial: nothing is heard of the slots, so another start has to help version=%s",
		  t->to);
	if (app_is_stored("state", state_save(a->state)))
		app_restart_want(a);
}

static void do_effects(struct app *a, unsigned fx)
{
	if ((fx & TRIAL_FX_STORE) != 0) /* it was decided otherwise */
		app_restart_drop(a);
	if (a->state->trial.state != TRIAL_REVERTING)
		a->trial_told_bad = false;
	if ((fx & TRIAL_FX_KEEP) != 0)
		kept(a);
	if ((fx & TRIAL_FX_ROLLED_BACK) != 0)
		rolled_back(a);
	if ((fx & TRIAL_FX_GATE) != 0)
		note_boot(a);
	if ((fx & TRIAL_FX_STORE) != 0)
		(void)app_is_stored("state", state_save(a->state));
	if ((fx & TRIAL_FX_GATE) != 0)
		start_gate(a);
	else
		stop_gate(a);
	set_deadline(a, fx);
	if ((fx & TRIAL_FX_MARK_GOOD) != 0)
		mark(a, PROTO_CONFIRM);
	else if ((fx & TRIAL_FX_MARK_BAD) != 0)
		mark(a, PROTO_REJECT);
	if ((fx & TRIAL_FX_LOOK) != 0)
		look(a);
	if ((fx & TRIAL_FX_REBOOT) != 0)
		app_restart_want(a);
	if ((fx & TRIAL_FX_RESTART) != 0)
		restart(a);
	if ((fx & TRIAL_FX_AGAIN) != 0) {
		(void)snprintf(a->trial_waits, sizeof(a->trial_waits),
			       "ocf-fw-write, which could not mark the slot");
		look_later(a);
	}
}

static void act(struct app *a, enum trial_event event)
{
	struct state_trial *t = &a->state->trial;
	unsigned fx;

	if (!trial_step(&t->state, event, &fx))
		return;
	do_effects(a, fx);
	app_publish(a);
}

/* ---- what the slots show ---- */

/* There is no record yet of `version`, which waits, runs unconfirmed, or has done so. */
static void remember(struct app *a, const char *slot, const char *version)
{
	struct state_trial *t = &a->state->trial;
	const struct state_accepted *accepted = &a->state->accepted;
	bool runs = !strcmp(version, a->slots.running);
	struct fw_version v;

	*t = (struct state_trial){.state = t->state};
	t->deferred = a->run && a->run->job.phase == JOB_INSTALLING && a->run->defer_reboot;
	(void)snprintf(t->slot, sizeof(t->slot), "%s", slot);
	(void)snprintf(t->boot, sizeof(t->boot), "%s", a->slots.boot);
	(void)snprintf(t->from, sizeof(t->from), "%s", runs ? a->trial_from : a->slots.running);
	(void)snprintf(t->to, sizeof(t->to), "%s", version);
	if (accepted->any && fw_version_parse(span_str(t->to), &v) &&
	    fw_version_cmp(&v, &accepted->version) == 0)
		t->accepted = *accepted;
}

/* From here on it is not for its boots if the slot starts no more. */
int app_trial_give_way(struct app *a)
{
	struct state_trial *t = &a->state->trial;

	if (t->state != TRIAL_PENDING || !t->boot[0])
		return 0;
	t->boot[0] = '\0';
	return state_save(a->state);
}

/* It gave way, but its slot still starts next, or does so again: the version is there still, or the
 * next one is already. */
static void take_back(struct app *a, const struct trial_view *v)
{
	struct state_trial *t = &a->state->trial;
	const char *version = v->runs ? a->slots.running : a->slots.pending;

	if (t->state != TRIAL_PENDING || t->boot[0] || v->standing == TRIAL_HIDDEN ||
	    (!v->runs && !v->next) || (a->run && a->run->awaited != AWAIT_SLOTS))
		return;
	if (strcmp(t->to, version) != 0)
		remember(a, v->runs ? a->slots.slot : a->slots.primary, version);
	else if (a->slots.boot[0])
		(void)snprintf(t->boot, sizeof(t->boot), "%s", a->slots.boot);
	else
		return;
	(void)app_is_stored("state", state_save(a->state));
}

/* An installation that nobody saw the end of has brought `version`. What ran before is not new. */
static bool is_unrecorded(const struct app *a, const char *version)
{
	const struct state *s = a->state;

	for (size_t i = app_is_recorded(a); i < s->n; i++) { /* but for the job's own */
		const struct state_entry *e = &s->history[i];

		if (e->result == JOB_RUNNING && e->kind == JOB_INSTALL && !strcmp(e->to, version) &&
		    strcmp(e->to, e->from) != 0)
			return true;
	}
	return false;
}

/* What the loader does not tell our records do. */
static enum trial_standing standing_of(const struct app *a)
{
	if (!a->slots.slot[0])
		return TRIAL_HIDDEN;
	if (a->slots.standing != PROTO_UNKNOWN)
		return (enum trial_standing)a->slots.standing;
	if (app_trial_attempts(a) == 0)
		return TRIAL_CONFIRMED;
	return is_unrecorded(a, a->slots.running) ? TRIAL_UNCONFIRMED : TRIAL_UNKNOWN;
}

/* The slot that matters: of the record, else the one that is new. */
static const char *slot_at_hand(const struct app *a)
{
	if (a->state->trial.state != TRIAL_NONE)
		return a->state->trial.slot;
	return standing_of(a) == TRIAL_UNCONFIRMED ? a->slots.slot : a->slots.primary;
}

/* A loader that counts every start is told once a boot that this one went well; not any more once
 * another slot is the next to start, since it would take that back. */
static void refresh_loader(struct app *a)
{
	struct proto_msg m = {.type = PROTO_CONFIRM};

	if (a->trial_refreshed || a->slots.standing != PROTO_UNKNOWN || !a->slots.slot[0] ||
	    strcmp(a->slots.slot, a->slots.primary) != 0 || a->state->trial.state > TRIAL_PENDING ||
	    !may_mark(a) || helper_open(&a->write) < 0)
		return;
	(void)snprintf(m.slot.slot, sizeof(m.slot.slot), "%s", a->slots.slot);
	a->trial_refreshed = helper_send(&a->write, &m, -1) == 0;
	a->trial_marks += a->trial_refreshed;
}

void app_trial_see(struct app *a, const struct proto_slots_are *s, bool committed)
{
	struct state_trial *t = &a->state->trial;
	const char *slot, *version;
	struct trial_view v;
	enum trial_event e;

	a->slots = *s;
	a->trial_heard = s->error == FWE_OK && s->slot[0];
	if (s->error != FWE_OK) {
		look_later(a);
		return;
	}
	loop_timer_set(a->trial_look_timer, NEVER_US);
	if (committed && t->state == TRIAL_PENDING)
		*t = (struct state_trial){0}; /* it gave way to what was installed now */
	slot = slot_at_hand(a);
	v = (struct trial_view){
		.runs = slot[0] && !strcmp(slot, s->slot),
		.next = slot[0] && !strcmp(slot, s->primary),
		.other_boot = t->boot[0] && strcmp(t->boot, s->boot) != 0,
		.standing = standing_of(a),
	};
	take_back(a, &v);
	e = trial_see(t->state, &v);
	version = v.runs ? s->running : s->pending;
	/* It was started in vain, before anybody wrote down that it was there. */
	if (t->state == TRIAL_NONE && v.standing != TRIAL_HIDDEN && s->failed[0] &&
	    is_unrecorded(a, s->failed)) {
		e = TRIAL_FELL_BACK;
		version = s->failed;
	}
	if (t->state == TRIAL_NONE && e != TRIAL_NOTHING)
		remember(a, slot, version);
	if (e == TRIAL_BOOTED && a->trial_told_bad) {
		log_error("trial: the slot starts again though it is bad slot=%s", t->slot);
		look_later(a);
		return;
	}
	if (e != TRIAL_BOOTED || t->state != TRIAL_ON || !a->trial_gate || v.other_boot)
		act(a, e);
	if (!app_trial_is_on(a) && v.standing != TRIAL_HIDDEN)
		settled(a);
	refresh_loader(a);
}

bool app_trial_is_on(const struct app *a)
{
	return a->state->trial.state > TRIAL_PENDING;
}

bool app_trial_forbids(const struct app *a, enum job_kind kind)
{
	return kind != JOB_CHECK && app_trial_is_on(a);
}

uint32_t app_trial_attempts(const struct app *a)
{
	bool wanted = a->config->trial_mode == TRIAL_MODE_ALWAYS ||
		      (a->config->trial_mode == TRIAL_MODE_REBOOT && !a->slots.immediate);

	return wanted ? a->config->attempts : 0;
}

bool app_trial_marked(struct app *a, const struct proto_done *d)
{
	if (a->trial_marks == 0)
		return false;
	a->trial_marks = d ? a->trial_marks - 1 : 0;
	a->trial_heard = d != NULL;
	if (a->state->trial.state <= TRIAL_PENDING) { /* a loader was told, no more */
		a->trial_refreshed = d && d->error == FWE_OK;
		if (!a->trial_refreshed)
			log_error("trial: the boot loader could not be told that this start went "
				  "well: %s",
				  d ? d->text : "ocf-fw-write has failed");
		if (!a->run)
			helper_close(&a->write);
		return true;
	}
	a->trial_told_bad = a->state->trial.state == TRIAL_REVERTING;
	if (!d || d->error != FWE_OK)
		log_error("trial: %s", d ? d->text : "ocf-fw-write has failed");
	act(a, d && d->error == FWE_OK ? TRIAL_MARKED : TRIAL_MARK_FAILED);
	return true;
}

/* ---- what the bus asks for ---- */

static bool is_the_slot(const struct app *a, const char *slot)
{
	return !slot[0] || !strcmp(slot, a->state->trial.slot);
}

/* What is remembered may be over: the boot loader may have gone back. */
static bool is_in_the_dark(const struct app *a, struct fwupd_refusal *ret_why)
{
	*ret_why = (struct fwupd_refusal){FWE_POLICY_DEFERRED,
					  "ocf-fw-write has not told which slot runs"};
	return !a->slots.slot[0];
}

static int refuse(struct fwupd_refusal *ret_why, const char *text)
{
	ret_why->error = FWE_OK;
	(void)snprintf(ret_why->text, sizeof(ret_why->text), "%s", text);
	return -ECANCELED;
}

int app_trial_confirm(void *arg, const char *slot, struct fwupd_refusal *ret_why)
{
	struct app *a = arg;
	struct state_trial *t = &a->state->trial;

	if (is_in_the_dark(a, ret_why))
		return -ECANCELED;
	if (t->state < TRIAL_ON || strcmp(t->slot, a->slots.slot) != 0)
		return refuse(ret_why, "No version is on trial");
	if (!is_the_slot(a, slot))
		return refuse(ret_why, "The version on trial is in another slot");
	t->reason[0] = '\0';
	act(a, TRIAL_CONFIRM);
	return 0;
}

int app_trial_reject(void *arg, const char *slot, const char *reason, struct fwupd_refusal *ret_why)
{
	struct app *a = arg;
	struct state_trial *t = &a->state->trial;

	if (is_in_the_dark(a, ret_why))
		return -ECANCELED;
	if (t->state != TRIAL_ON && t->state != TRIAL_PENDING)
		return refuse(ret_why, "No version is on trial, and none waits for a boot");
	if (!is_the_slot(a, slot))
		return refuse(ret_why, "That version is in another slot");
	if (a->run && a->run->job.kind != JOB_CHECK)
		return -EBUSY;
	text_put(t->reason, sizeof(t->reason), "%s",
		 reason[0] ? reason : "rejected by the operator");
	act(a, TRIAL_REJECT);
	return 0;
}

/* ---- what the bus is told ---- */

void app_trial_facts(const struct app *a, struct fwupd_facts *ret)
{
	const struct state_trial *t = &a->state->trial;

	ret->confirmed = a->slots.slot[0] && t->state <= TRIAL_PENDING;
	ret->attempts_left = t->state != TRIAL_NONE ? a->slots.left : 0;
	ret->trial_deadline_us =
		t->state == TRIAL_ON && t->deadline_us > clock_boottime_us() ? t->deadline_us : 0;
	(void)snprintf(ret->trial_waits, sizeof(ret->trial_waits), "%s",
		       a->restart_waits[0] ? a->restart_waits : a->trial_waits);
}

const char *app_trial_state_name(const struct app *a)
{
	enum trial_state s = a->state->trial.state;

	if (s == TRIAL_ON || s == TRIAL_CONFIRMING)
		return "trial";
	return s == TRIAL_PENDING || s == TRIAL_REVERTING || a->facts.pending[0] ? "pending-reboot"
										 : "idle";
}

/* What is remembered ends in time also if nothing is ever heard of the slots: ocf-fw-write came
 * with the version on trial. */
int app_trial_start(struct app *a)
{
	int r = loop_timer_new_boottime(&a->trial_timer, a->loop, on_deadline, a);

	if (r >= 0)
		r = loop_timer_new_boottime(&a->trial_look_timer, a->loop, on_look_time, a);
	if (r < 0 || a->state->trial.state == TRIAL_NONE)
		return r;
	(void)snprintf(a->trial_waits, sizeof(a->trial_waits),
		       "what ocf-fw-write says of the slots");
	set_deadline(a, TRIAL_FX_BOUND);
	look_later(a);
	return 0;
}

void app_trial_free(struct app *a)
{
	health_free(a->health);
	loop_timer_free(a->trial_timer);
	loop_timer_free(a->trial_look_timer);
}
