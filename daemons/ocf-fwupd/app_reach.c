#include "app_parts.h"

#include "base/clock.h"

static bool can_ask(const struct reach *r)
{
	return !r->known || r->has_route || r->domains.n > 0;
}

/* A fleet that is late stays spread over time, unless each site has a server of its own. */
static bool wants_to_ask(const struct app *a)
{
	return a->state->last_check_s == 0 || a->state->failures > 0 ||
	       (a->is_late && a->reach.domains.n > 0);
}

void app_reach_ask(struct app *a)
{
	uint64_t now_us = clock_boottime_us(), at_us;

	a->reach_is_new = a->run != NULL;
	if (a->run || a->config->check_us == 0 || !can_ask(&a->reach) || !wants_to_ask(a))
		return;
	at_us = occasion_take(&a->occasion, now_us, a->check_at_us);
	if (at_us < a->check_at_us)
		app_schedule(a, at_us > now_us ? at_us - now_us : 0);
}

static void on_reach(void *arg, const struct reach *now)
{
	struct app *a = arg;

	a->reach = *now;
	app_reach_ask(a);
}

int app_reach_start(struct app *a, int netlink)
{
	return watch_new(&a->watch, a->config, a->loop, a->bus, netlink, on_reach, a);
}
