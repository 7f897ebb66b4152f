#include "svr/svr.h"

#include "codec/cbr.h"
#include "svr/otm.h"
#include "svr/route.h"

#define DOXM_PATH "/oic/sec/doxm"

static bool format_is_taken(uint32_t format)
{
	return format == CF_NONE || format == CF_CBOR || format == CF_OCF_CBOR;
}

static bool is_well_formed(struct span body)
{
	static const struct cbr_limits LIMITS = {.bytes = REQ_BODY_MAX,
						 .depth = CBR_DEPTH_MAX,
						 .items = REQ_BODY_MAX,
						 .text = REQ_BODY_MAX,
						 .floats = true};
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	(void)cbr_skip(&c);
	return cbr_close(&c) != CBR_MALFORMED;
}

/* V_CHANGED, or what is wrong with the body, wherever it goes. */
static enum verdict check_body(struct exchange *x)
{
	const struct req *req = x->req;
	const size_t max = x->res && x->res->body_max ? x->res->body_max : REQ_BODY_MAX;

	if (req->method != M_POST && req->method != M_PUT)
		return V_CHANGED;
	if (!format_is_taken(req->content_format))
		return refuse(x, V_BAD_FORMAT, "content format is not CBOR");
	if (req->body.len > max)
		return refuse(x, V_TOO_LARGE, "body is too long");
	if (req->body.len > 0 && !is_well_formed(req->body))
		return refuse(x, V_BAD_REQUEST, "malformed body");
	return V_CHANGED;
}

static enum verdict call_get(struct exchange *x)
{
	enum verdict v;

	if (!x->res->get)
		return refuse(x, V_NO_METHOD, "method has no handler");
	if (x->res->format ? x->req->accept != CF_NONE && x->req->accept != x->res->format
			   : !format_is_taken(x->req->accept))
		return refuse(x, V_NOT_ACCEPTABLE, "asks for a format that it does not have");
	x->out->format = x->res->format;
	v = x->res->get(x);
	if (v == V_CONTENT && !buf_ok(x->out->body))
		return refuse(x, V_INTERNAL, "no memory for the answer");
	return v;
}

static enum verdict call_handler(struct exchange *x)
{
	switch (x->req->method) {
	case M_GET:
		return call_get(x);
	case M_POST:
		if (x->res->post)
			return x->res->post(x);
		break;
	case M_DELETE:
		if (x->res->del)
			return x->res->del(x);
		break;
	case M_PUT:
		break;
	}
	return refuse(x, V_NO_METHOD, "method has no handler");
}

/* Answered to a group are GETs of doxm and /oic/res that are not meant for another device. */
static bool multicast_concerns(const struct exchange *x)
{
	struct span di;
	struct uuid uuid;

	if (x->req->method != M_GET ||
	    (!span_is(x->req->path, DOXM_PATH) && !span_is(x->req->path, "/oic/res")))
		return false;
	return !query_find(x->req, "di", &di) ||
	       (uuid_parse(di, &uuid) && uuid_eq(&uuid, &x->dev->uuid));
}

/* While a DOC is open, it alone hears what is there and what is not: OCF Security 12.1. */
static bool may_hear(const struct exchange *x)
{
	return x->dev->dos != DOS_RFOTM || x->dev->doc == 0 ||
	       device_in_doc(x->dev, x->req->session);
}

static bool is_granted(struct exchange *x)
{
	if (!x->res)
		return may_hear(x);
	x->access = access_decide(x->dev, &x->who, &x->res->target);
	return x->access != ACCESS_NONE;
}

/* Precedence of refusals: interface, access, format, size, form, resource, method, content. */
static enum verdict decide(struct exchange *x)
{
	enum verdict v;

	if (x->dev->dos == DOS_RFOTM && x->dev->info->n_oxms == 0)
		return refuse(x, V_IGNORE, "no transfer method is usable");
	if (x->req->multicast && !multicast_concerns(x))
		return V_IGNORE;
	if (x->req->multicast && x->dev->info->window_closed && span_is(x->req->path, DOXM_PATH))
		return refuse(x, V_IGNORE, "onboarding window is closed");
	if (x->dev->dos == DOS_RESET)
		return refuse(x, V_UNAVAILABLE, "a reset is pending");

	x->res = route_find(x->env, x->req->path, &x->room);
	if (x->res && !route_interface(x->res, x->req))
		return refuse(x, V_FORBIDDEN, "interface is not supported");
	if (!is_granted(x))
		return refuse(x, V_UNAUTHORIZED, "requester is not authorised");
	v = check_body(x);
	if (v != V_CHANGED)
		return v;
	return x->res ? call_handler(x) : refuse(x, V_NOT_FOUND, "no such resource");
}

static void out_reset(struct svr_out *out)
{
	*out = (struct svr_out){.body = out->body};
}

/* Whatever a handler had begun: a refusal stores, does and says nothing. */
static void out_undo(struct svr_out *out)
{
	out->staged = device_free(out->staged);
	out->store = false;
	out->effects = 0;
	if (out->body)
		buf_reset(out->body);
}

static enum svr_audit audit_of(const struct exchange *x)
{
	const enum verdict v = x->out->verdict;

	if (v == V_UNAUTHORIZED)
		return AUDIT_ACCESS_DENIED;
	if ((v == V_CHANGED || v == V_DELETED) && x->out->staged && x->res->target.kind == RES_SVR)
		return AUDIT_SVR_CHANGED;
	return AUDIT_NONE;
}

void svr_handle(const struct device *dev, const struct req *req, const struct svr_env *env,
		struct svr_out *out)
{
	struct exchange x = {.dev = dev, .req = req, .env = env, .out = out};

	requester_of(dev, req, &env->wall, &x.who);
	out_reset(out);
	buf_reset(out->body);
	out->verdict = decide(&x);
	if (out->verdict >= V_BAD_REQUEST && req->multicast)
		out->verdict = V_IGNORE;
	if (out->verdict >= V_BAD_REQUEST || out->verdict == V_IGNORE)
		out_undo(out);
	out->audit = audit_of(&x);
	out->observable = out->verdict == V_CONTENT && x.res->observable;
}

enum svr_profile svr_profile(const struct device *dev)
{
	const struct otm *otm;

	switch (dev->dos) {
	case DOS_RESET:
		return SVR_PROFILE_NONE;
	case DOS_RFOTM:
		break;
	case DOS_RFPRO:
	case DOS_RFNOP:
	case DOS_SRESET:
		return SVR_PROFILE_NORMAL;
	}
	if (dev->doc != 0 || dev->info->window_closed)
		return SVR_PROFILE_NONE;
	otm = otm_find(dev->oxmsel);
	return otm ? otm->profile : SVR_PROFILE_NONE;
}

bool svr_psk(const struct device *dev, const struct uuid *peer, const struct svr_wall *wall,
	     struct secret *ret)
{
	const struct cred *cred = device_psk(dev, peer, wall);

	if (!cred || svr_profile(dev) != SVR_PROFILE_NORMAL)
		return false;
	*ret = cred->key;
	return true;
}

bool svr_identity(const struct device *dev, const struct svr_wall *wall, struct span *ret_pem,
		  struct secret *ret_key)
{
	for (size_t i = dev->n_creds; i-- > 0;) {
		const struct cred *cred = dev->creds[i];

		if (cred->usage == USAGE_CERT && dev->csr_key.len && cred_in_force(cred, wall)) {
			*ret_pem = cred->public;
			*ret_key = dev->csr_key;
			return true;
		}
	}
	return false;
}

bool svr_anchor(const struct device *dev, const struct svr_wall *wall, size_t *i,
		struct span *ret_pem, const struct uuid **ret_subject)
{
	for (; *i < dev->n_creds; (*i)++) {
		const struct cred *cred = dev->creds[*i];

		if (cred->usage == USAGE_TRUSTCA && cred_in_force(cred, wall)) {
			*ret_pem = cred->public;
			*ret_subject = cred->any ? NULL : &cred->subject;
			return true;
		}
	}
	return false;
}

struct span svr_crl(const struct device *dev)
{
	return dev->crl ? span_of(dev->crl->der, dev->crl->len) : span_of(NULL, 0);
}
