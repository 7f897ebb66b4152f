#include "bus/secd_vtable.h"

#include <systemd/sd-bus.h>

#include "bus/bus.h"

#define PATH       "/org/ocfgw/Security1"
#define INTERFACE  SECD_BUS_NAME
#define ERROR_NAME INTERFACE ".Error."
#define FWUPD_USER "ocf-fwupd"

struct secd_vtable {
	struct bus_part part; /* first: attach() gets its address */
	struct bus *bus;
	const struct secd_calls *calls;
	void *arg;
	const char *version;
	struct secd_facts facts, told;
	struct sd_bus_slot *slot;
	sd_bus_message *testing; /* the call that waits for the self-test */
};

static int get_chars(sd_bus *sd, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *member, sd_bus_error *error)
{
	(void)sd, (void)path, (void)interface, (void)property, (void)error;
	return sd_bus_message_append_basic(reply, 's', member);
}

static int get_bool(sd_bus *sd, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *member, sd_bus_error *error)
{
	const bool *b = member;

	(void)sd, (void)path, (void)interface, (void)property, (void)error;
	return sd_bus_message_append_basic(reply, 'b', &(int){*b});
}

static int get_list(sd_bus *sd, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *member, sd_bus_error *error)
{
	(void)sd, (void)path, (void)interface, (void)property, (void)error;
	return sd_bus_message_append_strv(reply, member);
}

static int show_pin(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct secd_vtable *v = userdata;
	char pin[SECD_PIN_ROOM];
	int r;

	r = bus_require_root(m);
	if (r < 0)
		return r;
	r = v->calls->show_pin(v->arg, pin);
	if (r == -ENOENT)
		return sd_bus_error_set(error, ERROR_NAME "NoPin", "No PIN is wanted");
	if (r < 0)
		return r;
	r = sd_bus_reply_method_return(m, "s", pin);
	explicit_bzero(pin, sizeof(pin));
	return r;
}

static int reset(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct secd_vtable *v = userdata;
	int r;

	r = bus_require_root(m);
	if (r < 0)
		return r;
	r = v->calls->reset(v->arg);
	if (r == -EBUSY)
		return sd_bus_error_set(error, ERROR_NAME "ResetPending", "A reset is under way");
	if (r < 0)
		return sd_bus_error_set(error, ERROR_NAME "ResetFailed",
					"The reset could not be stored");
	return sd_bus_reply_method_return(m, NULL);
}

static int pair(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct secd_vtable *v = userdata;
	uint32_t seconds;
	int r;

	r = bus_require_root(m);
	if (r >= 0)
		r = sd_bus_message_read_basic(m, 'u', &seconds);
	if (r < 0)
		return r;
	if (seconds > SECD_PAIR_MAX)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "At most an hour");
	r = v->calls->pair(v->arg, seconds);
	if (r == -EALREADY)
		return sd_bus_error_set(error, ERROR_NAME "AlwaysOpen",
					"The onboarding window is always open");
	if (r == -EPERM)
		return sd_bus_error_set(error, ERROR_NAME "Owned", "The device has an owner");
	return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

static int self_test(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct secd_vtable *v = userdata;
	int r;

	r = bus_require_root(m);
	if (r == -EACCES)
		r = bus_require_user(m, FWUPD_USER);
	if (r < 0)
		return r;
	if (v->testing)
		return sd_bus_error_set(error, ERROR_NAME "SelfTestRunning",
					"A self-test is under way");
	v->testing = sd_bus_message_ref(m);
	v->calls->self_test(v->arg);
	return 1;
}

void secd_vtable_self_tested(struct secd_vtable *v, bool ok, const char *text)
{
	if (v->testing)
		(void)sd_bus_reply_method_return(v->testing, "bs", ok, text);
	v->testing = sd_bus_message_unref(v->testing);
}

#define FACT(member) offsetof(struct secd_vtable, facts.member)
#define CONST_FLAG   SD_BUS_VTABLE_PROPERTY_CONST
#define EMITS_FLAG   SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define ANYBODY_FLAG SD_BUS_VTABLE_UNPRIVILEGED /* sd-bus checks nothing: bus_require_root() */
static const sd_bus_vtable VTABLE[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Version", "s", NULL, offsetof(struct secd_vtable, version), CONST_FLAG),
	SD_BUS_PROPERTY("State", "s", NULL, FACT(state), EMITS_FLAG),
	SD_BUS_PROPERTY("Owned", "b", get_bool, FACT(owned), EMITS_FLAG),
	SD_BUS_PROPERTY("DeviceId", "s", get_chars, FACT(device), EMITS_FLAG),
	SD_BUS_PROPERTY("OwnerId", "s", get_chars, FACT(owner), EMITS_FLAG),
	SD_BUS_PROPERTY("OnboardingOpen", "b", get_bool, FACT(onboarding_open), EMITS_FLAG),
	SD_BUS_PROPERTY("OwnerTransferMethods", "as", get_list, FACT(methods), CONST_FLAG),
	SD_BUS_PROPERTY("SelectedMethod", "s", NULL, FACT(selected), EMITS_FLAG),
	SD_BUS_PROPERTY("OnboardingWindow", "s", NULL, FACT(window), EMITS_FLAG),
	SD_BUS_PROPERTY("PinWanted", "b", get_bool, FACT(pin_wanted), EMITS_FLAG),
	SD_BUS_PROPERTY("Problems", "as", get_list, FACT(problems), EMITS_FLAG),
	SD_BUS_PROPERTY("TlsLibrary", "s", NULL, FACT(tls_library), CONST_FLAG),
	SD_BUS_PROPERTY("Sessions", "u", NULL, FACT(sessions), 0),
	SD_BUS_METHOD_WITH_ARGS("ShowPin", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", pin), show_pin,
				ANYBODY_FLAG | SD_BUS_VTABLE_SENSITIVE), /* messages are wiped */
	SD_BUS_METHOD_WITH_ARGS("Pair", SD_BUS_ARGS("u", seconds), SD_BUS_NO_RESULT, pair,
				ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("Reset", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, reset, ANYBODY_FLAG),
	SD_BUS_METHOD_WITH_ARGS("SelfTest", SD_BUS_NO_ARGS, SD_BUS_RESULT("b", ok, "s", text),
				self_test, ANYBODY_FLAG),
	SD_BUS_SIGNAL("PinRequested", NULL, 0),
	SD_BUS_SIGNAL_WITH_ARGS("AuditEvent",
				SD_BUS_ARGS("s", id, "u", category, "u", priority, "t", time, "s",
					    message, "a{ss}", details),
				0),
	SD_BUS_VTABLE_END,
};

static int attach(struct bus_part *part, struct sd_bus *sd)
{
	struct secd_vtable *v = (struct secd_vtable *)part;

	v->slot = sd_bus_slot_unref(v->slot);
	return sd_bus_add_object_vtable(sd, &v->slot, PATH, INTERFACE, VTABLE, v);
}

int secd_vtable_new(struct secd_vtable **ret, struct bus *b, const struct secd_facts *first,
		    const struct secd_calls *calls, void *arg)
{
	CLEANUP(secd_vtable_freep) struct secd_vtable *v = calloc(1, sizeof(*v));
	int r;

	if (!v)
		return -ENOMEM;
	*v = (struct secd_vtable){
		.part.attach = attach,
		.bus = b,
		.calls = calls,
		.arg = arg,
		.version = OCFGW_VERSION,
		.facts = *first,
		.told = *first,
	};
	r = bus_part_add(b, &v->part);
	if (r < 0)
		return r;
	*ret = v;
	v = NULL;
	return 0;
}

struct secd_vtable *secd_vtable_free(struct secd_vtable *v)
{
	if (!v)
		return NULL;
	bus_part_remove(v->bus, &v->part);
	sd_bus_slot_unref(v->slot);
	sd_bus_message_unref(v->testing);
	free(v);
	return NULL;
}

static const struct bus_signalled SIGNALLED[] = {
	BUS_SIGNALLED("State", struct secd_facts, state),
	BUS_SIGNALLED("Owned", struct secd_facts, owned),
	BUS_SIGNALLED("DeviceId", struct secd_facts, device),
	BUS_SIGNALLED("OwnerId", struct secd_facts, owner),
	BUS_SIGNALLED("OnboardingOpen", struct secd_facts, onboarding_open),
	BUS_SIGNALLED("SelectedMethod", struct secd_facts, selected),
	BUS_SIGNALLED("OnboardingWindow", struct secd_facts, window),
	BUS_SIGNALLED("PinWanted", struct secd_facts, pin_wanted),
	BUS_SIGNALLED("Problems", struct secd_facts, problems),
};

bool secd_vtable_update(struct secd_vtable *v, const struct secd_facts *now)
{
	bool news = false;

	v->facts = *now;
	for (size_t i = 0; i < ARRAY_SIZE(SIGNALLED); i++)
		news = news || memcmp((const char *)&v->told + SIGNALLED[i].offset,
				      (const char *)&v->facts + SIGNALLED[i].offset,
				      SIGNALLED[i].size) != 0;
	return news;
}

void secd_vtable_tell(struct secd_vtable *v)
{
	const struct secd_facts before = v->told;

	v->told = v->facts;
	bus_emit_changes(v->bus, PATH, INTERFACE, SIGNALLED, ARRAY_SIZE(SIGNALLED), &before,
			 &v->told);
}

void secd_vtable_pin_requested(struct secd_vtable *v)
{
	struct sd_bus *sd = bus_sd_bus(v->bus);

	if (sd)
		(void)sd_bus_emit_signal(sd, PATH, INTERFACE, "PinRequested", NULL);
}

static int append_audit(sd_bus_message *m, const struct secd_audit *e)
{
	int r = sd_bus_message_append(m, "suuts", e->id, e->category, e->priority, e->time_us,
				      e->message);

	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "{ss}");
	for (size_t i = 0; i < e->n && r >= 0; i++)
		r = sd_bus_message_append(m, "{ss}", e->details[i].name, e->details[i].value);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

void secd_vtable_audit(struct secd_vtable *v, const struct secd_audit *e)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	struct sd_bus *sd = bus_sd_bus(v->bus);

	if (sd && sd_bus_message_new_signal(sd, &m, PATH, INTERFACE, "AuditEvent") >= 0 &&
	    append_audit(m, e) >= 0)
		(void)sd_bus_send(sd, m, NULL);
}
