#include "svr/discovery.h"

#include "codec/cbw.h"

#define BM_DISCOVERABLE 1u
#define BM_OBSERVABLE   2u

/* The links a request asks for. */
struct filter {
	bool by_rt;
	struct span rt;
};

static bool is_served(const struct resource *res)
{
	return res->get != NULL && !res->hidden;
}

static bool filter_takes(const struct filter *f, const struct device *dev,
			 const struct resource *res)
{
	const char *type;

	if (!is_served(res))
		return false;
	for (size_t i = 0; f->by_rt && (type = route_type(dev, res, i)); i++)
		if (span_is(f->rt, type))
			return true;
	return !f->by_rt;
}

static bool finds_any(const struct filter *f, const struct exchange *x)
{
	const struct resource *res;
	struct resource room;

	for (size_t i = 0; (res = route_at(x->env, i, &room)); i++)
		if (filter_takes(f, x->dev, res))
			return true;
	return false;
}

/* An unsecured endpoint is announced where it would be served: for security resources only those
 * that are open before the DOC. */
static bool is_clear(const struct device *dev, const struct target *t)
{
	if (t->kind == RES_SVR)
		return dev->dos == DOS_RFOTM && dev->doc == 0 && t->anyone;
	return t->kind == RES_NCR ? t->clear : !t->secure;
}

static void write_endpoint(struct buf *b, struct span ep)
{
	if (ep.len == 0)
		return;
	cbw_map(b);
	cbw_kv_text(b, "ep", ep);
	cbw_end(b);
}

static void write_link(const struct exchange *x, const struct resource *res)
{
	struct buf *b = x->out->body;
	char anchor[sizeof("ocf://") + UUID_TEXT] = "ocf://";

	uuid_format(&x->dev->uuid, anchor + strlen(anchor));
	cbw_map(b);
	cbw_kv_str(b, "anchor", anchor);
	cbw_kv_str(b, "href", res->target.href);
	if (res == x->res) {
		cbw_str(b, "rel");
		cbw_array(b);
		cbw_str(b, "self");
		cbw_end(b);
	}
	rep_types(x->dev, res, b);
	cbw_str(b, "p");
	cbw_map(b);
	cbw_kv_uint(b, "bm", BM_DISCOVERABLE | (res->observable ? BM_OBSERVABLE : 0));
	cbw_end(b);
	cbw_str(b, "eps");
	cbw_array(b);
	if (is_clear(x->dev, &res->target))
		write_endpoint(b, x->req->ep_coap);
	write_endpoint(b, x->req->ep_coaps);
	cbw_end(b);
	cbw_end(b);
}

static void write_links(const struct exchange *x, const struct filter *f)
{
	const struct resource *res;
	struct resource room;

	cbw_array(x->out->body);
	for (size_t i = 0; (res = route_at(x->env, i, &room)); i++)
		if (filter_takes(f, x->dev, res))
			write_link(x, res);
	cbw_end(x->out->body);
}

/* One map with the links inside, and the security domain unless it is private. */
static void write_baseline(const struct exchange *x, const struct filter *f)
{
	struct buf *b = x->out->body;

	cbw_array(b);
	cbw_map(b);
	rep_types(x->dev, x->res, b);
	cbw_kv_str(b, "n", x->dev->info->name);
	if (!x->dev->sdi.priv) {
		cbw_kv_uuid(b, "sduuid", &x->dev->sdi.uuid);
		cbw_kv_str(b, "sdname", x->dev->sdi.name);
	}
	cbw_str(b, "links");
	write_links(x, f);
	cbw_end(b);
	cbw_end(b);
}

/* Can its properties be written without asking anybody? */
static bool is_known(const struct resource *res)
{
	return res->ncr ? res->ncr->known : res->properties != NULL;
}

/* What the requester may read, security resources left out. */
static void write_batch(const struct exchange *x, const struct filter *f)
{
	struct buf *b = x->out->body;
	const struct resource *res;
	struct resource room;

	cbw_array(b);
	for (size_t i = 0; (res = route_at(x->env, i, &room)); i++) {
		if (res->target.kind == RES_SVR || !is_known(res) ||
		    !filter_takes(f, x->dev, res) ||
		    access_decide(x->dev, &x->who, &res->target) == ACCESS_NONE)
			continue;
		cbw_map(b);
		cbw_kv_str(b, "href", res->target.href);
		cbw_str(b, "rep");
		cbw_map(b);
		if (res->ncr)
			buf_put(b, buf_span(&res->ncr->kept));
		else
			res->properties(x->dev, b);
		cbw_end(b);
		cbw_end(b);
	}
	cbw_end(b);
}

/* A question to another security domain, or to one that hides, is not for this device. */
static bool domain_fits(const struct exchange *x)
{
	struct span value;
	struct uuid uuid;

	if (!query_find(x->req, "sduuid", &value))
		return true;
	return !x->dev->sdi.priv && uuid_parse(value, &uuid) && uuid_eq(&uuid, &x->dev->sdi.uuid);
}

/* RFC 6690: all else is behind /oic/res. */
enum verdict discovery_core_get(struct exchange *x)
{
	buf_put_str(x->out->body, "</oic/res>;rt=\"oic.wk.res\";if=\"" IF_LL " " IF_B
				  " " IF_BASELINE "\";ct=10000");
	return V_CONTENT;
}

enum verdict discovery_get(struct exchange *x)
{
	const char *interface = route_interface(x->res, x->req);
	struct filter f = {0};

	if (!domain_fits(x))
		return refuse(x, V_IGNORE, "another security domain is asked");
	f.by_rt = query_find(x->req, "rt", &f.rt);
	if (!finds_any(&f, x))
		return refuse(x, V_BAD_REQUEST, "no resource of this type");
	if (strcmp(interface, IF_B) == 0 && x->req->session == 0)
		return refuse(x, V_BAD_REQUEST, "batch needs a secured session");
	if (strcmp(interface, IF_B) == 0)
		write_batch(x, &f);
	else if (strcmp(interface, IF_BASELINE) == 0)
		write_baseline(x, &f);
	else
		write_links(x, &f);
	return V_CONTENT;
}
