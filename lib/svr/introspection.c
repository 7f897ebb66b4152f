#include "svr/introspection.h"

#include <stdio.h>

#include "codec/cbr.h"
#include "codec/cbw.h"

#define URL_MAX ((size_t)128)

enum verdict introspection_get(struct exchange *x)
{
	struct buf *b = x->out->body;
	char url[URL_MAX];

	rep_open(x);
	cbw_str(b, "urlInfo");
	cbw_array(b);
	if (x->req->ep_coaps.len > 0) {
		(void)snprintf(url, sizeof(url), "%.*s" INTROSPECTION_DATA,
			       (int)x->req->ep_coaps.len, (const char *)x->req->ep_coaps.ptr);
		cbw_map(b);
		cbw_kv_str(b, "protocol", "coaps");
		cbw_kv_str(b, "url", url);
		cbw_kv_str(b, "content-type", "application/cbor");
		cbw_kv_uint(b, "version", 1);
		cbw_end(b);
	}
	cbw_end(b);
	cbw_end(b);
	return V_CONTENT;
}

/* ---- the document ---- */

static void open_map(struct buf *b, const char *key)
{
	cbw_str(b, key);
	cbw_map(b);
}

static void write_list(struct buf *b, const char *key, const char *value)
{
	cbw_str(b, key);
	cbw_array(b);
	cbw_str(b, value);
	cbw_end(b);
}

/* An array of texts of which `rt` or `if` of the resource are the possible ones. */
static void write_enum(const struct exchange *x, struct buf *b, const struct resource *res,
		       bool types)
{
	const char *text;

	cbw_str(b, "enum");
	cbw_array(b);
	for (size_t i = 0; types && (text = route_type(x->dev, res, i)); i++)
		cbw_str(b, text);
	for (size_t i = 0; !types && i < ARRAY_SIZE(res->interfaces) && res->interfaces[i]; i++)
		cbw_str(b, res->interfaces[i]);
	cbw_end(b);
}

static const char *type_of(struct cbr *c)
{
	switch (cbr_peek(c)) {
	case CBR_UINT:
	case CBR_NEGINT:
		return "integer";
	case CBR_FLOAT:
		return "number";
	case CBR_BOOL:
		return "boolean";
	case CBR_ARRAY:
		return "array";
	case CBR_MAP:
		return "object";
	case CBR_TEXT:
	case CBR_BYTES:
	case CBR_NULL:
	case CBR_NONE:
		break;
	}
	return "string";
}

/* The entries that are kept hold text keys and one value each: ncr_keep(). */
static void write_known(struct buf *b, const struct ncr *ncr)
{
	static const struct cbr_limits LIMITS = {.bytes = NCR_REP_MAX + 2,
						 .depth = CBR_DEPTH_MAX,
						 .items = 2 * NCR_REP_MAX,
						 .text = NCR_REP_MAX,
						 .floats = true};
	struct span rest = buf_span(&ncr->kept);

	while (rest.len > 0) {
		struct cbr c;
		struct span key;
		const char *type;

		cbr_open(&c, rest, &LIMITS);
		key = cbr_text(&c);
		type = type_of(&c);
		(void)cbr_skip(&c);
		rest = c.rest;
		cbw_text(b, key);
		cbw_map(b);
		cbw_kv_str(b, "type", type);
		if (strcmp(type, "array") == 0) {
			open_map(b, "items");
			cbw_end(b);
		}
		cbw_end(b);
	}
}

static void write_schema(const struct exchange *x, struct buf *b, const struct resource *res,
			 bool all)
{
	open_map(b, "schema");
	cbw_kv_str(b, "type", "object");
	open_map(b, "properties");
	for (int types = 1; all && types >= 0; types--) {
		open_map(b, types ? "rt" : "if");
		cbw_kv_str(b, "type", "array");
		open_map(b, "items");
		cbw_kv_str(b, "type", "string");
		write_enum(x, b, res, types);
		cbw_end(b);
		cbw_end(b);
	}
	write_known(b, res->ncr);
	cbw_end(b);
	cbw_end(b);
}

static void write_method(const struct exchange *x, struct buf *b, const struct resource *res,
			 bool post)
{
	open_map(b, post ? "post" : "get");
	cbw_str(b, "parameters");
	cbw_array(b);
	cbw_map(b);
	cbw_kv_str(b, "name", "if");
	cbw_kv_str(b, "in", "query");
	cbw_kv_str(b, "type", "string");
	write_enum(x, b, res, false);
	cbw_end(b);
	if (post) {
		cbw_map(b);
		cbw_kv_str(b, "name", "body");
		cbw_kv_str(b, "in", "body");
		cbw_kv_bool(b, "required", true);
		write_schema(x, b, res, false);
		cbw_end(b);
	}
	cbw_end(b);
	open_map(b, "responses");
	open_map(b, "200");
	cbw_kv_str(b, "description", "");
	write_schema(x, b, res, !post);
	cbw_end(b);
	cbw_end(b);
	cbw_end(b);
}

enum verdict introspection_data_get(struct exchange *x)
{
	const char *version = x->dev->info->firmware_version;
	struct buf *b = x->out->body;
	const struct resource *res;
	struct resource room;

	cbw_map(b);
	cbw_kv_str(b, "swagger", "2.0");
	open_map(b, "info");
	cbw_kv_str(b, "title", x->dev->info->name);
	cbw_kv_str(b, "version", version[0] ? version : "1");
	cbw_end(b);
	write_list(b, "schemes", "http");
	write_list(b, "consumes", "application/json");
	write_list(b, "produces", "application/json");
	open_map(b, "paths");
	for (size_t i = 0; (res = route_at(x->env, i, &room)); i++) {
		if (!res->ncr || res->hidden)
			continue;
		open_map(b, res->target.href);
		write_method(x, b, res, false);
		if (ncr_is_writable(res->ncr))
			write_method(x, b, res, true);
		cbw_end(b);
	}
	cbw_end(b);
	cbw_end(b);
	return V_CONTENT;
}
