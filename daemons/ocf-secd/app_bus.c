#include "app_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

#define FIRMWARE_NAME "org.ocfgw.Firmware1"
#define FIRMWARE_PATH "/org/ocfgw/Firmware1"

/* "...-unavailable" for each method that is configured, but not usable. */
static size_t methods_missing(const struct app *a, const char **ret)
{
	enum oxm wanted[SVR_OXMS_MAX];
	size_t n = 0, n_wanted = config_methods(a->config, wanted);

	for (size_t i = 0; i < n_wanted; i++) {
		bool offered = !app_expects_method(a, wanted[i]);

		for (size_t j = 0; j < a->info.n_oxms; j++)
			offered = offered || a->info.oxms[j] == wanted[i];
		if (offered)
			continue;
		if (wanted[i] == OXM_JUST_WORKS)
			ret[n++] = "just-works-unavailable";
		else if (wanted[i] == OXM_MFG_CERT)
			ret[n++] = "manufacturer-certificate-unavailable";
		else if (wanted[i] == OXM_FIXED_PIN)
			ret[n++] = "fixed-pin-unavailable";
	}
	return n;
}

static struct secd_facts facts_of(const struct app *a)
{
	const struct device *dev = a->state.dev;
	struct secd_facts f = {
		.state = dos_name(device_dos(dev)),
		.owned = device_owned(dev),
		.onboarding_open = device_doc_open(dev),
		.pin_wanted = device_pin(dev) != NULL,
		.selected = oxm_name(device_oxmsel(dev)),
		.window = config_always_open(a->config) ? "always"
			  : a->info.window_closed       ? "closed"
							: "open",
		.tls_library = dtls_caps()->library,
		.sessions = (uint32_t)endpoint_sessions(a->endpoint),
	};
	size_t n = 0;

	uuid_format(device_uuid(dev), f.device);
	if (!uuid_is_nil(device_owner(dev)))
		uuid_format(device_owner(dev), f.owner);
	for (size_t i = 0; i < a->info.n_oxms; i++)
		f.methods[i] = oxm_name(a->info.oxms[i]);
	if (a->info.n_oxms == 0)
		f.problems[n++] = "no-transfer-method";
	n += methods_missing(a, f.problems + n);
	if (a->gnutls_old)
		f.problems[n++] = "private-gnutls-old";
	if (a->damaged && device_dos(dev) == DOS_SRESET)
		f.problems[n++] = "damaged-record";
	return f;
}

static int tell(void *arg)
{
	const uint64_t now_us = clock_monotonic_us();
	struct app *a = arg;
	unsigned dropped;

	if (peer_log_take(&a->signals, now_us, &dropped))
		secd_vtable_tell(a->vtable);
	else
		loop_timer_set(a->signals_timer, now_us + USEC_PER_SEC);
	return 0;
}

void app_bus_update(struct app *a)
{
	struct secd_facts f = facts_of(a);

	if (secd_vtable_update(a->vtable, &f))
		(void)tell(a);
}

void app_bus_pin_requested(struct app *a)
{
	secd_vtable_pin_requested(a->vtable);
}

static int on_show_pin(void *arg, char ret[SECD_PIN_ROOM])
{
	struct app *a = arg;
	const char *pin = device_pin(a->state.dev);

	if (!pin)
		return -ENOENT;
	(void)snprintf(ret, SECD_PIN_ROOM, "%s", pin);
	log_info("pin: shown to root on the bus");
	return 0;
}

static int on_reset(void *arg)
{
	struct app *a = arg;

	if (device_reset_pending(a->state.dev))
		return -EBUSY;
	log_info("device: reset asked for on the bus");
	return app_event(a, EV_RESET, 0);
}

static int on_pair(void *arg, uint32_t seconds)
{
	struct app *a = arg;

	if (config_always_open(a->config))
		return -EALREADY;
	if (device_owned(a->state.dev))
		return -EPERM;
	if (seconds == 0)
		app_window_close(a);
	else
		app_window_open(a, seconds * USEC_PER_SEC);
	return 0;
}

static void on_self_test(void *arg)
{
	app_selftest(arg);
}

static void on_bus_state(void *arg, enum bus_state state)
{
	(void)arg;
	switch (state) {
	case BUS_ABSENT:
		log_info("bus: none there, going on without one");
		break;
	case BUS_UP:
		log_info("bus: connected name=" SECD_BUS_NAME);
		break;
	case BUS_DOWN:
		log_warning("bus: connection lost");
		break;
	case BUS_NAME_TAKEN:
		log_warning("bus: name refused name=" SECD_BUS_NAME
			    " (another ocf-secd has it, or the bus policy is not installed)");
		break;
	}
}

/* /oic/p mnfv and the nv of /oc/swu follow ocf-fwupd while that runs. It also knows if the firmware
 * is on trial. */
static void on_firmware(void *arg, const char *property, const struct bus_value *value)
{
	struct app *a = arg;
	struct span text = property && value->type == 's' ? span_str(value->s) : span_of(NULL, 0);

	if ((!property || strcmp(property, "CurrentVersion") == 0) &&
	    span_to_str(text, a->info.firmware_version, SVR_TEXT_MAX) < 0)
		log_warning("bus: firmware version is too long version=%s",
			    log_text(&(struct log_buf){0}, text));
	if (property && strcmp(property, "Confirmed") == 0 && value->type == 'b' && value->b)
		app_confirmed(a);
	if (!property || strcmp(property, "AvailableVersion") == 0)
		app_software_available(a, text);
}

/* ---- resources of other programs ---- */

static void on_resources_changed(void *arg)
{
	struct app *a = arg;

	endpoint_touch(a->endpoint);
	app_net_rearm(a);
}

static void on_resource_ready(void *arg, uint64_t ticket)
{
	struct app *a = arg;

	endpoint_ready(a->endpoint, ticket, clock_monotonic_us());
	app_net_rearm(a);
}

static const struct broker_ops BROKER_OPS = {.changed = on_resources_changed,
					     .ready = on_resource_ready};

int app_bus_start(struct app *a)
{
	static const struct secd_calls CALLS = {
		.show_pin = on_show_pin,
		.reset = on_reset,
		.pair = on_pair,
		.self_test = on_self_test,
	};
	struct secd_facts f = facts_of(a);
	int r;

	r = loop_timer_new(&a->signals_timer, a->loop, tell, a);
	if (r >= 0)
		r = bus_new(&a->bus, a->loop, SECD_BUS_NAME, on_bus_state, a);
	if (r >= 0)
		r = secd_vtable_new(&a->vtable, a->bus, &f, &CALLS, a);
	if (r >= 0)
		r = bus_watch_new(&a->firmware, a->bus, FIRMWARE_NAME, FIRMWARE_PATH, FIRMWARE_NAME,
				  on_firmware, a);
	if (r >= 0)
		r = broker_new(&a->broker, a->bus, &BROKER_OPS, a);
	if (r < 0)
		log_error("bus: cannot be used error=%s", strerror(-r));
	return r;
}
