#include "job.h"

#include "crypto/drbg.h"
#include "crypto/prf.h"

/* Between neighbours an answer is a matter of milliseconds: repeat soon, and for long enough to
 * get through heavy loss. */
#define ACK_TIMEOUT_US (500 * USEC_PER_MSEC)
#define RETRIES        10
#define BACKOFF_CAP_US (4 * USEC_PER_SEC)
#define HANDSHAKE_US   (20 * USEC_PER_SEC)
#define PIN_IDENTITY   "oic.sec.doxm.rdp"
#define PIN_MIN        ((size_t)4)
#define PIN_MAX        ((size_t)32)

static void drive(struct job *j);

static struct link *link_of(struct job *j)
{
	return job_owns(j) ? &j->link : &j->reach.link;
}

/* ---- what became of a step ---- */

static void acted(struct job *j, const char *failure)
{
	if (j->over)
		return;
	obt_acted(&j->obt, failure);
	drive(j);
}

static void fail_locally(struct job *j, enum outcome outcome, const char *why)
{
	j->connect_outcome = outcome;
	acted(j, why);
}

static void on_reply(void *arg, const struct reply *r)
{
	struct job *j = arg;
	const struct obt_reply reply = {.err = r->err, .code = r->code, .body = r->body};

	j->call = 0;
	obt_reply(&j->obt, &reply);
	drive(j);
}

/* Ends the step at hand, be it a request or something else. */
static void interrupt(struct job *j, int err, enum obt_cause cause)
{
	const struct obt_reply reply = {.err = err};

	if (j->over)
		return;
	if (j->call) {
		net_cancel(j->net, &j->call);
		obt_reply(&j->obt, &reply);
	} else {
		obt_abort(&j->obt, cause, NULL);
	}
	drive(j);
}

static int on_deadline(void *arg)
{
	interrupt(arg, -ETIMEDOUT, OBT_CAUSE_SILENT);
	return 0;
}

static void on_lost(void *arg)
{
	interrupt(arg, -ECONNRESET, OBT_CAUSE_LOST);
}

static void on_opened(void *arg)
{
	acted(arg, NULL);
}

static bool is_pin(enum obt_method m)
{
	return m == OBT_RANDOM_PIN || m == OBT_FIXED_PIN;
}

static const char *why_refused(const struct job *j)
{
	return j->net->chain_refused ? j->net->chain_refused
				     : "no good certificate: its root is not in --trust";
}

static void on_closed(void *arg, enum dtls_end why, bool was_open)
{
	struct job *j = arg;

	if (was_open)
		on_lost(j);
	else if (why == DTLS_END_CERT)
		fail_locally(j, OUT_KEY, why_refused(j));
	else if (why == DTLS_END_TIMEOUT)
		fail_locally(j, OUT_SILENT, "no answer to the handshake");
	else if (is_pin(j->params.method))
		fail_locally(j, OUT_KEY, "the handshake failed: most likely a wrong PIN");
	else
		fail_locally(j, OUT_METHOD, "the device refused the handshake");
}

static void on_reached(void *arg, bool ok)
{
	struct job *j = arg;

	if (ok)
		acted(j, NULL);
	else
		fail_locally(j, j->reach.trouble.outcome, j->reach.trouble.text);
}

/* ---- doing a step ---- */

static void do_call(struct job *j, const struct obt_turn *turn)
{
	static const enum method METHODS[] = {
		[OBT_GET] = M_GET, [OBT_POST] = M_POST, [OBT_DELETE] = M_DELETE};
	const struct call call = {
		.method = METHODS[turn->verb],
		.session = turn->secured ? link_of(j)->session : 0,
		.to = j->coap,
		.path = turn->path,
		.body = turn->body,
		.ack_timeout_us = ACK_TIMEOUT_US,
		.max_retransmit = RETRIES,
		.backoff_cap_us = BACKOFF_CAP_US,
	};
	int r = net_call(j->net, &call, on_reply, j, &j->call);
	const struct obt_reply broken = {.err = r};

	if (r >= 0)
		return;
	obt_reply(&j->obt, &broken);
	drive(j);
}

static void do_connect(struct job *j)
{
	struct dtls_offer offer = {.profile = DTLS_ANON,
				   .handshake_us = HANDSHAKE_US,
				   .resend_us = ACK_TIMEOUT_US,
				   .resend_max_us = BACKOFF_CAP_US / 2};
	int r;

	if (!job_owns(j)) {
		reach_start(&j->reach);
		return;
	}
	if (j->params.method == OBT_MFG_CERT)
		offer.profile = DTLS_MFG;
	if (is_pin(j->params.method)) {
		offer.profile = DTLS_PIN;
		offer.identity = SPAN_LIT(PIN_IDENTITY);
		offer.key = j->pin_key;
	}
	r = net_connect(j->net, &j->link, &j->coaps, &offer);
	secret_wipe(&offer.key);
	secret_wipe(&j->pin_key);
	if (r < 0)
		fail_locally(j, r == -ENOTSUP ? OUT_METHOD : OUT_FAILED,
			     r == -ENOTSUP ? "this GnuTLS lacks what the method needs"
					   : "cannot start the handshake");
}

/* The key must be on disk before the device is told to derive it. */
static const char *keep_key(struct job *j)
{
	struct record_device *rec = &j->record;
	uint8_t key[16];
	int r;

	r = endpoint_owner_key(j->net->ep, j->link.session, obt_method_label(j->params.method),
			       &j->params.obt, &j->params.renamed, key);
	if (r >= 0 && !secret_set(&rec->key, span_of(key, sizeof(key))))
		r = -EINVAL;
	explicit_bzero(key, sizeof(key));
	if (r < 0)
		return "cannot derive the owner credential";
	rec->cms_key = j->cms_key;
	rec->ams_key = j->ams_key;
	rec->device = j->params.renamed;
	rec->method = j->params.method;
	rec->owned_us = clock_real_us();
	(void)memcpy(rec->name, j->name, sizeof(rec->name));
	endpoint_addr_format(&j->coaps, rec->addresses[0]);
	rec->n_addresses = 1;
	return state_put(j->state, rec) < 0 ? "cannot store the owner credential" : NULL;
}

static const char *forget_key(struct job *j)
{
	const struct uuid *device = job_owns(j) ? &j->params.renamed : &j->params.device;

	return state_forget(j->state, device) < 0 ? "cannot remove the owner credential" : NULL;
}

/* ---- the end ---- */

static void explain(struct job *j)
{
	static const struct {
		enum outcome outcome;
		const char *text;
	} WHY[] = {
		[OBT_CAUSE_NONE] = {OUT_OK,      ""                            },
		[OBT_CAUSE_REFUSED] = {OUT_REFUSED, "the device answered"         },
		[OBT_CAUSE_SILENT] = {OUT_SILENT,  "the device stopped answering"},
		[OBT_CAUSE_LOST] = {OUT_SILENT,  "the device ended the session"},
		[OBT_CAUSE_BAD] = {OUT_ANSWER,  "the answer cannot be read"   },
		[OBT_CAUSE_MISMATCH] = {OUT_ANSWER,  "the answer is not as agreed" },
		[OBT_CAUSE_LOCAL] = {OUT_FAILED,  "failed"                      },
	};
	static const char KEPT[] = "; it may be ours: the record is kept, as incomplete, for "
				   "provision or reset";
	const struct obt_failure *f = &j->obt.failure;
	char code[OUT_CODE];
	enum outcome outcome = WHY[f->cause].outcome;

	if (f->cause == OBT_CAUSE_LOCAL && j->connect_outcome != OUT_OK)
		outcome = j->connect_outcome;
	out_code(f->code, code);
	trouble_set(&j->trouble, outcome, "%s%s%s%s", f->why ? f->why : WHY[f->cause].text,
		    f->code ? " " : "", f->code ? code : "",
		    job_owns(j) && j->obt.key_kept ? KEPT : "");
	j->trouble.step = f->step;
	j->trouble.code = f->code;
}

/* Not counted: closing, and the last write of the record. */
static void stop_clock(struct job *j)
{
	if (j->start_us && !j->elapsed_us)
		j->elapsed_us = clock_monotonic_us() - j->start_us;
}

/* What it was provisioned with. Keys and certificates that it has stay part of the goal. */
static int keep_goal(struct job *j)
{
	const struct uuid *device = &j->record.device;
	struct goal *goal CLEANUP(goal_freep) = NULL;
	int r = state_goal(j->state, device, &goal);

	if (r < 0)
		return r;
	goal->n_rules = 0;
	goal_add_defaults(goal, record_service_uuid(state_self(j->state), &j->record, OBT_DOTS),
			  record_service_uuid(state_self(j->state), &j->record, OBT_CMS),
			  j->record.has_sdi);
	return state_put_goal(j->state, device, goal);
}

static void conclude(struct job *j, bool ok)
{
	struct record_device *rec = &j->record;

	j->over = true;
	stop_clock(j);
	if (ok && job_owns(j)) {
		rec->complete = true;
		rec->has_sdi = j->obt.has_sdi;
	} else if (ok && j->task == OBT_PROVISION) {
		rec->complete = true;
		(void)memcpy(rec->addresses, j->reach.dev.addresses, sizeof(rec->addresses));
	}
	if (!ok)
		explain(j);
	else if (j->task != OBT_RESET && (keep_goal(j) < 0 || state_put(j->state, rec) < 0))
		trouble_set(&j->trouble, OUT_STATE, "it is ours, but its record cannot be written");
	else
		j->trouble = (struct trouble){.outcome = OUT_OK};
	if (j->timer)
		loop_timer_set(j->timer, NEVER_US);
	j->done(j->arg);
}

/* True: the step is settled, and the engine is to be asked again. */
static bool perform(struct job *j, const struct obt_turn *turn)
{
	switch (turn->act) {
	case OBT_APPROVE:
		loop_timer_set(j->timer, NEVER_US);
		j->approve(j->arg);
		return false;
	case OBT_PIN:
		loop_timer_set(j->timer, NEVER_US);
		j->pin(j->arg);
		return false;
	case OBT_CONNECT:
		do_connect(j);
		return false;
	case OBT_SHOW_CHAIN:
		if (!j->chain)
			break;
		loop_timer_set(j->timer, NEVER_US);
		j->chain(j->arg, j->link.chain ? j->link.chain : "?");
		return false;
	case OBT_CALL:
		do_call(j, turn);
		return false;
	case OBT_KEEP_KEY:
		obt_acted(&j->obt, keep_key(j));
		return true;
	case OBT_FORGET_KEY:
		obt_acted(&j->obt, forget_key(j));
		return true;
	case OBT_CLOSE:
		stop_clock(j);
		net_disconnect(j->net, link_of(j));
		obt_acted(&j->obt, NULL);
		return true;
	case OBT_DONE:
	case OBT_FAILED:
		break;
	}
	if (turn->act == OBT_SHOW_CHAIN) { /* nobody to ask */
		obt_acted(&j->obt, NULL);
		return true;
	}
	conclude(j, turn->act == OBT_DONE);
	return false;
}

/* Worth a line of progress? */
static bool is_work(enum obt_act act)
{
	return act == OBT_CALL || act == OBT_CONNECT || act == OBT_KEEP_KEY;
}

static void drive(struct job *j)
{
	struct obt_turn turn;

	if (j->over)
		return;
	do {
		obt_next(&j->obt, &turn);
		if (is_work(turn.act) && turn.step != j->shown)
			j->step(j->arg, turn.step);
		j->shown = turn.step;
	} while (perform(j, &turn));
}

/* Started again by each word of a person. */
static void start_clock(struct job *j)
{
	j->start_us = clock_monotonic_us();
	loop_timer_set(j->timer, j->start_us + j->deadline_us);
}

/* Who will own what of the device: we in all roles, or three services that share nothing. */
static void choose_services(struct job *j)
{
	const struct record_self *self = state_self(j->state);

	if (job_owns(j) && j->separate) {
		j->cms_key.len = j->ams_key.len = 16;
		drbg_fill(j->cms_key.b, j->cms_key.len);
		drbg_fill(j->ams_key.b, j->ams_key.len);
		j->params.cms_key = &j->cms_key;
		j->params.ams_key = &j->ams_key;
	}
	j->params.cms = j->params.ams = j->params.obt;
	if (j->params.cms_key || (!job_owns(j) && record_is_separate(&j->record))) {
		j->params.cms = self->cms;
		j->params.ams = self->ams;
	}
}

void job_start(struct job *j)
{
	if (!job_owns(j)) {
		j->record = *j->dev;
		j->reach = (struct reach){
			.net = j->net,
			.state = j->state,
			.dev = *j->dev,
			.timeout_us = j->timeout_us,
			.done = on_reached,
			.lost = on_lost,
			.arg = j,
		};
	}
	choose_services(j);
	j->link = (struct link){.opened = on_opened, .closed = on_closed, .arg = j};
	obt_start(&j->obt, j->task, &j->params);
	if (loop_timer_new(&j->timer, j->net->loop, on_deadline, j) < 0) {
		job_refuse(j, OUT_FAILED, "out of memory");
		return;
	}
	start_clock(j);
	drive(j);
}

void job_go_on(struct job *j)
{
	start_clock(j);
	acted(j, NULL);
}

void job_pin(struct job *j, struct span pin)
{
	start_clock(j);
	if (pin.len < PIN_MIN || pin.len > PIN_MAX)
		fail_locally(j, OUT_KEY, "a PIN has 4 to 32 characters");
	else if (prf_pin_key(pin, &j->params.device, &j->pin_key) < 0)
		fail_locally(j, OUT_FAILED, "cannot derive the PIN's key");
	else
		acted(j, NULL);
}

void job_refuse(struct job *j, enum outcome outcome, const char *why)
{
	fail_locally(j, outcome, why);
}

void job_end(struct job *j)
{
	struct obt_turn turn;

	if (!j->over && j->obt.at) { /* interrupted: what needs no answer is still done */
		net_cancel(j->net, &j->call);
		obt_abort(&j->obt, OBT_CAUSE_LOCAL, "interrupted");
		for (obt_next(&j->obt, &turn); turn.act != OBT_FAILED; obt_next(&j->obt, &turn)) {
			if (turn.act == OBT_CALL)
				obt_reply(&j->obt, &(struct obt_reply){.err = -ECONNRESET});
			else
				(void)perform(j, &turn);
		}
		j->over = true;
	}
	net_disconnect(j->net, &j->link);
	if (!job_owns(j))
		reach_end(&j->reach);
	j->timer = loop_timer_free(j->timer);
	record_device_wipe(&j->record);
	secret_wipe(&j->pin_key);
	secret_wipe(&j->cms_key);
	secret_wipe(&j->ams_key);
	obt_end(&j->obt);
}
