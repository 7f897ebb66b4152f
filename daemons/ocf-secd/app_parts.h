/* daemons/ocf-secd/app_parts.h - what app*.c share. */
#pragma once

#include "app.h"
#include "base/log.h"
#include "broker.h"
#include "bus/bus.h"
#include "bus/fwupd_client.h"
#include "bus/loop.h"
#include "bus/secd_vtable.h"
#include "factory.h"
#include "peer_log.h"
#include "pin.h"
#include "selftest.h"
#include "state.h"

#define PIN_HINT_PREFIX "oic.sec.doxm.rdp:"
#define HINT_MAX        (sizeof(PIN_HINT_PREFIX) - 1 + sizeof(struct uuid))

struct app {
	const struct secd_config *config;
	struct loop *loop;
	struct device_info info; /* borrowed by the device */
	struct state state;
	struct date date;
	struct x509_own *identity; /* made of the credentials that `identity_of` holds */
	struct buf identity_of;
	const char *damaged; /* record that start-up found damaged, or NULL */
	bool gnutls_old;
	struct factory factory;
	const char *factory_problem; /* NULL: it is usable */
	bool factory_absent;

	struct endpoint *endpoint;
	struct loop_timer *endpoint_timer;
	uint8_t hint[HINT_MAX];
	unsigned effects; /* of the request whose answer is about to be sent */
	struct loop_timer *reset_timer, *pin_timer, *window_timer;
	size_t sessions_peak; /* open ones since memory was given back last */
	struct peer_log peer_log, change_log;

	char pin_words[CONFIG_COMMAND_MAX];
	char *pin_argv[CONFIG_COMMAND_WORDS + 1];
	struct pin_display *pin_display; /* NULL: no command is set */

	struct bus *bus;
	struct secd_vtable *vtable;
	struct peer_log signals; /* strangers can change the device, and as often as they like */
	struct loop_timer *signals_timer;
	struct bus_watch *firmware;
	struct broker *broker; /* NULL until the bus part is started */

	struct {
		struct peer_log strangers, others; /* what the journal and the bus may hear */
	} audit;

	struct {
		struct fwupd_client *client;
		struct loop_timer *timer;
		uint32_t run; /* begun last */
		bool busy;    /* ocf-fwupd was: the timer tries again */
		char available[SVR_TEXT_MAX + 1];
	} software;

	struct {
		struct selftest *test; /* NULL: none is under way */
		enum app_selftest {
			SELFTEST_UNOWNED, /* doxm, unsecured */
			SELFTEST_PSK,     /* pstat, by the owner's key */
			SELFTEST_CERT,    /* doxm, by the device's own certificate */
			SELFTEST_CLEAR,   /* doxm, unsecured; somebody else's secret would be needed
					   */
		} kind;
	} selftest;
};

/* ---- app.c ---- */

/* Feeds the device an event and does all that follows. -EBADMSG: the event does not fit the state;
 * -errno of the store. */
int app_event(struct app *a, enum svr_event event, uint64_t session);
/* Stores and commits; the effects are left in out->effects. -errno of the store. */
MUST_USE int app_commit(struct app *a, struct svr_out *out);
void app_effects(struct app *a, unsigned effects);
/* This firmware stays: stored records may rise to formats that older ones do not know. */
void app_confirmed(struct app *a);
struct svr_env app_env(struct app *a);
/* Logs a line that a stranger can cause, if its ceiling allows. */
void app_peer_log(struct app *a, enum log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* ---- app_net.c ---- */

MUST_USE int app_net_start(struct app *a);
/* After calls into the endpoint from outside its own callbacks. */
void app_net_rearm(struct app *a);

/* ---- app_certs.c ---- */

/* Says if what the factory gave has become useless. */
void app_look_at_factory(struct app *a);
/* What a session of SVR_PROFILE_NORMAL shows: the identity certificate, else the manufacturer's,
 * else NULL. Borrowed until the next call. */
struct x509_own *app_own_certificate(struct app *a);
/* In a transfer by what the factory trusts, otherwise by the credentials. 0, or the error of
 * x509_verify(), which has been logged. */
MUST_USE int app_judge_certificate(struct app *a, bool transfer, const struct x509_chain *chain);

/* ---- app_onboard.c ---- */

/* Of the configured transfer methods those that this system can do. */
void app_choose_methods(struct app *a);
/* Is it a fault when this one cannot be offered? A device may come without a factory's credentials
 * as long as nobody asks for them. */
bool app_expects_method(const struct app *a, enum oxm oxm);
MUST_USE int app_window_start(struct app *a);
/* For a while, also when it is open already. */
void app_window_open(struct app *a, uint64_t for_us);
void app_window_close(struct app *a);

/* ---- app_bus.c ---- */

MUST_USE int app_bus_start(struct app *a);
/* The properties follow the device. */
void app_bus_update(struct app *a);
void app_bus_pin_requested(struct app *a);

/* ---- app_selftest.c ---- */

/* Proves by a session with ourselves that the owner can connect; secd_vtable_self_tested() follows,
 * at once or within SELFTEST_US. One at a time. */
void app_selftest(struct app *a);

/* ---- app_software.c ---- */

/* After app_bus_start(). -ENOMEM. */
MUST_USE int app_software_start(struct app *a);
void app_software_done(struct app *a);
/* Begins what the device wants to be done now, and waits for what it wants later. */
void app_software_follow(struct app *a);
/* The version that ocf-fwupd has found. */
void app_software_available(struct app *a, struct span version);

/* ---- app_audit.c ---- */

enum app_detail {
	AUDIT_ADDRESS,
	AUDIT_PEER,
	AUDIT_HREF,
	AUDIT_METHOD,
	AUDIT_STATE,
	AUDIT_ROLES,
	AUDIT_WHY,
	AUDIT_DETAILS,
};
/* Something of note has happened; `details` by enum app_detail, NULL: not known. */
void app_audit(struct app *a, enum svr_audit event, const char *const details[AUDIT_DETAILS]);
/* The same of a request, and of a session or the device, with the peer of the present callback. */
void app_audit_request(struct app *a, enum svr_audit event, const struct req *req, const char *why);
void app_audit_session(struct app *a, enum svr_audit event, const char *why);
