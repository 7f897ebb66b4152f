#include "http.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>

#include "address.h"
#include "base/clock.h"
#include "fw/url.h"

#define SLOW_OCTETS   1024L /* a second */
#define BUFFER_OCTETS (256L * 1024)
#define OTHER_BODY_MAX                                                                             \
	((uint64_t)64 * 1024) /* of a reply that is not 200: read to keep the line                 \
			       */
#define POLL_MS 1000
#define ACCEPT_MANIFEST                                                                            \
	"Accept: application/jose+json, application/jose;q=0.9, application/cose;q=0.8, "          \
	"application/json;q=0.5"
#define ACCEPT_IMAGE "Accept: application/octet-stream, */*;q=0.5"

struct http {
	CURLM *multi;                 /* keeps the connections */
	struct curl_slist *accept[2]; /* by enum proto_kind */
};

/* One request, through all its redirects. */
struct transfer {
	struct http *http;
	CURL *curl; /* of the hop at hand */
	const struct proto_fetch *f;
	struct proto_fetched *out;
	int body, control;
	uint64_t deadline_us;
	uint64_t octets;
	bool checked;             /* the head of the reply */
	enum fw_error stopped_by; /* one of our own callbacks */
	char message[CURL_ERROR_SIZE];
};

static size_t stop(struct transfer *t, enum fw_error why, const char *text)
{
	t->stopped_by = why;
	proto_text(t->out->text, sizeof(t->out->text), text);
	return CURL_WRITEFUNC_ERROR;
}

static long status_of(struct transfer *t)
{
	long status = 0;

	if (t->curl)
		(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static bool type_is(const char *type, const char *what)
{
	size_t n = strlen(what);

	return strncasecmp(type, what, n) == 0 && strchr("; \t", type[n]);
}

/* A page for people is what captive portals give; a coding is nothing that we asked for. */
static bool head_is_fine(struct transfer *t)
{
	const char *type = NULL;
	struct curl_header *coding;

	if (t->checked)
		return true;
	t->checked = true;
	(void)curl_easy_getinfo(t->curl, CURLINFO_CONTENT_TYPE, &type);
	if (type && (type_is(type, "text/html") || type_is(type, "application/xhtml+xml"))) {
		(void)stop(t, FWE_FETCH_CONTENT_TYPE, type);
		return false;
	}
	if (curl_easy_header(t->curl, "Content-Encoding", 0, CURLH_HEADER, -1, &coding) ==
		    CURLHE_OK &&
	    strcasecmp(coding->value, "identity") != 0) {
		(void)stop(t, FWE_FETCH_CONTENT_TYPE, coding->value);
		return false;
	}
	return true;
}

static bool write_all(int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, data, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		data += done;
		n -= (size_t)done;
	}
	return true;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t pass = n;

	(void)size; /* always 1 */
	if (status_of(t) != 200) {
		t->octets += n;
		return t->octets > OTHER_BODY_MAX ? CURL_WRITEFUNC_ERROR : n;
	}
	if (!head_is_fine(t))
		return CURL_WRITEFUNC_ERROR;
	if (pass > t->f->limit - t->octets)
		pass = (size_t)(t->f->limit - t->octets) + 1;
	if (!write_all(t->body, data, pass))
		return stop(t, FWE_INSTALL_CANCELLED, "the reader is gone");
	t->octets += pass;
	if (t->octets > t->f->limit)
		return stop(t,
			    t->f->kind == PROTO_MANIFEST ? FWE_MANIFEST_TOO_LARGE
							 : FWE_IMAGE_SIZE_MISMATCH,
			    "the body is longer than allowed");
	return n;
}

static bool may_reach(struct transfer *t, enum proto_reach reach)
{
	if (reach <= t->f->reach)
		return true;
	(void)stop(t, FWE_FETCH_ADDRESS_REFUSED,
		   reach == PROTO_PRIVATE ? "a private address" : "a loopback address");
	return false;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	(void)purpose;
	if (!may_reach(arg, address_reach(&a->addr)))
		return CURL_SOCKET_BAD;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* A connection that is used again was opened under the rules of an earlier request. */
static int on_request(void *arg, char *peer, char *own, int peer_port, int own_port)
{
	struct transfer *t = arg;
	enum proto_reach reach = address_text_reach(peer);

	(void)own, (void)peer_port, (void)own_port;
	t->out->private_peer = reach != PROTO_PUBLIC;
	t->stopped_by = FWE_OK; /* of several addresses, one that was allowed has answered */
	return may_reach(t, reach) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

int http_new(struct http **ret)
{
	CLEANUP(http_freep) struct http *h = calloc(1, sizeof(*h));

	if (!h || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	h->multi = curl_multi_init();
	h->accept[PROTO_MANIFEST] = curl_slist_append(NULL, ACCEPT_MANIFEST);
	h->accept[PROTO_IMAGE_BODY] = curl_slist_append(NULL, ACCEPT_IMAGE);
	if (!h->multi || !h->accept[0] || !h->accept[1])
		return -ENOMEM;
	*ret = h;
	h = NULL;
	return 0;
}

struct http *http_free(struct http *h)
{
	if (!h)
		return NULL;
	curl_slist_free_all(h->accept[0]);
	curl_slist_free_all(h->accept[1]);
	curl_multi_cleanup(h->multi);
	curl_global_cleanup();
	free(h);
	return NULL;
}

#define SET(option, value) (r = r ? r : curl_easy_setopt(c, option, value))

static CURLcode set_up(struct transfer *t, const char *url)
{
	CURL *c = t->curl;
	CURLcode r = CURLE_OK;

	SET(CURLOPT_URL, url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_PROXY, ""); /* the environment has no say */
	SET(CURLOPT_USERAGENT, "ocf-fwupd/" OCFGW_VERSION);
	SET(CURLOPT_HTTPHEADER, t->http->accept[t->f->kind]);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* else a resolver that hangs outlasts every limit */
	SET(CURLOPT_BUFFERSIZE, BUFFER_OCTETS);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)t->f->connect_ms);
	SET(CURLOPT_LOW_SPEED_LIMIT, SLOW_OCTETS);
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

static bool is_cancelled(const struct transfer *t)
{
	struct pollfd p = {.fd = t->control, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
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

/* curl_easy_perform(), but it listens to the control connection as well. */
static CURLcode perform(struct transfer *t)
{
	struct curl_waitfd control = {.fd = t->control, .events = CURL_WAIT_POLLIN};
	CURLcode result;
	int running = 1;

	if (curl_multi_add_handle(t->http->multi, t->curl) != CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	while (curl_multi_perform(t->http->multi, &running) == CURLM_OK && running > 0) {
		if (curl_multi_poll(t->http->multi, &control, 1, POLL_MS, NULL) != CURLM_OK)
			break;
		if (control.revents != 0 && is_cancelled(t)) {
			(void)stop(t, FWE_INSTALL_CANCELLED, "cancelled");
			break;
		}
		control.revents = 0;
	}
	result = result_of(t);
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
		CURLE_SSL_ENGINE_INITFAILED,
	};

	for (size_t i = 0; i < ARRAY_SIZE(TLS); i++)
		if (r == TLS[i])
			return FWE_FETCH_TLS_FAILED;
	if (r == CURLE_OUT_OF_MEMORY || r == CURLE_FAILED_INIT)
		return FWE_INTERNAL;
	if (r == CURLE_OPERATION_TIMEDOUT && was_connected(t))
		return FWE_FETCH_TIMEOUT;
	if (status_of(t) == 200 && t->f->kind == PROTO_IMAGE_BODY)
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

/* One request and its reply. `again`: a redirect was accepted. */
static enum fw_error get_once(struct transfer *t, char url[PROTO_URL], bool *again)
{
	CURLcode r = CURLE_OUT_OF_MEMORY;
	long status;

	curl_easy_cleanup(t->curl);
	t->curl = curl_easy_init();
	t->octets = 0;
	t->checked = false;
	t->stopped_by = FWE_OK;
	t->message[0] = '\0';
	if (t->curl)
		r = set_up(t, url);
	if (r == CURLE_OK)
		r = perform(t);
	status = status_of(t);
	t->out->status = status > 0 && status < 1000 ? (uint32_t)status : 0;
	if (t->stopped_by != FWE_OK)
		return t->stopped_by;
	if (status != 200 && status >= 300) {
		*again = is_redirect(status);
		return *again ? redirect(t, url) : FWE_FETCH_HTTP_STATUS;
	}
	if (r != CURLE_OK) {
		proto_text(t->out->text, sizeof(t->out->text),
			   t->message[0] ? t->message : curl_easy_strerror(r));
		return error_of(t, r);
	}
	if (status != 200)
		return FWE_FETCH_HTTP_STATUS;
	(void)head_is_fine(t); /* an empty body has not asked yet */
	return t->stopped_by;
}

void http_get(struct http *h, const struct proto_fetch *f, int body, int control,
	      struct proto_fetched *ret)
{
	struct transfer t = {.http = h,
			     .f = f,
			     .out = ret,
			     .body = body,
			     .control = control,
			     .deadline_us = NEVER_US};
	enum fw_error e = FWE_MANIFEST_LOCATION_SCHEME;
	bool again = true;
	struct url u;

	*ret = (struct proto_fetched){0};
	proto_text(ret->url, sizeof(ret->url), f->url);
	if (f->total_ms > 0)
		t.deadline_us = clock_monotonic_us() + f->total_ms * USEC_PER_MSEC;
	if (url_parse(span_str(f->url), &u) != URL_OK ||
	    (u.scheme != URL_HTTP && u.scheme != URL_HTTPS))
		again = false;
	for (unsigned hops = 0; again; hops++) {
		again = false;
		if (hops > HTTP_REDIRECTS_MAX) {
			e = FWE_FETCH_REDIRECT_REFUSED;
			break;
		}
		e = get_once(&t, ret->url, &again);
		again = again && e == FWE_OK;
	}
	curl_easy_cleanup(t.curl);
	ret->error = e;
	ret->octets = t.octets;
}
