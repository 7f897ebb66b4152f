#include "app_parts.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "certs.h"
#include "crypto/rng.h"

static void fill_random(void *ctx, void *ret, size_t len)
{
	(void)ctx;
	rng_fill(ret, len);
}

static int owner_key(void *ctx, uint64_t session, const char *label, const struct uuid *obt,
		     const struct uuid *device, uint8_t ret[16])
{
	struct app *a = ctx;

	return endpoint_owner_key(a->endpoint, session, label, obt, device, ret);
}

struct svr_env app_env(struct app *a)
{
	const uint64_t now_us = clock_monotonic_us();

	return (struct svr_env){
		.certs = &CERTS,
		.now_us = now_us,
		.wall = date_now(&a->date, now_us),
		.clock_us = clock_real_us(),
		.random = fill_random,
		.owner_key = owner_key,
		.ctx = a,
		.ncrs = a->broker ? broker_ncrs(a->broker) : NULL,
	};
}

/* May one more line be written? */
static bool take_line(struct peer_log *l)
{
	unsigned dropped;
	bool taken = peer_log_take(l, clock_monotonic_us(), &dropped);

	if (taken && dropped)
		log_warning("log: lines about peers left out n=%u", dropped);
	return taken;
}

void app_peer_log(struct app *a, enum log_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (!take_line(&a->peer_log))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_line(level, "%s", line);
}

/* What `systemctl status` shows. */
static void tell_systemd(const struct app *a)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "STATUS=%s, %s", dos_name(device_dos(a->state.dev)),
		       device_owned(a->state.dev) ? "owned" : "waiting for an owner");
	loop_notify(a->loop, line);
}

struct seen {
	enum dos dos;
	struct uuid owner, id;
	bool owned, doc_open;
};

static struct seen look_at(const struct device *dev)
{
	return (struct seen){device_dos(dev), *device_owner(dev), *device_uuid(dev),
			     device_owned(dev), device_doc_open(dev)};
}

/* One line for each change that the person who runs the gateway wants to know; strangers can take
 * an unowned device and give it up without end. */
static void log_changes(struct app *a, const struct seen *before, const struct seen *now)
{
	char text[UUID_TEXT + 1];

	if (!uuid_eq(&now->owner, &before->owner) && !uuid_is_nil(&now->owner) &&
	    take_line(&a->change_log)) {
		uuid_format(&now->owner, text);
		log_info("device: owner is %s", text);
	}
	if (now->dos != before->dos && take_line(&a->change_log)) {
		uuid_format(&now->id, text);
		log_info("device: state %s to %s id=%s", dos_name(before->dos), dos_name(now->dos),
			 text);
	}
	if (now->dos != before->dos)
		tell_systemd(a);
	if (now->doc_open != before->doc_open && take_line(&a->change_log))
		log_info("device: onboarding connection %s", now->doc_open ? "open" : "closed");
}

static void audit_changes(struct app *a, const struct seen *before, const struct seen *now)
{
	char owner[UUID_TEXT + 1];

	if (now->dos == DOS_RFOTM && !uuid_eq(&now->id, &before->id) && !now->doc_open)
		app_audit(a, AUDIT_RESET, (const char *[AUDIT_DETAILS]){NULL});
	else if (now->dos != before->dos)
		app_audit_session(a, AUDIT_STATE_CHANGED, dos_name(before->dos));
	if (now->doc_open && !before->doc_open)
		app_audit_session(a, AUDIT_TRANSFER_BEGUN, NULL);
	if (now->owned && !before->owned) {
		uuid_format(&now->owner, owner);
		app_audit(a, AUDIT_OWNED, (const char *[AUDIT_DETAILS]){[AUDIT_PEER] = owner});
	}
}

int app_commit(struct app *a, struct svr_out *out)
{
	struct seen before = look_at(a->state.dev), now;
	int r;

	if (!out->staged)
		return 0;
	r = state_commit(&a->state, out);
	if (r < 0) {
		log_error("state: cannot store a change, it is dropped error=%s", strerror(-r));
		return r;
	}
	loop_timer_set(a->pin_timer, device_pin_deadline(a->state.dev));
	endpoint_touch(a->endpoint);
	now = look_at(a->state.dev);
	log_changes(a, &before, &now);
	audit_changes(a, &before, &now);
	return 0;
}

static void show_pin(struct app *a)
{
	int r = a->pin_display ? pin_display_show(a->pin_display, device_pin(a->state.dev)) : 0;

	if (r < 0)
		app_peer_log(a, LOG_LINE_ERROR,
			     "pin: display command cannot start command=%s error=%s",
			     a->pin_argv[0], strerror(-r));
	else
		app_peer_log(a, LOG_LINE_INFO, "pin: wanted by an onboarding tool shown-by=%s",
			     a->pin_display ? a->pin_argv[0] : "ocfctl");
	app_bus_pin_requested(a);
}

void app_effects(struct app *a, unsigned effects)
{
	if (effects & FX_SIGNAL)
		app_bus_update(a);
	if (effects & FX_PIN_SHOW && device_pin(a->state.dev))
		show_pin(a);
	if (effects & FX_PIN_HIDE && a->pin_display)
		pin_display_hide(a->pin_display);
	if (effects & FX_RESET_WAIT)
		loop_timer_set(a->reset_timer, clock_monotonic_us() + SVR_RESET_WAIT_US);
	if (effects & FX_CLOSE_OTHERS)
		endpoint_close_all(a->endpoint, device_doc(a->state.dev));
	if (effects & FX_CLOSE_ALL)
		endpoint_close_all(a->endpoint, 0);
	if (effects & FX_END_OBSERVERS)
		endpoint_end_observers(a->endpoint, V_UNAVAILABLE);
	app_software_follow(a);
	if (effects & FX_REKEY) /* no keys are kept, but who is in may have to go */
		endpoint_judge(a->endpoint);
	app_net_rearm(a); /* the network says goodbye even if no datagram comes any more */
}

int app_event(struct app *a, enum svr_event event, uint64_t session)
{
	struct svr_env env = app_env(a);
	struct svr_out out = {.verdict = V_CHANGED};
	int r;

	svr_event(a->state.dev, event, session, &env, &out);
	r = app_commit(a, &out);
	if (r < 0)
		return r;
	if (out.verdict >= V_BAD_REQUEST)
		return -EBADMSG;
	app_effects(a, out.effects);
	return 0;
}

static int on_reset_due(void *arg)
{
	(void)app_event(arg, EV_RESET_DUE, 0); /* over already: no matter */
	return 0;
}

static int on_pin_expired(void *arg)
{
	(void)app_event(arg, EV_PIN_EXPIRED, 0);
	return 0;
}

static int load_state(struct app *a, const char *dir)
{
	struct svr_env env;
	int r;

	r = state_open(&a->state, dir);
	if (r >= 0)
		r = date_start(&a->date, a->state.store, (enum date_trust)a->config->trust_clock);
	if (r >= 0)
		r = state_identity(&a->state, &a->info);
	if (r < 0)
		return r;
	env = app_env(a);
	return state_load(&a->state, &a->info, &env, &a->damaged);
}

void app_confirmed(struct app *a)
{
	int r;

	if (a->state.confirmed)
		return;
	a->date.confirmed = true;
	r = state_confirm(&a->state, &a->info);
	if (r < 0)
		log_warning("state: records stay in their format until the next change error=%s",
			    strerror(-r));
	else
		log_info("state: firmware is confirmed, records have the newest format");
}

static int start_state(struct app *a, const char *dir)
{
	char id[UUID_TEXT + 1];
	int r = load_state(a, dir);

	if (r < 0) {
		log_error("state: cannot be used dir=%s error=%s%s", dir, strerror(-r),
			  r == -EPERM || r == -EACCES || r == -ENOENT
				  ? " (must be there, ours, mode 0700)"
			  : r == -EBUSY   ? " (another ocf-secd runs)"
			  : r == -ENOTSUP ? " (a record of newer firmware: go back to that one)"
					  : "");
		return r;
	}
	if (a->damaged)
		log_error(
			"state: damaged record, waiting for ocf-obt repair or ocfctl reset why=%s",
			a->damaged);
	if (a->damaged)
		app_audit(a, AUDIT_RECORD_DAMAGED,
			  (const char *[AUDIT_DETAILS]){[AUDIT_WHY] = a->damaged});
	uuid_format(device_uuid(a->state.dev), id);
	log_info("device: start state=%s id=%s library=%s", dos_name(device_dos(a->state.dev)), id,
		 dtls_caps()->library);
	tell_systemd(a);
	if (a->config->raise_formats == RAISE_NOW)
		app_confirmed(a);
	return 0;
}

static void copy_info(struct app *a)
{
	struct device_info *i = &a->info;

	memcpy(i->name, a->config->name, sizeof(i->name));
	memcpy(i->manufacturer, a->config->manufacturer, sizeof(i->manufacturer));
	memcpy(i->model, a->config->model, sizeof(i->model));
	memcpy(i->device_type, a->config->type, sizeof(i->device_type));
}

int app_new(struct app **ret, const struct secd_config *config, const char *state_dir,
	    struct loop *loop)
{
	CLEANUP(app_freep) struct app *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	a->config = config;
	a->loop = loop;
	copy_info(a);
	app_choose_methods(a);
	r = loop_timer_new(&a->reset_timer, loop, on_reset_due, a);
	if (r >= 0)
		r = loop_timer_new(&a->pin_timer, loop, on_pin_expired, a);
	if (r >= 0)
		r = app_window_start(a);
	if (r >= 0 && config_pin_argv(config, a->pin_words, a->pin_argv))
		r = pin_display_new(&a->pin_display, loop, a->pin_argv, config->pin_command_us);
	if (r >= 0)
		r = start_state(a, state_dir);
	if (r >= 0)
		app_look_at_factory(a);
	if (r >= 0)
		r = app_net_start(a);
	if (r >= 0)
		r = app_bus_start(a);
	if (r >= 0)
		r = app_software_start(a);
	if (r < 0)
		return r;
	*ret = a;
	a = NULL;
	return 0;
}

struct app *app_free(struct app *a)
{
	if (!a)
		return NULL;
	app_software_done(a);
	(void)selftest_free(a->selftest.test);
	(void)broker_free(a->broker);
	bus_watch_free(a->firmware);
	secd_vtable_free(a->vtable);
	bus_free(a->bus);
	if (a->endpoint)
		loop_del_fd(a->loop, endpoint_fd(a->endpoint));
	endpoint_free(a->endpoint);
	loop_timer_free(a->endpoint_timer);
	pin_display_free(a->pin_display);
	loop_timer_free(a->pin_timer);
	loop_timer_free(a->signals_timer);
	loop_timer_free(a->window_timer);
	loop_timer_free(a->reset_timer);
	a->identity = x509_own_unref(a->identity);
	buf_done(&a->identity_of);
	date_save(&a->date);
	state_done(&a->state);
	factory_done(&a->factory);
	explicit_bzero(a->info.fixed_pin, sizeof(a->info.fixed_pin));
	free(a);
	return NULL;
}
