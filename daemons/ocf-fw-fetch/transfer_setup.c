#include "transfer.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "address.h"
#include "base/clock.h"

#define BUFFER_OCTETS  (64L * 1024)
#define RECEIVE_OCTETS (512 * 1024)
#define BUNDLE         "/etc/ssl/certs/ca-certificates.crt"
#define ACCEPT_MANIFEST                                                                            \
	"Accept: application/jose+json, application/jose;q=0.9, application/cose;q=0.8, "          \
	"application/json;q=0.5"
#define ACCEPT_IMAGE "Accept: application/octet-stream, */*;q=0.5"

static const char *const ACCEPT[] = {
	[PROTO_MANIFEST] = ACCEPT_MANIFEST,
	[PROTO_IMAGE_BODY] = ACCEPT_IMAGE,
};

static bool may_reach(struct transfer *t, enum proto_reach reach)
{
	if (reach <= t->f->reach)
		return true;
	return reply_stop(&t->reply, FWE_FETCH_ADDRESS_REFUSED,
			  reach == PROTO_PRIVATE ? "a private address" : "a loopback address");
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = arg;
	const char *interface = t->f->interface;
	CLEANUP(closep) int fd = -1;

	(void)purpose;
	if (!t->by_proxy && !may_reach(t, address_reach(&a->addr)))
		return CURL_SOCKET_BAD;
	fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	/* Since Linux 5.7 this needs no capability. */
	if (fd >= 0 && interface[0] &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
		       (socklen_t)strnlen(interface, IFNAMSIZ)) < 0) {
		proto_text(t->out->text, sizeof(t->out->text), strerror(errno));
		return CURL_SOCKET_BAD;
	}
	/* What waits here is lost by a cut; an image may come over the manifest's connection. */
	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){RECEIVE_OCTETS}, sizeof(int));
	return fd >= 0 ? fd_take(&fd) : CURL_SOCKET_BAD;
}

/* A connection that is used again was opened under the rules of an earlier request. */
static int on_request(void *arg, char *peer, char *own, int peer_port, int own_port)
{
	struct transfer *t = arg;
	enum proto_reach reach = address_text_reach(peer);

	(void)own, (void)peer_port, (void)own_port;
	t->is_connected = true;
	if (t->by_proxy)
		return CURL_PREREQFUNC_OK;
	t->out->private_peer = reach != PROTO_PUBLIC;
	t->reply.error = FWE_OK; /* of several addresses, one that was allowed has answered */
	return may_reach(t, reach) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static bool add(struct curl_slist **list, const char *text)
{
	struct curl_slist *more = curl_slist_append(*list, text);

	if (more)
		*list = more;
	return more != NULL;
}

bool transfer_make_head(struct transfer *t)
{
	char if_range[sizeof("If-Range: ") + PROTO_ETAG];
	char range[sizeof("Range: bytes=") + RANGES_TEXT] = "Range: bytes=";
	char *at = range + strlen(range);

	curl_slist_free_all(t->head);
	t->head = NULL;
	if (!add(&t->head, ACCEPT[t->f->kind]))
		return false;
	if (!reply_is_partial(&t->reply))
		return true;
	if (t->reply.ranges)
		(void)ranges_text(t->reply.ranges, t->ranges_max, at);
	else
		(void)snprintf(at, RANGES_TEXT, "%" PRIu64 "-", t->f->offset);
	(void)snprintf(if_range, sizeof(if_range), "If-Range: %s", t->reply.etag);
	return add(&t->head, range) && (!t->reply.etag[0] || add(&t->head, if_range));
}

bool transfer_make_resolve(struct transfer *t, const struct url *u)
{
	unsigned port = u->port ? u->port : u->scheme == URL_HTTP ? 80 : 443;
	char entry[URL_HOST_MAX + PROTO_ADDRESSES + sizeof("+:65535:")];

	if (!t->f->addresses[0])
		return true;
	(void)snprintf(entry, sizeof(entry), "+%.*s:%u:%s", (int)u->host.len, u->host.ptr, port,
		       t->f->addresses);
	return t->f->addresses[strspn(t->f->addresses, "0123456789abcdefABCDEF:.,")] == '\0' &&
	       add(&t->resolve, entry);
}

#define SET(option, value) (r = r ? r : curl_easy_setopt(c, option, value))

/* It passes the sink in pieces of a quarter of a second. */
static long buffer_octets(const struct proto_fetch *f)
{
	return f->rate > 0 && f->rate < 4 * BUFFER_OCTETS ? (long)f->rate / 4 : BUFFER_OCTETS;
}

/* GnuTLS reads all of a folder, and Debian's has each authority three times; OpenSSL takes out of
 * it what it needs. NULL: as the library was built. */
static const char *system_bundle(void)
{
	const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;

	return tls && strncmp(tls, "GnuTLS", strlen("GnuTLS")) == 0 && access(BUNDLE, R_OK) == 0
		       ? BUNDLE
		       : NULL;
}

/* The system's authorities, or only those that the configuration names for this host. */
static CURLcode set_up_trust(struct transfer *t, struct span host)
{
	const struct config *config = t->http->config;
	char configured[CONFIG_WORD_MAX], pins[CONF_TEXT_MAX];
	const char *file =
		config_find(config->authorities, host, configured) ? configured : system_bundle();
	CURL *c = t->curl;
	CURLcode r = CURLE_OK;

	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (file) {
		SET(CURLOPT_CAINFO, file);
		SET(CURLOPT_CAPATH, (char *)NULL);
	}
	config_find_all(config->pins, host, ';', pins);
	if (pins[0])
		SET(CURLOPT_PINNEDPUBLICKEY, pins);
	return r;
}

/* The environment has no say. Whoever was found on a link is not sought beyond a proxy. */
static CURLcode set_up_proxy(struct transfer *t, struct span host)
{
	const struct config *config = t->http->config;
	CURL *c = t->curl;
	CURLcode r = CURLE_OK;

	t->by_proxy = config->proxy[0] && !t->f->interface[0] && !config_has(config->direct, host);
	SET(CURLOPT_PROXY, t->by_proxy ? config->proxy : "");
	SET(CURLOPT_NOPROXY, "");
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (r == CURLE_OK && t->by_proxy) {
		enum proto_reach reach = address_host_reach(host);

		t->out->private_peer = reach != PROTO_PUBLIC;
		if (!may_reach(t, reach))
			return CURLE_COULDNT_CONNECT;
	}
	return r;
}

/* The URL without a dot at the end of its host, which would be another name to the library. */
static void drop_dot(const char *url, const struct url *u, char ret[PROTO_URL])
{
	size_t n = (size_t)((const char *)u->host.ptr - url) + u->host.len;

	(void)snprintf(ret, PROTO_URL, "%.*s%s", (int)n, url, url + n + (url[n] == '.'));
}

unsigned transfer_set_up(struct transfer *t, const char *url)
{
	CURL *c = t->curl;
	char plain[PROTO_URL];
	CURLcode r;
	struct url u;

	if (url_parse(span_str(url), &u) != URL_OK)
		return CURLE_URL_MALFORMAT;
	r = set_up_trust(t, u.host);
	r = r ? r : set_up_proxy(t, u.host);

	drop_dot(url, &u, plain);
	SET(CURLOPT_URL, plain);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_USERAGENT, "ocf-fwupd/" OCFGW_VERSION);
	SET(CURLOPT_HTTPHEADER, t->head);
	SET(CURLOPT_RESOLVE, t->resolve);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* else a resolver that hangs outlasts every limit */
	SET(CURLOPT_BUFFERSIZE, buffer_octets(t->f));
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)t->f->connect_ms);
	SET(CURLOPT_LOW_SPEED_LIMIT, (long)sink_slow(t->f->rate));
	SET(CURLOPT_LOW_SPEED_TIME, (long)t->f->slow_s);
	_Static_assert(sizeof(t->message) >= CURL_ERROR_SIZE, "room for the library's text");
	SET(CURLOPT_ERRORBUFFER, t->message);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, t);
	SET(CURLOPT_PREREQFUNCTION, on_request);
	SET(CURLOPT_PREREQDATA, t);
	if (t->deadline_us != NEVER_US) {
		uint64_t now_us = clock_monotonic_us();
		uint64_t left_us = now_us < t->deadline_us ? t->deadline_us - now_us : 0;

		SET(CURLOPT_TIMEOUT_MS, (long)(left_us / USEC_PER_MSEC) + 1);
	}
	return r;
}
