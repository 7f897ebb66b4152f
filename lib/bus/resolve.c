#include "bus/resolve.h"

#include <arpa/inet.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "base/buf.h"
#include "bus/bus.h"

#define NAME          "org.freedesktop.resolve1"
#define ONLY_DNS      (UINT64_C(1) << 0) /* flags of ResolveHostname: org.freedesktop.resolve1(5) */
#define WITHOUT_LISTS (UINT64_C(1) << 8)

struct bus_resolve {
	bus_resolve_fn fn;
	void *arg;
	struct sd_bus_slot *slot;
};

static void put_address(struct buf *out, int family, struct span octets)
{
	size_t len = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	char text[INET6_ADDRSTRLEN];

	if ((family != AF_INET && family != AF_INET6) || octets.len != len ||
	    !inet_ntop(family, octets.ptr, text, sizeof(text)) ||
	    out->len + strlen(text) + 2 > BUS_RESOLVE_TEXT)
		return;
	if (out->len > 0)
		buf_put_byte(out, ',');
	buf_put_str(out, text);
}

/* a(iiay): link, family, address. */
static int read_addresses(sd_bus_message *m, struct buf *out)
{
	int link, family, r = sd_bus_message_enter_container(m, 'a', "(iiay)");
	const void *octets;
	size_t len;

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "iiay")) > 0) {
		r = sd_bus_message_read(m, "ii", &link, &family);
		if (r >= 0)
			r = sd_bus_message_read_array(m, 'y', &octets, &len);
		if (r >= 0)
			put_address(out, family, span_of(octets, len));
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	static const char *const ANSWERS[] = {NAME ".NoSuchRR", NAME ".DnsError.NXDOMAIN",
					      SD_BUS_ERROR_TIMEOUT, SD_BUS_ERROR_NO_REPLY};
	struct buf text = BUF_INIT(BUS_RESOLVE_TEXT);
	struct bus_resolve *q = userdata;
	bool answered = false;

	(void)error;
	for (size_t i = 0; i < ARRAY_SIZE(ANSWERS); i++)
		answered = answered || sd_bus_message_is_method_error(m, ANSWERS[i]) > 0;
	if (!sd_bus_message_is_method_error(m, NULL))
		answered = read_addresses(m, &text) >= 0;
	buf_put_byte(&text, '\0');
	q->fn(q->arg, answered && buf_ok(&text) ? (const char *)text.ptr : NULL);
	buf_done(&text);
	return 0;
}

int bus_resolve_ask(struct bus_resolve **ret, struct bus *b, uint32_t link, const char *host,
		    uint64_t timeout_us, bus_resolve_fn fn, void *arg)
{
	CLEANUP(bus_resolve_freep) struct bus_resolve *q = calloc(1, sizeof(*q));
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	struct sd_bus *sd = bus_sd_bus(b);
	int r;

	if (!q)
		return -ENOMEM;
	if (!sd)
		return -ENOTCONN;
	*q = (struct bus_resolve){.fn = fn, .arg = arg};
	r = sd_bus_message_new_method_call(sd, &m, NAME, "/org/freedesktop/resolve1",
					   NAME ".Manager", "ResolveHostname");
	if (r >= 0)
		r = sd_bus_message_append(m, "isit", (int)link, host, AF_UNSPEC,
					  ONLY_DNS | WITHOUT_LISTS);
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, false);
	if (r >= 0)
		r = sd_bus_call_async(sd, &q->slot, m, on_answer, q, timeout_us);
	if (r < 0)
		return r;
	*ret = q;
	q = NULL;
	return 0;
}

struct bus_resolve *bus_resolve_free(struct bus_resolve *q)
{
	if (!q)
		return NULL;
	sd_bus_slot_unref(q->slot);
	free(q);
	return NULL;
}
