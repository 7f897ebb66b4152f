/* A device that gives the answers recorded from IoTivity-lite's server, over real CoAP and DTLS.
 *
 * usage: lite_device EXCHANGES [OPTION...]
 *	methods N,N     transfer methods offered: 0, 1 (default both)
 *	pin DIGITS      displays this PIN (default 12345678)
 *	fail N CODE     answers the recorded request N with CODE
 *	vanish N        falls silent when request N comes
 *	close N         ends the session instead of answering request N
 *	reboot N        begins anew, as another process without this option, when request N comes
 *	foreign URI     lists this endpoint, too, and first
 *	host HOST       lists its ports as this host's
 *
 * It knows nothing of lib/svr: during a transfer it wants exactly the recorded requests, in the
 * recorded order, with the UUIDs of the recording replaced by those of the day; reads of doxm and
 * pstat are free. One line on standard output for each thing that happens. */
#include <poll.h>
#include <signal.h>

#include "codec/cbw.h"
#include "crypto/prf.h"
#include "crypto/rng.h"
#include "tests/lite.h"
#include "transport/endpoint.h"

#define FIRST    18 /* first recorded request on the onboarding connection */
#define LAST     42 /* and the last */
#define RFPRO_AT 36

static struct lite_exchange all[LITE_MAX];
static size_t n_all;

static struct {
	struct endpoint *ep;
	struct uuid device, obt, domain;
	bool has_obt, has_domain;
	unsigned oxmsel, state;
	uint64_t doc, reset_after;
	unsigned next; /* recorded request that must come now */
	struct secret key;
	bool methods[2], silent, owned;
	const char *pin;
	unsigned fail_at, fail_code, vanish_at, close_at, reboot_at;
	const char *foreign, *host;
	char **argv;
	char hint[17 + 16];
} dev = {
	.oxmsel = 4, .state = 1, .methods = {true, true},
                .pin = "12345678"
};

static void say(const char *what)
{
	char uuid[UUID_TEXT + 1];

	uuid_format(&dev.device, uuid);
	(void)printf("%s %s\n", what, uuid);
	(void)fflush(stdout);
}

static void reset(void)
{
	rng_fill(dev.device.b, sizeof(dev.device.b));
	uuid_set_v4(&dev.device);
	dev.device.b[3] = 0; /* as in the recording: such a hint needs the binary setter */
	dev.has_obt = dev.has_domain = dev.owned = false;
	dev.oxmsel = 4;
	dev.state = 1;
	dev.doc = dev.reset_after = 0;
	dev.next = FIRST;
	secret_wipe(&dev.key);
	say("ready");
}

/* Replaces each occurrence of one UUID's text. */
static void substitute(uint8_t *body, size_t len, const char *from, const struct uuid *to)
{
	char text[UUID_TEXT + 1];

	uuid_format(to, text);
	for (size_t i = 0; i + UUID_TEXT <= len; i++)
		if (memcmp(body + i, from, UUID_TEXT) == 0)
			memcpy(body + i, text, UUID_TEXT);
}

static void todays(uint8_t *body, size_t len)
{
	substitute(body, len, LITE_DEVICE, &dev.device);
	substitute(body, len, LITE_RENAMED, &dev.device);
	if (dev.has_obt)
		substitute(body, len, LITE_OBT, &dev.obt);
	if (dev.has_domain)
		substitute(body, len, LITE_DOMAIN, &dev.domain);
}

static void put_recorded(unsigned datagram, struct buf *out)
{
	const struct lite_exchange *x = lite_find(all, n_all, datagram);
	uint8_t body[LITE_BODY_MAX];

	memcpy(body, x->answer, x->answer_len);
	todays(body, x->answer_len);
	buf_put(out, span_of(body, x->answer_len));
}

/* The recorded answer's form with the values of now. */
static void put_doxm(struct buf *b)
{
	const struct uuid nil = {{0}};

	cbw_map(b);
	cbw_str(b, "oxms");
	cbw_array(b);
	for (unsigned m = 0; m < ARRAY_SIZE(dev.methods); m++)
		if (dev.methods[m])
			cbw_uint(b, m);
	cbw_end(b);
	cbw_kv_uint(b, "oxmsel", dev.oxmsel);
	cbw_kv_uint(b, "sct", 9);
	cbw_kv_bool(b, "owned", dev.owned);
	cbw_kv_uuid(b, "devowneruuid", dev.has_obt ? &dev.obt : &nil);
	cbw_kv_uuid(b, "deviceuuid", &dev.device);
	cbw_kv_uuid(b, "rowneruuid", &nil);
	cbw_end(b);
}

static void put_pstat(struct buf *b)
{
	cbw_map(b);
	cbw_str(b, "dos");
	cbw_map(b);
	cbw_kv_bool(b, "p", false);
	cbw_kv_uint(b, "s", dev.state);
	cbw_end(b);
	cbw_kv_bool(b, "isop", dev.state == 3);
	cbw_kv_uint(b, "cm", dev.state == 1 ? 2 : 0);
	cbw_kv_uint(b, "tm", 0);
	cbw_kv_uint(b, "om", dev.next > FIRST ? 4 : 3);
	cbw_kv_uint(b, "sm", 4);
	cbw_kv_uuid(b, "rowneruuid", dev.has_obt ? &dev.obt : &dev.device);
	cbw_end(b);
}

static void answer_with(struct answer *a, unsigned code)
{
	static const struct {
		unsigned code;
		enum verdict verdict;
	} MAP[] = {
		{202, V_DELETED     },
                {204, V_CHANGED     },
                {205, V_CONTENT     },
		{400, V_BAD_REQUEST },
                {401, V_UNAUTHORIZED},
                {403, V_FORBIDDEN   },
		{404, V_NOT_FOUND   },
                {500, V_INTERNAL    },
                {503, V_UNAVAILABLE },
	};

	a->verdict = V_INTERNAL;
	a->content_format = CF_OCF_CBOR;
	for (size_t i = 0; i < ARRAY_SIZE(MAP); i++)
		if (MAP[i].code == code)
			a->verdict = MAP[i].verdict;
}

/* Reads a text UUID that stands behind `key` in the body. */
static bool learn(struct span body, const char *key, struct uuid *ret)
{
	size_t n = strlen(key);

	for (size_t i = 0; i + n + 2 + UUID_TEXT <= body.len; i++)
		if (memcmp(body.ptr + i, key, n) == 0)
			return uuid_parse(span_of(body.ptr + i + n + 2, UUID_TEXT), ret);
	return false;
}

static const char *const METHODS[] = {"GET", "POST", "PUT", "DELETE"};

/* Is this the recorded request `x`, in today's UUIDs? The name of the security domain is ours. */
static bool is_recorded(const struct lite_exchange *x, const struct req *r)
{
	uint8_t body[LITE_BODY_MAX];

	if (strcmp(x->method, METHODS[r->method]) != 0 || !span_is(r->path, x->path))
		return false;
	if (strcmp(x->path, "/oic/sec/sdi") == 0)
		return learn(r->body, "uuid", &dev.domain);
	if (x->datagram == 40 && dev.fail_at == 32) /* no sdi, so no ACE for it */
		return !memmem(r->body.ptr, r->body.len, "/oic/sec/sdi", 12);
	memcpy(body, x->request, x->request_len);
	todays(body, x->request_len);
	return span_eq(r->body, span_of(body, x->request_len));
}

static int derive(uint64_t session)
{
	uint8_t key[16];
	int r = endpoint_owner_key(dev.ep, session,
				   dev.oxmsel ? "oic.sec.doxm.rdp" : "oic.sec.doxm.jw", &dev.obt,
				   &dev.device, key);

	return r < 0 || !secret_set(&dev.key, span_of(key, sizeof(key))) ? -EIO : 0;
}

/* No word to anybody: sockets and memory are gone at once. */
static void reboot(void)
{
	char **to = dev.argv;

	for (char **from = dev.argv; *from; from++) {
		if (strcmp(*from, "reboot") == 0)
			from++;
		else
			*to++ = *from;
	}
	*to = NULL;
	say("rebooting");
	(void)execv("/proc/self/exe", dev.argv);
	_exit(1);
}

static bool go_wrong(unsigned datagram, uint64_t session, struct answer *a)
{
	if (datagram == dev.vanish_at) {
		dev.silent = true;
		say("vanished");
		a->verdict = V_IGNORE;
		return true;
	}
	if (datagram == dev.reboot_at)
		reboot();
	if (datagram == dev.close_at) {
		endpoint_close(dev.ep, session);
		say("closed");
		a->verdict = V_IGNORE;
		return true;
	}
	if (datagram == dev.fail_at) {
		answer_with(a, dev.fail_code);
		if (dev.fail_code == 404)
			return false;
		return true;
	}
	return false;
}

/* The next request of the recorded transfer. */
static void transfer(const struct req *r, struct answer *a)
{
	const struct lite_exchange *x;

	while (!(x = lite_find(all, n_all, dev.next)))
		dev.next++;
	/* What the comparison needs to know comes with the request itself. */
	if (dev.next == 20)
		dev.has_obt = learn(r->body, "devowneruuid", &dev.obt);
	if (dev.next == 22 && learn(r->body, "deviceuuid", &dev.device))
		say("renamed");
	if (!is_recorded(x, r)) {
		(void)printf("unexpected %s %.*s instead of %u\n", METHODS[r->method],
			     (int)r->path.len, (const char *)r->path.ptr, x->datagram);
		answer_with(a, 400);
		return;
	}
	answer_with(a, x->code);
	if (go_wrong(x->datagram, r->session, a))
		return;
	if (x->datagram == 30 && derive(r->session) < 0)
		answer_with(a, 500);
	dev.owned |= x->datagram == 34;
	if (x->datagram == RFPRO_AT)
		dev.state = 2;
	if (x->datagram == LAST) {
		dev.state = 3;
		say("working");
	}
	dev.next = x->datagram + 1;
}

static void change_state(const struct req *r, struct answer *a)
{
	/* {"dos": {"s": N}}: the last octet before the two breaks. */
	unsigned to = r->body.len > 3 ? r->body.ptr[r->body.len - 3] : 9;

	answer_with(a, to <= 4 ? 204 : 400);
	if (to == 0)
		dev.reset_after = r->session;
	else if (to == 2 || to == 3)
		dev.state = to;
}

static void secured(const struct req *r, struct answer *a)
{
	if (r->method == M_GET) {
		answer_with(a, 205);
		if (span_is(r->path, "/oic/sec/doxm"))
			put_doxm(&a->body);
		else if (span_is(r->path, "/oic/sec/pstat"))
			put_pstat(&a->body);
		else if (span_is(r->path, "/oic/sec/acl2"))
			put_recorded(81, &a->body);
		else if (span_is(r->path, "/oic/sec/cred"))
			put_recorded(83, &a->body);
		else if (span_is(r->path, "/oic/d"))
			put_recorded(58, &a->body);
		else
			answer_with(a, 404);
	} else if (span_is(r->path, "/oic/sec/pstat") && r->body.len == 11 &&
		   r->body.ptr[8] == 0) { /* s = 0, at any time */
		change_state(r, a);
	} else if (r->session == dev.doc && dev.next <= LAST) {
		transfer(r, a);
	} else if (span_is(r->path, "/oic/sec/pstat")) {
		change_state(r, a);
	} else {
		answer_with(a, r->method == M_DELETE ? 202 : 204);
	}
}

static void select_method(const struct req *r, struct answer *a)
{
	unsigned m = r->body.len == 10 ? r->body.ptr[8] : 9;

	if (m >= ARRAY_SIZE(dev.methods) || !dev.methods[m]) {
		answer_with(a, 400);
		return;
	}
	answer_with(a, 204);
	if (go_wrong(10, 0, a))
		return;
	dev.oxmsel = m;
	(void)printf("selected %u\n", m);
	if (m == 1)
		(void)printf("pin %s\n", dev.pin);
	(void)fflush(stdout);
}

static void put_ep(struct buf *b, struct span uri)
{
	cbw_map(b);
	cbw_kv_text(b, "ep", uri);
	cbw_end(b);
}

static void put_own_ep(struct buf *b, const char *scheme, struct span uri)
{
	const char *port = memrchr(uri.ptr, ':', uri.len);
	char text[128];

	if (dev.host) {
		(void)snprintf(text, sizeof(text), "%s://%s%.*s", scheme, dev.host,
			       (int)(uri.ptr + uri.len - (const uint8_t *)port), port);
		uri = span_str(text);
	}
	put_ep(b, uri);
}

/* The recorded link, with the endpoints of today. */
static void put_links(const struct req *r, bool rfotm, struct buf *b)
{
	char anchor[6 + UUID_TEXT + 1] = "ocf://";

	uuid_format(&dev.device, anchor + 6);
	cbw_array(b);
	cbw_map(b);
	cbw_kv_str(b, "anchor", anchor);
	cbw_kv_str(b, "href", "/oic/sec/doxm");
	cbw_str(b, "eps");
	cbw_array(b);
	if (dev.foreign)
		put_ep(b, span_str(dev.foreign));
	if (rfotm)
		put_own_ep(b, "coap", r->ep_coap);
	put_own_ep(b, "coaps", r->ep_coaps);
	cbw_end(b);
	cbw_end(b);
	cbw_end(b);
}

static void unsecured(const struct req *r, struct answer *a)
{
	bool links = span_is(r->path, "/oic/res"), doxm = span_is(r->path, "/oic/sec/doxm");
	bool idle = dev.state == 1 && !dev.doc, get = r->method == M_GET;

	answer_with(a, 205);
	if (r->multicast && !(get && (links || doxm) && (idle || (links && dev.state != 1))))
		a->verdict = V_IGNORE;
	else if (dev.state == 1 && dev.doc)
		answer_with(a, 401);
	else if (links && get)
		put_links(r, idle, &a->body);
	else if (span_is(r->path, "/oic/d") && get)
		put_recorded(6, &a->body);
	else if (!doxm || !idle)
		answer_with(a, 401);
	else if (!get)
		select_method(r, a);
	else if (r->multicast || !go_wrong(8, 0, a))
		put_doxm(&a->body);
}

static void on_request(void *arg, const struct req *r, struct answer *a)
{
	(void)arg;
	if (dev.silent)
		a->verdict = V_IGNORE;
	else if (r->session)
		secured(r, a);
	else
		unsecured(r, a);
}

static void on_offer(void *arg, struct dtls_offer *o)
{
	(void)arg;
	if (dev.silent || (dev.state == 1 && (dev.oxmsel == 4 || dev.doc)))
		return;
	o->profile = dev.state != 1 ? DTLS_NORMAL : dev.oxmsel ? DTLS_PIN : DTLS_ANON;
	memcpy(dev.hint, "oic.sec.doxm.rdp:", 17);
	memcpy(dev.hint + 17, dev.device.b, sizeof(dev.device.b));
	if (o->profile == DTLS_PIN)
		o->hint = span_of(dev.hint, sizeof(dev.hint));
	else if (o->profile == DTLS_NORMAL)
		o->hint = span_of(dev.device.b, sizeof(dev.device.b));
}

static int on_psk(void *arg, enum dtls_profile profile, struct span identity, struct secret *ret)
{
	(void)arg;
	if (profile == DTLS_PIN)
		return span_is(identity, "oic.sec.doxm.rdp")
			       ? prf_pin_key(span_str(dev.pin), &dev.device, ret)
			       : -ENOENT;
	if (!dev.has_obt || !span_eq(identity, span_of(dev.obt.b, sizeof(dev.obt.b))))
		return -ENOENT;
	*ret = dev.key;
	return 0;
}

static void on_opened(void *arg, uint64_t session, const struct dtls_facts *facts,
		      const struct endpoint_addr *peer)
{
	(void)arg, (void)peer;
	(void)printf("session %04x\n", facts->suite);
	(void)fflush(stdout);
	if (dev.state == 1)
		dev.doc = session;
}

static void on_closed(void *arg, uint64_t session, enum dtls_end why, bool was_open)
{
	(void)arg;
	(void)printf("ended %d\n", why);
	if (session == dev.reset_after || (session == dev.doc && dev.state == 1) ||
	    (!was_open && dev.state == 1 && !dev.doc))
		reset();
	else if (session == dev.doc)
		dev.doc = 0;
	(void)fflush(stdout);
}

static bool options(char *argv[])
{
	for (; *argv; argv++) {
		const char *name = *argv;
		uint32_t n = 0, code = 0;

		if (!argv[1])
			return false;
		argv++;
		if (strcmp(name, "pin") == 0) {
			dev.pin = *argv;
			continue;
		}
		if (strcmp(name, "foreign") == 0) {
			dev.foreign = *argv;
			continue;
		}
		if (strcmp(name, "host") == 0) {
			dev.host = *argv;
			continue;
		}
		if (strcmp(name, "methods") == 0) {
			dev.methods[0] = strchr(*argv, '0');
			dev.methods[1] = strchr(*argv, '1');
			continue;
		}
		if (!parse_u32(span_str(*argv), &n))
			return false;
		if (strcmp(name, "reboot") == 0) {
			dev.reboot_at = n;
		} else if (strcmp(name, "vanish") == 0) {
			dev.vanish_at = n;
		} else if (strcmp(name, "close") == 0) {
			dev.close_at = n;
		} else if (strcmp(name, "fail") == 0 && argv[1] &&
			   parse_u32(span_str(*++argv), &code)) {
			dev.fail_at = n;
			dev.fail_code = code;
		} else {
			return false;
		}
	}
	return true;
}

int main(int argc, char *argv[])
{
	static const struct endpoint_ops OPS = {.offer = on_offer,
						.psk = on_psk,
						.opened = on_opened,
						.closed = on_closed,
						.request = on_request};
	struct endpoint_config cfg;
	int r = 0;

	dev.argv = argv;
	n_all = argc > 1 ? lite_load(argv[1], all) : 0;
	if (n_all == 0 || !options(argv + 2))
		return 2;
	endpoint_defaults(&cfg);
	cfg.coap_port = cfg.coaps_port = 0; /* as the recorded server: only eps tell */
	cfg.server = true;
	cfg.leisure_us = 50000;
	if (endpoint_new(&dev.ep, &cfg, &OPS, NULL, clock_monotonic_us()) < 0)
		return 1;
	reset();
	while (r == 0) {
		struct pollfd p = {.fd = endpoint_fd(dev.ep), .events = POLLIN};
		uint64_t now = clock_monotonic_us(), due = endpoint_deadline(dev.ep);
		struct timespec wait = {0};

		if (due != NEVER_US && due > now) {
			wait.tv_sec = (time_t)((due - now) / USEC_PER_SEC);
			wait.tv_nsec = (long)((due - now) % USEC_PER_SEC * 1000);
		}
		(void)ppoll(&p, 1, due == NEVER_US ? NULL : &wait, NULL);
		r = endpoint_dispatch(dev.ep, clock_monotonic_us());
	}
	return 1;
}
