#include "transfer.h"

#include <curl/curl.h>
#include <sys/select.h>

#include "base/clock.h"
#include "splice.h"

#define STRONG_DATE_S 60
#define POLL_MS       200 /* by which the library may miss a time of its own */

long transfer_status(struct transfer *t)
{
	long status = 0;

	if (t->curl)
		(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

long transfer_wanted_status(const struct transfer *t)
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

/* One that the library would take off is none that we asked for, either. */
static const char *coding(struct transfer *t)
{
	const char *transfer = header(t, "Transfer-Encoding");

	return transfer && strcasecmp(transfer, "chunked") != 0 ? transfer
								: header(t, "Content-Encoding");
}

static bool take_head(struct transfer *t)
{
	return reply_take_head(&t->reply, &(struct reply_head){
						  .type = header(t, "Content-Type"),
						  .coding = coding(t),
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

/* A line; an empty one ends a head. */
static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	long status = transfer_status(t);

	(void)size; /* always 1 */
	if ((n > 0 && line[0] != '\r' && line[0] != '\n') || status < 200 || t->has_head)
		return n; /* interim replies come before, trailers behind it */
	t->has_head = true;
	return status != transfer_wanted_status(t) || take_head(t) ? n : CURL_WRITEFUNC_ERROR;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	bool more;

	(void)size; /* always 1 */
	if (transfer_status(t) != transfer_wanted_status(t))
		more = reply_take_other(&t->reply, n);
	else
		more = tell_start(t) && reply_take_body(&t->reply, span_of(data, n));
	return more ? n : CURL_WRITEFUNC_ERROR;
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
	return clock_monotonic_us() >= t->answer_us && !t->has_head;
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
unsigned transfer_perform(struct transfer *t)
{
	struct curl_waitfd control = {.fd = t->sink.control, .events = CURL_WAIT_POLLIN};
	CURLcode result = CURLE_OK;
	uint64_t rest = 0;
	int running = 1, socket = -1;

	if (curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK ||
	    curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t) != CURLE_OK ||
	    curl_easy_setopt(t->curl, CURLOPT_HEADERFUNCTION, on_header) != CURLE_OK ||
	    curl_easy_setopt(t->curl, CURLOPT_HEADERDATA, t) != CURLE_OK ||
	    curl_multi_add_handle(t->http->multi, t->curl) != CURLM_OK)
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
