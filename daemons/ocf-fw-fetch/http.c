#include "http.h"

#include <curl/curl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "transfer.h"

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

static enum fw_error refused(struct transfer *t)
{
	(void)snprintf(t->out->text, sizeof(t->out->text), "the server answers %u", t->out->status);
	return FWE_FETCH_HTTP_STATUS;
}

/* One request and its reply. `again`: a redirect was accepted. */
static enum fw_error get_once(struct transfer *t, char url[PROTO_URL], bool *again)
{
	unsigned r = CURLE_OUT_OF_MEMORY;
	long status;

	curl_easy_cleanup(t->curl);
	t->curl = curl_easy_init();
	reply_begin(&t->reply);
	t->is_connected = t->has_head = false;
	t->message[0] = '\0';
	if (t->curl && transfer_make_head(t))
		r = transfer_set_up(t, url);
	if (r == CURLE_OK)
		r = transfer_perform(t);
	status = transfer_status(t);
	t->out->status = status > 0 && status < 1000 ? (uint32_t)status : 0;
	if (t->reply.error != FWE_OK)
		return t->reply.error;
	t->reply.declined = is_declined(t, status);
	if (t->reply.declined)
		return FWE_OK;
	if (status != transfer_wanted_status(t) && status >= 300) {
		*again = is_redirect(status);
		return *again ? redirect(t, url) : refused(t);
	}
	if (r != CURLE_OK) {
		proto_text(t->out->text, sizeof(t->out->text),
			   t->message[0] ? t->message : curl_easy_strerror((CURLcode)r));
		return transfer_error(t, r);
	}
	return status == transfer_wanted_status(t) ? FWE_OK : refused(t);
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
	    !use_interface(t->http, t->f->interface) || !transfer_make_resolve(t, &u) ||
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
