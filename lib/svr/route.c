#include "svr/route.h"

#include "codec/cbw.h"
#include "svr/acl.h"
#include "svr/ael.h"
#include "svr/core.h"
#include "svr/cred.h"
#include "svr/crl.h"
#include "svr/csr.h"
#include "svr/discovery.h"
#include "svr/dos.h"
#include "svr/doxm.h"
#include "svr/introspection.h"
#include "svr/mnt.h"
#include "svr/pstat.h"
#include "svr/roles.h"
#include "svr/sdi.h"
#include "svr/sp.h"
#include "svr/swu.h"

#define GET  METHOD_BIT(M_GET)
#define POST METHOD_BIT(M_POST)

#define CORE(path, methods)                                                                        \
	{                                                                                          \
		.href = (path), .kind = RES_DCR, .owner = OWNER_NONE, .anyone = (methods)          \
	}
#define SECURE(path)                                                                               \
	{                                                                                          \
		.href = (path), .kind = RES_DCR, .owner = OWNER_NONE, .secure = true               \
	}
#define SVR(path, who, methods)                                                                    \
	{                                                                                          \
		.href = (path), .kind = RES_SVR, .owner = (who), .anyone = (methods)               \
	}
/* In the order of the links of /oic/res. */
/* clang-format off */
const struct resource RESOURCES[] = {
	{
		.target = CORE("/oic/res", GET),
		.rt = "oic.wk.res",
		.interfaces = {IF_LL, IF_B, IF_BASELINE},
		.observable = true,
		.get = discovery_get,
	},
	{
		.target = CORE("/oic/d", GET),
		.rt = "oic.wk.d",
		.interfaces = {IF_R, IF_BASELINE},
		.get = get_properties,
		.properties = core_device_write,
	},
	{
		.target = CORE("/oic/p", GET),
		.rt = "oic.wk.p",
		.interfaces = {IF_R, IF_BASELINE},
		.get = get_properties,
		.properties = core_platform_write,
	},
	{
		.target = {.href = "/.well-known/core", .kind = RES_DCR, .owner = OWNER_NONE,
			   .anyone = GET, .always = GET},
		.interfaces = {IF_LL},
		.hidden = true,
		.format = CF_LINKS,
		.get = discovery_core_get,
	},
	{
		.target = {.href = "/oc/wk/introspection", .kind = RES_NCR, .owner = OWNER_NONE,
			   .discoverable = true, .secure = true},
		.rt = "oic.wk.introspection",
		.interfaces = {IF_R, IF_BASELINE},
		.get = introspection_get,
	},
	{
		.target = {.href = INTROSPECTION_DATA, .kind = RES_NCR, .owner = OWNER_NONE,
			   .secure = true},
		.rt = "oic.introspection.data",
		.interfaces = {IF_R},
		.hidden = true,
		.get = introspection_data_get,
	},
	{
		.target = SVR("/oic/sec/doxm", OWNER_DOXM, GET | POST),
		.rt = "oic.r.doxm",
		.interfaces = {IF_RW, IF_BASELINE},
		.get = doxm_get,
		.post = doxm_post,
		.body_max = DOXM_BODY_MAX,
		.properties = doxm_rep_write,
	},
	{
		.target = SVR("/oic/sec/pstat", OWNER_PSTAT, GET),
		.rt = "oic.r.pstat",
		.interfaces = {IF_RW, IF_BASELINE},
		.observable = true,
		.get = get_properties,
		.post = pstat_post,
		.body_max = PSTAT_BODY_MAX,
		.properties = pstat_rep_write,
	},
	{
		.target = SVR("/oic/sec/cred", OWNER_CRED, 0),
		.rt = "oic.r.cred",
		.interfaces = {IF_RW, IF_BASELINE},
		.get = cred_get,
		.post = cred_post,
		.del = cred_delete,
		.body_max = REQ_BODY_MAX,
	},
	{
		.target = SVR("/oic/sec/acl2", OWNER_ACL2, 0),
		.rt = "oic.r.acl2",
		.interfaces = {IF_RW, IF_BASELINE},
		.get = acl_get,
		.post = acl_post,
		.del = acl_delete,
		.body_max = REQ_BODY_MAX,
	},
	{
		.target = SVR("/oic/sec/sdi", OWNER_NONE, 0),
		.rt = "oic.r.sdi",
		.interfaces = {IF_RW, IF_BASELINE},
		.get = get_properties,
		.post = sdi_post,
		.body_max = SDI_BODY_MAX,
		.properties = sdi_rep_write,
	},
	{
		.target = SVR("/oic/sec/sp", OWNER_NONE, 0),
		.rt = "oic.r.sp",
		.interfaces = {IF_RW, IF_BASELINE},
		.get = get_properties,
		.post = sp_post,
		.body_max = SP_BODY_MAX,
		.properties = sp_rep_write,
	},
	{
		.target = SVR("/oic/sec/csr", OWNER_CRED, 0),
		.rt = "oic.r.csr",
		.interfaces = {IF_RW, IF_BASELINE},
		.get = csr_get,
	},
	{
		.target = {
			.href = "/oic/sec/roles",
			.kind = RES_SVR,
			.owner = OWNER_NONE,
			.any_session = true,
		},
		.rt = "oic.r.roles",
		.interfaces = {IF_RW, IF_BASELINE},
		.get = roles_get,
		.post = roles_post,
		.del = roles_delete,
		.body_max = REQ_BODY_MAX,
	},
	{
		.target = SVR("/oic/sec/crl", OWNER_CRED, 0),
		.rt = "oic.r.crl",
		.interfaces = {IF_RW, IF_BASELINE},
		.get = crl_get,
		.post = crl_post,
		.body_max = REQ_BODY_MAX,
	},
	{
		.target = SVR("/oic/sec/ael", OWNER_NONE, 0),
		.rt = "oic.r.ael",
		.interfaces = {IF_RW, IF_BASELINE},
		.get = get_properties,
		.post = ael_post,
		.body_max = AEL_BODY_MAX,
		.properties = ael_rep_write,
	},
	{
		.target = SECURE("/oic/mnt"),
		.rt = "oic.wk.mnt",
		.interfaces = {IF_RW, IF_BASELINE},
		.get = get_properties,
		.post = mnt_post,
		.body_max = MNT_BODY_MAX,
		.properties = mnt_rep_write,
	},
	{
		.target = SECURE("/oc/swu"),
		.rt = "oic.r.softwareupdate",
		.interfaces = {IF_RW, IF_BASELINE},
		.get = get_properties,
		.post = swu_post,
		.body_max = SWU_BODY_MAX,
		.observable = true,
		.properties = swu_rep_write,
	},
};
/* clang-format on */
const size_t N_RESOURCES = ARRAY_SIZE(RESOURCES);

const struct resource *route_find(const struct svr_env *env, struct span path,
				  struct resource *room)
{
	const struct ncr *ncr = env->ncrs ? ncrs_find(env->ncrs, path) : NULL;

	for (size_t i = 0; i < N_RESOURCES; i++)
		if (span_is(path, RESOURCES[i].target.href))
			return &RESOURCES[i];
	if (ncr)
		ncr_resource(ncr, room);
	return ncr ? room : NULL;
}

const struct resource *route_at(const struct svr_env *env, size_t i, struct resource *room)
{
	if (i < N_RESOURCES)
		return &RESOURCES[i];
	i -= N_RESOURCES;
	if (!env->ncrs || i >= env->ncrs->n)
		return NULL;
	ncr_resource(env->ncrs->v[i], room);
	return room;
}

bool query_find(const struct req *req, const char *key, struct span *ret)
{
	for (size_t i = 0; i < req->n_query; i++) {
		struct span value = req->query[i];

		if (span_is_nocase(span_cut(&value, '='), key)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

bool query_has_only(const struct req *req, const char *key, const char *other)
{
	for (size_t i = 0; i < req->n_query; i++) {
		struct span rest = req->query[i], got = span_cut(&rest, '=');

		if (!span_is_nocase(got, "if") && !span_is_nocase(got, key) &&
		    (!other || !span_is_nocase(got, other)))
			return false;
	}
	return true;
}

const char *route_interface(const struct resource *res, const struct req *req)
{
	struct span want;

	if (!query_find(req, "if", &want))
		return res->interfaces[0];
	for (size_t i = 0; i < ARRAY_SIZE(res->interfaces) && res->interfaces[i]; i++)
		if (span_is(want, res->interfaces[i]))
			return res->interfaces[i];
	return NULL;
}

const char *route_type(const struct device *dev, const struct resource *res, size_t i)
{
	if (res->ncr)
		return i < NCR_TYPES_MAX && res->ncr->types[i][0] ? res->ncr->types[i] : NULL;
	if (i == 0)
		return res->rt;
	return i == 1 && res->properties == core_device_write && dev->info->device_type[0]
		       ? dev->info->device_type
		       : NULL;
}

enum verdict refuse(struct exchange *x, enum verdict verdict, const char *why)
{
	x->out->why = why;
	return verdict;
}

struct device *stage(struct exchange *x)
{
	x->out->staged = device_copy(x->dev);
	x->out->store = dos_is_stored(x->dev->dos);
	if (!x->out->staged)
		x->out->why = "out of memory";
	return x->out->staged;
}

void rep_types(const struct device *dev, const struct resource *res, struct buf *b)
{
	const char *type;

	cbw_str(b, "rt");
	cbw_array(b);
	for (size_t i = 0; (type = route_type(dev, res, i)); i++)
		cbw_str(b, type);
	cbw_end(b);
	cbw_str(b, "if");
	cbw_array(b);
	for (size_t i = 0; i < ARRAY_SIZE(res->interfaces) && res->interfaces[i]; i++)
		cbw_str(b, res->interfaces[i]);
	cbw_end(b);
}

void rep_open(const struct exchange *x)
{
	cbw_map(x->out->body);
	if (strcmp(route_interface(x->res, x->req), IF_BASELINE) == 0)
		rep_types(x->dev, x->res, x->out->body);
}

enum verdict get_properties(struct exchange *x)
{
	rep_open(x);
	x->res->properties(x->dev, x->out->body);
	cbw_end(x->out->body);
	return V_CONTENT;
}
