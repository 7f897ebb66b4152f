#include "svr/device.h"

#include <stdio.h>

#include "base/clock.h"

#define PIN_SPACE 100000000u /* eight digits */

/* The counted parts of a device. */
static void share(struct device *dev)
{
	for (size_t i = 0; i < dev->n_creds; i++)
		(void)cred_ref(dev->creds[i]);
	for (size_t i = 0; i < dev->n_asserted; i++)
		(void)cred_ref(dev->asserted[i].cred);
	dev->crl = crl_ref(dev->crl);
	dev->acl = aclist_ref(dev->acl);
}

static void release(struct device *dev)
{
	for (size_t i = 0; i < dev->n_creds; i++)
		(void)cred_unref(dev->creds[i]);
	for (size_t i = 0; i < dev->n_asserted; i++)
		(void)cred_unref(dev->asserted[i].cred);
	(void)crl_unref(dev->crl);
	(void)aclist_unref(dev->acl);
	explicit_bzero(dev, sizeof(*dev));
}

struct device *device_copy(const struct device *dev)
{
	struct device *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *dev;
	share(copy);
	return copy;
}

struct device *device_free(struct device *dev)
{
	if (dev) {
		release(dev);
		free(dev);
	}
	return NULL;
}

/* Without a zero octet, so that the UUID survives as a PSK hint on every TLS library. */
static void draw_uuid(struct uuid *ret, const struct svr_env *env)
{
	do {
		env->random(env->ctx, ret->b, sizeof(ret->b));
		uuid_set_v4(ret);
	} while (uuid_has_zero_octet(ret));
}

void device_wipe(struct device *dev, const struct svr_env *env)
{
	struct device fresh = {
		.info = dev->info,
		.dos = DOS_RESET,
		.oxmsel = OXM_NONE,
		.om = OM_CLIENT_DIRECTED,
		.pin = {.deadline_us = NEVER_US,
			.whole_us = dev->pin.whole_us,
			.failures = dev->pin.failures,
			.blocked_until_us = dev->pin.blocked_until_us},
	};

	fresh.sp.supported = SP_BIT(SP_BASELINE);
	fresh.sp.current = SP_BASELINE;
	fresh.ael.categories = AEL_CATEGORIES_ALL;
	fresh.ael.priority = AEL_PRIORITY_LAST;
	fresh.swu.at_us = NEVER_US;
	fresh.swu.run = dev->swu.run;
	draw_uuid(&fresh.uuid, env);
	release(dev);
	*dev = fresh;
}

bool device_pin_take(struct device *dev, uint64_t now_us)
{
	const uint64_t from_us = dev->pin.whole_us > now_us ? dev->pin.whole_us : now_us;

	if (from_us - now_us > (PIN_BURST - 1) * PIN_EVERY_US)
		return false;
	dev->pin.whole_us = from_us + PIN_EVERY_US;
	return true;
}

void device_pin_renew(struct device *dev, const struct svr_env *env)
{
	const uint32_t fair =
		UINT32_MAX - UINT32_MAX % PIN_SPACE; /* a multiple: no digit favoured */
	char text[SVR_PIN_LEN + 1] = "";
	uint32_t n;

	do
		env->random(env->ctx, &n, sizeof(n));
	while (n >= fair);
	n %= PIN_SPACE;
	for (size_t i = SVR_PIN_LEN; i-- > 0; n /= 10)
		text[i] = (char)('0' + n % 10);
	device_pin_set(dev, text, env);
	explicit_bzero(text, sizeof(text));
}

void device_pin_set(struct device *dev, const char *text, const struct svr_env *env)
{
	(void)snprintf(dev->pin.text, sizeof(dev->pin.text), "%s", text);
	dev->pin.deadline_us = env->now_us + PIN_LIFE_US;
}

void device_pin_forget(struct device *dev)
{
	explicit_bzero(dev->pin.text, sizeof(dev->pin.text));
	dev->pin.deadline_us = NEVER_US;
}

static void pin_wait(struct device *dev, uint64_t now_us)
{
	uint64_t wait_us = PIN_WAIT_US;

	if (dev->pin.failures < PIN_TRIES)
		return;
	for (unsigned i = PIN_TRIES; i < dev->pin.failures && wait_us < PIN_WAIT_MAX_US; i++)
		wait_us *= 2;
	dev->pin.blocked_until_us =
		now_us + (wait_us < PIN_WAIT_MAX_US ? wait_us : PIN_WAIT_MAX_US);
}

void device_pin_failed(struct device *dev, uint64_t now_us)
{
	if (dev->pin.failures < UINT32_MAX)
		dev->pin.failures++;
	pin_wait(dev, now_us);
}

unsigned device_pin_failures(const struct device *dev)
{
	return dev->pin.failures;
}

void device_pin_resume(struct device *dev, unsigned failures, uint64_t now_us)
{
	dev->pin.failures = failures;
	pin_wait(dev, now_us);
}

uint32_t device_draw_id(const struct svr_env *env)
{
	uint32_t id;

	do {
		env->random(env->ctx, &id, sizeof(id));
		id &= ID_MAX;
	} while (id == 0);
	return id;
}

bool device_add_cred(struct device *dev, const struct cred *draft)
{
	struct cred *cred = cred_new(draft);

	if (cred)
		dev->creds[dev->n_creds++] = cred;
	return cred != NULL;
}

bool device_admits(const struct device *dev, const struct uuid *subject,
		   const struct svr_wall *wall)
{
	for (size_t i = 0; i < dev->n_creds; i++) {
		const struct cred *cred = dev->creds[i];

		if (cred_names(cred, subject) &&
		    (cred->usage == USAGE_NONE || cred->usage == USAGE_TRUSTCA) &&
		    (!wall || cred_in_force(cred, wall)))
			return true;
	}
	return false;
}

const struct cred *device_psk(const struct device *dev, const struct uuid *subject,
			      const struct svr_wall *wall)
{
	for (size_t i = dev->n_creds; i-- > 0;)
		if (dev->creds[i]->usage == USAGE_NONE && cred_names(dev->creds[i], subject) &&
		    cred_in_force(dev->creds[i], wall))
			return dev->creds[i];
	return NULL;
}

uint64_t device_anchors(const struct device *dev, const struct svr_wall *wall)
{
	uint64_t anchors = 0;

	_Static_assert(CREDS_MAX <= 64, "a bit for each entry");
	for (size_t i = 0; i < dev->n_creds; i++)
		if (dev->creds[i]->usage == USAGE_TRUSTCA && cred_in_force(dev->creds[i], wall))
			anchors |= UINT64_C(1) << i;
	return anchors;
}

bool device_stands(const struct device *dev, const struct asserted *a, const struct svr_wall *wall)
{
	return wall->us <= a->until_us && (!wall->trusted || wall->us >= a->from_us) &&
	       (a->anchors & ~device_anchors(dev, wall)) == 0;
}

void device_retract(struct device *dev, uint64_t session, const uint32_t *credid)
{
	size_t kept = 0;

	for (size_t i = 0; i < dev->n_asserted; i++) {
		struct asserted *a = &dev->asserted[i];

		if (a->session == session && (!credid || a->cred->credid == *credid))
			(void)cred_unref(a->cred);
		else
			dev->asserted[kept++] = *a;
	}
	dev->n_asserted = kept;
}

bool device_in_doc(const struct device *dev, uint64_t session)
{
	return session != 0 && session == dev->doc;
}

enum dos device_dos(const struct device *dev)
{
	return dev->dos;
}

bool device_owned(const struct device *dev)
{
	return dev->owned;
}

bool device_doc_open(const struct device *dev)
{
	return dev->doc != 0;
}

uint64_t device_doc(const struct device *dev)
{
	return dev->doc;
}

bool device_reset_pending(const struct device *dev)
{
	return dev->dos == DOS_RESET;
}

const struct uuid *device_uuid(const struct device *dev)
{
	return &dev->uuid;
}

const struct uuid *device_owner(const struct device *dev)
{
	return &dev->devowner;
}

const struct uuid *device_keeper(const struct device *dev)
{
	return &dev->rowner[OWNER_PSTAT];
}

enum oxm device_oxmsel(const struct device *dev)
{
	return dev->oxmsel;
}

const char *device_pin(const struct device *dev)
{
	return dev->pin.text[0] ? dev->pin.text : NULL;
}

uint64_t device_pin_deadline(const struct device *dev)
{
	return dev->pin.deadline_us;
}
