#include "svr/ncr.h"

#include "codec/cbr.h"
#include "codec/cbw.h"
#include "svr/route.h"

/* Of a representation; svr_out.ncr's program has sent it. */
static const struct cbr_limits REP_LIMITS = {
	.bytes = NCR_REP_MAX, .depth = 12, .items = 4096, .text = NCR_REP_MAX, .floats = true};

/* ---- what a program may register ---- */

/* RFC 3986 2.3: nothing that anybody would have to escape. */
static bool is_unreserved(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static bool is_segment(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_unreserved(s.ptr[i]))
			return false;
	return s.len > 0 && !span_is(s, ".") && !span_is(s, "..");
}

static bool is_reserved(struct span first_segment)
{
	return span_is_nocase(first_segment, "oic") || span_is_nocase(first_segment, "oc") ||
	       span_is_nocase(first_segment, ".well-known");
}

bool ncr_set_href(struct ncr *ncr, struct span href)
{
	struct span rest = span_skip(href, 1), segment = span_cut(&rest, '/');

	if (href.len >= sizeof(ncr->href) || !span_starts(href, "/") || is_reserved(segment) ||
	    !is_segment(segment))
		return false;
	while (rest.ptr)
		if (!is_segment(span_cut(&rest, '/')))
			return false;
	return span_to_str(href, ncr->href, sizeof(ncr->href)) == 0;
}

/* A type of our own would have clients take the program's resource for ours. */
static bool is_of_device(struct span type)
{
	for (size_t i = 0; i < N_RESOURCES; i++)
		if (RESOURCES[i].rt && span_is_nocase(type, RESOURCES[i].rt))
			return true;
	return false;
}

bool ncr_add_type(struct ncr *ncr, struct span type)
{
	size_t i = 0;

	while (i < NCR_TYPES_MAX && ncr->types[i][0])
		i++;
	if (i == NCR_TYPES_MAX || type.len > NCR_TYPE_LEN || !is_segment(type) ||
	    is_of_device(type) || span_starts(type, "oic.wk."))
		return false;
	return span_to_str(type, ncr->types[i], sizeof(ncr->types[i])) == 0;
}

static bool has_interface(const struct ncr *ncr, const char *interface)
{
	for (size_t i = 0; i < NCR_INTERFACES_MAX && ncr->interfaces[i]; i++)
		if (strcmp(ncr->interfaces[i], interface) == 0)
			return true;
	return false;
}

bool ncr_add_interface(struct ncr *ncr, struct span interface)
{
	static const char *const KNOWN[] = {IF_BASELINE, IF_R, IF_S, IF_RW, IF_A};
	size_t i = 0;

	while (i < NCR_INTERFACES_MAX && ncr->interfaces[i])
		i++;
	for (size_t k = 0; k < ARRAY_SIZE(KNOWN) && i < NCR_INTERFACES_MAX; k++) {
		if (!span_is(interface, KNOWN[k]) || has_interface(ncr, KNOWN[k]))
			continue;
		ncr->interfaces[i] = KNOWN[k];
		return true;
	}
	return false;
}

bool ncr_finish(struct ncr *ncr)
{
	ncr->kept.max = NCR_REP_MAX;
	return ncr->href[0] && ncr->types[0][0] &&
	       (has_interface(ncr, IF_BASELINE) || ncr_add_interface(ncr, SPAN_LIT(IF_BASELINE)));
}

bool ncr_keep(struct ncr *ncr, struct span map)
{
	struct buf entries = BUF_INIT(NCR_REP_MAX);
	struct span key;
	struct cbr c;

	cbr_open(&c, map, &REP_LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (span_is(key, "rt") || span_is(key, "if"))
			cbr_fail(&c, CBR_VALUE); /* baseline says them, as registered */
		cbw_text(&entries, key);
		buf_put(&entries, cbr_skip(&c));
	}
	if (cbr_close(&c) != CBR_OK || !buf_ok(&entries)) {
		buf_done(&entries);
		return false;
	}
	buf_done(&ncr->kept);
	ncr->kept = entries;
	ncr->known = true;
	return true;
}

/* ---- the table ---- */

struct ncr *ncrs_find(const struct ncrs *ncrs, struct span href)
{
	for (size_t i = 0; i < ncrs->n; i++)
		if (span_is(href, ncrs->v[i]->href))
			return ncrs->v[i];
	return NULL;
}

bool ncrs_add(struct ncrs *ncrs, struct ncr *ncr)
{
	if (ncrs->n == NCRS_MAX || ncrs_find(ncrs, span_str(ncr->href)))
		return false;
	ncrs->v[ncrs->n++] = ncr;
	return true;
}

void ncrs_remove(struct ncrs *ncrs, const struct ncr *ncr)
{
	size_t i = 0;

	while (i < ncrs->n && ncrs->v[i] != ncr)
		i++;
	if (i == ncrs->n)
		return;
	memmove(&ncrs->v[i], &ncrs->v[i + 1], (ncrs->n - i - 1) * sizeof(struct ncr *));
	ncrs->n--;
}

/* ---- as a resource ---- */

static enum verdict ncr_get(struct exchange *x)
{
	const struct ncr *ncr = x->res->ncr;

	x->out->ncr = ncr;
	if (x->req->asked == ASKED_FIRST)
		return V_LATER;
	if (!ncr->known)
		return refuse(x, V_UNAVAILABLE, "its program has not said anything yet");
	rep_open(x);
	buf_put(x->out->body, buf_span(&ncr->kept));
	cbw_end(x->out->body);
	return V_CONTENT;
}

bool ncr_is_writable(const struct ncr *ncr)
{
	return has_interface(ncr, IF_RW) || has_interface(ncr, IF_A);
}

/* An interface for reading is not one for writing, and baseline is what the others are. */
static enum verdict ncr_post(struct exchange *x)
{
	const struct ncr *ncr = x->res->ncr;
	const char *interface = route_interface(x->res, x->req);

	if (!ncr_is_writable(ncr))
		return refuse(x, V_NO_METHOD, "resource is read-only");
	if (strcmp(interface, IF_R) == 0 || strcmp(interface, IF_S) == 0)
		return refuse(x, V_FORBIDDEN, "interface is read-only");
	x->out->ncr = ncr;
	return x->req->asked == ASKED_FIRST ? V_LATER : V_CHANGED;
}

void ncr_resource(const struct ncr *ncr, struct resource *ret)
{
	*ret = (struct resource){
		.target = {.href = ncr->href,
			   .kind = RES_NCR,
			   .owner = OWNER_NONE,
			   .discoverable = ncr->discoverable,
			   .secure = true},
		.ncr = ncr,
		.rt = ncr->types[0],
		.observable = ncr->observable,
		.hidden = !ncr->discoverable,
		.body_max = NCR_REP_MAX,
		.get = ncr_get,
		.post = ncr_post,
	};
	memcpy(ret->interfaces, ncr->interfaces, sizeof(ncr->interfaces));
}
