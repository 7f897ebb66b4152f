#include "http.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/select.h>

#include "address.h"
#include "base/clock.h"
#include "base/log.h"
#include "fw/url.h"
#include "reply.h"
#include "splice.h"

#define SLOW_OCTETS    1024L /* a second */
#define BUFFER_OCTETS  (64L * 1024)
#define RECEIVE_OCTETS (512 * 1024)
#define STRONG_DATE_S  60
#define POLL_MS        1000
#define ACCEPT_MANIFEST                                                                            \
	"Accept: application/jose+json, application/jose;q=0.9, application/cose;q=0.8, "          \
	"application/json;q=0.5"
#define ACCEPT_IMAGE "Accept: application/octet-stream, */*;q=0.5"

static const char *const ACCEPT[] = {
	[PROTO_MANIFEST] = ACCEPT_MANIFEST,
	[PROTO_IMAGE_BODY] = ACCEPT_IMAGE,
};

struct http {
	const struct config *config;
	CURLM *multi;                    /* keeps the connections ... */
	char interface[PROTO_INTERFACE]; /* ... and addresses of this one */
};

/* What was asked for, through all redirects and requests that it takes. */
struct transfer {
	struct http *http;
	CURL *curl; /* of the request at hand */
	const struct proto_fetch *f;
	struct proto_fetched *out;
	struct sink sink;
	struct reply reply;
	struct curl_slist *head, *resolve;
	size_t ranges_max; /* of one request */
	uint64_t deadline_us;
	uint64_t answer_us; /* when there must be the head of a reply */
	bool by_proxy;      /* so the peer is not whom we talk to */
	bool has_head;      /* of the reply, and it was judged */
	bool has_started;   /* that was told */
	char message[CURL_ERROR_SIZE];
};

static long status_of(struct transfer *t)
{
	long status = 0;

	if (t->curl)
		(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static long wanted_status(const struct transfer *t)
{
	return reply_is_partial(&t->reply) ? 206 : 200;
}

static const char *header(struct transfer *t, const char *name)
{
	struct curl_header *h;

	return curl_easy_header(t->curl, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value
										     : NULL;
}

/* A date of seconds tells two versions apart if the server's clock has gone on since the last
 * change; NULL: it does not (RFC 9110 8.8.2.2). */
static const char *strong_date(struct transfer *t)
{
	const char *modified = header(t, "Last-Modified"), *date = header(t, "Date");
	time_t from = modified ? curl_getdate(modified, NULL) : -1;
	time_t to = date ? curl_getdate(date, NULL) : -1;

	return from >= 0 && to >= 0 && to - from >= STRONG_DATE_S ? modified : NULL;
}

static bool take_head(struct transfer *t)
{
	if (t->has_head)
		return true;
	t->has_head = true;
	return reply_take_head(&t->reply, &(struct reply_head){
						  .type = header(t, "Content-Type"),
						  .coding = header(t, "Content-Encoding"),
						  .etag = header(t, "ETag"),
						  .range = header(t, "Content-Range"),
						  .modified = strong_date(t),
					  });
}

/* Whoever asked may need to know of what the octets are before they are there. */
static bool tell_start(struct transfer *t)
{
	uint64_t size = PROTO_SIZE_ANY;
	curl_off_t length = -1;

	if (t->has_started || t->f->kind != PROTO_IMAGE_BODY)
		return true;
	t->has_started = true;
	(void)curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length >= 0 && !t->reply.ranges)
		size = t->f->offset + (uint64_t)length;
	return sink_start(&t->sink, size, t->out) == 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	bool more;

	(void)size; /* always 1 */
	if (status_of(t) != wanted_status(t))
		more = reply_take_other(&t->reply, n);
	else
		more = take_head(t) && tell_start(t) &&
		       reply_take_body(&t->reply, span_of(data, n));
	return more ? n : CURL_WRITEFUNC_ERROR;
}

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
	if (t->by_proxy)
		return CURL_PREREQFUNC_OK;
	t->out->private_peer = reach != PROTO_PUBLIC;
	t->reply.error = FWE_OK; /* of several addresses, one that was allowed has answered */
	return may_reach(t, reach) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

int http_new(struct http **ret, const struct config *config)
{
	CLEANUP(http_freep) struct http *h = calloc(1, sizeof(*h));

	if (!h || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	h->config = config;
	h->multi = curl_multi_init();
	if (!h->multi)
		return -ENOMEM;
	*ret = h;
	h = NULL;
	return 0;
}

struct http *http_free(struct http *h)
{
	if (!h)
		return NULL;
	curl_multi_cleanup(h->multi);
	curl_global_cleanup();
	free(h);
	return NULL;
}

/* What one interface led to says nothing about another. */
static bool use_interface(struct http *h, const char *interface)
{
	CURLM *multi;

	if (strcmp(h->interface, interface) == 0)
		return true;
	multi = curl_multi_init();
	if (!multi)
		return false;
	curl_multi_cleanup(h->multi);
	h->multi = multi;
	(void)snprintf(h->interface, sizeof(h->interface), "%s", interface);
	return true;
}

static bool add(struct curl_slist **list, const char *text)
{
	struct curl_slist *more = curl_slist_append(*list, text);

	if (more)
		*list = more;
	return more != NULL;
}

static bool make_head(struct transfer *t)
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

/* The addresses that somebody has found on the link of the interface. */
static bool make_resolve(struct transfer *t, const struct url *u)
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

/* Who has asked for less must not be punished for it. */
static long slow_octets(const struct proto_fetch *f)
{
	return f->rate > 0 && f->rate < 2 * SLOW_OCTETS ? (long)f->rate / 2 : SLOW_OCTETS;
}

/* It passes the sink in pieces of a quarter of a second. */
static long buffer_octets(const struct proto_fetch *f)
{
	return f->rate > 0 && f->rate < 4 * BUFFER_OCTETS ? (long)f->rate / 4 : BUFFER_OCTETS;
}

/* The system's authorities, or only those that the configuration names for this host. */
static CURLcode set_up_trust(struct transfer *t, struct span host)
{
	const struct config *config = t->http->config;
	char file[CONFIG_WORD_MAX], pins[CONF_TEXT_MAX];
	CURL *c = t->curl;
	CURLcode r = CURLE_OK;

	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (config_find(config->authorities, host, file)) {
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

static CURLcode set_up(struct transfer *t, const char *url)
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
	SET(CURLOPT_LOW_SPEED_LIMIT, slow_octets(t->f));
	SET(CURLOPT_LOW_SPEED_TIME, (long)t->f->slow_s);
	SET(CURLOPT_ERRORBUFFER, t->message);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
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

static CURLcode result_of(struct transfer *t)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(t->http->multi, &left)))
		if (m->msg == CURLMSG_DONE)
			return m->data.result;
	return CURLE_ABORTED_BY_CALLBACK;
}

static bool is_silent(struct transfer *t)
{
	return clock_monotonic_us() >= t->answer_us && status_of(t) == 0;
}

/* How long to wait before the next look, in milliseconds. */
static int patience(const struct transfer *t)
{
	uint64_t now_us = clock_monotonic_us();
	uint64_t left_us = t->answer_us > now_us ? t->answer_us - now_us : NEVER_US;

	return left_us < POLL_MS * USEC_PER_MSEC ? (int)(left_us / USEC_PER_MSEC) + 1 : POLL_MS;
}

/* The one that the library would read next, if there is just one; -1. */
static int socket_of(struct transfer *t)
{
	fd_set in, out, odd;
	int last = -1, n = 0;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&odd);
	if (curl_multi_fdset(t->http->multi, &in, &out, &odd, &last) != CURLM_OK)
		return -1;
	for (int fd = 0; fd <= last; fd++)
		n += FD_ISSET(fd, &in) || FD_ISSET(fd, &out) || FD_ISSET(fd, &odd);
	return n == 1 && FD_ISSET(last, &in) ? last : -1;
}

/* What is left of a body that needs nothing but passing on, and from where; 0: none, or it is not
 * such a body. All that was read of it so far has passed the sink. */
static uint64_t plain_rest(struct transfer *t, int *ret_socket)
{
	const uint64_t got = t->sink.octets;
	const char *scheme = NULL;
	curl_off_t length = -1;

	/* Of a proxy the socket may carry TLS; splice() does not write files. */
	if (!t->has_started || t->by_proxy || t->sink.is_file || t->reply.ranges ||
	    t->reply.error != FWE_OK || t->f->rate > 0 || t->deadline_us != NEVER_US ||
	    header(t, "Transfer-Encoding") ||
	    curl_easy_getinfo(t->curl, CURLINFO_SCHEME, &scheme) != CURLE_OK || !scheme ||
	    strcasecmp(scheme, "http") != 0 ||
	    curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) != CURLE_OK ||
	    length < 0 || (uint64_t)length <= got || (uint64_t)length > t->sink.room)
		return 0;
	*ret_socket = socket_of(t);
	if (*ret_socket < 0)
		return 0;
	return (uint64_t)length - got;
}

static CURLcode splice_rest(struct transfer *t, int socket, uint64_t octets)
{
	int r = splice_body(&t->sink, socket, octets, t->f->slow_s);

	if (r == -ECANCELED || r == -EPIPE)
		(void)reply_stop(&t->reply, FWE_INSTALL_CANCELLED,
				 r == -EPIPE ? "the reader is gone" : "cancelled");
	return r == 0 ? CURLE_OK : r == -ETIMEDOUT ? CURLE_OPERATION_TIMEDOUT : CURLE_PARTIAL_FILE;
}

/* curl_easy_perform(), but it listens to the control connection as well. */
static CURLcode perform(struct transfer *t)
{
	struct curl_waitfd control = {.fd = t->sink.control, .events = CURL_WAIT_POLLIN};
	CURLcode result = CURLE_OK;
	uint64_t rest = 0;
	int running = 1, socket = -1;

	if (curl_multi_add_handle(t->http->multi, t->curl) != CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	while (curl_multi_perform(t->http->multi, &running) == CURLM_OK && running > 0) {
		rest = plain_rest(t, &socket);
		if (rest > 0)
			break;
		if (curl_multi_poll(t->http->multi, &control, 1, patience(t), NULL) != CURLM_OK)
			break;
		if (control.revents != 0 && sink_is_cancelled(&t->sink)) {
			(void)reply_stop(&t->reply, FWE_INSTALL_CANCELLED, "cancelled");
			break;
		}
		if (is_silent(t)) {
			(void)reply_stop(&t->reply, FWE_FETCH_TIMEOUT, "no answer");
			break;
		}
		control.revents = 0;
	}
	t->answer_us = NEVER_US; /* whoever redirects has answered */
	result = rest > 0 ? splice_rest(t, socket, rest) : result_of(t);
	(void)curl_multi_remove_handle(t->http->multi, t->curl);
	return result;
}

static bool was_connected(struct transfer *t)
{
	curl_off_t us = 0;

	(void)curl_easy_getinfo(t->curl, CURLINFO_CONNECT_TIME_T, &us);
	return us > 0;
}

static enum fw_error error_of(struct transfer *t, CURLcode r)
{
	static const CURLcode TLS[] = {
		CURLE_SSL_CONNECT_ERROR,     CURLE_PEER_FAILED_VERIFICATION,
		CURLE_SSL_CERTPROBLEM,       CURLE_SSL_CIPHER,
		CURLE_SSL_CACERT_BADFILE,    CURLE_SSL_ISSUER_ERROR,
		CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
	};

	for (size_t i = 0; i < ARRAY_SIZE(TLS); i++)
		if (r == TLS[i])
			return FWE_FETCH_TLS_FAILED;
	if (r == CURLE_OUT_OF_MEMORY || r == CURLE_FAILED_INIT)
		return FWE_INTERNAL;
	if (r == CURLE_OPERATION_TIMEDOUT && was_connected(t))
		return FWE_FETCH_TIMEOUT;
	if (status_of(t) == wanted_status(t) && t->f->kind == PROTO_IMAGE_BODY)
		return FWE_IMAGE_TRUNCATED;
	return FWE_FETCH_CONNECT_FAILED;
}

static bool is_redirect(long status)
{
	return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

/* Judges where a redirect leads; *url is replaced if it may be followed. */
static enum fw_error redirect(struct transfer *t, char url[PROTO_URL])
{
	struct url from, to;
	char *next = NULL;

	(void)curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &next);
	if (!next || url_parse(span_str(next), &to) != URL_OK ||
	    url_parse(span_str(url), &from) != URL_OK)
		return FWE_FETCH_REDIRECT_REFUSED;
	if ((to.scheme != URL_HTTP && to.scheme != URL_HTTPS) ||
	    (from.scheme == URL_HTTPS && to.scheme == URL_HTTP) ||
	    (t->f->same_host && !url_same_host(&from, &to)))
		return FWE_FETCH_REDIRECT_REFUSED;
	(void)snprintf(url, PROTO_URL, "%s", next); /* fits: url_parse() took it */
	return FWE_OK;
}

/* The server has no such part of this body, or none of a list; it may have the whole. */
static bool is_declined(struct transfer *t, long status)
{
	if (!reply_is_partial(&t->reply) || status == 206)
		return t->reply.declined;
	return status == 200 || status == 416 ||
	       (t->reply.ranges && t->ranges_max > 1 && status >= 400 && status < 500 &&
		status != 404 && status != 410);
}

/* One request and its reply. `again`: a redirect was accepted. */
static enum fw_error get_once(struct transfer *t, char url[PROTO_URL], bool *again)
{
	CURLcode r = CURLE_OUT_OF_MEMORY;
	long status;

	curl_easy_cleanup(t->curl);
	t->curl = curl_easy_init();
	reply_begin(&t->reply);
	t->has_head = false;
	t->message[0] = '\0';
	if (t->curl && make_head(t))
		r = set_up(t, url);
	if (r == CURLE_OK)
		r = perform(t);
	status = status_of(t);
	t->out->status = status > 0 && status < 1000 ? (uint32_t)status : 0;
	if (t->reply.error == FWE_OK && r == CURLE_OK && status == wanted_status(t))
		(void)take_head(t); /* an empty body has not asked yet */
	if (t->reply.error != FWE_OK)
		return t->reply.error;
	t->reply.declined = is_declined(t, status);
	if (t->reply.declined)
		return FWE_OK;
	if (status != wanted_status(t) && status >= 300) {
		*again = is_redirect(status);
		return *again ? redirect(t, url) : FWE_FETCH_HTTP_STATUS;
	}
	if (r != CURLE_OK) {
		proto_text(t->out->text, sizeof(t->out->text),
			   t->message[0] ? t->message : curl_easy_strerror(r));
		return error_of(t, r);
	}
	return status == wanted_status(t) ? FWE_OK : FWE_FETCH_HTTP_STATUS;
}

static enum fw_error follow(struct transfer *t, char url[PROTO_URL])
{
	bool again = true;

	for (unsigned hops = 0; again; hops++) {
		enum fw_error e;

		again = false;
		if (hops > HTTP_REDIRECTS_MAX)
			return FWE_FETCH_REDIRECT_REFUSED;
		e = get_once(t, url, &again);
		if (e != FWE_OK)
			return e;
	}
	t->out->ranged = reply_is_partial(&t->reply) && !t->reply.declined;
	return FWE_OK;
}

/* Several ranges a request, or one if this server or what is between does not like that. */
static enum fw_error get_ranges(struct transfer *t, char url[PROTO_URL])
{
	for (;;) {
		uint64_t before = t->sink.octets;
		int r = ranges_next(t->reply.ranges);
		enum fw_error e;

		if (r <= 0)
			return r < 0 ? FWE_INTERNAL : FWE_OK;
		e = follow(t, url);
		if (e != FWE_OK)
			return e;
		if (!t->out->ranged || t->sink.octets == before) {
			t->out->ranged = 0;
			if (t->ranges_max == 1)
				return FWE_OK;
			log_info("fetch: one range at a time url=%s status=%u", url,
				 t->out->status);
			t->ranges_max = 1;
		}
	}
}

static enum fw_error prepare(struct transfer *t, int body, int control)
{
	struct url u;

	if (url_parse(span_str(t->f->url), &u) != URL_OK ||
	    (u.scheme != URL_HTTP && u.scheme != URL_HTTPS))
		return FWE_MANIFEST_LOCATION_SCHEME;
	if (t->f->total_ms > 0)
		t->deadline_us = clock_monotonic_us() + t->f->total_ms * USEC_PER_MSEC;
	if (t->f->offset > t->f->limit || (t->reply.ranges && t->f->offset > 0) ||
	    !use_interface(t->http, t->f->interface) || !make_resolve(t, &u) ||
	    sink_open(&t->sink, body, control, t->f->limit - t->f->offset, t->f->rate) < 0)
		return FWE_INTERNAL;
	return FWE_OK;
}

void http_get(struct http *h, const struct proto_fetch *f, struct ranges *ranges, int body,
	      int control, struct proto_fetched *ret)
{
	struct transfer t = {
		.http = h,
		.f = f,
		.out = ret,
		.reply = {.f = f, .out = ret, .ranges = ranges},
		.ranges_max = RANGES_BATCH,
		.answer_us = f->answer_ms > 0 ? clock_monotonic_us() + f->answer_ms * USEC_PER_MSEC
					      : NEVER_US,
		.deadline_us = NEVER_US
        };

	*ret = (struct proto_fetched){0};
	t.reply.sink = &t.sink;
	memcpy(t.reply.etag, f->etag, sizeof(t.reply.etag));
	proto_text(ret->url, sizeof(ret->url), f->url);
	ret->error = prepare(&t, body, control);
	if (ret->error == FWE_OK)
		ret->error = ranges ? get_ranges(&t, ret->url) : follow(&t, ret->url);
	curl_easy_cleanup(t.curl);
	curl_slist_free_all(t.head);
	curl_slist_free_all(t.resolve);
	ret->octets = t.sink.octets;
}
