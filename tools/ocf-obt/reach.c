#include "reach.h"

/* At a recorded address the device answers at once, or it is not there any more. Where a search has
 * found it, it is worth the wait. */
#define RECORDED_US (2500 * USEC_PER_MSEC)
#define FOUND_US    (20 * USEC_PER_SEC)
#define RESEND_US   (500 * USEC_PER_MSEC)

static int connect_to(struct reach *r, const struct endpoint_addr *peer)
{
	const struct uuid *self = record_service_uuid(state_self(r->state), &r->dev, r->as);
	struct dtls_offer offer = {
		.profile = DTLS_NORMAL,
		.identity = span_of(self->b, sizeof(self->b)),
		.key = *record_service_key(&r->dev, r->as),
		.handshake_us = r->searching ? FOUND_US : RECORDED_US,
		.resend_us = RESEND_US,
		.resend_max_us = 4 * RESEND_US,
	};
	int err;

	r->peer = *peer;
	err = net_connect(r->net, &r->link, peer, &offer);
	secret_wipe(&offer.key);
	return err;
}

static void give_up(struct reach *r)
{
	if (r->trouble.outcome == OUT_OK)
		trouble_set(&r->trouble, OUT_NOT_FOUND, "the device does not answer");
	r->trouble.step = "connect";
	r->done(r->arg, false);
}

static void on_found(void *arg)
{
	struct reach *r = arg;

	for (size_t i = 0; i < r->find.n; i++) {
		const struct found *d = r->find.list[i];

		if (!uuid_eq(&d->device, &r->dev.device) || !d->has_coaps)
			continue;
		if (connect_to(r, &d->coaps) == 0)
			return;
	}
	give_up(r);
}

static void search(struct reach *r)
{
	r->searching = true;
	r->find = (struct find){
		.net = r->net,
		.terms = {.owned = true,
			  .scope = 2,
			  .wanted = &r->dev.device,
			  .timeout_us = r->timeout_us,
			  .rounds = 1},
		.done = on_found,
		.arg = r,
	};
	if (find_start(&r->find) < 0)
		give_up(r);
}

static void next_address(struct reach *r)
{
	while (r->tried < r->dev.n_addresses) {
		struct endpoint_addr peer;

		if (net_addr_parse(&peer, r->dev.addresses[r->tried++]) == 0 &&
		    connect_to(r, &peer) == 0)
			return;
	}
	search(r);
}

static void on_opened(void *arg)
{
	struct reach *r = arg;

	if (r->searching) { /* it has moved: next time is quicker if this can be kept */
		endpoint_addr_format(&r->peer, r->dev.addresses[0]);
		r->dev.n_addresses = 1;
		(void)!state_put(r->state, &r->dev);
	}
	r->done(r->arg, true);
}

static void on_closed(void *arg, enum dtls_end why, bool was_open)
{
	struct reach *r = arg;

	if (was_open) {
		r->lost(r->arg);
		return;
	}
	if (why == DTLS_END_TIMEOUT)
		trouble_set(&r->trouble, OUT_SILENT, "the device does not answer");
	else
		trouble_set(&r->trouble, OUT_KEY,
			    "the device does not take our credential: it was "
			    "reset, or has another owner");
	if (r->searching)
		give_up(r);
	else
		next_address(r);
}

void reach_start(struct reach *r)
{
	r->link = (struct link){.opened = on_opened, .closed = on_closed, .arg = r};
	next_address(r);
}

void reach_end(struct reach *r)
{
	net_disconnect(r->net, &r->link);
	if (r->searching)
		find_end(&r->find);
	record_device_wipe(&r->dev);
}
